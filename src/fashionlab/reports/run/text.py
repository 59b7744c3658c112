"""A report's summary in a few lines, for a terminal."""

from collections.abc import Mapping
from typing import Any


def report_lines(summary: Mapping[str, Any]) -> list[str]:
    """What the page says first, and where it is. Text from users loses what would drive a terminal."""
    answer = summary["answer"]
    best = f", {answer['pace']} {answer['best_epoch']} of {answer['epochs']} kept" if answer["epochs"] else ""
    lines = [
        f"{summary['title']}: {percent(answer)}, {answer['seconds']['training']:.1f} s of training{best}",
        *summary["learning"].get("sentences", []),
        *([summary["errors"]["sentence"]] if "missing" not in summary["errors"] else []),
        *summary["confidence"].get("sentences", []),
    ]
    for section, why in missing(summary).items():
        lines.append(f"not shown: {section}: {why}")
    return [*(_printable(line) for line in lines), summary["page"]]


def percent(part: Mapping[str, Any]) -> str:
    """An accuracy with its interval, and of what it is one."""
    if not part["n"]:
        return "no part was predicted"
    low, high = 100 * part["accuracy_low"], 100 * part["accuracy_high"]
    of = f"of {part['n']:,} {part['part']} pictures right"
    return f"{100 * part['accuracy']:.2f} % (95 % interval {low:.1f} to {high:.1f}) {of}"


def missing(summary: Mapping[str, Any]) -> dict[str, str]:
    """The sections that could not be made, and why."""
    sections = ("learning", "errors", "confidence", "inside")
    found = {name: str(summary[name]["missing"]) for name in sections if "missing" in summary[name]}
    return found | ({"pictures": summary["pictures_missing"]} if summary["pictures_missing"] else {})


def _printable(line: str) -> str:
    return "".join(c if c.isprintable() else " " for c in line)
