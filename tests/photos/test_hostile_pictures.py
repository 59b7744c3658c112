"""Files that are no photographs, or mean harm: one sentence each, soon, and without taking the memory.

The first of those of `benchmarks.hostile_pictures`; all of them are evidence.
"""

import json
import subprocess
import sys

import numpy as np
from benchmarks.hostile_pictures import MEBIBYTES, SECONDS, first_scan, hostile, saved
from PIL import Image

from fashionlab.images.parts import excess, is_progressive

MEASURE = """
import json, resource, sys, time
from pathlib import Path
import numpy, PIL.Image
from fashionlab.errors import DataInvalid
from fashionlab.photos.garment import prepare_garment
from fashionlab.photos.reading import read_picture
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
base = peak()
for path in sorted(Path(sys.argv[1]).iterdir()):
    start = time.process_time()
    try:
        prepare_garment(read_picture(path)); said = ""
    except DataInvalid as error:
        said = str(error)
    print(json.dumps([path.name, said, time.process_time() - start, peak() - base]))
"""


def measured(folder):
    command = [sys.executable, "-W", "error", "-c", MEASURE, str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return [json.loads(line) for line in answer.stdout.splitlines()]


def test_hostile_files_get_one_sentence_soon_and_in_little_memory(tmp_path):
    files = hostile()
    assert len(files) >= 50
    for name, content in files.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    for name, said, seconds, megabytes in measured(tmp_path):
        assert said, f"{name} was taken for a photograph"
        assert said.count("\n") == 0
        assert name in said
        assert len(said) < 400
        assert seconds < SECONDS, name
        assert megabytes < MEBIBYTES, name


def test_what_is_odd_but_whole_is_read_in_little_memory(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(np.zeros((400, 20_000, 3), np.uint8)).save(tmp_path / "wide.png")
    Image.fromarray(np.full((20_000, 3), 200, np.uint8)).save(tmp_path / "narrow.png")
    Image.fromarray(rng.integers(0, 256, (2, 2, 4), dtype=np.uint8)).save(tmp_path / "tiny.png")
    Image.fromarray(rng.integers(0, 2**16, (50, 50), dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (4096, 4096), (9, 9, 9, 128)).save(tmp_path / "largest.png", compress_level=1)
    Image.new("L", (2**23, 1), 200).save(tmp_path / "line.png")
    Image.new("CMYK", (300, 300)).save(tmp_path / "print.jpg")
    large, turned = Image.new("RGB", (6000, 5000), (200, 90, 30)), Image.Exif()
    turned[0x0112] = 6
    large.save(tmp_path / "phone.jpg", exif=turned)
    some = large.crop((0, 0, 4100, 4100))
    some.save(tmp_path / "phone.mpo", "MPO", save_all=True, append_images=[Image.new("RGB", (99, 99))])
    (tmp_path / "polyglot.png").write_bytes(saved("PNG") + b"PK\x03\x04" + bytes(300))
    for name, said, seconds, megabytes in measured(tmp_path):
        assert said == "", name
        assert seconds < SECONDS, name
        assert megabytes < MEBIBYTES, (name, megabytes)


def test_what_cameras_and_programs_write_is_within_the_limits():
    chance = np.random.default_rng(0)
    profile = {"exif": chance.bytes(60_000), "icc_profile": chance.bytes(300_000)}
    film = chance.bytes(10**6)  # as a telephone puts behind a photograph
    for content in (
        saved("JPEG", (500, 300), quality=98, **profile) + film,
        saved("JPEG", (500, 300), progressive=True, **profile) + film,
        saved("JPEG", (500, 300), comment=b"a comment", restart_marker_blocks=1),
        saved("PNG", (500, 300), icc_profile=profile["icc_profile"]),
        saved("GIF", (500, 300), comment=b"a comment" * 999, loop=0),
    ):
        assert excess(content) is None
    one = saved("JPEG", (70, 50))
    assert not is_progressive(one)
    assert is_progressive(saved("JPEG", (70, 50), progressive=True))
    assert is_progressive(first_scan(saved("JPEG", (70, 50), progressive=True)))
    place = one.index(b"\xff\xda") + 4
    assert is_progressive(one[:place] + b"\1" + one[place + 1 :])  # of three components the first scan has one
    assert excess(b"\xff\xd8") is excess(b"\x89PNG") is excess(b"GIF89a") is excess(b"") is None
