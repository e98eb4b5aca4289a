"""What every Python peer speaks: see serve.ts."""

import json
import os
import sys
import time

PATIENCE = 20


def limit_processors(threads):
    """For libraries that take one thread per processor they may run on."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def say(message):
    print(json.dumps(message), flush=True)


class Absent(Exception):
    """Why this peer has no place in this table."""


def serve(load):
    """`load(task)` gives the label and `build()`, which gives (unit, train): see Peer and Trainer in serve.ts."""
    task = json.loads(sys.argv[1])
    try:
        label, build = load(task)
        say({"label": label})
        answer(task, build)
    except Absent as reason:
        say({"absent": str(reason)})
    except ImportError as error:
        say({"absent": f"{error}: bash bench/make-venv.sh installs it"})


def answer(task, build):
    unit, train, rate = 1, None, 0.0

    def timed(steps):
        nonlocal rate
        began = time.perf_counter()
        loss = float(train(steps))
        seconds = time.perf_counter() - began
        rate = seconds / steps
        return {"steps": steps, "seconds": seconds, "loss": loss}

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "build":
            began = time.perf_counter()
            unit, train = build()
            say({"seconds": time.perf_counter() - began})
        elif command == "epoch":
            trained = timed(unit)
            if unit < task["steps"]:
                trained = together(trained, timed(unit))  # the first step may compile
            rest = task["steps"] - trained["steps"]
            say(together(trained, timed(rest)) if 0 < rest * rate < PATIENCE else trained)
        else:
            steps = float(arguments[0]) / (1 if command == "steps" else rate)
            say(timed(unit * max(1, round(steps / unit))))


def together(a, b):
    steps = a["steps"] + b["steps"]
    loss = (a["loss"] * a["steps"] + b["loss"] * b["steps"]) / steps
    return {"steps": steps, "seconds": a["seconds"] + b["seconds"], "loss": loss}
