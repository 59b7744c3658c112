"""What happens inside: the numbers of `evaluation.insight`, and the pictures that they are about."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.reports.run.picture_book import Part, PictureBook


def inside(
    document: Mapping[str, Any], arrays: Mapping[str, np.ndarray], part: Part | None, book: PictureBook
) -> dict[str, Any]:
    """The insight's document with the pictures' numbers in the book added.

    `chosen` and `map` get `pictures`; the map also its points, `pca` and perhaps `neighbour_points`, and `labels`, so
    that the page's data are plain. Of a classic model there is `pixels` alone. The large arrays (activations, weights,
    saliency) stay in `insight.npz`.
    """
    if "pixels" in document:
        return {"pixels": document["pixels"]}
    if not document["available"] or part is None:
        return {"missing": document["reason"] or "there is no validation part, whose pictures it would be shown with."}
    chosen = [{**each, "picture": book.add(part, each["row"])} for each in document["chosen"]]
    drawn = dict(document["map"])
    if drawn["reason"] is None:
        drawn["pictures"] = [book.add(part, row) for row in drawn["rows"]]
        drawn["labels"] = arrays["map/labels"].tolist()
        drawn["pca"] = arrays["map/pca"].astype(float).round(4).tolist()
        if drawn["neighbours"]["reason"] is None:
            drawn["neighbour_points"] = arrays["map/neighbours"].astype(float).round(4).tolist()
    return {**document, "chosen": chosen, "map": drawn}
