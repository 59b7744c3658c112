"""From a photograph to what the network sees, in the page's script: is it what Python makes of it?

    python -m benchmarks.page_photos last --json evidence/page-photos.json

Test images are photographed as in `benchmarks.photos`, on grounds of all kinds, saved as PNG, and given to Python and,
in Chromium, to the script of a run's page, file and all. Compared: the images that the network would see, grey level
by grey level, and the classes that it gives them. JPEG and WebP are compared as well, but a browser decodes them with
its own decoder, so levels may differ there. Then a photograph of 12 megapixels: how long decoding and the script take
in the page, the first time and later.
"""

import argparse
import base64
import io
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.common import Evidence, announce, print_table, spread
from benchmarks.photos import GROUNDS, photograph
from fashionlab.photos.garment import Photo
from fashionlab.photos.reading import Box, read_picture
from fashionlab.photos.see import PhotoFacts, see
from fashionlab.reports.run.scripts import photo_script
from fashionlab.store.format import to_json

LEVELS, PIXELS, PICTURES, CLASSES = 2, 0.99, 0.95, 0.99
"""What is promised of PNGs: at most so many grey levels apart in so many of the pixels for so many of the pictures, and
the same first class for so many."""

TOGETHER = 20
"""Photographs that are handed to the page at once."""

SEE = """async (given) => {
  const answers = [];
  for (const each of given) {
    const bytes = Uint8Array.from(atob(each.content), (character) => character.charCodeAt(0));
    const { rgba, width, height } = await fashionlabPhotos.read(new Blob([bytes]));
    const photo = fashionlabPhotos.see(rgba, width, height, each.facts, each.box ?? undefined);
    const steps = photo.steps.map(({ name, width, height, pixels }) => [name, width, height, pixels.length]);
    const others = photo.others.map((other) => [...other]);
    answers.push({ image: [...photo.image], others, plain: photo.plain, remarks: photo.remarks, steps });
  }
  return answers;
}"""


KEEP = "(content) => { globalThis.file = new Blob([Uint8Array.from(atob(content), (each) => each.charCodeAt(0))]); }"
TIMED = {
    "decoding": "async () => { globalThis.photo = await fashionlabPhotos.read(file); }",
    "script": "(facts) => { fashionlabPhotos.see(photo.rgba, photo.width, photo.height, facts); }",
}
"""The two parts of the way from a file to what the network sees: the browser's, and ours."""


class Given(NamedTuple):
    """A photograph's file, what is known of the run, and the part of it that is used."""

    content: bytes
    facts: PhotoFacts
    box: Box | None = None


def in_python(given: Given) -> Photo:
    """What Python makes of it."""
    picture = read_picture(Image.open(io.BytesIO(given.content)), given.box)
    return see(picture, given.facts, cropped=given.box is not None)


def in_page(page: Any, given: Sequence[Given]) -> list[dict[str, Any]]:
    """What the script makes of them, in a page of Playwright's that `write_page` wrote: image, uint8 [side, side];
    others, uint8 [n, side, side]; plain; remarks; steps, each name, width, height and number of values."""
    answers: list[dict[str, Any]] = []
    for start in range(0, len(given), TOGETHER):
        handed = [
            {
                "content": base64.b64encode(content).decode(),
                "facts": json.loads(to_json(facts)),
                "box": box and box._asdict(),
            }
            for content, facts, box in given[start : start + TOGETHER]
        ]
        answers += page.evaluate(SEE, handed)
    for answer, (_, facts, _) in zip(answers, given, strict=True):
        for name, shape in {"image": (facts.side, facts.side), "others": (-1, facts.side, facts.side)}.items():
            answer[name] = np.array(answer[name], np.uint8).reshape(shape)
    return answers


def write_page(path: Path) -> None:
    """A page with the script and nothing else."""
    path.write_text(f'<!doctype html><meta charset="utf-8"><script>{photo_script()}</script>', encoding="utf-8")


@contextmanager
def open_page(folder: Path) -> Iterator[Any]:
    """That page in Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("there is no chromium; install it and run again")
    write_page(folder / "page.html")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = chromium.new_page()
        page.goto((folder / "page.html").as_uri())
        yield page
        chromium.close()


def compare(ours: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> dict[str, float]:
    """Of pairs of images, uint8: how many are equal, how many near as promised, and the largest difference."""
    away = np.abs(np.stack(ours).astype(int) - np.stack(others))
    near = (away <= LEVELS).mean(axis=(1, 2)) >= PIXELS
    return {"equal": float((away == 0).all(axis=(1, 2)).mean()), "near": float(near.mean()), "most": int(away.max())}


def measure(page: Any, content: bytes, facts: PhotoFacts, rounds: int = 12) -> dict[str, Any]:
    """Milliseconds that one photograph takes: of the page's thread on a processor, which other programs' work hardly
    changes, and on the clock. The first round comes before the browser has compiled anything."""
    page.reload()
    page.evaluate(KEEP, base64.b64encode(content).decode())
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        return next(
            float(each["value"])
            for each in session.send("Performance.getMetrics")["metrics"]
            if each["name"] == "TaskDuration"
        )

    kinds = ("processor_ms", "clock_ms")
    times: dict[str, dict[str, list[float]]] = {name: {kind: [] for kind in kinds} for name in TIMED}
    for _ in range(rounds):
        for name, code in TIMED.items():
            start = busy(), time.perf_counter()
            page.evaluate(code, json.loads(to_json(facts)))
            for kind, took in zip(kinds, (busy() - start[0], time.perf_counter() - start[1]), strict=True):
                times[name][kind].append(round(1000 * took, 1))
    return {
        name: {kind: {"first": values[0], "later": spread(values[1:])} for kind, values in each.items()}
        for name, each in times.items()
    }


def large(image: np.ndarray) -> bytes:
    """A JPEG of 4000 x 3000 pixels with a garment on a white ground."""
    canvas = Image.new("RGB", (4000, 3000), (235, 234, 230))
    garment = Image.open(io.BytesIO(photograph(image, "off-white", np.random.default_rng(0), ("PNG",), (1500, 1500))))
    canvas.paste(garment.convert("RGB").resize((2400, 2400)), (800, 300))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=90)
    return file.getvalue()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="of an mlp or a cnn on Fashion-MNIST: name, path, or last")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--images", type=int, default=100, help="test images of each ground, the first of all")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    from fashionlab.evaluation.images import open_test_set
    from fashionlab.portable import forward, open_portable
    from fashionlab.prediction import Predictor
    from fashionlab.store import find_run
    from fashionlab.training.datasets import load_for

    evidence = Evidence("page_photos")
    run = find_run(arguments.runs, arguments.run)
    network, facts = open_portable(run), Predictor(run).photo_facts
    if network is None:
        parser.error("the run has to be an mlp or a cnn")
    images, _ = open_test_set(run, load_for(run, None))
    images = images[: arguments.images]
    rows = [("photographs", "equal", "near", "largest difference", "same class", "same steps")]
    results: dict[str, Any] = {"network": run.spec.recipe.model.name, "photographs": {}}
    with tempfile.TemporaryDirectory() as folder, open_page(Path(folder)) as page:
        results["browser"] = f"Chromium {page.context.browser.version}"
        for forms in (("PNG",), ("JPEG", "WEBP")):
            for place, ground in enumerate(GROUNDS):
                rng = np.random.default_rng([len(forms), place])
                given = [Given(photograph(image, ground, rng, forms), facts) for image in images]
                python, script = [in_python(each) for each in given], in_page(page, given)
                seen = (
                    [np.stack([photo.image, *photo.others]) for photo in python],
                    [np.stack([answer["image"], *answer["others"]]) for answer in script],
                )
                # The answer is the mean over all widths that the network sees.
                classes = [
                    [int(forward(network, images).logits.mean(axis=0).argmax()) for images in each] for each in seen
                ]
                name = f"{' or '.join(forms)}, {ground}"
                results["photographs"][name] = entry = {
                    **compare(*([np.concatenate(images) for images in each] for each in seen)),
                    "same_class": float(np.mean([ours == theirs for ours, theirs in zip(*classes, strict=True)])),
                    "same_steps": float(np.mean([
                        [step.name for step in photo.steps] == [step[0] for step in answer["steps"]]
                        for photo, answer in zip(python, script, strict=True)
                    ])),
                }  # fmt: skip
                rows.append((
                    name, f"{entry['equal']:.1%}", f"{entry['near']:.1%}", str(entry["most"]),
                    f"{entry['same_class']:.1%}", f"{entry['same_steps']:.1%}",
                ))  # fmt: skip
                announce(": ".join(rows[-1][:2]))
        results["twelve_megapixels"] = times = measure(page, large(images[0]), facts)
    pngs = [entry for name, entry in results["photographs"].items() if name.startswith("PNG")]
    results["promise_kept"] = all(
        float(np.mean([entry[key] for entry in pngs])) >= least
        for key, least in (("near", PICTURES), ("same_class", CLASSES))
    )
    print_table(rows)
    for name, kinds in times.items():
        took = kinds["processor_ms"]
        print(f"12 megapixels, {name}: {took['later']['median']:.0f} ms of processor, the first {took['first']:.0f}")
    evidence.write(arguments.json, len(images), results)
    return 0 if results["promise_kept"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
