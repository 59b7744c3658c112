"""The figures of docs/benchmarks.md, from `evidence/`; `python -m benchmarks.readme` writes them there."""

from typing import Any

from benchmarks import pool
from benchmarks.pages import Blocks, has, percent, quiet, read, table, with_range

ABLATION = "fashionlab study mlp --ablate --epochs 12 --seeds 10"


def machine() -> str:
    """What it was measured on."""
    about = read("epoch")["machine"]
    return (
        f"Measured on {about['cores']} cores of {about['processor']} with {about['memory_gib']:.0f} GiB of memory, "
        "without a GPU."
    )


def epoch(name: str) -> str:
    """The table of contenders, the fastest first."""
    if not has(name):
        return "Not measured yet."
    results = read(name)["results"]
    measured, ratios = results["measured"], results["times_ours"]
    rows = [
        [
            results["contenders"][contender],
            f"{measured[contender]['seconds']['median']:.2f}",
            "1" if contender == "ours" else with_range(ratios[contender], 2),
        ]
        for contender in sorted(measured, key=lambda each: float(measured[each]["seconds"]["median"]))
    ]
    return table(["", f"median of {read(name)['n']}, s", "times ours"], rows)


def main_job() -> str:
    """Whole processes: the script, and ours with an empty and with a filled compile cache."""
    results = read("main-job")["results"]
    names = {
        "script": "the original notebook as a script",
        "cold": "`fashionlab train`, first run",
        "warm": "`fashionlab train`, later runs",
    }
    rows = [
        [
            names[kind],
            with_range(results["seconds"][kind]),
            "1" if kind == "script" else f"{speedup(results, kind):.1f}",
            percent(results["mean_test_accuracy"][kind]),
            ", ".join(str(run["epochs"]) for run in results["runs"][kind]),
        ]
        for kind in names
    ]
    header = [
        "",
        f"median of {read('main-job')['n']} seeds, s",
        "times as fast",
        "mean test accuracy",
        "epochs by seed",
    ]
    return table(header, rows)


def speedup(job: dict[str, Any], kind: str) -> float:
    """The script's time over all seeds, divided by ours. kind: "cold" or "warm"."""
    return float(sum(job["seconds"]["script"]["values"]) / sum(job["seconds"][kind]["values"]))


def training_time() -> str:
    """Of the recipes that were trained while the machine had little other work."""
    rows = []
    for name in ("seeds", "recipe-reference", "recipe-dense-small", "recipe-dense", "recipe-cnn", "model-logistic",
                 "model-forest", "model-boosting"):  # fmt: skip
        if has(name) and quiet(read(name)):
            results = read(name)["results"]
            seconds = results["summary"]["training_seconds"]["mean"]
            rows.append([f"`{results['model']}`", f"{seconds:.0f}", str(len(results["seeds"]))])
    return table(["`fashionlab train …`", "training, s", "seeds"], rows)


def studies() -> str:
    """How long a study takes, what a second worker brings, and how often studies of nothing find something."""
    said = []
    if has("ablation"):
        results = read("ablation")["results"]
        said.append(
            f"- The ablation of the default recipe, {results['runs']['done']} runs (`{ABLATION}`), takes "
            f"{results['seconds'] / 60:.1f} minutes."
        )
    if has("study-throughput"):
        document = read("study-throughput")
        ratio = with_range(document["results"]["speedup"], 2)
        said.append(
            f"- Two workers finish {ratio} times as many runs as one (`python -m benchmarks.study_throughput`, median "
            f"of {document['n']} rounds)."
        )
    if has("null-studies"):
        results = read("null-studies")["results"]
        # Older evidence has no interval.
        rate = results.get("rate")
        share = f" (95 % interval {100 * rate['low']:.1f} to {100 * rate['high']:.1f} %)" if rate else ""
        said.append(
            f"- In {results['studies']} studies that compared the baseline with itself, {results['wrong']} said "
            f"*helps* or *hurts* at some point{share} (`python -m benchmarks.null_studies`). The method allows a wrong "
            "verdict in at most 5 % of studies."
        )
    if has("pool"):
        said.append(pool.sentence())
    return "\n".join(said)


def kills() -> str:
    """By trainer: killed and resumed; a fresh process; another number of cores."""
    results = read("kill")["results"]["trainers"]
    rows = [
        [
            f"`{trainer}`",
            str(found["kills"]),
            f"{found['equal']} of {len(found['trials'])}",
            "equal" if found["fresh_process"]["equal"] else "differs",
            "equal" if found["one_core"]["equal"] else "differs",
        ]
        for trainer, found in results.items()
    ]
    return table(["trainer", "kills", "runs equal", "fresh process", "one core"], rows)


def damaged() -> str:
    """How many damaged runs, studies and data sets there were, and what came of them."""
    rows = []
    if has("tampering"):
        results = read("tampering")["results"]
        rows.append(["files of runs and studies", f"{results['cases']:,}", str(results["failed"])])
    if has("hostile-data"):
        names = {"idx": "sets of IDX files", "images": "images in folders", "others": "archives, array files, folders"}
        for kind, results in read("hostile-data")["results"].items():
            rows.append([names[kind], f"{results['cases']:,}", str(results["failed"])])
    return table(["damaged", "cases", "failed"], rows) if rows else "Not measured yet."


BLOCKS: Blocks = {
    "machine": machine,
    "epoch": lambda: epoch("epoch"),
    "epoch-cnn": lambda: epoch("epoch-cnn"),
    "main-job": main_job,
    "training-time": training_time,
    "studies": studies,
    "kills": kills,
    "damaged": damaged,
}
