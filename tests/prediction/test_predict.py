"""`fashionlab predict` and `run.predict` of photographs."""

import csv
import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fashionlab
from fashionlab import ExecutionOptions
from fashionlab.errors import DataInvalid, UsageError
from fashionlab.photos.garment import Photo
from fashionlab.photos.see import PhotoFacts
from fashionlab.prediction import Predictor
from fashionlab.prediction.predictor import Views
from fashionlab.reports.half_blocks import half_blocks
from fashionlab.store import Run
from fashionlab.training import datasets


@pytest.fixture(scope="session")
def photos(sample, tmp_path_factory):
    """Thirty images of the sample as photographs: dark on white, enlarged; and their labels."""
    folder = tmp_path_factory.mktemp("photos")
    for row in range(30):
        image = Image.fromarray(255 - sample.images[row]).resize((224, 224), Image.Resampling.BICUBIC)
        image.save(folder / f"{row:02}.png")
    return folder


def test_photographs_are_classified_as_the_images_they_show(small, sample, photos):
    opened = Predictor(Run(small.path))
    found = [opened.predict(path) for path in sorted(photos.iterdir())]
    direct = small.predict(sample.images[:30]).argmax(axis=1)
    agree = np.mean([each.class_name == small.class_names[row] for each, row in zip(found, direct, strict=True)])
    assert agree >= 0.85
    for each in found:
        assert sum(each.probabilities.values()) == pytest.approx(1)
        assert max(each.probabilities, key=each.probabilities.get) == each.class_name


def test_what_the_steps_need_to_know_is_one_struct(small):
    assert Predictor(Run(small.path)).photo_facts == PhotoFacts("garment", 28, "black")


def test_numpy_gives_what_the_run_stored_and_calibrates_it(small, sample):
    from fashionlab.evaluation import calibration
    from fashionlab.training.softmax import softmax

    stored = Run(small.path).predictions
    temperature = calibration(stored, "validation").scaling.temperature
    row = stored.validation.rows[3]
    one = small.predict(sample.images[row])
    expected = softmax(stored.validation.logits[3:4] / temperature)[0]
    assert list(one.probabilities.values()) == pytest.approx(expected, abs=1e-4)


def test_the_answer_is_the_mean_over_widths_and_the_own_image_counts_twice():
    images = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    views = Views.of([Photo(images[0], others=[images[1], images[2]]), Photo(images[3]), Photo(images[4])])
    assert (views.images == images).all()
    assert views.own.tolist() == [0, 3, 4]
    assert views.mean(np.array([[1.0], [2.0], [4.0], [8.0], [16.0]])).tolist() == [[2.0], [8.0], [16.0]]


def test_python_takes_files_images_and_arrays(small, photos):
    path = photos / "03.png"
    with Image.open(path) as image:
        answers = [
            small.predict(path),
            small.predict(str(path)),
            small.predict(image),
            small.predict(np.asarray(image)),
        ]
    assert len({answer.class_name for answer in answers}) == 1
    assert all((answer.image == answers[0].image).all() for answer in answers)
    assert "<table>" in answers[0]._repr_html_()
    assert small.predict(path, crop=(0, 0, 224, 112)).image.shape == (28, 28)
    with pytest.raises(UsageError, match="expected uint8"):
        small.predict(np.zeros((50, 60)))
    with pytest.raises(UsageError, match="crop is for one photograph"):
        small.predict(np.zeros((5, 28, 28), np.uint8), crop=(0, 0, 1, 1))
    with pytest.raises(DataInvalid, match="cannot be read"):
        small.predict("nothing.png")


def test_noise_is_unlike_and_validation_images_are_not(small, sample):
    opened = Predictor(Run(small.path))
    noise = [opened.predict(np.random.default_rng(i).integers(0, 256, (28, 28), dtype=np.uint8)) for i in range(5)]
    assert all(each.unlike for each in noise)
    assert "unlike the training images" in noise[0].remarks[-1]
    rows = Run(small.path).predictions.validation.rows
    assert np.mean([bool(opened.predict(image).unlike) for image in sample.images[rows]]) <= 0.02


def test_the_command_line_answers_in_json_csv_and_a_table(ask, small, photos, tmp_path):
    run = str(small.path)
    status, out, err = ask("predict", run, str(photos / "03.png"), "--json")
    found = json.loads(out)
    assert (status, err, len(found)) == (0, "", 1)
    assert found[0]["file"] == str(photos / "03.png")
    assert found[0]["class"] in found[0]["probabilities"]
    assert found[0]["unlike"] in (True, False)
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    status, out, err = ask("predict", run, str(photos), str(bad), "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (status, len(rows)) == (1, 30)
    assert rows[0]["T-shirt/top"]
    assert f"{bad} is not an image" in err
    assert "1 of 31 files" in err
    status, out, _ = ask("predict", run, str(photos))
    assert status == 0
    assert out.count(".png") == 30
    status, out, _ = ask("predict", run, str(photos / "03.png"), "--explain", "steps.png", "--crop", "0,0,200,224")
    assert status == 0
    assert "%" in out
    assert "\x1b" not in out  # no picture where nobody looks
    with Image.open(tmp_path / "steps.png") as steps:
        assert steps.width > 1000
    assert ask("predict", run, str(bad), "--json")[:2] == (1, "[]\n")


def test_a_sentence_that_holds_for_many_is_said_once_and_a_misspelt_file_gets_the_near_one(ask, small, tmp_path):
    # An earlier process told what there is to say about the data.
    shutil.copytree(small.path, tmp_path / "run", ignore=shutil.ignore_patterns("derived"))
    datasets._held.clear()
    (tmp_path / "busy").mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (200, 200, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / "busy" / f"shirt-{number}.png")
    status, _, err = ask("predict", "run", "busy", "--runs", ".")
    assert (status, err.count("no plain ground was found")) == (0, 2)
    assert "the same of 2 more images: no plain ground" in err
    assert "x_test" not in err
    status, _, err = ask("predict", "run", "busy/shrit-1.png", "--runs", ".")
    assert (status, err.count("\n")) == (1, 1)
    assert "busy/shrit-1.png cannot be read: No such file or directory; did you mean busy/shirt-1.png?" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--crop", "1,2,3"], "expected x,y,w,h"),
        (["--crop", "0,0,900,900"], "which has 224 x 224 pixels"),
        (["--csv", "--json"], "expected one of them"),
        (["--explain", "a.png", "{photos}"], "is for one file"),
    ],
)
def test_wrong_requests_are_refused_in_a_sentence(ask, small, photos, arguments, said):
    given = [each.format(photos=photos) for each in arguments]
    status, out, err = ask("predict", str(small.path), str(photos / "03.png"), *given)
    assert (status, out) == (2, "")
    assert said in err


def test_a_cold_answer_loads_no_framework(small, photos):
    small.predict(photos / "03.png")  # what is kept with the run is there
    code = (
        "import sys, fashionlab.cli as c; "
        f"sys.argv = ['fashionlab', 'predict', {str(small.path)!r}, {str(photos / '03.png')!r}]\n"
        "try: c.main()\n"
        "except SystemExit as e: assert not e.code\n"
        "print([m for m in 'jax keras tensorflow sklearn scipy matplotlib'.split() if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_what_is_kept_with_the_run_is_checked(small, photos, tmp_path):
    first = small.predict(photos / "03.png")
    copy = tmp_path / "copy"
    shutil.copytree(small.path, copy)
    for name in ("prediction.json", "prediction.npz"):
        content = (copy / "derived" / name).read_bytes()
        (copy / "derived" / name).write_bytes(content[: len(content) // 2])
        again = fashionlab.open_run(copy).predict(photos / "03.png")
        assert again.probabilities == first.probabilities
        assert again.distance == pytest.approx(first.distance)


def test_estimators_answer_through_the_worker(sample_path, photos, tmp_path):
    run = fashionlab.train(
        "logistic", dataset=str(sample_path), runs=tmp_path, execution=ExecutionOptions(report=False)
    )
    answer = run.predict(photos / "03.png")
    assert answer.unlike is None
    assert sum(answer.probabilities.values()) == pytest.approx(1)


def test_a_terminal_shows_two_pixels_a_character():
    image = np.array([[0, 255], [128, 3], [7, 9]], np.uint8)
    assert half_blocks(image, 2**24).splitlines()[0] == (
        "\x1b[38;2;0;0;0;48;2;128;128;128m▀\x1b[38;2;255;255;255;48;2;3;3;3m▀\x1b[0m"
    )
    assert half_blocks(image, 256).splitlines()[1].startswith("\x1b[38;5;232;48;5;16m▀")
    assert half_blocks(np.zeros((300, 300), np.uint8), 256) == ""
