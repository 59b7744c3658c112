"""Write the figures of `evidence/` into README.md, the pages in `docs/` and the heads of the recipes.

python -m benchmarks.readme            rewrite them, each between its markers
python -m benchmarks.readme --check    name those that would change, and exit with 1 if there are any
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import ann_against_cnn, claims, lessons, measurements
from benchmarks.common import ROOT
from benchmarks.pages import Blocks, fill, has, percent, read, table

FAMILIES = {
    "recipe-reference": "the original notebook's network and settings",
    "seeds": "the same network at the default settings",
    "recipe-dense-small": "the same network at the best settings found for it",
    "recipe-dense": "the best dense network found",
    "recipe-cnn": "convolutional network",
    "model-logistic": "logistic regression",
    "model-forest": "random forest",
    "model-boosting": "gradient boosting",
}
"""Evidence -> what was trained, in the table's order."""


def headline() -> str:
    """What the first command gives, and how fast."""
    seeds, job = read("seeds")["results"], read("main-job")["results"]
    accuracy = seeds["summary"]["test_accuracy"]
    return (
        f"The default network reaches **{percent(accuracy['mean'])} on the test set** (mean of {len(seeds['seeds'])} "
        f"seeds, standard deviation {100 * accuracy['standard_deviation']:.2f} points).\n"
        f"`fashionlab train` needs {job['seconds']['cold']['median']:.0f} s for it on 2 CPU cores, report included: "
        f"{measurements.speedup(job, 'cold'):.1f} times faster than the original\nnotebook as a script "
        "([how this was measured](docs/benchmarks.md))."
    )


def families() -> str:
    """A row per model: what it is, how to train it, its accuracy over the seeds."""
    rows = []
    for name, what in FAMILIES.items():
        if has(name):
            results = read(name)["results"]
            accuracy = results["summary"]["test_accuracy"]
            rows.append(
                [
                    what,
                    f"`{results['model']}`",
                    f"{100 * accuracy['mean']:.2f}",
                    f"{100 * accuracy['standard_deviation']:.2f}",
                    str(len(results["seeds"])),
                ]
            )
    return table(["model", "`fashionlab train …`", "test accuracy, %", "standard deviation", "seeds"], rows)


PAGES: dict[str, Blocks] = {
    "README.md": {"headline": headline, "families": families},
    "docs/benchmarks.md": measurements.BLOCKS,
    "docs/claims.md": claims.BLOCKS,
    "docs/ann-against-cnn.md": ann_against_cnn.BLOCKS,
    "docs/lessons.md": lessons.BLOCKS,
}

RECIPES = ("reference", "dense-small", "dense", "cnn")
"""The recipes in `recipes/` with measured results."""


def recipe_result(name: str) -> str:
    """The line in a recipe's head that tells its result."""
    document = read(f"recipe-{name}")
    results = document["results"]
    accuracy = results["summary"]["test_accuracy"]
    return (
        f"# Result: {percent(accuracy['mean'])} on the test set, standard deviation "
        f"{100 * accuracy['standard_deviation']:.2f} over {len(results['seeds'])} seeds (evidence/recipe-{name}.json, "
        f"results version {document['results_version']})."
    )


def link_to_run_format(page: str) -> str:
    """From a page to the one that says what a results version is."""
    return "run-format.md" if page.startswith("docs/") else "docs/run-format.md"


def written() -> dict[Path, str]:
    """Every file with figures -> its text with the figures of today's evidence."""
    texts = {
        ROOT / page: fill((ROOT / page).read_text(encoding="utf-8"), blocks, link_to_run_format(page))
        for page, blocks in PAGES.items()
    }
    heads = {ROOT / "recipes" / f"{name}.toml": recipe_result(name) for name in RECIPES if has(f"recipe-{name}")}
    heads |= {ROOT / "recipes" / "studies" / f"{name}.toml": claims.result(name) for name in claims.CLAIMS}
    for path, line in heads.items():
        texts[path] = re.sub(r"^# Result: .*$", line, path.read_text(encoding="utf-8"), flags=re.M)
    return texts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args(arguments).check
    stale = {path: text for path, text in written().items() if text != path.read_text(encoding="utf-8")}
    if check:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"not as evidence/ says: {names}" if stale else "every figure agrees with evidence/")
        return int(bool(stale))
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
