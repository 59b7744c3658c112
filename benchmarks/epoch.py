"""Seconds for one training epoch of a network: ours, its peers, and (for the dense one) the limit of the machine.

    python -m benchmarks.epoch --rounds 7 --json evidence/epoch.json
    python -m benchmarks.epoch --network cnn --rounds 5 --json evidence/epoch-cnn.json
    python -m benchmarks.epoch --network cnn --contenders ours,ours-bfloat16     # the two precisions alone
    python -m benchmarks.epoch --contenders ours,ours-averaged                   # with averaged weights, and without

The same network (`mlp`: 384-256-128, GELU, batch normalization, dropout; `cnn`: the lab's, at its defaults), the same
48,000 images, batch 64 (cnn: 128), float32 (but for ours-bfloat16), AdamW at 1e-3, no augmentation, no validation;
every library with its default threads. Each contender lives in a process of its own and trains one epoch when it is its
turn, so none runs beside another and a drift of the machine hits all alike. The first epoch of each compiles and is
reported apart. The limit is the matrix products of an epoch alone (`contenders/products.py`).

How to read it: "times ours" is a contender's seconds by ours, pair by pair of the same round: median (least to
greatest). "CPU s" counts all threads and sees less of other programs (but pools that spin raise it). Where a peer
has several ways to be run, its figure is that of the fastest. All networks really learn: the program fails if
training losses or validation accuracies after the last epoch are further apart than chance explains.

Cost: on 2 cores about 4 minutes for 7 rounds of the dense network, 15 for 5 of the other; 8 GB of memory. Needs
TensorFlow; PyTorch if it is to be a contender.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, Evidence, announce, print_table, ratios, spread
from benchmarks.contenders.turns import Data

OURS, LIMIT = "ours", "limit"


@dataclass(frozen=True)
class Contender:
    """peer: whose figure it may become; module: of `benchmarks.contenders`; options: those of its `serve`."""

    peer: str
    label: str
    module: str
    options: dict[str, Any] = field(default_factory=dict)


CONTENDERS = {
    "tf": Contender("Keras fit on TensorFlow", "arrays", "keras_fit", {"backend": "tensorflow"}),
    "tf-nojit": Contender(
        "Keras fit on TensorFlow", "arrays, jit_compile=False", "keras_fit",
        {"backend": "tensorflow", "jit_compile": False},
    ),
    "tf-jit": Contender(
        "Keras fit on TensorFlow", "arrays, jit_compile=True", "keras_fit",
        {"backend": "tensorflow", "jit_compile": True},
    ),
    "tf-data": Contender(
        "Keras fit on TensorFlow", "tf.data", "keras_fit", {"backend": "tensorflow", "feed": "tf.data"}
    ),
    "tf-steps": Contender(
        "Keras fit on TensorFlow, tuned", "arrays, steps_per_execution=50", "keras_fit",
        {"backend": "tensorflow", "steps_per_execution": 50},
    ),
    "jax": Contender("Keras fit on JAX", "arrays", "keras_fit", {"backend": "jax"}),
    "jax-data": Contender("Keras fit on JAX", "tf.data", "keras_fit", {"backend": "jax", "feed": "tf.data"}),
    "jax-steps": Contender(
        "Keras fit on JAX, tuned", "arrays, steps_per_execution=50", "keras_fit",
        {"backend": "jax", "steps_per_execution": 50},
    ),
    "torch": Contender("PyTorch", "eager loop, fused AdamW", "torch_loop"),
    "torch-foreach": Contender("PyTorch", "eager loop, AdamW not fused", "torch_loop", {"fused": False}),
    "torch-epoch": Contender("PyTorch", "eager loop, rows gathered once", "torch_loop", {"gather": "epoch"}),
    "torch-compile": Contender("PyTorch compiled", "torch.compile(model)", "torch_loop", {"compiled": "model"}),
    "torch-compile-step": Contender("PyTorch compiled", "torch.compile(step)", "torch_loop", {"compiled": "step"}),
    "torch-last": Contender("PyTorch", "eager loop, channels last", "torch_loop", {"channels_last": True}),
    OURS: Contender("fashionlab", "--trainer auto", "ours"),
    "ours-fused": Contender("fashionlab on JAX", "--trainer fused", "ours", {"trainer": "fused"}),
    "ours-bfloat16": Contender("fashionlab in bfloat16", "--precision bfloat16", "ours", {"precision": "bfloat16"}),
    "ours-averaged": Contender("fashionlab, weights averaged", "--average 1", "ours", {"average": 1.0}),
    LIMIT: Contender("matrix products alone", "the limit", "products"),
}  # fmt: skip

DEFAULT = {
    "mlp": ("tf", "tf-data", "tf-steps", "jax", "jax-steps", "torch", "torch-compile", OURS, LIMIT),
    "cnn": (
        "tf",
        "tf-nojit",
        "tf-data",
        "tf-steps",
        "torch",
        "torch-last",
        "torch-compile",
        "ours-fused",
        "ours-bfloat16",
        OURS,
    ),
}

SAME_LOSS, SAME_ACCURACY = 0.15, 0.03
"""How far from ours a peer's training loss (relative) and validation accuracy (absolute) may be."""

PAUSE = 0.2
"""Seconds between two turns: thread pools spin for a moment after their work."""


class Child:
    """A contender's process. What its libraries say goes to a file, and is shown only if it fails."""

    def __init__(self, contender: Contender, network: str, log: Path, epochs: int) -> None:
        """`log` lies in the folder with the data."""
        folder = log.parent
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contenders.turns", contender.module, str(folder), str(epochs),
             json.dumps({"network": network, **contender.options})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            cwd=ROOT,
            # A compile cache of its own: the first epoch of ours is a cold one.
            env={**os.environ, "FASHIONLAB_CACHE": str(folder / "cache")},
            text=True,
        )  # fmt: skip

    def turn(self) -> dict[str, Any]:
        """Let it run one epoch (or say its last word), and wait for the answer."""
        assert self._process.stdin
        assert self._process.stdout
        # One that has ended answers nothing either, and then it is told why.
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            announce(self._log.read_text(encoding="utf-8", errors="replace")[-3000:])
            raise SystemExit(f"contender {self._log.stem} ended with status {self._process.wait()}")
        time.sleep(PAUSE)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()


def measure(names: list[str], network: str, data: Data, warmup: int, rounds: int) -> dict[str, dict[str, Any]]:
    """By contender: warm-up seconds, seconds of the rounds, losses and accuracies, and its last word."""
    with tempfile.TemporaryDirectory() as folder:
        data.write(Path(folder))
        epochs = warmup + rounds
        children = {name: Child(CONTENDERS[name], network, Path(folder, f"{name}.log"), epochs) for name in names}
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        try:
            for turn in range(warmup + rounds):
                # Each round begins with another contender: none always follows the same neighbour's heat.
                first = turn % len(names)
                for name in names[first:] + names[:first]:
                    answers[name].append(children[name].turn())
                times = "  ".join(f"{name} {answers[name][-1]['seconds']:.2f}" for name in names)
                kind = "warm-up" if turn < warmup else f"round {turn - warmup + 1}"
                announce(f"{kind:>8}: {times}")
            last = {name: children[name].turn() for name in names}
        finally:
            for child in children.values():
                child.close()
    return {
        name: {
            "warmup_seconds": [answer["seconds"] for answer in answers[name][:warmup]],
            "seconds": spread([answer["seconds"] for answer in answers[name][warmup:]]),
            "cpu_seconds": spread([answer["cpu_seconds"] for answer in answers[name][warmup:]]),
            "training_loss": [answer["loss"] for answer in answers[name]],
            "training_accuracy": [answer["accuracy"] for answer in answers[name]],
            **last[name],
        }
        for name in names
    }


def summarise(measured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ratios to ours and to the limit, and for each peer its fastest way to be run."""
    seconds = {name: result["seconds"]["values"] for name, result in measured.items()}
    fastest: dict[str, str] = {}
    for name in measured:
        best = fastest.setdefault(CONTENDERS[name].peer, name)
        if statistics.median(seconds[name]) < statistics.median(seconds[best]):
            fastest[CONTENDERS[name].peer] = name
    return {
        "fastest_of_peer": fastest,
        "times_ours": {name: ratios(seconds[name], seconds[OURS]) for name in measured if OURS in measured},
        "times_limit": {name: ratios(seconds[name], seconds[LIMIT]) for name in measured if LIMIT in measured},
    }


def different_work(measured: dict[str, dict[str, Any]]) -> list[str]:
    """Sentences about contenders that did not learn what ours did; none if all is well."""
    if OURS not in measured:
        return []
    ours, complaints = measured[OURS], []
    for name, result in measured.items():
        if name == LIMIT:
            continue
        loss, own_loss = result["training_loss"][-1], ours["training_loss"][-1]
        if abs(loss - own_loss) > SAME_LOSS * own_loss:
            complaints.append(f"{name}: training loss {loss:.4f}, ours {own_loss:.4f}")
        accuracy, own_accuracy = result["validation_accuracy"], ours["validation_accuracy"]
        if abs(accuracy - own_accuracy) > SAME_ACCURACY:
            complaints.append(f"{name}: validation accuracy {accuracy:.4f}, ours {own_accuracy:.4f}")
    return complaints


def print_results(measured: dict[str, dict[str, Any]], summary: dict[str, Any]) -> None:
    def ratio(kind: str, name: str) -> str:
        of = summary[kind].get(name)
        return f"{of['median']:.2f} ({of['min']:.2f} to {of['max']:.2f})" if of else ""

    rows = [
        ["contender", "median s", "min", "max", "CPU s", "warm-up s", "times ours", "times limit", "loss", "val. acc."]
    ]
    for name, result in measured.items():
        contender, seconds = CONTENDERS[name], result["seconds"]
        mark = " *" if name in summary["fastest_of_peer"].values() else ""
        learned = (result["training_loss"][-1], result["validation_accuracy"])
        rows.append(
            [
                f"{contender.peer}: {contender.label}{mark}",
                *(f"{seconds[key]:.3f}" for key in ("median", "min", "max")),
                f"{result['cpu_seconds']['median']:.2f}",
                " ".join(f"{value:.1f}" for value in result["warmup_seconds"]),
                ratio("times_ours", name),
                ratio("times_limit", name),
                *("" if value is None else f"{value:.4f}" for value in learned),
            ]
        )
    print_table(rows)
    print("* the peer's figure: its fastest way. Ratios pair by pair of a round: median (least to greatest).")
    if LIMIT in measured:
        remarks, seconds = measured[LIMIT]["remarks"], measured[LIMIT]["seconds"]["median"]
        print(f"limit: {remarks['flops'] / seconds / 1e9:.0f} GFLOP/s by {remarks['library']}")


def choose(wanted: str | None, network: str) -> list[str]:
    """The contenders that the command line names, else the usual ones, less those whose library is not installed."""
    if wanted:
        return list(CONTENDERS) if wanted == "all" else wanted.split(",")
    usual = DEFAULT[network]
    missing = {name for name in usual if name.startswith("torch") and not find_spec("torch")}
    if missing:
        announce("PyTorch is not installed: measuring without it")
    return [name for name in usual if name not in missing]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=DEFAULT, default="mlp", help="what is trained [mlp]")
    parser.add_argument("--rounds", type=int, default=7, help="measured epochs of each contender [7]")
    parser.add_argument("--epochs-warmup", type=int, default=1, help="epochs before them, reported apart [1]")
    parser.add_argument("--contenders", help=f"of {', '.join(CONTENDERS)}, or all  [those that matter]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given = parser.parse_args()
    names = choose(given.contenders, given.network)
    unknown = [name for name in names if name not in CONTENDERS]
    if unknown or given.rounds < 1 or given.epochs_warmup < 1:
        parser.error(f"unknown contender {unknown[0]!r}" if unknown else "rounds and warm-up are at least 1")
    import fashionlab

    evidence = Evidence("epoch")
    dataset = fashionlab.load()
    split = dataset.split(seed=0, validation=0.2)
    rows, aside = split.train, split.validation
    data = Data(dataset.images[rows], dataset.labels[rows], dataset.images[aside], dataset.labels[aside])
    measured = measure(names, given.network, data, given.epochs_warmup, given.rounds)
    summary = summarise(measured)
    complaints = different_work(measured)
    print_results(measured, summary)
    labels = {name: f"{CONTENDERS[name].peer}: {CONTENDERS[name].label}" for name in names}
    results = {
        "network": given.network,
        "contenders": labels,
        "measured": measured,
        **summary,
        "different_work": complaints,
    }
    evidence.write(given.json, given.rounds, results)
    for complaint in complaints:
        announce(f"not the same work: {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
