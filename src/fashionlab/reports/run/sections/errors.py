"""Where it errs: the confusion matrix with the pictures behind each cell, pairs, the worst mistakes, classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from fashionlab.evaluation import cells, most_confident_mistakes, pairs
from fashionlab.reports.run.picture_book import Part, PictureBook
from fashionlab.store import Run

DIAGONAL = 30
"""Right answers shown a class, the least certain ones."""

MOST_PICTURES = 4000
"""Errors shown at 28 x 28 pixels; larger pictures take more room, and fewer fit into a page that can be mailed."""

MATRIX_CLASSES = 40
"""Classes that the confusion matrix of a page shows; of more, those with most errors."""

PAIRS, EXAMPLES, MISTAKES = 6, 6, 14
"""Most confused pairs, pictures of each, and most confident mistakes."""


def errors(run: Run, part: Part, book: PictureBook) -> dict[str, Any]:
    """Keys: part; sentence; confusion and rates [k][k], row = true class; shown, the classes in the matrix; cells.

    cells: "true,predicted" -> total and pictures (numbers in the book): off the diagonal all errors, the most confident
    first, on it the `diagonal` least certain; `reduced` says whether there were more errors than a page can hold, so
    that each cell shows its share of them. Then pairs, confident (numbers in the book), and per_class.
    """
    figures = run.metrics[part.name]
    names = run.request["data"]["class_names"]
    counts = np.asarray(figures["confusion"])
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    totals = counts.sum(axis=1, keepdims=True)
    room = MOST_PICTURES * min(1.0, (28 / int(run.request["data"]["side"])) ** 2)
    share = min(1.0, room / max(1, int(wrong.sum())))
    filled = _cells(part, book, share)
    most = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:MATRIX_CLASSES]
    worst = most_confident_mistakes(part.logits, part.labels, MISTAKES)["row"]
    return {
        "part": part.name,
        "sentence": finding(counts, names),
        "confusion": counts.tolist(),
        "rates": np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0).round(6).tolist(),
        "shown": sorted(most.tolist()),
        "diagonal": DIAGONAL,
        "reduced": share < 1,
        "cells": filled,
        "pairs": [
            {**pair, "pictures": filled[f"{pair['true']},{pair['predicted']}"]["pictures"][:EXAMPLES]}
            for pair in pairs(counts, PAIRS)
        ],
        "confident": [book.add(part, row) for row in worst],
        "per_class": [{**row, "taken_for": _taken_for(wrong[i], names)} for i, row in enumerate(figures["per_class"])],
    }


def _cells(part: Part, book: PictureBook, share: float) -> dict[str, dict[str, Any]]:
    found = {}
    for t, line in enumerate(cells(part.logits, part.labels, DIAGONAL)):
        for p, cell in enumerate(line):
            if cell["total"]:
                rows = cell["rows"] if t == p else cell["rows"][: max(1, round(share * cell["total"]))]
                found[f"{t},{p}"] = {"total": cell["total"], "pictures": [book.add(part, row) for row in rows]}
    return found


def finding(counts: np.ndarray, names: Sequence[str]) -> str:
    """What a confusion matrix shows, in a sentence or two."""
    wrong = counts * ~np.eye(len(counts), dtype=bool)
    errors, n = int(wrong.sum()), int(counts.sum())
    if not errors:
        return f"All {n:,} pictures are named right."
    both = wrong + wrong.T
    a, b = sorted(int(i) for i in np.unravel_index(both.argmax(), both.shape))
    hardest = int(wrong.sum(axis=1).argmax())
    return (
        f"{errors:,} of {n:,} pictures are named wrong. {names[a]} and {names[b]}, taken for each other, are "
        f"{both[a, b]:,} of them ({100 * both[a, b] / errors:.0f} %). The class most often missed is {names[hardest]}: "
        f"{wrong[hardest].sum():,} of {counts[hardest].sum():,}."
    )


def _taken_for(row: np.ndarray, names: Sequence[str]) -> dict[str, Any] | None:
    return {"class": names[int(row.argmax())], "count": int(row.max())} if row.any() else None
