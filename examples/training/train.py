#!/usr/bin/env python3
"""Trains a small network to read handwritten digits: a real job, on a real data set, on one or two cores.

Plain Python and NumPy. It continues from its newest checkpoint by itself, so that it may be stopped and started at any
time, and it is deterministic: the same data and seed give the same weights, interrupted or not.

A checkpoint is two files in the checkpoint folder, each written under another name first and then renamed:
`checkpoint-000500.npz` (weights, momentum, position) and, last, `checkpoint-000500.json`, which says that it is whole:
{"path", "step", "epoch", "metric": {"name": "accuracy", "value"}, "loss", "sha256"}.
"""

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

# The matrices are small: more threads than one only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402 (reads the setting above)

STOPPING = False

# A run's first checkpoint comes after so many steps, so that it is soon seen that it works.
EARLY = 25


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    started = time.monotonic()
    train, test = load_digits(options.data, options.seed)
    say(f"data: {len(train[1])} digits to learn from, {len(test[1])} to be tested on ({time.monotonic() - started:.1f} s)")
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    state = newest_checkpoint(options.checkpoints) or new_state(options.seed)
    say(f"starting at step {state['step']}" if state["step"] else "starting from nothing")
    learn(state, train, test, options)


def parse_options():
    environment = os.environ.get
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(environment("DATA", "data")), help="folder of the digit files")
    parser.add_argument("--checkpoints", type=Path, default=Path(environment("CHECKPOINTS", "checkpoints")))
    parser.add_argument("--steps", type=int, default=20000, help="steps in all, those of earlier runs included")
    parser.add_argument("--every", type=int, default=250, help="steps between two checkpoints")
    parser.add_argument("--keep", type=int, default=3, help="checkpoints to keep")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.05, help="learning rate")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def stop(_signal, _frame):
    """Ends the loop after the step under way, with a checkpoint."""
    global STOPPING
    STOPPING = True


def say(text):
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}", flush=True)


def load_digits(folder, seed):
    """Reads 0.json to 9.json ({"data": [784 numbers from 0 to 1 per image]}); every sixth image is kept for testing."""
    images, labels = [], []
    for digit in range(10):
        file = folder / f"{digit}.json"
        if not file.exists():
            sys.exit(f"no data: {file} is missing")
        pixels = np.array(json.loads(file.read_text())["data"], dtype=np.float32).reshape(-1, 784)
        images.append(pixels)
        labels.append(np.full(len(pixels), digit))
    images, labels = np.concatenate(images), np.concatenate(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    images, labels = images[order], labels[order]
    tested = np.arange(len(labels)) % 6 == 0
    return (images[~tested], labels[~tested]), (images[tested], labels[tested])


def new_state(seed):
    """One hidden layer of 128, weights scaled to their inputs (He)."""
    random = np.random.default_rng(seed)
    weights = {
        "w1": random.normal(0, np.sqrt(2 / 784), (784, 128)).astype(np.float32),
        "b1": np.zeros(128, np.float32),
        "w2": random.normal(0, np.sqrt(2 / 128), (128, 10)).astype(np.float32),
        "b2": np.zeros(10, np.float32),
    }
    momentum = {f"m_{name}": np.zeros_like(value) for name, value in weights.items()}
    return {"step": 0, **weights, **momentum}


def learn(state, train, test, options):
    images, labels = train
    per_epoch = len(labels) // options.batch
    loss, started, first = 0.0, time.monotonic(), state["step"]
    while state["step"] < options.steps and not STOPPING:
        epoch, position = divmod(state["step"], per_epoch)
        # The order of an epoch follows from seed and epoch alone: a job that continues sees what it would have seen.
        if position == 0 or state["step"] == first:
            order = np.random.default_rng([options.seed, epoch]).permutation(len(labels))
        chosen = order[position * options.batch : (position + 1) * options.batch]
        loss = take_step(state, images[chosen], labels[chosen], options.rate)
        state["step"] += 1
        if state["step"] % options.every == 0 or state["step"] in (first + EARLY, options.steps):
            rate = (state["step"] - first) / (time.monotonic() - started)
            save(state, epoch, loss, accuracy(state, *test), rate, options)
    if STOPPING:
        save(state, state["step"] // per_epoch, loss, accuracy(state, *test), 0.0, options)
        say("stopped: the next run goes on from here")
        sys.exit(143)
    say(f"done: {state['step']} steps")


def forward(state, images):
    hidden = np.maximum(images @ state["w1"] + state["b1"], 0)
    return hidden, hidden @ state["w2"] + state["b2"]


def take_step(state, images, labels, rate):
    hidden, scores = forward(state, images)
    scores = scores - scores.max(axis=1, keepdims=True)
    odds = np.exp(scores)
    odds /= odds.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(-np.log(odds[rows, labels] + 1e-9).mean())
    odds[rows, labels] -= 1
    odds /= len(labels)
    back = (odds @ state["w2"].T) * (hidden > 0)
    slopes = {"w2": hidden.T @ odds, "b2": odds.sum(0), "w1": images.T @ back, "b1": back.sum(0)}
    for name, slope in slopes.items():
        state[f"m_{name}"] = 0.9 * state[f"m_{name}"] - rate * slope
        state[name] += state[f"m_{name}"]
    return loss


def accuracy(state, images, labels):
    _, scores = forward(state, images)
    return float((scores.argmax(axis=1) == labels).mean())


def save(state, epoch, loss, measured, rate, options):
    path = options.checkpoints / f"checkpoint-{state['step']:06d}.npz"
    write(path, lambda file: np.savez(file, **state))
    description = {
        "path": str(path.resolve()),
        "step": state["step"],
        "epoch": epoch,
        "metric": {"name": "accuracy", "value": round(measured, 4)},
        "loss": round(loss, 4),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    write(path.with_suffix(".json"), lambda file: file.write(json.dumps(description).encode() + b"\n"))
    say(f"step {state['step']}/{options.steps}: loss {loss:.4f}, accuracy {measured:.4f}, {rate:.0f} steps/s")
    for old in sorted(options.checkpoints.glob("checkpoint-*.json"))[: -options.keep]:
        old.unlink()
        old.with_suffix(".npz").unlink(missing_ok=True)


def write(path, fill):
    """Whole or not at all, even when the power goes."""
    draft = path.with_name(path.name + ".part")
    with open(draft, "wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def newest_checkpoint(folder):
    """The newest one that is whole; damaged ones are passed over."""
    for description in sorted(folder.glob("checkpoint-*.json"), reverse=True):
        try:
            said = json.loads(description.read_text())
            path = description.with_suffix(".npz")
            if hashlib.sha256(path.read_bytes()).hexdigest() != said["sha256"]:
                raise ValueError("its checksum does not fit")
            with np.load(path) as arrays:
                return {name: int(arrays[name]) if name == "step" else arrays[name] for name in arrays}
        except (OSError, ValueError, KeyError) as error:
            say(f"passing over {description.name}: {error}")
    return None


if __name__ == "__main__":
    main()
