"""Fifty files that are no photographs, or mean harm: one sentence each, soon, and without taking the memory."""

import io
import json
import struct
import subprocess
import sys
import zlib

import numpy as np
from PIL import Image

MEMORY_MB, SECONDS = 150, 2.0


def saved(form, size=(40, 30), mode="RGB", **options):
    file = io.BytesIO()
    Image.effect_noise(size, 80).convert(mode).save(file, form, **options)
    return file.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, data, depth=8, colour=2, between=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + between + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def hostile():
    """Name -> content."""
    good = {form: saved(form) for form in ("PNG", "JPEG", "GIF", "WEBP", "BMP")}
    zeros = zlib.compress(bytes(10**6), 9)
    files = {"empty": b"", "zero": b"\0", "zeros": bytes(10**5), "text": b"a shirt\n" * 99, "pdf": b"%PDF-1.7\n" * 50}
    for form, content in good.items():
        files[f"{form}-begun"] = content[:10]
        files[f"{form}-header"] = content[: 24 if form != "JPEG" else 180]
        files[f"{form}-behind-zeros"] = bytes(64) + content
        files[f"{form}-text"] = content[:4] + b"<script>alert(1)</script>" * 20
    files["PNG-half"] = good["PNG"][: len(good["PNG"]) // 2]
    files["WEBP-half"] = good["WEBP"][: len(good["WEBP"]) // 2]
    files["JPEG-no-tables"] = good["JPEG"][:20] + good["JPEG"][-200:]
    files["bomb"] = png(30_000, 30_000, zeros)
    files["bomb-grey"] = png(60_000, 20_000, zeros, colour=0)
    files["bomb-1-bit"] = png(50_000, 50_000, zeros, depth=1, colour=0)
    files["bomb-tall"] = png(1, 2**31 - 1, zeros)
    files["negative"] = png(2**32 - 1, 2**32 - 1, zeros)
    files["no-width"] = png(0, 10, zeros)
    files["depth-3"] = png(10, 10, zeros, depth=3)
    files["colour-9"] = png(10, 10, zeros, colour=9)
    files["no-data"] = png(400, 400, b"")
    files["bad-data"] = png(400, 400, b"\xff" * 400)
    files["text-bomb"] = png(400, 400, b"", between=chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8), 9)))
    files["profile-bomb"] = png(400, 400, b"", between=chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**8), 9)))
    files["gif-huge"] = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";"
    files["bmp-huge"] = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 10**6, 10**6, 1, 24, 0, 0, 0, 0, 0, 0)
    files["jpeg-huge"] = good["JPEG"].replace(struct.pack(">HH", 30, 40), struct.pack(">HH", 65000, 65000), 1)
    files["webp-huge"] = good["WEBP"][:16] + b"\xff" * 30 + good["WEBP"][46:]
    files["tiff"], files["ico"], files["ppm"] = saved("TIFF"), saved("ICO"), saved("PPM")
    files["svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"
    files["eps"] = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(%pipe%id) (w) file\n"
    files["zip"] = b"PK\x03\x04" + bytes(200) + good["PNG"]
    files["html-polyglot"] = b"<html><!--" + good["GIF"] + b"--></html>"
    files["pickle"] = b"cos\nsystem\n(S'id'\ntR."
    return files


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
        assert megabytes < MEMORY_MB, name


def test_what_is_odd_but_whole_is_read_in_little_memory(tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(np.zeros((400, 20_000, 3), np.uint8)).save(tmp_path / "wide.png")
    Image.fromarray(np.full((20_000, 3), 200, np.uint8)).save(tmp_path / "narrow.png")
    Image.fromarray(rng.integers(0, 256, (2, 2, 4), dtype=np.uint8)).save(tmp_path / "tiny.png")
    Image.fromarray(rng.integers(0, 2**16, (50, 50), dtype=np.uint16)).save(tmp_path / "deep.png")
    Image.new("RGBA", (4096, 4096), (9, 9, 9, 128)).save(tmp_path / "largest.png", compress_level=1)
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
        assert megabytes < MEMORY_MB, (name, megabytes)
