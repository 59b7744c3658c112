"""From a photograph to what the network sees: does a network know its own test images again, photographed?

    fashionlab train recipes/dense-small.toml
    python -m benchmarks.photos last --json evidence/photos.json

Each test image is enlarged to 300 to 1,500 pixels a side, turned back to dark on light, tinted, put on a ground, given
a little noise, and saved as JPEG, PNG or WebP, in one of eight ways turned, which its EXIF data say. Then it is read as
`fashionlab predict` reads a photograph. Reported for each kind of ground: the accuracy beside that on the originals of
the same images, and how many were called unlike the training images. Also how well those are told from other things:
digits, noise, flat and smooth grey, garments upside down (AUROC, and how many are called unlike).

And the pictures of `benchmarks/pictures/`, by others and free: the first and the first three classes, by class, ground
and kind, for both halves: the half that may be looked at while the steps are chosen, and the half for trials alone.

The test images are those that the run was evaluated on; nothing is chosen here.
"""

import argparse
import csv
import io
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import Evidence, announce, print_table
from fashionlab.evaluation.images import open_test_set
from fashionlab.evaluation.metrics import wilson_interval
from fashionlab.photos.garment import Photo, prepare_garment
from fashionlab.photos.reading import read_picture
from fashionlab.portable import Network, forward, open_portable
from fashionlab.prediction import Predictor
from fashionlab.prediction.facts import find_facts
from fashionlab.prediction.predictor import Views
from fashionlab.store import find_run
from fashionlab.training.datasets import load_for

GROUNDS = ("white", "off-white", "coloured", "transparent", "dark", "softly uneven")
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
"""EXIF's orientation -> Pillow's transposition that undoes what it asks for."""

FORMS = ("JPEG", "PNG", "WEBP")


def photograph(
    image: np.ndarray,
    ground: str,
    rng: np.random.Generator,
    forms: tuple[str, ...] = FORMS,
    sides: tuple[int, int] = (300, 1500),
) -> bytes:
    """A file that shows an image of Fashion-MNIST, uint8 [28, 28], as a photograph would.

    ground: of `GROUNDS`; sides: least and most pixels of a side.
    """
    side = int(rng.integers(sides[0], sides[1] + 1))
    value = _enlarged(image, side, Image.Resampling.BICUBIC)[..., None]
    cover = _enlarged(((image > 6) * 255).astype(np.uint8), side, Image.Resampling.BILINEAR)[..., None]
    tint = rng.uniform(0.6, 1, 3).astype(np.float32)
    tint /= tint.max()
    garment = (1 - value) * tint * 255
    form = forms[rng.integers(len(forms))]
    if ground == "transparent":
        clear = [each for each in forms if each != "JPEG"]
        pixels, form = np.concatenate([garment, cover * 255], axis=2), clear[rng.integers(len(clear))]
    else:
        pixels = _on_ground(garment, value, cover, tint, ground, rng)
        pixels += rng.normal(0, 2, (side, side, 1)).astype(np.float32)
    photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    orientation = int(rng.integers(1, 9))
    if orientation > 1:
        photo = photo.transpose(Image.Transpose(TURNS[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    photo.save(file, form, exif=exif, **({"quality": 88} if form != "PNG" else {"compress_level": 1}))
    return file.getvalue()


def _enlarged(image: np.ndarray, side: int, how: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((side, side), how)).astype(np.float32) / 255


def _on_ground(
    garment: np.ndarray, value: np.ndarray, cover: np.ndarray, tint: np.ndarray, ground: str, rng: np.random.Generator
) -> np.ndarray:
    if ground == "dark":
        # On a dark ground the garment is bright, as in the data set itself.
        under = rng.uniform(5, 60, 3).astype(np.float32)
        return np.asarray(under + (255 * tint - under) * value)
    if ground == "coloured":
        under = rng.uniform(120, 255, 3).astype(np.float32)
    else:
        under = np.array({"white": (255, 255, 255)}.get(ground, (238, 236, 230)), np.float32)
    pixels = under * (1 - cover) + garment * (under.max() / 255) * cover
    if ground == "softly uneven":
        side = len(value)
        y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
        turn = rng.uniform(0, 2 * np.pi)
        light = 1 - 0.25 * (0.5 + x * np.cos(turn) + y * np.sin(turn)) - 0.2 * (x * x + y * y)
        pixels = pixels * light[..., None]
    return np.asarray(pixels)


PICTURES = Path(__file__).parent / "pictures"
"""Pictures by others, with their labels and licences: `pictures.csv`, `README.md`."""


def pictures() -> list[dict[str, str]]:
    """The rows of `pictures.csv`, with `half`: of each class in turn "choosing" and "trial"."""
    with (PICTURES / "pictures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    met: dict[str, int] = {}
    for row in rows:
        place = met[row["class"]] = met.get(row["class"], -1) + 1
        row["half"] = ("choosing", "trial")[place % 2]
    return rows


def try_pictures(predictor: Predictor) -> dict[str, Any]:
    """For each half, and in it by class, ground and kind: how many pictures there are, and the share of them whose
    class is the first, and one of the first three."""
    rows = pictures()
    answers = predictor.judge([predictor.prepare(PICTURES / row["file"]) for row in rows])
    place = []
    for row, answer in zip(rows, answers, strict=True):
        ordered = sorted(answer.probabilities, key=lambda name: -answer.probabilities[name])
        place.append(ordered.index(row["class"]))
    results: dict[str, Any] = {}
    for half in ("choosing", "trial", "both"):
        groups: dict[str, list[int]] = {}
        for row, found in zip(rows, place, strict=True):
            if half in (row["half"], "both"):
                for group in ("all", *(f"{name}: {row[name]}" for name in ("class", "ground", "kind"))):
                    groups.setdefault(group, []).append(found)
        results[half] = {
            group: {
                "pictures": len(found),
                "top_1": sum(each < 1 for each in found) / len(found),
                "top_3": sum(each < 3 for each in found) / len(found),
            }
            for group, found in sorted(groups.items())
        }
    return results


def print_pictures(results: dict[str, Any]) -> None:
    """A table of `try_pictures`: a line a group."""
    rows = [("pictures by others", "choosing", "trial", "both")]
    for group in results["both"]:
        cells = (results[half].get(group) for half in ("choosing", "trial", "both"))
        told = (c and f"{c['top_1']:.0%}, {c['top_3']:.0%} of {c['pictures']}" for c in cells)
        rows.append((group, *(each or "" for each in told)))
    print_table(rows)


def logits_of_photos(network: Network, photos: list[Photo]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits [n, classes] of photographs, their own images, and these images' features."""
    views = Views.of(photos)
    answer = forward(network, views.images)
    return views.mean(answer.logits), views.images[views.own], answer.features[views.own]


def seen(job: tuple[np.ndarray, str, int]) -> tuple[Photo, float]:
    """What the network sees of one photograph, and the seconds that took."""
    image, ground, seed = job
    with tempfile.NamedTemporaryFile(suffix=".photo") as file:
        file.write(photograph(image, ground, np.random.default_rng(seed)))
        file.flush()
        start = time.process_time()
        photo = prepare_garment(read_picture(file.name))
    return replace(photo, steps=[]), time.process_time() - start


def other_things(images: np.ndarray) -> dict[str, np.ndarray]:
    """uint8 [n, 28, 28] of what is no garment as the network knows them."""
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(0)
    digits = (load_digits().images * 255 / 16).astype(np.uint8)
    bicubic = Image.Resampling.BICUBIC
    return {
        "digits": np.stack([np.pad(np.asarray(Image.fromarray(one).resize((20, 20), bicubic)), 4) for one in digits]),
        "noise": rng.integers(0, 256, (1000, 28, 28), dtype=np.uint8),
        "flat grey": np.repeat(rng.integers(0, 256, 300), 784).reshape(300, 28, 28).astype(np.uint8),
        "smooth grey": np.stack([
            np.asarray(Image.fromarray(rng.integers(0, 256, (4, 4), dtype=np.uint8)).resize((28, 28), bicubic))
            for _ in range(500)
        ]),
        "upside down": np.ascontiguousarray(images[:, ::-1]),
        "negated": 255 - images,
    }  # fmt: skip


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """How often one of `outside` has the larger value than one of `inside`; half for equal ones."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([inside, outside]))[len(inside) :]
    return float((ranks.sum() - len(outside) * (len(outside) + 1) / 2) / (len(inside) * len(outside)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="of an mlp or a cnn on Fashion-MNIST: name, path, or last")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--images", type=int, default=10_000, help="test images of each ground, the first of all")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    evidence = Evidence("photos")
    run = find_run(arguments.runs, arguments.run)
    network = open_portable(run)
    familiar = find_facts(run, network).familiar
    if network is None or familiar is None:
        parser.error("the run has to be an mlp or a cnn with a validation set")
    images, labels = open_test_set(run, load_for(run, None))
    images, labels = images[: arguments.images], labels[: arguments.images]
    originals = forward(network, images)
    right = originals.logits.argmax(axis=1) == labels
    results: dict[str, Any] = {
        "network": run.spec.recipe.model.name,
        "accuracy_of_originals": float(right.mean()),
        "pictures": try_pictures(Predictor(run)),
        "grounds": {},
        "unlike": {},
    }
    rows = [("ground", "accuracy", "difference, points", "ground found", "unlike", "s of processor")]
    with ProcessPoolExecutor() as pool:
        for place, ground in enumerate(GROUNDS):
            jobs = [(image, ground, place * len(images) + row) for row, image in enumerate(images)]
            found = list(pool.map(seen, jobs, chunksize=8))
            logits, shown, features = logits_of_photos(network, [photo for photo, _ in found])
            correct = int((logits.argmax(axis=1) == labels).sum())
            low, high = wilson_interval(correct, len(labels))
            results["grounds"][ground] = entry = {
                "accuracy": correct / len(labels),
                "accuracy_low": low,
                "accuracy_high": high,
                "difference_points": round(100 * (correct / len(labels) - float(right.mean())), 2),
                "ground_found": float(np.mean([photo.plain for photo, _ in found])),
                "unlike": float((familiar.distances(shown, features) > 1).mean()),
                "median_processor_seconds": float(np.median([seconds for _, seconds in found])),
            }
            rows.append((
                ground, f"{entry['accuracy']:.2%}", f"{entry['difference_points']:+.2f}",
                f"{entry['ground_found']:.1%}", f"{entry['unlike']:.1%}", f"{entry['median_processor_seconds']:.3f}",
            ))  # fmt: skip
            announce(f"{ground}: {entry['difference_points']:+.2f} points")
    inside = familiar.distances(images, originals.features)
    results["unlike"]["test images"] = {"called_unlike": float((inside > 1).mean())}
    for name, others in other_things(images[:2000]).items():
        away = familiar.distances(others, forward(network, others).features)
        results["unlike"][name] = {"auroc": auroc(inside, away), "called_unlike": float((away > 1).mean())}
    print_table(rows)
    said = [("other things", "AUROC", "called unlike")]
    for name, each in results["unlike"].items():
        said.append((name, f"{each.get('auroc', 0.5):.3f}", f"{each['called_unlike']:.1%}"))
    print_table(said)
    print_pictures(results["pictures"])
    evidence.write(arguments.json, len(images), results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
