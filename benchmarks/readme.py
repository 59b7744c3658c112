"""Write the figures of `evidence/` into the README, between its markers; the tests hold the two together.

python -m benchmarks.readme            rewrite README.md
python -m benchmarks.readme --check    say whether it would change, and exit with 1 if so
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.common import ROOT

README = ROOT / "README.md"


def read(name: str) -> dict[str, Any]:
    """One evidence document."""
    document: dict[str, Any] = json.loads((ROOT / "evidence" / f"{name}.json").read_text(encoding="utf-8"))
    return document


def median_and_range(spread: dict[str, Any], unit: str = "") -> str:
    """ "4.5 (4.3 to 4.6)"."""
    return f"{spread['median']:.1f}{unit} ({spread['min']:.1f} to {spread['max']:.1f})"


def points(share: float) -> str:
    """A fraction in percent."""
    return f"{100 * share:.2f} %"


def headline() -> str:
    """The first screen: what the main job gives."""
    seeds, job = read("seeds")["results"]["summary"], read("main-job")["results"]
    accuracy, runs = seeds["test_accuracy"], len(read("seeds")["results"]["seeds"])
    cold, warm = job["times_ours"]["cold"], job["times_ours"]["warm"]
    return "\n".join(
        [
            f"**{points(accuracy['mean'])} on the test set**, mean of {runs} seeds with standard deviation "
            f"{100 * accuracy['standard_deviation']:.2f} points ({points(accuracy['min'])} to {points(accuracy['max'])}), "
            f"in {job['seconds']['cold']['median']:.0f} s on 2 CPU cores,",
            f"{cold['median']:.1f} times faster than the original notebook as a script ({warm['median']:.1f} times from the second "
            f"run on) and {job['points_above_script']:.1f} points more accurate. The same seed gives the same bits.",
        ]
    )


def details() -> str:
    """The measurements, each with n, spread and hardware."""
    epoch, job, kill, seeds = read("epoch"), read("main-job"), read("kill"), read("seeds")
    machine = epoch["machine"]
    lines = [
        f"On {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']:.0f} GiB, without a GPU; "
        "ratios are taken pair by pair within a run: median (least to greatest).",
        "",
        f"**An epoch** of the reference network: 48,000 pictures, batch 64, float32, n = {epoch['n']} rounds in turn "
        "(`python -m benchmarks.epoch`).",
        "",
        "| contender | median s | times ours |",
        "|---|---|---|",
    ]
    measured = epoch["results"]["measured"]
    for name in sorted(measured, key=lambda name: measured[name]["seconds"]["median"]):
        ratio = epoch["results"]["times_ours"][name]
        shown = "1" if name == "ours" else f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})"
        lines.append(
            f"| {epoch['results']['contenders'][name]} | {measured[name]['seconds']['median']:.2f} | {shown} |"
        )
    seconds, accuracy = job["results"]["seconds"], job["results"]["mean_test_accuracy"]
    counts = kill["results"]
    trials = len(counts["trials"])
    lines += [
        "",
        f"**The main job**, whole processes, n = {job['n']} seeds in turn (`python -m benchmarks.main_job`): the notebook as a script "
        f"{median_and_range(seconds['script'], ' s')}, mean test accuracy {points(accuracy['script'])}; "
        f"`fashionlab train` {median_and_range(seconds['cold'], ' s')} with an empty compile cache and "
        f"{median_and_range(seconds['warm'], ' s')} with a filled one, report included, mean test accuracy "
        f"{points(accuracy['cold'])}.",
        "",
        f"**Accuracy** at the default settings, seeds 0 to {seeds['n'] - 1} (`python -m benchmarks.seeds`): test "
        f"{points(seeds['results']['summary']['test_accuracy']['mean'])}, validation "
        f"{points(seeds['results']['summary']['validation_accuracy']['mean'])}.",
        "",
        f"**Killed** (SIGKILL) at random moments {counts['kills']} times in {trials} runs, then resumed: {counts['equal']} of "
        f"{trials} ended with the weights and the history of the unbroken run, bit for bit (`python -m benchmarks.kill`). "
        f"The same seed in a fresh process: {'the same bits' if counts['fresh_process']['equal'] else 'other bits'}. "
        f"On one core instead of two: {one_core(counts['one_core'])}.",
    ]
    return "\n".join(lines)


def one_core(result: dict[str, Any]) -> str:
    """What another number of threads changes."""
    if result["equal"]:
        return "the same bits"
    return (
        f"not the same bits (weights differ by up to {result['difference']['weights']:.1e}; test accuracy "
        f"{points(result['difference']['accuracy'][0])} and {points(result['difference']['accuracy'][1])})"
    )


BLOCKS: dict[str, Callable[[], str]] = {"headline": headline, "details": details}


def fill(text: str) -> str:
    """The README's text with every block between its markers written anew."""
    for name, make in BLOCKS.items():
        marked = re.compile(rf"(<!-- {name}: .*? -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        if not marked.search(text):
            raise ValueError(f"README.md has no block {name!r}")
        text = marked.sub(lambda found, made=make(): f"{found[1]}{made}\n{found[2]}", text)  # type: ignore[misc]
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    given = parser.parse_args(arguments)
    before = README.read_text(encoding="utf-8")
    after = fill(before)
    if given.check:
        print("README.md agrees with evidence/" if after == before else "README.md does not agree with evidence/")
        return int(after != before)
    README.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
