"""Names in which something would act, through the commands: what they print is text."""

import json
import shutil

import pytest
from PIL import Image

from fashionlab.errors import Interrupted
from fashionlab.files import new_stamped_folder
from fashionlab.studies.folder import StudyFolder
from fashionlab.text import one_line

BAD = "\x1b[31mr\x07\x9bm\r\n\u202e\u2066[red]x[bold]:smile:<img onerror>{{7*7}}$x_1$"


def check(answer, status=0, lines=None):
    """That nothing printed acts; what was printed, both streams together."""
    found, out, error = answer
    assert found == status, error
    printed = (out + error).split("\n")
    assert all(one_line(line) == line for line in printed), printed
    assert lines is None or len(error.splitlines()) == lines, error
    return out + error


@pytest.fixture
def data(tmp_path, sample_path):
    """The sample, under such a name."""
    shutil.copy(sample_path, tmp_path / f"{BAD}.npz")
    return f"{BAD}.npz"


def test_the_name_of_a_data_set_is_shown_and_kept(ask, data):
    assert one_line(data) in check(ask("data", data), lines=0)
    printed = check(ask("data", data, "--json"))
    assert json.loads(printed)["data"]["name"] == data


@pytest.mark.parametrize(
    "words",
    [
        ["train", BAD], ["train", "--x", BAD], [f"--{BAD}"], ["runs", f"-{BAD}"], ["train", "--dropout", BAD],
        ["train", "--dataset", BAD], ["data", BAD], ["report", BAD], ["train", "--resume", BAD], ["study", "show", BAD],
        ["study", "mlp", "--change", BAD], ["train", f"{BAD}.toml"], ["runs", "delete", BAD],
        ["data", "--runs", BAD, BAD],
        ["study", "mlp", "--change", "dropout=0", "--executor", BAD], [BAD],
    ],
    ids=ascii,
)  # fmt: skip
def test_an_error_about_a_name_is_one_line(ask, words):
    check(ask(*words), status=2, lines=1)


def test_the_title_and_the_changes_of_a_study_are_shown_in_its_plan_and_its_list(ask, data, tmp_path, monkeypatch):
    # To build the models in a worker takes seconds, and says nothing about names.
    monkeypatch.setattr("fashionlab.studies.declare.check_models", lambda *_: None)
    words = ["--dataset", data, "--title", BAD, "--change", f"{BAD}: n_estimators=5"]
    printed = check(ask("study", "plan", "forest", *words))
    assert printed.count(one_line(BAD)) == 2

    def stop(folder, *_):
        raise Interrupted(f"stopped {folder.plan.title}")

    monkeypatch.setattr("fashionlab.lab.studies.run_study", stop)
    assert one_line(BAD) in check(ask("study", "forest", *words), status=130, lines=2)
    check(ask("study", "list"))
    (line,) = json.loads(check(ask("study", "list", "--json")))
    assert line["title"] == BAD
    (path,) = tmp_path.glob("runs/*/study.json")
    assert StudyFolder(path.parent).plan.arms[1].name == BAD
    check((0, path.read_text(), ""))


def test_names_on_disk_that_are_no_text_are_shown(ask, tmp_path):
    name = f"caf\udce9{BAD}"
    run = tmp_path / "runs" / name
    run.mkdir(parents=True)
    (run / "recipe.json").write_text("{}")
    assert "damaged" in check(ask("runs"))
    (line,) = json.loads(check(ask("runs", "--json")))
    assert line["run"] == name
    check(ask("runs", "size"))
    check(ask("runs", "show", "last"), status=1, lines=1)
    assert "expected UTF-8 text" in check(ask("runs", "show", name), status=2, lines=1)


def test_names_that_no_file_or_document_can_have_are_refused_in_a_sentence(ask, tmp_path, monkeypatch):
    (tmp_path / "x.toml").write_text('[model]\nname = "\\u0000.py"\n')
    assert "cannot read the model file \\x00.py: a name with a NUL byte" in check(ask("train", "x.toml"), 2, lines=1)
    monkeypatch.setattr("fashionlab.lab.list_runs", lambda **_: "runs/caf\udce9".encode())
    assert "given 'runs/caf\\udce9', expected UTF-8 text" in check(ask("runs"), status=2, lines=1)


def test_files_that_are_left_out_and_classes_that_are_refused_are_shown(ask, tmp_path):
    for turned, name in enumerate(("a", f"b{BAD}")):
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / "a" / f"caf\udce9{BAD}.txt").touch()
        Image.linear_gradient("L").resize((8, 8)).rotate(90 * turned).save(tmp_path / "images" / name / "1.png")
    assert "expected 1 to 100 printable characters" in check(ask("data", "images"), status=1, lines=1)
    family = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
    (tmp_path / "images" / f"b{BAD}").rename(tmp_path / "images" / family)
    for number in range(2, 7):
        for name in ("a", family):
            shutil.copy(tmp_path / "images" / "a" / "1.png", tmp_path / "images" / name / f"{number}.png")
    out = check(ask("data", "images"))
    assert family in out
    assert "caf\\udce9\\x1b[31m" in out


def test_a_folder_is_called_after_the_letters_of_a_name(tmp_path):
    names = []
    for label in (f"../{BAD}-seed0", "модель-seed0", "हिन्दी", "-🎩"):
        with new_stamped_folder(tmp_path, label) as (_, path):
            names.append(path.name)
    assert [name[:-16] for name in names] == [
        "31mr--m-----red-x-bold--smile--img-onerror---7-7---x_1--seed0", "модель-seed0", "हिन्दी", "run",
    ]  # fmt: skip
