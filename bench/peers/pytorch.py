"""PyTorch as a peer. The second argument says how: eager, fused, compile or channels-last."""

import sys

from data import draws, rows_of, start_of
from serve import Absent, serve


def load(task):
    import numpy
    import torch

    how = sys.argv[2]
    torch.set_num_threads(task["threads"])
    if how == "compile":
        compiler_or_error()
    if how == "channels-last" and not any(layer["type"].startswith("Conv") for layer in task["layers"]):
        raise Absent("no convolution in this network")
    rows, target = rows_of(task)
    layout = torch.channels_last if how == "channels-last" else torch.contiguous_format
    if rows.ndim == 4:
        x = torch.from_numpy(rows).permute(0, 3, 1, 2).contiguous(memory_format=layout)
    else:
        x = torch.from_numpy(rows)
    words = task["data"]["kind"] == "words"
    x = x.long() if words else x
    y = torch.from_numpy(target)
    classes = task["loss"] == "sparse_categorical_crossentropy"
    y = y.long() if classes else y[:, None]
    criterion = torch.nn.CrossEntropyLoss() if classes else torch.nn.BCEWithLogitsLoss()
    batch, weights = task["batch"], iter(task["weights"])

    class Recurrent(torch.nn.Module):
        """A bidirectional LSTM that gives its last states."""

        def __init__(self, features, units):
            super().__init__()
            self.lstm = torch.nn.LSTM(features, units, bidirectional=True)
            for end in ("l0", "l0_reverse"):
                for name in ("weight_ih", "weight_hh", "bias_ih"):
                    copy(getattr(self.lstm, f"{name}_{end}"), torch.from_numpy(start_of(next(weights)).T))
                # the other networks have one bias
                torch.nn.init.zeros_(getattr(self.lstm, f"bias_hh_{end}")).requires_grad_(False)

        def forward(self, x):
            _, (h, _) = self.lstm(x.transpose(0, 1))
            return torch.cat([h[0], h[1]], 1)

    def copy(parameter, values):
        with torch.no_grad():
            parameter.copy_(values)

    def dense_after_images(layer, weight, shape):
        """The kernel's rows are those of [height, width, channels]; here they are of [channels, height, width]."""
        height, width, channels = shape
        units = weight["shape"][1]
        places = numpy.arange(height * width)
        for channel in range(channels):
            counters = (places * channels + channel)[:, None] * units + numpy.arange(units)
            values = ((2 * draws(weight["key"], counters) - 1) * weight["limit"]).astype(numpy.float32)
            at = channel * places.size
            copy(layer.weight[:, at : at + places.size], torch.from_numpy(values.T))

    def network():
        layers, shape, flattened = [], tuple(task["inputShape"]), None
        for layer in task["layers"][1:]:
            kind = layer["type"]
            if kind == "Dense":
                made = torch.nn.Linear(shape[0], layer["units"])
                kernel, bias = next(weights), next(weights)
                if flattened:
                    dense_after_images(made, kernel, flattened)
                else:
                    copy(made.weight, torch.from_numpy(start_of(kernel).T))
                copy(made.bias, torch.from_numpy(start_of(bias)))
                shape, flattened = (layer["units"],), None
            elif kind == "Conv2D":
                made = torch.nn.Conv2d(shape[2], layer["filters"], layer["kernel_size"], padding=layer["padding"])
                copy(made.weight, torch.from_numpy(start_of(next(weights))).permute(3, 2, 0, 1))
                copy(made.bias, torch.from_numpy(start_of(next(weights))))
                shape = (*shape[:2], layer["filters"])
            elif kind == "MaxPooling2D":
                made, shape = torch.nn.MaxPool2d(2), (shape[0] // 2, shape[1] // 2, shape[2])
            elif kind == "Flatten":
                made, flattened, shape = torch.nn.Flatten(), shape, (shape[0] * shape[1] * shape[2],)
            elif kind == "Embedding":
                made = torch.nn.Embedding(layer["input_dim"], layer["output_dim"])
                copy(made.weight, torch.from_numpy(start_of(next(weights))))
                shape = (*shape, layer["output_dim"])
            elif kind == "Bidirectional":
                made = Recurrent(shape[1], layer["layer"]["units"])
                shape = (2 * layer["layer"]["units"],)
            else:
                raise ValueError(f"no {kind} here")
            layers.append(made)
            if layer.get("activation") == "relu":
                layers.append(torch.nn.ReLU())
        return torch.nn.Sequential(*layers)  # the losses take logits

    def build():
        nonlocal weights
        weights = iter(task["weights"])
        model = network().to(memory_format=layout)
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        settings = {"lr": task["optimizer"]["learning_rate"], "fused": True if how != "eager" else None}
        if task["optimizer"]["name"] == "adam":
            optimizer = torch.optim.Adam(trained, eps=1e-7, **settings)
        else:
            optimizer = torch.optim.SGD(trained, **settings)
        loss_of = lambda x, y: criterion(model(x), y)
        if how == "compile":
            loss_of = torch.compile(loss_of)
        step_in_epoch = 0

        def train(steps):
            nonlocal step_in_epoch
            total = torch.zeros(())
            for _ in range(steps):
                rows = torch.arange(step_in_epoch * batch, (step_in_epoch + 1) * batch)
                optimizer.zero_grad(set_to_none=True)
                loss = loss_of(x[rows].contiguous(memory_format=layout) if how == "channels-last" else x[rows], y[rows])
                loss.backward()
                optimizer.step()
                total += loss.detach()
                step_in_epoch = (step_in_epoch + 1) % task["steps"]
            return total / steps

        return 1, train

    names = {"eager": "eager", "fused": "fused optimizer", "compile": "torch.compile", "channels-last": "channels last"}
    return f"PyTorch {torch.__version__.split('+')[0]}, {names[how]}", build


def compiler_or_error():
    import shutil

    if not (shutil.which("g++") or shutil.which("clang++")):
        raise Absent("torch.compile needs g++")


serve(load)
