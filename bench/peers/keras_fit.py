"""Keras as a peer: `fit` on the backend that the second argument names (tensorflow, jax, torch)."""

import os
import sys

from data import rows_of, start_of
from serve import limit_processors, serve


def load(task):
    backend = os.environ["KERAS_BACKEND"] = sys.argv[2]
    limit_threads[backend](task["threads"])
    import keras

    x, y = rows_of(task)
    if task["data"]["kind"] == "words":
        x = x.astype("int32")
    batch = task["batch"]

    def layer_of(layer):
        arguments = {key: value for key, value in layer.items() if key != "type"}
        if "layer" in arguments:
            arguments["layer"] = layer_of(arguments["layer"])
        return getattr(keras.layers, layer["type"])(**arguments)

    def build():
        layers = [layer_of(layer) for layer in task["layers"][1:]]
        model = keras.Sequential([keras.Input(tuple(task["inputShape"])), *layers])
        model.set_weights([start_of(weight) for weight in task["weights"]])
        optimizers = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
        optimizer = optimizers[task["optimizer"]["name"]](task["optimizer"]["learning_rate"])
        model.compile(optimizer=optimizer, loss=task["loss"])

        def train(steps):
            epochs = steps // task["steps"]
            history = model.fit(x, y, batch_size=batch, epochs=epochs, shuffle=False, verbose=0).history["loss"]
            return sum(history) / len(history)

        return task["steps"], train

    return f"Keras {keras.__version__} fit on {backend}", build


def limit_tensorflow(threads):
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)


def limit_torch(threads):
    import torch

    torch.set_num_threads(threads)


limit_threads = {"tensorflow": limit_tensorflow, "torch": limit_torch, "jax": limit_processors}

serve(load)
