"""`load` in all its forms, what it refuses, the sealed test set, `limited` and `describe`."""

import gzip
import io
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data import Dataset, describe, load
from fashionlab.data.idx import write_idx
from fashionlab.data.user.arrays import IDX_NAMES
from fashionlab.errors import DataInvalid, UsageError

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 12, 12)).astype(np.uint8)
LABELS = (np.arange(40) % 4).astype(np.uint8)
NAMES = ("ankle", "bag", "coat", "dress")


def quiet(message: str) -> None:
    assert message.startswith("the test set is "), f"unexpected announcement: {message}"


def save_npz(path: Path, **changes: object) -> str:
    arrays = {"x_train": IMAGES[:32], "y_train": LABELS[:32], "x_test": IMAGES[32:], "y_test": LABELS[32:]}
    arrays["class_names"] = np.array(NAMES)
    np.savez_compressed(path, **{name: array for name, array in (arrays | changes).items() if array is not None})
    return str(path)


def save_images(folder: Path, rows: slice, suffix: str = ".png") -> None:
    for number, (image, label) in enumerate(zip(IMAGES[rows], LABELS[rows], strict=True)):
        (folder / NAMES[label]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / NAMES[label] / f"{number:03}{suffix}")


def opened(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    return dataset.test.open(lambda sha256, rows: None)


# The bundled and the real data


def test_digits_need_no_network() -> None:
    digits = load("digits", announce=quiet)
    assert (digits.images.shape, digits.images.dtype) == ((1438, 8, 8), np.uint8)
    assert (digits.labels.dtype, digits.test.size, digits.images.max()) == (np.int32, 359, 255)
    assert digits.class_names == tuple("0123456789")
    assert load("digits").sha256 == digits.sha256


def test_fashion_mnist(fashion: Dataset) -> None:
    assert (fashion.images.shape, fashion.images.dtype) == ((60_000, 28, 28), np.uint8)
    assert (fashion.labels.shape, fashion.labels.dtype) == ((60_000,), np.int32)
    assert np.bincount(fashion.labels).tolist() == [6000] * 10
    assert fashion.class_names[0] == "T-shirt/top"
    assert fashion.class_names[9] == "Ankle boot"
    assert fashion.test.size == 10_000
    split = fashion.split(seed=0)
    assert (len(split.train), len(split.validation)) == (48_000, 12_000)
    assert np.bincount(fashion.labels[split.validation]).tolist() == [1200] * 10
    # The mean and standard deviation that everyone quotes, 0.2860 and 0.3530 of 255, are of all 60,000.
    assert fashion.images.mean() / 255 == pytest.approx(0.2860, abs=5e-5)


def test_fashion_mnist_s_hash_is_that_of_its_content(fashion: Dataset, tmp_path: Path) -> None:
    test_images, test_labels = opened(fashion)
    again = save_npz(
        tmp_path / "fashion.npz", x_train=fashion.images, y_train=fashion.labels, x_test=test_images,
        y_test=test_labels, class_names=np.array(fashion.class_names),
    )  # fmt: skip
    assert load(again).sha256 == fashion.sha256


def test_loading_from_the_cache_takes_under_three_tenths_of_a_second(fashion: Dataset) -> None:
    times = []
    for _ in range(3):
        start = time.perf_counter()
        again = load("fashion-mnist")
        times.append(time.perf_counter() - start)
    if not again.source.startswith("cache"):
        pytest.skip(f"not from the cache but from {again.source}")
    assert min(times) < 0.3


def test_the_sample_is_real(sample: Dataset, fashion: Dataset) -> None:
    known = {image.tobytes() for image in fashion.images}
    assert all(image.tobytes() in known for image in sample.images)
    assert np.bincount(sample.labels).tolist() == [60] * 10
    assert sample.test.size == 200
    assert sample.class_names == fashion.class_names


# The user's own data


@pytest.fixture
def idx_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "idx"
    folder.mkdir()
    for field, array in zip(IDX_NAMES, (IMAGES[:32], LABELS[:32], IMAGES[32:], LABELS[32:]), strict=True):
        (folder / f"{IDX_NAMES[field]}.gz").write_bytes(gzip.compress(write_idx(array)))
    (folder / "classes.txt").write_text("\n".join(NAMES) + "\n")
    return folder


def test_the_same_content_is_the_same_data_set_in_every_form(tmp_path: Path, idx_folder: Path) -> None:
    save_images(tmp_path / "images/train", slice(32))
    save_images(tmp_path / "images/test", slice(32, 40))
    order = np.argsort(LABELS[:32], kind="stable"), 32 + np.argsort(LABELS[32:], kind="stable")
    sorted_npz = save_npz(
        tmp_path / "sorted.npz", x_train=IMAGES[order[0]], y_train=LABELS[order[0]].astype(np.int64),
        x_test=IMAGES[order[1], :, :, None], y_test=LABELS[order[1], None],
    )  # fmt: skip
    npz = load(save_npz(tmp_path / "mine.npz"), announce=quiet)
    idx = load(str(idx_folder), announce=quiet)
    images = load(str(tmp_path / "images"), announce=quiet)
    assert npz.sha256 == idx.sha256
    assert images.sha256 == load(sorted_npz).sha256
    assert npz.class_names == idx.class_names == images.class_names == NAMES
    assert np.array_equal(idx.images, IMAGES[:32])
    assert np.array_equal(idx.labels, LABELS[:32])
    assert np.array_equal(opened(idx)[0], IMAGES[32:])
    assert np.array_equal(opened(images)[1], np.sort(LABELS[32:]))


def test_each_part_of_the_content_counts_in_the_hash(tmp_path: Path) -> None:
    changed = IMAGES[:32].copy()
    changed[3, 4, 5] ^= 1
    hashes = {
        load(save_npz(tmp_path / "a.npz", **change)).sha256
        for change in (
            {},
            {"x_train": changed},
            {"y_train": LABELS[1:33]},
            {"x_test": IMAGES[31:39]},
            {"y_test": LABELS[31:39]},
            {"class_names": np.array(["a", "b", "c", "d"])},
        )
    }
    assert len(hashes) == 6


def test_a_test_part_is_set_aside_where_there_is_none(tmp_path: Path, idx_folder: Path) -> None:
    npz = load(save_npz(tmp_path / "mine.npz", x_test=None, y_test=None, class_names=None))
    assert (len(npz.labels), npz.test.size, npz.class_names) == (26, 6, ("0", "1", "2", "3"))
    save_images(tmp_path / "images", slice(40))
    images = load(str(tmp_path / "images"))
    assert np.bincount(images.labels).tolist() == [8] * 4
    assert np.bincount(opened(images)[1]).tolist() == [2] * 4
    assert np.array_equal(opened(load(str(tmp_path / "images")))[0], opened(images)[0])
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (idx_folder / name).unlink()
    assert load(str(idx_folder)).sha256 != npz.sha256  # the class names


PICKLED = np.array([{"a": 1}], dtype=object)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": IMAGES[:32] / 127 - 1.0}, r"images are float64 from -1 to .*, or stretch=True to spread"),
        ({"x_train": IMAGES[:32].astype(np.int16) * 9}, "images are int16 from 0 to 2295; expected 0 to 255"),
        ({"x_train": IMAGES[:32] * np.nan}, "training images contain values that are NaN or infinite"),
        ({"x_train": IMAGES[:32] * 1j}, "training images are complex128; expected numbers"),
        ({"x_train": IMAGES[:32, :9]}, "training images: an image is 12 x 9 pixels; .* or resize=28"),
        ({"x_train": np.stack([IMAGES[:32]] * 5, axis=-1)}, r"have shape \[32, 12, 12, 5\]; expected \[n, height"),
        ({"x_train": IMAGES[0]}, r"training images are rows of 12 numbers, which is not a square number"),
        ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, r"have shape \[0, 12, 12\]; expected at least one"),
        ({"x_train": IMAGES[:32] * 0 + 7}, "training images are all the same, every pixel 7; look at"),
        ({"x_test": IMAGES[32:, :9, :9]}, "test images: an image is 9 x 9 pixels, others are 12 x 12; .*resize"),
        ({"y_train": LABELS[:31]}, "training labels: there are 31 for 32 images; expected one for each"),
        ({"y_train": LABELS[:32] + 0.5}, r"training labels are float64 and not whole numbers"),
        ({"y_train": np.eye(4, dtype=int)[LABELS[:32]] * 2}, r"are not one-hot .*, such as labels.argmax"),
        ({"y_train": LABELS[:32].astype(int) - 1}, "training labels run from -1 to 2; expected 0 to"),
        ({"y_train": LABELS[:32].astype(int) * 10**9}, "training labels run from 0 to 3000000000; expected"),
        ({"y_train": LABELS[:32] * 2, "class_names": None}, "test labels contain 1, which is not one of the classes 0"),
        ({"y_train": LABELS[:32] * 0, "class_names": None}, "all images have the same label; expected at"),
        ({"y_test": LABELS[32:] + 1}, "a test image has label 4; expected labels from 0 to 3"),
        ({"class_names": np.array(NAMES[:3])}, "3 class names for labels up to 3; expected 4"),
        ({"class_names": np.array([*NAMES, "extra"])}, r"no training image has label 4 \(extra\)"),
        ({"class_names": np.array(["a", "b", "b", "c"])}, "two classes are named 'b'; expected different"),
        ({"class_names": np.array(["a", "b", "c", "\x1b[2J"])}, r"class name '\\x1b\[2J'; expected 1 to"),
        ({"class_names": np.array([1, 2, 3, 4])}, r"class_names is int64 \[4\]; expected one class name"),
        ({"class_names": PICKLED}, "class_names holds Python objects, which would have to be unpickled"),
        ({"x_train": PICKLED}, "x_train holds Python objects"),
        ({"y_train": None}, "has x_train, but no training labels for it"),
        ({"y_test": None}, "has x_test, but no test labels for it"),
        (
            {"x_train": IMAGES[:8], "y_train": LABELS[:8], "x_test": None, "y_test": None},
            "no test set is given, and class 2 has 2 images, too few to set 0.2 of each class aside: use at",
        ),
    ],
)  # fmt: skip
def test_own_arrays_that_will_not_do(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match=message) as failure:
        load(save_npz(tmp_path / "mine.npz", **changes))
    assert str(failure.value).startswith(str(tmp_path / "mine.npz"))
    assert "\n" not in str(failure.value)


def test_an_npz_that_lies_or_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    whole = Path(save_npz(path)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataInvalid, match="is truncated or damaged"):
        load(str(path))
    flipped = bytearray(whole)
    flipped[200] ^= 4
    path.write_bytes(flipped)
    with pytest.raises(DataInvalid, match="is truncated or damaged"):
        load(str(path))
    path.write_bytes(b"<html>")
    with pytest.raises(DataInvalid, match="is truncated or damaged: File is not a zip file"):
        load(str(path))

    member = io.BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": (2**40, 28, 28)})
    for content, message in (
        (
            member.getvalue() + bytes(10),
            "x_train is damaged: its header says 862,017,116,176,384 bytes, and 10 follow",
        ),
        (b"not an array at all", "x_train is not a NumPy array"),
        (pickle.dumps(print), "x_train is not a NumPy array"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x_train.npy", content)
            archive.writestr("y_train.npy", content)
        with pytest.raises(DataInvalid, match=message):
            load(str(path))


def test_an_npz_member_beyond_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashionlab.data.user.arrays.CONTENT_LIMIT", 1000)
    with pytest.raises(DataInvalid, match="x_test would take 1,280 bytes; at most 1,000 are allowed"):
        load(save_npz(tmp_path / "mine.npz"))


def test_an_idx_folder_that_will_not_do(idx_folder: Path) -> None:
    classes = idx_folder / "classes.txt"
    classes.write_bytes(b"\xff\xfe")
    with pytest.raises(DataInvalid, match=r"classes.txt is not UTF-8 text; expected one class name a line"):
        load(str(idx_folder))
    classes.unlink()
    images = idx_folder / "t10k-images-idx3-ubyte.gz"
    images.write_bytes(gzip.compress(write_idx(IMAGES[32:])[:-1]))
    with pytest.raises(DataInvalid, match=r"t10k-images-idx3-ubyte.gz is truncated, or its header is wrong"):
        load(str(idx_folder))
    images.unlink()
    with pytest.raises(DataInvalid, match="has t10k-labels-idx1-ubyte, but no test images for it"):
        load(str(idx_folder))


# Image folders


def test_images_are_turned_upright_made_grey_and_put_on_black(tmp_path: Path) -> None:
    save_images(tmp_path, slice(40))
    first, second, third, fourth = sorted((tmp_path / "ankle").glob("*"))[:4]
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn a quarter clockwise to see it upright"
    Image.fromarray(IMAGES[0]).save(first, exif=exif)
    Image.fromarray(np.dstack([IMAGES[4]] * 3)).save(second)
    clear = np.dstack([np.full((12, 12, 3), 255, np.uint8), np.zeros((12, 12), np.uint8)])
    Image.fromarray(clear).save(third)
    Image.fromarray(IMAGES[12].astype(np.uint16) * 257).save(fourth)
    images, labels = (np.concatenate(both) for both in zip(*both_parts(load(str(tmp_path))), strict=True))
    ankle = {image.tobytes() for image in images[labels == 0]}
    assert len(images) == 40
    assert np.rot90(IMAGES[0], -1).tobytes() in ankle
    assert IMAGES[4].tobytes() in ankle
    assert bytes(144) in ankle
    assert IMAGES[12].tobytes() in ankle


def both_parts(dataset: Dataset) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    return (dataset.images, dataset.labels), opened(dataset)


@pytest.mark.parametrize("suffix", [".jpg", ".gif", ".bmp", ".webp"])
def test_other_formats(suffix: str, tmp_path: Path) -> None:
    save_images(tmp_path, slice(40), suffix)
    assert load(str(tmp_path), announce=quiet).images.shape == (32, 12, 12)


def test_what_is_not_a_image_is_left_out_and_said(tmp_path: Path) -> None:
    save_images(tmp_path, slice(40))
    (tmp_path / "bag" / "notes.txt").write_text("x")
    (tmp_path / "bag" / ".DS_Store").write_text("x")
    (tmp_path / ".git").mkdir()
    said: list[str] = []
    load(str(tmp_path), announce=said.append)
    assert said == [
        f"left out 1 file of other kinds, such as {tmp_path}/bag/notes.txt",
        f"left out 2 hidden files, such as {tmp_path}/.git",
        "the test set is 8 of the 40 images, set aside as the data bring none: a fifth of each class, the same for "
        "every seed",
    ]


def oversized(path: Path) -> None:
    Image.new("1", (5000, 5000)).save(path)


def bomb(path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:90])


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (
            lambda path: Image.new("L", (12, 13)).save(path),
            "is 12 x 13 pixels, others are 12 x 12; expected one size, or resize=28",
        ),
        (
            lambda path: Image.new("L", (9, 9)).save(path),
            "is 9 x 9 pixels, others are 12 x 12; expected one size, or resize=28",
        ),
        (
            lambda path: path.write_text("hello"),
            "is not an image in one of the formats PNG, JPEG, GIF, BMP, WEBP",
        ),
        (
            lambda path: Image.new("L", (12, 12)).save(path, "TIFF"),
            "is not an image in one of the formats PNG",
        ),
        (cut, "cannot be decoded"),
        (oversized, "has 5000 x 5000 pixels; at most 16,777,216 pixels are allowed"),
        (bomb, "has too many pixels; at most 16,777,216 pixels are allowed"),
    ],
)
def test_a_bad_image_is_named(harm: object, message: str, tmp_path: Path) -> None:
    save_images(tmp_path, slice(40))
    harm(tmp_path / "coat" / "014.png")
    with pytest.raises(DataInvalid, match=message) as failure:
        load(str(tmp_path))
    assert str(failure.value).startswith(f"{tmp_path}/coat/014.png ")
    assert "\n" not in str(failure.value)


def test_folders_of_another_shape(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "bag").mkdir(parents=True)
    with pytest.raises(DataInvalid, match="holds no images"):
        load(str(empty))
    with pytest.raises(DataInvalid, match=r"bag is empty; expected a folder of"):
        load(str(empty / "bag"))
    save_images(tmp_path / "parts/train", slice(32))
    save_images(tmp_path / "parts/more", slice(32, 40))
    with pytest.raises(DataInvalid, match=r"holds more/ next to train/; .* move it away"):
        load(str(tmp_path / "parts"))
    (tmp_path / "parts/more").rename(tmp_path / "parts/test")
    (tmp_path / "parts/test/bag").rename(tmp_path / "parts/test/hat")
    with pytest.raises(DataInvalid, match=r"holds the class 'hat', which .*train does not"):
        load(str(tmp_path / "parts"))


# Requests that are wrong


def test_an_unknown_name_lists_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"there is no data set 'cifar'; expected fashion-mnist, digits, or the path of"
    ):
        load("cifar")
    with pytest.raises(UsageError, match="data_dir is for fashion-mnist only; digits is found without it"):
        load("digits", data_dir=tmp_path)
    (tmp_path / "x.csv").write_text("1,2")
    with pytest.raises(DataInvalid, match=r"x.csv has 2 columns; expected a label and the pixels of an image"):
        load(str(tmp_path / "x.csv"))
    (tmp_path / "x.h5").write_text("1,2")
    with pytest.raises(DataInvalid, match=r"x.h5 is a file, but neither an .npz nor a .csv; expected a folder of"):
        load(str(tmp_path / "x.h5"))


# The test set, limits, descriptions


def test_the_test_part_is_recorded_before_it_is_seen(sample: Dataset) -> None:
    records: list[tuple[str, int]] = []
    images, labels = sample.test.open(lambda sha256, rows: records.append((sha256, rows)))
    assert records == [(sample.sha256, 200)]
    assert (images.shape, labels.shape) == ((200, 28, 28), (200,))

    def full_disk(sha256: str, rows: int) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        sample.test.open(full_disk)


def test_nothing_public_reaches_the_test_images_but_open(sample: Dataset) -> None:
    public = {name for name in dir(sample.test) if not name.startswith("_")}
    assert public == {"open", "rows_among", "sha256s", "size"}
    assert repr(sample.test) == "TestSet(size=200)"
    assert len(repr(sample)) < 200


def test_arrays_are_read_only(sample: Dataset, tmp_path: Path) -> None:
    for dataset in (sample, load("digits"), sample.limited(100), load(save_npz(tmp_path / "mine.npz"))):
        for array in (dataset.images, dataset.labels, *opened(dataset)):
            assert not array.flags.writeable


def test_limited(sample: Dataset) -> None:
    less, more = sample.limited(100), sample.limited(205)
    assert np.bincount(less.labels).tolist() == [10] * 10
    assert sorted(np.bincount(more.labels))[0] >= 20
    assert {image.tobytes() for image in less.images} <= {image.tobytes() for image in more.images}
    assert (less.sha256, less.test) == (sample.sha256, sample.test)
    assert np.array_equal(less.images, sample.limited(100).images)
    assert sample.limited(600) is sample.limited(10_000) is sample
    with pytest.raises(UsageError, match="limit: given 19, expected at least 20, two rows for each class"):
        sample.limited(19)
    with pytest.raises(DataInvalid, match="use at least 5 images of every class"):
        sample.limited(20).split(seed=0)


def test_the_split_does_not_see_the_images(sample: Dataset) -> None:
    first, second = sample.split(seed=1), sample.split(seed=2)
    assert len(first.validation) == 120
    assert not np.array_equal(first.validation, second.validation)
    assert np.array_equal(first.validation, load(sample.name).split(seed=1).validation)
    assert len(sample.split(seed=1, validation=0).validation) == 0


def test_describe(sample: Dataset) -> None:
    said = describe(sample, seed=3)
    assert (said.sizes.training, said.sizes.validation, said.sizes.test) == (480, 120, 200)
    assert [(row.training, row.validation) for row in said.classes] == [(48, 12)] * 10
    assert said.classes[9].name == "Ankle boot"
    assert (said.seed, said.validation, said.side) == (3, 0.2, 28)
    pixels = sample.images[sample.split(seed=3).train].astype(float)
    assert said.pixels.mean == pytest.approx(pixels.mean())
    assert said.pixels.standard_deviation == pytest.approx(pixels.std())
    assert (said.pixels.minimum, said.pixels.maximum) == (pixels.min(), pixels.max())
    assert said.pixels.zero_share == pytest.approx((pixels == 0).mean())


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = "jax keras tensorflow matplotlib sklearn scipy pooch requests PIL rich"
    program = f"import sys, fashionlab.data; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
