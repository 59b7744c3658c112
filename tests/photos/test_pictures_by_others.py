"""The pictures by others that the benchmark tries: each has a class, a ground, a source and a licence."""

from collections import Counter

from benchmarks.photos import PICTURES, pictures
from PIL import Image

from fashionlab.data.dataset import FASHION_CLASSES


def test_every_picture_is_listed_with_class_ground_source_and_licence():
    rows = pictures()
    files = {str(path.relative_to(PICTURES)) for path in PICTURES.glob("*/*")}
    assert {row["file"] for row in rows} == files
    assert len(rows) == len(files) >= 40
    assert {row["class"] for row in rows} == set(FASHION_CLASSES)
    assert {row["ground"] for row in rows} == {"transparent", "light", "dark", "busy"}
    assert len({row["source"] for row in rows}) >= 2
    assert 2 * Counter(row["kind"] for row in rows)["photograph"] >= len(rows)
    assert all(row["author"] and row["licence"] and row["address"] for row in rows)
    halves = Counter((row["class"], row["half"]) for row in rows)
    assert all(halves[name, "choosing"] - halves[name, "trial"] in (0, 1) for name in FASHION_CLASSES)
    assert sum(path.stat().st_size for path in PICTURES.rglob("*") if path.is_file()) < 1_500_000
    for file in files:
        with Image.open(PICTURES / file) as image:
            assert max(image.size) <= 400
