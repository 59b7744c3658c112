"""Does an average of the weights (`--average`) make a result depend less on the seed? The variance over seeds, with it
and without.

    python -m benchmarks.averaging --json evidence/averaging.json                        the default recipe
    python -m benchmarks.averaging --model recipes/reference.toml --json evidence/averaging-reference.json
    python -m benchmarks.averaging --seeds 20 --average 0.5 --epochs 30                  any settings

Both ways of a seed have the same initial weights, order and dropout: they differ in what is validated and kept. What is
judged is the same for all: of the 60,000 training images of Fashion-MNIST `--limit` are trained on, 6,000 others stop
the training, and 20,000 others judge. The seed does not change which, so that the spread is that of training alone;
the data set's own test images are not used.

How to read it: the ratio is the variance of the accuracies without by that with. Its 95 % interval is that of Pitman
and Morgan for two variances of pairs, which are normally distributed.

Cost: 15 minutes each on 2 cores that were busy with other work too.
"""

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import Evidence, print_table
from benchmarks.journal import Journal
from benchmarks.seeds import parse_settings, summarise, train

STOPPING, JUDGING = 6_000, 20_000


def write_data(path: Path, rows: int) -> None:
    """Disjoint rows of Fashion-MNIST's training set as a data set of one's own, whose test set are the judging ones."""
    import fashionlab

    dataset = fashionlab.load()
    order = np.random.default_rng(0).permutation(len(dataset.labels))
    parts = np.split(order[: rows + STOPPING + JUDGING], [rows, rows + STOPPING])
    images, labels = zip(*((dataset.images[part], dataset.labels[part]) for part in parts), strict=True)
    np.savez(
        path, x_train=images[0], y_train=labels[0], x_val=images[1], y_val=labels[1], x_test=images[2], y_test=labels[2]
    )


def variance_ratio(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    """The ratio of two variances of pairs, and its 95 % interval.

    With r the correlation, n pairs, t the 97.5 % quantile of Student's t with n - 2 degrees of freedom and K = 1 +
    2 (1 - r**2) t**2 / (n - 2), the bounds are the ratio times K -+ sqrt(K**2 - 1) (Pitman 1939; Morgan 1939).
    """
    from scipy.stats import t

    n, ratio = len(above), statistics.variance(above) / statistics.variance(below)
    r = statistics.correlation(above, below)
    k = 1 + 2 * (1 - r**2) * float(t.ppf(0.975, n - 2)) ** 2 / (n - 2)
    width = math.sqrt(k**2 - 1)
    return {"ratio": ratio, "low": ratio * (k - width), "high": ratio * (k + width), "correlation": r}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--model", default="mlp", help="a model's name or a recipe file [mlp]")
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0 [10]")
    parser.add_argument("--average", type=float, default=1.0, help="epochs of the average [1]")
    parser.add_argument("--limit", type=int, default=12_000, help="training rows [12000]")
    parser.add_argument("--json", type=Path, help="also write the results there")
    given, words = parser.parse_known_args()
    if given.seeds < 3 or not 0 < given.limit <= 60_000 - STOPPING - JUDGING or not given.average > 0:
        parser.error(
            f"expected --seeds of at least 3, --limit of 1 to {60_000 - STOPPING - JUDGING}, --average above 0"
        )
    try:
        settings = parse_settings(words)
    except ValueError as error:
        parser.error(str(error))
    evidence, journal = Evidence("averaging"), Journal(given.json, 2 * given.seeds)
    rows: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data.npz"
        write_data(data, given.limit)
        for seed in range(given.seeds):
            for arm, span in (("without", 0.0), ("with", given.average)):
                asked = {**settings, "dataset": str(data), "average": span}
                make = partial(train, given.model, seed, asked, Path(temporary))
                rows[arm].append(journal.once(f"seed {seed} {arm} averaging", make))
    accuracies = {arm: [row["test_accuracy"] for row in found] for arm, found in rows.items()}
    losses = {arm: [row["test_loss"] for row in found] for arm, found in rows.items()}
    found = {
        "model": given.model, "settings": settings, "average": given.average, "rows": given.limit,
        "stopping_rows": STOPPING, "judging_rows": JUDGING,
        "accuracy_variance": variance_ratio(accuracies["without"], accuracies["with"]),
        "loss_variance": variance_ratio(losses["without"], losses["with"]),
        "summary": {arm: summarise(each) for arm, each in rows.items()},
        "seeds": rows,
    }  # fmt: skip
    table = [["", "judging accuracy", "SD", "judging loss", "SD", "best epoch", "epochs"]]
    for arm, each in found["summary"].items():
        accuracy, loss = each["test_accuracy"], each["test_loss"]
        numbers = [f"{figure['mean']:.4f}  {figure['standard_deviation']:.4f}".split() for figure in (accuracy, loss)]
        table.append([arm, *numbers[0], *numbers[1], *(f"{each[c]['mean']:.1f}" for c in ("best_epoch", "epochs"))])
    print_table(table)
    for name in ("accuracy", "loss"):
        ratio = found[f"{name}_variance"]
        print(f"variance of the {name}: ratio {ratio['ratio']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})")
    evidence.write(given.json, given.seeds, found)
    journal.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
