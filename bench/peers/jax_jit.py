"""
JAX as a peer. The second argument says what is compiled: scan (a whole epoch, as in the engine) or step (one step a call;
XLA runs a convolution in a loop on one thread, and not by its fast program).
"""

import sys

from data import rows_of, start_of
from serve import Absent, limit_processors, serve


def load(task):
    limit_processors(task["threads"])  # XLA takes one thread per processor
    import jax
    import jax.numpy as jnp
    from jax import lax

    rows, target = rows_of(task)
    words = task["data"]["kind"] == "words"
    classes = task["loss"] == "sparse_categorical_crossentropy"
    x = jnp.asarray(rows.astype("int32") if words else rows)
    y = jnp.asarray(target.astype("int32") if classes else target)
    del rows
    batch, steps = task["batch"], task["steps"]
    order = jnp.arange(steps * batch).reshape(steps, batch)

    def lstm(x, kernel, recurrent, bias, reverse):
        """The last state of one direction; x is [time, batch, features]."""
        projected = x @ kernel + bias

        def cell(state, z):
            h, c = state
            i, f, g, o = jnp.split(z + h @ recurrent, 4, -1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        zeros = jnp.zeros((x.shape[1], recurrent.shape[0]))
        return lax.scan(cell, (zeros, zeros), projected, reverse=reverse)[0][0]

    def network(weights, x):
        """The logits."""
        weights = iter(weights)
        for layer in task["layers"][1:]:
            kind = layer["type"]
            if kind == "Dense":
                x = x @ next(weights) + next(weights)
            elif kind == "Conv2D":
                x = lax.conv_general_dilated(
                    x, next(weights), (1, 1), layer["padding"].upper(), dimension_numbers=("NHWC", "HWIO", "NHWC")
                ) + next(weights)
            elif kind == "MaxPooling2D":
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            elif kind == "Flatten":
                x = x.reshape(x.shape[0], -1)
            elif kind == "Embedding":
                x = next(weights)[x]
            elif kind == "Bidirectional":
                x = x.transpose(1, 0, 2)
                ends = [lstm(x, next(weights), next(weights), next(weights), reverse) for reverse in (False, True)]
                x = jnp.concatenate(ends, -1)
            if layer.get("activation") == "relu":
                x = jax.nn.relu(x)
        return x

    def loss_of(weights, x, y):
        z = network(weights, x)
        if classes:
            return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()
        return (jax.nn.softplus(z[:, 0]) - z[:, 0] * y).mean()

    rate = task["optimizer"]["learning_rate"]

    def sgd(state, gradient):
        return (jax.tree.map(lambda w, g: w - rate * g, state[0], gradient),)

    def adam(state, gradient):
        weights, m, v, t = state
        t = t + 1
        corrected = rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        weights = jax.tree.map(lambda w, m, v: w - corrected * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return weights, m, v, t

    update = {"sgd": sgd, "adam": adam}[task["optimizer"]["name"]]

    def step(state, x, y, rows):
        loss, gradient = jax.value_and_grad(loss_of)(state[0], x[rows], y[rows])
        return update(state, gradient), loss

    def epoch(state, x, y, order):
        state, losses = lax.scan(lambda state, rows: step(state, x, y, rows), state, order)
        return state, losses.mean()

    scanned = sys.argv[2] == "scan"
    if scanned and task["network"] == "bigcnn":
        raise Absent("minutes a step: XLA runs convolutions in a loop without its fast program")
    program, runs = (epoch, [order]) if scanned else (step, list(order))

    def build():
        weights = [jnp.asarray(start_of(weight)) for weight in task["weights"]]
        zeros = lambda: [jnp.zeros_like(weight) for weight in weights]
        state = (weights, zeros(), zeros(), jnp.float32(0)) if task["optimizer"]["name"] == "adam" else (weights,)
        del weights
        compiled = jax.jit(program, donate_argnums=0).lower(state, x, y, runs[0]).compile()
        unit, at = steps // len(runs), 0

        def train(wanted):
            nonlocal state, at
            losses = []
            for _ in range(wanted // unit):
                state, loss = compiled(state, x, y, runs[at])
                losses.append(loss)
                at = (at + 1) % len(runs)
            return sum(map(float, losses)) / len(losses)

        return unit, train

    return f"JAX {jax.__version__}, jit {'over a scan' if scanned else 'of a step'}", build


serve(load)
