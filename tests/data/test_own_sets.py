"""Images, arrays and tables as people really have them: read rightly, or refused with the remedy; never in silence."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data import Dataset, from_arrays, load
from fashionlab.errors import DataInvalid, UsageError
from fashionlab.images import PLAIN as PLAIN_FACTS
from fashionlab.images import Preparation, finish, stack_array
from own_sets import NAMES, SIDE, drawings, idx_folder, ink, save, table

IMAGES, LABELS = drawings()


def loaded(path: Path, **asked: object) -> tuple[Dataset, list[str]]:
    """The data set, and what was said of it but for the sentence on its test set, which has a test of its own."""
    said: list[str] = []
    found = load(str(path), announce=said.append, preparation=Preparation(**asked))
    assert sum(line.startswith("the test set is ") for line in said) == 1
    return found, [line for line in said if not line.startswith("the test set is ")]


def everything(dataset: Dataset) -> set[bytes]:
    """The images of all sets."""
    test, _ = dataset.test.open(lambda sha256, rows: None)
    return {image.tobytes() for image in (*dataset.images, *test)}


PLAIN = {image.tobytes() for image in IMAGES}


# What decodes to nothing


def test_dark_ink_on_transparency_is_put_on_white(tmp_path: Path) -> None:
    found, said = loaded(save(tmp_path, ink(IMAGES, 0), LABELS))
    assert everything(found) == {(255 - image).tobytes() for image in IMAGES}
    assert [line for line in said if "transparent" in line] == [
        "30 of 30 images are transparent in places; as what they show is dark, they were put on white; "
        "invert=True makes that bright on black"
    ]
    inverted, said = loaded(tmp_path, invert=True)
    assert everything(inverted) == PLAIN
    assert "dark and bright were exchanged" in said


def test_bright_ink_stays_on_black_and_opaque_images_decide_nothing(tmp_path: Path) -> None:
    pictures = [*ink(IMAGES[:29], 255), np.zeros((SIDE, SIDE), np.uint8)]
    found, said = loaded(save(tmp_path, pictures, LABELS))
    assert everything(found) == {image.tobytes() for image in IMAGES[:29]} | {bytes(SIDE * SIDE)}
    assert any("what they show is bright, they were put on black" in line for line in said)
    assert "1 of 30 images shows nothing: all pixels of such an image are nearly alike" in said


def test_a_small_part_of_the_range_is_named_with_what_mends_it(tmp_path: Path) -> None:
    mask = (IMAGES > 128).astype(np.uint8)
    cases = {
        "masks": (list(mask), "nearly black: they use the values 0 to 1 of"),
        "dark": (list(IMAGES // 10), "nearly black: they use the values 0 to 25 of"),
        "pale": (list(255 - IMAGES // 10), "nearly white: they use the values 230 to 255 of"),
        "twelve bits": ([Image.fromarray(image.astype(np.uint16) * 16) for image in IMAGES], "values 0 to 16 of"),
    }
    for name, (pictures, words) in cases.items():
        folder = save(tmp_path / name, pictures, LABELS)
        _, said = loaded(folder)
        assert any(words in line and line.endswith("stretch=True spreads them over 0 to 255") for line in said), name
        found, said = loaded(folder, stretch=True)
        assert (found.images.min(), found.images.max()) == (0, 255), name
        assert not any("of 0 to 255" in line for line in said), name
    assert everything(loaded(tmp_path / "masks", stretch=True)[0]) == {(image * 255).tobytes() for image in mask}
    # The upper bits of 16 alone would leave 16 values; stretching keeps what the file has.
    assert len(np.unique(loaded(tmp_path / "twelve bits", stretch=True)[0].images)) > 30


def test_images_that_are_all_the_same_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path, np.zeros((30, SIDE, SIDE), np.uint8), LABELS)
    with pytest.raises(DataInvalid, match="training images are all the same, every pixel 0; look at the files"):
        load(str(folder))
    with pytest.raises(DataInvalid, match="nothing that stretch=True could spread"):
        loaded(folder, stretch=True)


# Nothing left out uncounted


def test_deeper_folders_belong_to_their_class(tmp_path: Path) -> None:
    save(tmp_path, IMAGES[::3], LABELS[::3])
    for name in NAMES:
        (tmp_path / name / "more" / "still").mkdir(parents=True)
    for number, (image, label) in enumerate(zip(IMAGES, LABELS, strict=True)):
        if number % 3:
            deep = tmp_path / NAMES[label] / "more" / ("still" if number % 3 == 2 else "")
            Image.fromarray(image).save(deep / f"{number:03}.png")
    found, said = loaded(tmp_path)
    assert everything(found) == PLAIN
    assert np.bincount(found.labels).tolist() == [8, 8, 8]
    assert said == [
        f"20 images in folders inside a class's folder count as that class, such as {tmp_path}/bag/more/001.png",
    ]


def test_all_that_is_not_read_is_counted(tmp_path: Path) -> None:
    save(tmp_path, IMAGES, LABELS)
    for name in ("bag/.DS_Store", "bag/._000.png", "bag/Thumbs.db", "bag/scan.tif", "bag/a.heic", "dress/b.heic",
                 "shoe/notes.txt", "loose.png"):  # fmt: skip
        (tmp_path / name).write_bytes(b"x")
    for name in (".ipynb_checkpoints", "__MACOSX", "empty"):
        (tmp_path / name).mkdir()
    found, said = loaded(tmp_path)
    assert everything(found) == PLAIN
    assert found.class_names == NAMES
    assert [line.partition(", such")[0] for line in said] == [
        "left out 3 files in formats that are not read (.heic: 2, .tif: 1)",
        "left out 1 image outside the classes' folders",
        "left out 1 file of other kinds",
        "left out the folder empty, which holds no images",
        "left out 5 hidden files",
    ]


def test_links_to_folders_are_not_followed_in_circles(tmp_path: Path) -> None:
    save(tmp_path, IMAGES, LABELS)
    (tmp_path / "bag" / "round").symlink_to(tmp_path)
    assert everything(loaded(tmp_path)[0]) == PLAIN


def test_a_folder_in_a_folder_is_found_and_said(tmp_path: Path) -> None:
    save(tmp_path / "archive" / "images", IMAGES, LABELS)
    found, said = loaded(tmp_path)
    assert everything(found) == PLAIN
    assert said == [f"the classes were read from {tmp_path}/archive/images, the only folder in {tmp_path}"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("a.png", "b.png"), "holds 2 images and no folders with images, so nothing says which class each is of"),
        (("bag/a.tif",), r"holds images in a format that is not read \(a.tif\); .*: save them as PNG"),
        (("notes.txt",), "holds no images .*; it holds notes.txt; expected a folder of images for each class"),
        (("train/a.png", "test/a.png"), "holds test/, train/, but no folders in these, so nothing says"),
        (
            ("bag/train/a.png", "bag/test/a.png", "hat/a.png"),
            "bag/test/ and bag/train/; expected it the other way round",
        ),
        (("test/bag/a.png", "val/bag/a.png"), "holds test/, val/, but no train/"),
        (("train/bag/a.png", "training/bag/a.png"), "holds train/ and training/, both training sets; keep one"),
    ],
)
def test_what_is_refused_is_told_the_remedy(names: tuple[str, ...], message: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(IMAGES[0]).save(tmp_path / name) if name[-3:] == "png" else (tmp_path / name).touch()
    with pytest.raises(DataInvalid, match=message) as failure:
        load(str(tmp_path))
    assert "\n" not in str(failure.value)


# Sizes and colour


def sized() -> list[np.ndarray]:
    """The drawings cut to many sizes, most not square."""
    return [image[: SIDE - number % 4, : SIDE - number % 3] for number, image in enumerate(IMAGES)]


def test_sizes_are_brought_to_one(tmp_path: Path) -> None:
    save(tmp_path, sized(), LABELS)
    with pytest.raises(
        DataInvalid, match=r"001.png is 11 x 11 pixels, others are 12 x 12; expected one size, or resize=28"
    ):
        loaded(tmp_path)
    for how, words in (("pad", "whole, with"), ("crop", "cut to their middle"), ("fit", "without keeping")):
        found, said = loaded(tmp_path, resize=8, resize_how=how)
        assert found.images.shape[1:] == (8, 8)
        assert any("were brought to 8 x 8 pixels, " + words in line for line in said)


def test_how_an_image_is_resized() -> None:
    wide = np.full((1, 8, 16), 200, np.uint8)
    wide[0, 2:6, 4:12] = 100

    def prepared(how: str) -> np.ndarray:
        asked = Preparation(8, how)  # type: ignore[arg-type]
        return finish(stack_array(wide, "x", asked), PLAIN_FACTS, asked)[0]

    padded, cropped, fitted = prepared("pad"), prepared("crop"), prepared("fit")
    assert (padded[:2] == 200).all()  # the colour of the border
    assert (padded[-2:] == 200).all()
    assert padded[3:5, 3:5].max() < 120
    assert (cropped == wide[0, :, 4:12]).all()
    assert (fitted[0] == 200).all()
    assert fitted[3:5, 3:5].max() < 120
    assert (fitted < 150).sum() > (padded < 150).sum()


def test_colour_becomes_grey_by_luminance_in_files_and_arrays(tmp_path: Path) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (30, SIDE, SIDE, 3)).astype(np.uint8)
    expected = {np.asarray(Image.fromarray(image).convert("L")).tobytes() for image in colours}
    found, said = loaded(save(tmp_path, colours, LABELS))
    assert everything(found) == expected
    assert said == ["30 of 30 images have colour; they were made grey by their luminance"]
    for array in (colours, colours / 255, np.moveaxis(colours, 3, 1), colours.astype(np.int64)):
        from_memory = from_arrays(array, LABELS, announce=said.append)
        assert everything(from_memory) == expected
    assert "the axis of length 3 before height and width was read as the colour channels" in said


# Spellings


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_a_validation_set_of_one_s_own(name: str, tmp_path: Path) -> None:
    for place, seed in (("train", 0), (name, 1), ("test", 2)):
        save(tmp_path / place, *drawings(4 if seed else 10, seed))
    found, said = loaded(tmp_path)
    assert (len(found.labels), found.given_validation, found.test.size, said) == (42, 12, 12, [])
    first, second = found.split(seed=0), found.split(seed=7)
    assert np.array_equal(first.validation, second.validation)
    assert (len(first.train), len(first.validation)) == (30, 12)
    assert {found.images[row].tobytes() for row in first.validation} == {i.tobytes() for i in drawings(4, 1)[0]}
    with pytest.raises(UsageError, match=r"validation: given 0.2, but .* brings a validation set of 12 images"):
        found.split(seed=0, validation=0.2)
    less = found.limited(12)
    assert (len(less.labels), less.given_validation) == (24, 12)
    assert np.array_equal(less.images[12:], found.images[30:])
    shutil.rmtree(tmp_path / name)
    assert loaded(tmp_path)[0].sha256 != found.sha256


IDX_SPELLINGS = (
    ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"),
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"),
    ("emnist-letters-train-images-idx3-ubyte", "emnist-letters-train-labels-idx1-ubyte",
     "emnist-letters-test-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte"),
    ("train_images.idx", "train_labels.idx", "test_images.idx", "test_labels.idx"),
)  # fmt: skip


@pytest.mark.parametrize("names", IDX_SPELLINGS)
def test_idx_spellings(names: tuple[str, str, str, str], tmp_path: Path) -> None:
    (idx_folder(tmp_path, names, IMAGES, LABELS) / "readme.txt").write_text("x")
    found, said = loaded(tmp_path)
    assert np.array_equal(found.images, IMAGES)
    assert np.array_equal(found.labels, LABELS)
    assert found.test.size == 15
    assert said[0] == f"not read from {tmp_path}, as its name says nothing of images or labels: readme.txt"
    assert said[1].startswith("15 of the 15 test images are, pixel for pixel, in the training set too")


LETTERS = np.array(NAMES)[LABELS]
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
NAMED = {
    "keras": ({"x_train": IMAGES, "y_train": LABELS}, ("0", "1", "2"), ""),
    "medical": ({"train_images": IMAGES, "train_labels": LABELS[:, None]}, ("0", "1", "2"), ""),
    "short": ({"X": IMAGES, "y": LABELS}, ("0", "1", "2"), ""),
    "floats": ({"images": IMAGES / np.float32(255), "labels": LABELS}, ("0", "1", "2"), "values from 0 to 1 became"),
    "rows": ({"data": IMAGES.reshape(30, -1), "target": LABELS}, ("0", "1", "2"), "rows of 144 numbers were read"),
    "axis": ({"trainX": IMAGES[..., None], "trainY": LABELS}, ("0", "1", "2"), ""),
    "one-hot": ({"x": IMAGES, "y": ONE_HOT}, ("0", "1", "2"), "one-hot labels became the numbers"),
    "texts": ({"x": IMAGES, "y": LETTERS}, NAMES, ""),
    "bytes": ({"x": IMAGES, "y": LETTERS.astype("S")}, NAMES, ""),
    "from 1": ({"x": IMAGES, "y": LABELS + 1}, ("1", "2", "3"), "the labels 1 to 3 are numbered 0 to 2"),
    "gaps": ({"x": IMAGES, "y": LABELS * 10}, ("0", "10", "20"), "the labels 0, 10, 20 are numbered 0 to 2"),
    "named from 1": ({"x": IMAGES, "y": LABELS + 1, "class_names": np.array(NAMES)}, NAMES, "in their order"),
    "whole floats": ({"x": IMAGES, "y": LABELS.astype(float)}, ("0", "1", "2"), ""),
}


@pytest.mark.parametrize("name", NAMED)
def test_array_spellings(name: str, tmp_path: Path) -> None:
    arrays, names, words = NAMED[name]
    np.savez(tmp_path / "x.npz", **arrays)
    found, said = loaded(tmp_path / "x.npz")
    assert everything(found) == PLAIN
    assert found.class_names == names
    assert (words in said[0] and len(said) == 1) if words else said == []
    images, labels, *_ = arrays.values()
    memory = from_arrays(images, labels, class_names=arrays.get("class_names"), announce=lambda _: None)
    assert memory.sha256 == found.sha256


def test_arrays_of_all_three_sets(tmp_path: Path) -> None:
    sets = {place: drawings(5, seed) for seed, place in enumerate(("train", "val", "test"))}
    np.savez(tmp_path / "x.npz", extra=np.zeros(3), **{
        f"{place}_{kind}": array
        for place, both in sets.items()
        for kind, array in zip(("images", "labels"), both, strict=True)
    })  # fmt: skip
    found, said = loaded(tmp_path / "x.npz")
    assert (len(found.labels), found.given_validation, found.test.size) == (30, 15, 15)
    assert said == [f"not read from {tmp_path}/x.npz, as its name says nothing of images or labels: extra"]
    memory = from_arrays(*sets["train"], validation=sets["val"], test=sets["test"])
    assert memory.sha256 == found.sha256
    np.savez(tmp_path / "y.npz", x_train=IMAGES, train_images=IMAGES, y_train=LABELS)
    with pytest.raises(DataInvalid, match="holds train_images and x_train, both of which seem to be the training im"):
        load(str(tmp_path / "y.npz"))


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.csv.zip"])
def test_tables(name: str, tmp_path: Path) -> None:
    found, said = loaded(table(tmp_path / name, IMAGES, LABELS))
    assert everything(found) == PLAIN
    assert said == ["rows of 144 numbers were read as images of 12 x 12"]
    assert everything(loaded(table(tmp_path / f"a{name}", IMAGES, LETTERS, last=True))[0]) == PLAIN
    assert everything(loaded(table(tmp_path / f"b{name}", IMAGES, LABELS, header=False))[0]) == PLAIN


def test_tables_in_a_folder_and_what_they_lack(tmp_path: Path) -> None:
    table(tmp_path / "fashion-mnist_train.csv", IMAGES, LABELS)
    table(tmp_path / "fashion-mnist_test.csv", *drawings(3, 5))
    found, _ = loaded(tmp_path)
    assert (len(found.labels), found.test.size) == (30, 9)
    text = (tmp_path / "fashion-mnist_test.csv").read_text().splitlines()
    (tmp_path / "fashion-mnist_test.csv").write_text("\n".join(line.partition(",")[2] for line in text))
    found, said = loaded(tmp_path)
    assert (len(found.labels), found.test.size) == (24, 6)
    assert said[0] == f"left out {tmp_path}/fashion-mnist_test.csv, which has no column of labels"
    (tmp_path / "x.csv").write_text("label,a,b,c,d\n1,2,3,,5\n")
    with pytest.raises(DataInvalid, match=r"x.csv: rows 1 to 1 are not all a label and numbers: .*"):
        load(str(tmp_path / "x.csv"))
    (tmp_path / "y.csv.gz").write_bytes(b"\x1f\x8b\x08\0nonsense")
    with pytest.raises(DataInvalid, match=r"y.csv.gz is truncated or damaged"):
        load(str(tmp_path / "y.csv.gz"))


# Images in two sets


def test_test_images_that_are_in_the_training_set_are_counted(tmp_path: Path) -> None:
    save(tmp_path / "train", IMAGES, LABELS)
    test, labels = drawings(4, 9)
    test[:5] = IMAGES[3:8]
    save(tmp_path / "test", test, labels)
    found, said = loaded(tmp_path)
    assert found.test.rows_among(found.images).tolist() == [0, 1, 2, 3, 4]
    assert said == [
        "5 of the 12 test images are, pixel for pixel, in the training set too; results say how good they are without "
        "them"
    ]


def test_every_form_says_which_images_the_test_set_is(tmp_path: Path) -> None:
    for place in ("train", "test"):
        save(tmp_path / "folders" / place, IMAGES, LABELS)
        table(tmp_path / f"{place}.csv", IMAGES, LABELS)
    save(tmp_path / "one", IMAGES, LABELS)
    (tmp_path / "tables").mkdir()
    for place in ("train", "test"):
        (tmp_path / f"{place}.csv").rename(tmp_path / "tables" / f"{place}.csv")
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    (tmp_path / "idx").mkdir()
    idx_folder(tmp_path / "idx", names, IMAGES, LABELS)
    np.savez(tmp_path / "x.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    aside = "the test set is 6 of the 30 images, set aside as the data bring none: a fifth of each class, the same for "
    for name, sentence in {
        "folders": "the test set is the 30 images of test/",
        "one": f"{aside}every seed",
        "tables": "the test set is the 30 images of test.csv",
        "idx": "the test set is the 15 images of t10k-images-idx3-ubyte",
        "x.npz": "the test set is the 30 images of x_test",
    }.items():
        assert sentence in load(str(tmp_path / name), announce=lambda _: None).notes
    assert f"{aside}every seed" in from_arrays(IMAGES, LABELS, announce=lambda _: None).notes
