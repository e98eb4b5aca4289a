"""JAX as a peer of the benchmark: the whole epoch is one compiled scan, as in the engine. See serve.ts for what it speaks."""

import json
import os
import sys
import time

task = json.loads(sys.argv[1])
# XLA takes one thread per processor it may run on
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: task["threads"]])
try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    print(json.dumps({"absent": f"{error}: bash bench/make-venv.sh installs it"}), flush=True)
    sys.exit(0)

widths, batch, samples = task["widths"], task["batch"], task["samples"]
steps = samples // batch
key = jax.random.key(7)
x = jax.random.uniform(key, (samples, widths[0]), minval=-1.0)
y = x[:, : widths[-1]].argmax(1)


def layer(key, given, made):
    limit = (6 / (given + made)) ** 0.5
    return jax.random.uniform(key, (given, made), minval=-limit, maxval=limit), jnp.zeros(made)


def loss_of(parameters, x, y):
    for kernel, bias in parameters[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    kernel, bias = parameters[-1]
    return -jnp.take_along_axis(jax.nn.log_softmax(x @ kernel + bias), y[:, None], 1).mean()


def step(state, rows):
    parameters, m, v, t = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, x[rows], y[rows])
    t = t + 1
    rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
    parameters = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), parameters, m, v)
    return (parameters, m, v, t), loss


@jax.jit
def epoch(state, key):
    order = jax.random.permutation(key, samples)[: steps * batch].reshape(steps, batch)
    return jax.lax.scan(step, state, order)


parameters = [layer(jax.random.fold_in(key, i), *pair) for i, pair in enumerate(zip(widths, widths[1:]))]
zeros = jax.tree.map(jnp.zeros_like, parameters)
state = (parameters, zeros, zeros, jnp.float32(0))
print(json.dumps({"label": f"JAX {jax.__version__}, jit over a scan"}), flush=True)

for _ in sys.stdin:
    began, trained = time.perf_counter(), 0
    while time.perf_counter() - began < task["roundSeconds"] or trained < 20:
        key = jax.random.fold_in(key, 1)
        state, losses = jax.block_until_ready(epoch(state, key))
        trained += steps
    seconds = time.perf_counter() - began
    print(json.dumps({"steps": trained, "seconds": seconds, "loss": float(losses[-1])}), flush=True)
