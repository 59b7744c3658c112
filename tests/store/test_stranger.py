"""A run or a study that somebody else made executes nothing, whatever its documents say."""

import hashlib
import json
import shutil

import pytest

from fashionlab import lab
from fashionlab.errors import RunCorrupt, UntrustedModel, UsageError, WorkerError
from fashionlab.models import find_architecture
from fashionlab.models.own.source import OwnSource
from fashionlab.models.registry import own_architecture

pytestmark = pytest.mark.usefixtures("undrawn")

SETTINGS = {"widths": (16,), "epochs": 1, "batch_size": 64}

EVIL = "import pathlib; pathlib.Path({place!r}).write_text('executed')\ndef build(image_shape, classes): ...\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory, sample_path):
    """A finished run, and a study of two arms."""
    runs = tmp_path_factory.mktemp("runs")
    quiet = lab.ExecutionOptions(report=False)
    run = lab.train("mlp", dataset=str(sample_path), runs=runs, execution=quiet, **SETTINGS)
    study = lab.study(
        "mlp", changes=["dropout=0"], seeds=1, dataset=str(sample_path), runs=runs, test=False, execution=quiet,
        **SETTINGS,
    )  # fmt: skip
    return run.path, study.path


@pytest.fixture
def evil(tmp_path):
    """A model file, and where it writes if it is executed."""
    place = tmp_path / "executed"
    file = tmp_path / "evil.py"
    file.write_text(EVIL.format(place=str(place)))
    return file, place


def name_model(path, name, sha256):
    """Have a document name another model, wherever it names one."""
    document = json.loads(path.read_text())

    def change(value):
        if isinstance(value, dict):
            if "model_sha256" in value:
                value["model_sha256"], value["recipe"]["model"] = sha256, {"name": name, "options": {}}
            for each in value.values():
                change(each)
        elif isinstance(value, list):
            for each in value:
                change(each)

    change(document)
    path.write_text(json.dumps(document))


def reseal(run):
    """Fit the checksums to what lies there now."""
    seal = json.loads((run / "complete.json").read_text())
    for name, entry in seal["files"].items():
        content = (run / name).read_bytes()
        entry.update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    (run / "complete.json").write_text(json.dumps(seal))


@pytest.mark.parametrize("sha256", [None, "that of the file"])
@pytest.mark.parametrize("verb", ["report", "show", "list", "predict", "resume"])
def test_a_run_that_names_a_model_file_executes_nothing(trained, evil, tmp_path, verb, sha256):
    file, place = evil
    run = tmp_path / "runs" / "stranger"
    shutil.copytree(trained[0], run)
    name_model(run / "recipe.json", f"{file}:build", sha256 and hashlib.sha256(file.read_bytes()).hexdigest())
    reseal(run)
    if verb == "resume":
        (run / "complete.json").unlink()
    runs = run.parent
    verbs = {
        "report": lambda: lab.report(run, runs=runs),
        "show": lambda: lab.show_run("stranger", runs=runs),
        "predict": lambda: lab.open_run(run).predict(lab.load("digits").images[:1]),
        "resume": lambda: lab.resume(run, execution=lab.ExecutionOptions(report=False)),
    }
    if verb == "list":
        (line,) = lab.list_runs(runs=runs)
        assert sha256 or "is damaged" in line.damaged
    elif sha256 and verb in ("show", "report"):
        verbs[verb]()  # the page says what it does not show, and why
    else:
        with pytest.raises((RunCorrupt, UntrustedModel, UsageError)):
            verbs[verb]()
    assert not place.exists()


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("sha256", [None, "that of the file", "that of another"])
def test_a_study_that_names_a_model_file_executes_nothing_but_what_was_vouched_for(
    trained, evil, tmp_path, sha256, trusted
):
    file, place = evil
    study = tmp_path / "runs" / "stranger"
    shutil.copytree(trained[1], study)
    # A harmless file that a careful reader may vouch for, while the name leads to another.
    harmless = (file.parent / "harmless.py").absolute()
    harmless.write_text("def build(image_shape, classes): ...\n")
    (study / "models").mkdir(exist_ok=True)
    shutil.copy(harmless, study / "models" / "00.py")
    hashes = {"that of the file": file, "that of another": harmless}
    digest = hashlib.sha256(hashes[sha256].read_bytes()).hexdigest() if sha256 else None
    name_model(study / "study.json", f"{file}:build", digest)
    trust = [hashlib.sha256(harmless.read_bytes()).hexdigest()] if trusted else []
    quiet = lab.ExecutionOptions(report=False)
    with pytest.raises((RunCorrupt, UntrustedModel, UsageError, WorkerError)):
        lab.resume_study(study, changes=["batch_size=32"], trust=trust, execution=quiet)
    assert not place.exists()


def test_a_model_file_is_executed_in_a_worker_alone(evil):
    file, place = evil
    architecture = find_architecture(f"{file}:build")
    for each in (architecture, own_architecture(str(file), OwnSource(file.read_bytes()))):
        with pytest.raises(RuntimeError, match="outside of a worker process"):
            _ = each.builder
    assert not place.exists()
