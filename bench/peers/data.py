"""The numbers of a task: rows, targets and first weights, the same as bench/data.ts makes."""

import numpy

PIECE = 1 << 20


def hash32(x):
    """The hash of src/random.ts, of an array of uint32."""
    x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
    x = (x ^ (x >> numpy.uint32(15))) * numpy.uint32(0x846CA68B)
    return x ^ (x >> numpy.uint32(16))


def draws(key, counters):
    """The draws of a key with these numbers, in [0, 1)."""
    return hash32(numpy.uint32(key) ^ hash32(counters.astype(numpy.uint32))) / 2**32


def fill(out, key, limit):
    """Fills an array with uniform numbers in [-limit, limit), row by row, in pieces that fit a cache."""
    flat = out.reshape(-1)
    for at in range(0, flat.size, PIECE):
        end = min(at + PIECE, flat.size)
        flat[at:end] = (2 * draws(key, numpy.arange(at, end)) - 1) * limit
    return out


def rows_of(task):
    """x [rows, …input shape] and y [rows], both float32."""
    rows, shape, data = task["rows"], task["inputShape"], task["data"]
    x = numpy.empty((rows, *shape), numpy.float32)
    halves = (numpy.arange(rows) % 2).astype(numpy.float32)
    if data["kind"] == "words":
        told, parity, word = draws(data["key"], numpy.arange(3 * x.size)).reshape(*x.shape, 3).transpose(2, 0, 1)
        odd = numpy.where(told < 0.2, halves[:, None], parity >= 0.5)
        x[:] = 2 * numpy.floor(word * data["vocabulary"] / 2) + odd
        return x, halves
    fill(x, data["key"], 1.0)
    if data["kind"] == "halves":
        return x, halves
    return x, x.reshape(rows, -1)[:, : data["classes"]].argmax(1).astype(numpy.float32)


def start_of(weight):
    """The values of a weight before the first step, in Keras' layout."""
    out = numpy.zeros(weight["shape"], numpy.float32)
    return fill(out, weight["key"], weight["limit"]) if weight["limit"] else out
