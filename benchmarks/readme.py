"""Write the figures of `evidence/` into the README, between its markers, and into the recipes' heads.

The tests hold them together.

python -m benchmarks.readme            rewrite README.md
python -m benchmarks.readme --check    say whether it would change, and exit with 1 if so
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT

README = ROOT / "README.md"


def read(name: str) -> dict[str, Any]:
    """One evidence document."""
    document: dict[str, Any] = json.loads((ROOT / "evidence" / f"{name}.json").read_text(encoding="utf-8"))
    return document


def has(name: str) -> bool:
    """Whether it has been measured: what has not is left out, and a recipe then says so itself."""
    return (ROOT / "evidence" / f"{name}.json").is_file()


def median_and_range(spread: dict[str, Any], unit: str = "") -> str:
    """ "4.5 (4.3 to 4.6)"."""
    return f"{spread['median']:.1f}{unit} ({spread['min']:.1f} to {spread['max']:.1f})"


def points(share: float) -> str:
    """A fraction in percent."""
    return f"{100 * share:.2f} %"


def headline() -> str:
    """The first screen: what the main job gives."""
    seeds, job = read("seeds")["results"], read("main-job")["results"]
    accuracy = seeds["summary"]["test_accuracy"]
    cold, warm = (total_ratio(job, kind) for kind in ("cold", "warm"))
    return (
        f"**{points(accuracy['mean'])} on the test set**, mean of {len(seeds['seeds'])} seeds with standard deviation\n"
        f"{100 * accuracy['standard_deviation']:.2f} points ({points(accuracy['min'])} to {points(accuracy['max'])}), "
        f"in {job['seconds']['cold']['median']:.0f} s on 2 CPU cores:\n{cold:.1f} times faster than the original "
        f"notebook as a script ({warm:.1f} times from the second run on), over {len(job['runs']['script'])} seeds, "
        "and\n"
        f"{job['points_above_script']:.1f} points more accurate. The same seed gives the same bits."
    )


def total_ratio(job: dict[str, Any], kind: str) -> float:
    """The script's time over all seeds, divided by ours."""
    return float(sum(job["seconds"]["script"]["values"]) / sum(job["seconds"][kind]["values"]))


def details() -> str:
    """The measurements, each with n, spread and hardware."""
    return "\n\n".join(filter(None, [machine(), epoch(), convolutions(), main_job(), accuracy(), studies(), kills()]))


def machine() -> str:
    """What it was measured on."""
    about = read("epoch")["machine"]
    return (
        f"On {about['cores']} cores of {about['processor']}, {about['memory_gib']:.0f} GiB, without a GPU; ratios are "
        "taken pair by pair\nwithin a run: median (least to greatest)."
    )


def epoch() -> str:
    """The table of contenders."""
    document = read("epoch")
    results, measured = document["results"], document["results"]["measured"]
    lines = [
        "**An epoch** of the reference network: 48,000 pictures, batch 64, float32, "
        f"n = {document['n']} rounds in turn (`python -m benchmarks.epoch`).",
        "",
        "| contender | median s | times ours |",
        "|---|---|---|",
    ]
    for name in sorted(measured, key=lambda name: float(measured[name]["seconds"]["median"])):
        ratio = results["times_ours"][name]
        shown = "1" if name == "ours" else f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"
        lines.append(f"| {results['contenders'][name]} | {measured[name]['seconds']['median']:.2f} | {shown} |")
    return "\n".join(lines)


def convolutions() -> str:
    """An epoch of the CNN beside its peers, in a sentence."""
    if not has("epoch-cnn"):
        return ""
    document = read("epoch-cnn")
    results = document["results"]
    peers = [
        f"{results['contenders'][name]} {results['measured'][name]['seconds']['median']:.1f} s, "
        f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f}) times ours"
        for name, ratio in results["times_ours"].items()
        if name != "ours"
    ]
    return (
        f"**An epoch** of `cnn`, batch 128, n = {document['n']} rounds in turn (`python -m benchmarks.epoch --network "
        f"cnn`): ours {median_and_range(results['measured']['ours']['seconds'], ' s')};\n" + ";\n".join(peers) + "."
    )


def studies() -> str:
    """How long a study takes, what a second worker brings, and how often studies of nothing find something."""
    said = []
    if has("take-away"):
        results = read("take-away")["results"]
        said.append(
            f"the ablation of the default recipe, {results['runs']['done']} runs (`{results['command']}`), takes "
            f"{results['seconds'] / 60:.1f} minutes"
        )
    if has("study-throughput"):
        document = read("study-throughput")
        speedup = document["results"]["speedup"]
        said.append(
            f"two workers make {speedup['median']:.2f} times the runs of one ({speedup['min']:.2f} to "
            f"{speedup['max']:.2f}, n = {document['n']} rounds, `python -m benchmarks.study_throughput`)"
        )
    if has("null-studies"):
        results = read("null-studies")["results"]
        said.append(
            f"of {results['studies']} studies of nothing against nothing, really trained, {results['wrong']} said "
            "*helps* or *hurts* at some moment (`python -m benchmarks.null_studies`)"
        )
    joined = ";\n".join(said)
    return f"**Studies**: {joined}." if said else ""


def main_job() -> str:
    """Whole processes."""
    document = read("main-job")
    results = document["results"]
    seconds, accuracy = results["seconds"], results["mean_test_accuracy"]
    pairs = {kind: median_and_range(results["times_ours"][kind]) for kind in ("cold", "warm")}
    return (
        f"**The main job**, whole processes, n = {document['n']} seeds in turn (`python -m benchmarks.main_job`):\n"
        f"the notebook as a script {median_and_range(seconds['script'], ' s')}, mean test accuracy "
        f"{points(accuracy['script'])}; `fashionlab train`, report included, {median_and_range(seconds['cold'], ' s')}"
        f"\nwith an empty compile cache and {median_and_range(seconds['warm'], ' s')} with a filled one, mean test "
        f"accuracy {points(accuracy['cold'])}.\nThe script's time by ours: {total_ratio(results, 'cold'):.1f} and "
        f"{total_ratio(results, 'warm'):.1f} over all seeds together, {pairs['cold']} and {pairs['warm']}\n"
        "seed by seed: where early stopping ends the script "
        f"after few epochs it is quick, and less accurate (epochs {epochs_of(results, 'script')};\nours "
        f"{epochs_of(results, 'cold')})."
    )


def epochs_of(results: dict[str, Any], kind: str) -> str:
    """How long each seed was trained: "22, 9 and 9"."""
    *most, last = (str(row["epochs"]) for row in results["runs"][kind])
    return f"{', '.join(most)} and {last}"


def accuracy() -> str:
    """Test and validation over the seeds."""
    document = read("seeds")
    summary = document["results"]["summary"]
    return (
        f"**Accuracy** at the default settings, seeds 0 to {document['n'] - 1} (`python -m benchmarks.seeds`): test "
        f"{points(summary['test_accuracy']['mean'])}, validation {points(summary['validation_accuracy']['mean'])}."
    )


def kills() -> str:
    """Killed and resumed."""
    results = read("kill")["results"]
    trials = len(results["trials"])
    return (
        f"**Killed** (SIGKILL) at random moments, {results['kills']} times in {trials} runs, then resumed: "
        f"{results['equal']} of {trials} ended with the weights\nand the history of the unbroken run, bit for bit "
        f"(`python -m benchmarks.kill`). The same seed in a fresh process:\n"
        f"{'the same bits' if results['fresh_process']['equal'] else 'other bits'}. On one core instead of two: "
        f"{one_core(results['one_core'])}."
    )


def one_core(result: dict[str, Any]) -> str:
    """What another number of threads changes."""
    if result["equal"]:
        return "the same bits"
    return (
        f"not the same bits (weights differ by up to {result['difference']['weights']:.1e}; test accuracy "
        f"{points(result['difference']['accuracy'][0])} and {points(result['difference']['accuracy'][1])})"
    )


BUSY = 0.3
"""Cores busy with other work on average, from which a time is marked: the accuracy stands, the seconds are too many."""

FAMILIES = {
    "recipe-reference": "the original notebook's network and settings",
    "seeds": "the same network at the lab's defaults",
    "recipe-dense-small": "the same network, the best recipe for it",
    "recipe-dense": "the best dense network found",
    "recipe-cnn": "convolutional network",
    "model-logistic": "logistic regression",
    "model-forest": "random forest",
    "model-boosting": "gradient boosting",
}
"""Evidence -> what was trained, in the table's order."""


def families() -> str:
    """A row a model: what it is, how to get it, what it gives over its seeds."""
    lines = [
        "| what | `fashionlab train …` | seeds | test accuracy % (deviation of a seed) | training s |",
        "|---|---|---|---|---|",
    ]
    for name, what in FAMILIES.items():
        if not has(name):
            continue
        document = read(name)
        results = document["results"]
        accuracy, seconds = (results["summary"][column] for column in ("test_accuracy", "training_seconds"))
        deviation = accuracy["standard_deviation"]
        spread = "" if deviation is None else f" ({100 * deviation:.2f})"
        busy = "*" if document["machine"].get("cores_busy_with_other_work", 1) > BUSY else ""
        lines.append(
            f"| {what} | `{results['model']}` | {len(results['seeds'])} | {100 * accuracy['mean']:.2f}{spread} "
            f"| {seconds['mean']:.0f}{busy} |"
        )
    return "\n".join(
        [
            *lines,
            "",
            "\\* taken while other programs kept the machine busy, or may have: a quiet one is quicker.",
        ]
    )


def recipe_result(name: str) -> str:
    """The line that a recipe's file gives its result in."""
    results = read(f"recipe-{name}")["results"]
    accuracy = results["summary"]["test_accuracy"]
    return (
        f"# Result: {100 * accuracy['mean']:.2f} % on the test part, standard deviation "
        f"{100 * accuracy['standard_deviation']:.2f} over {len(results['seeds'])} seeds (evidence/recipe-{name}.json)."
    )


CLAIMS = ("depth", "stopping", "order", "activation")
"""The studies in `recipes/studies/`, of what the original notebook claimed."""


def claims() -> str:
    """A row an arm of the claims' studies: what was changed, what it did."""
    lines = [
        "| question | beside the baseline of its study | effect in points (interval) | verdict | seeds |",
        "|---|---|---|---|---|",
    ]
    for name in filter(lambda name: has(f"claim-{name}"), CLAIMS):
        results = read(f"claim-{name}")["results"]
        question = f"[{results['title']}](recipes/studies/{name}.toml)"
        for arm, verdict in results["verdicts"].items():
            lines.append(f"| {question} | {arm} | {effect(verdict)} | {verdict['word']} | {verdict['n']} |")
            question = ""
    return "\n".join(lines)


def effect(verdict: dict[str, Any]) -> str:
    """ "+0.31 (+0.05 to +0.60)", in percentage points."""
    if verdict["low"] is None:
        return "–" if verdict["effect"] is None else f"{verdict['effect']:+.2f}"
    return f"{verdict['effect']:+.2f} ({verdict['low']:+.2f} to {verdict['high']:+.2f})"


def claim_result(name: str) -> str:
    """The line that a study's file gives its result in."""
    results = read(f"claim-{name}")["results"]
    found = "; ".join(f"{arm} {verdict['word']}" for arm, verdict in results["verdicts"].items())
    return f"# Result: {found} (evidence/claim-{name}.json)."


BLOCKS: dict[str, Callable[[], str]] = {
    "headline": headline,
    "families": families,
    "claims": claims,
    "details": details,
}

RECIPES = ("reference", "dense-small", "dense", "cnn")
"""The recipes in `recipes/` with measured results."""

HEADS: dict[str, tuple[str, Callable[[], str]]] = {
    **{f"recipes/{name}.toml": (f"recipe-{name}", partial(recipe_result, name)) for name in RECIPES},
    **{f"recipes/studies/{name}.toml": (f"claim-{name}", partial(claim_result, name)) for name in CLAIMS},
}
"""A file whose head tells its result -> the evidence for it, and how to say it."""


def fill(text: str, blocks: Mapping[str, Callable[[], str]]) -> str:
    """A page's text with every block between its markers written anew."""
    for name, make in blocks.items():
        marked = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        found = marked.search(text)
        if not found:
            raise ValueError(f"the page has no block {name!r}")
        text = text[: found.start()] + f"{found[1]}{make()}\n{found[2]}" + text[found.end() :]
    return text


def fill_page(page: Path, blocks: Mapping[str, Callable[[], str]]) -> None:
    """Write a page's blocks anew."""
    page.write_text(fill(page.read_text(encoding="utf-8"), blocks), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    given = parser.parse_args(arguments)
    pages = {README: fill(README.read_text(encoding="utf-8"), BLOCKS)}
    for name, (measured, result) in HEADS.items():
        if has(measured):
            path = ROOT / name
            pages[path] = re.sub(r"^# Result: .*$", result(), path.read_text(encoding="utf-8"), flags=re.M)
    stale = [path.name for path, text in pages.items() if text != path.read_text(encoding="utf-8")]
    if given.check:
        print(f"not as evidence/ says: {', '.join(stale)}" if stale else "README.md and recipes/ agree with evidence/")
        return len(stale)
    for path, text in pages.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
