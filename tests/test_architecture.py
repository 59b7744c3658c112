"""The shape of the house: imports run one way, frameworks stay in their rooms, the front door opens fast."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "fashionlab"

ROOMS = (
    "text",
    "errors",
    "files",
    "options",
    "machine",
    "images",
    "photos",
    "data",
    "models",
    "recipe",
    "store",
    "portable",
    "workers",
    "training",
    "evaluation",
    "prediction",
    "studies",
    "search",
    "tracking",
    "reports",
    "lab",
    "cli",
)
"""From the ground up: a room imports only from those before it in this list."""

FRAMEWORKS = {
    "jax": {
        "models/drawing.py",
        "training/runners/fused.py",
        "training/runners/kernels.py",
        "workers/canary.py",
        "evaluation/insight/gradients.py",
    },
    "tensorflow": {"training/runners/tape.py"},
    "sklearn": {
        "data/dataset.py",
        "models/estimators/forest.py",
        "models/estimators/logistic.py",
        "models/own/estimator.py",
        "models/own/kept.py",
    },
    "lightgbm": {"models/estimators/boosting.py"},
    "optuna": {"search/trials.py"},
    "skops": {"models/own/kept.py"},
    "ray": {"studies/execution/connection.py"},
    "tensorboardX": {"tracking/tensorboard.py"},
    "torch": set(),
}
"""The files that may import a framework that not every worker has."""

FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))


def imports(name: str) -> set[str]:
    """Every module that a file imports anywhere in it, those for the type checker apart."""
    tree = ast.parse((SOURCE / name).read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("name", [name for name in FILES if name not in ("__init__.py", "__main__.py")])
def test_imports_run_one_way(name):
    room = name.partition("/")[0].removesuffix(".py")
    for module in imports(name):
        if module.startswith("fashionlab."):
            other = module.split(".")[1]
            assert ROOMS.index(other) <= ROOMS.index(room), f"{name} imports {module}"


def file_of(module: str) -> str | None:
    """The file of a module of ours, None for a name inside one and for what is not ours."""
    path = module.removeprefix("fashionlab").removeprefix(".").replace(".", "/")
    return next((name for name in (f"{path}.py", f"{path}/__init__.py".lstrip("/")) if name in FILES), None)


def imported_files(name: str) -> set[str]:
    """The files of ours that a file imports; a package's own only where something is taken from it that it holds."""
    modules = imports(name)
    inner = {module for module in modules if file_of(module)}
    packages = {module for module in inner if any(other.startswith(f"{module}.") for other in inner)}
    taken = {module.rpartition(".")[0] for module in modules - inner}
    return {file for module in inner - (packages - taken) if (file := file_of(module))} - {name}


def test_no_imports_go_in_a_circle():
    graph = {name: imported_files(name) for name in FILES}
    # What nobody imports, or imports nothing of ours, is in no circle: take such files away as long as there are any.
    while loose := {name for name in graph if not graph[name] & graph.keys()}:
        graph = {name: graph[name] for name in graph if name not in loose}
    while loose := {name for name in graph if not any(name in others for others in graph.values())}:
        graph = {name: graph[name] for name in graph if name not in loose}
    assert not graph, {name: sorted(others & graph.keys()) for name, others in graph.items()}


def test_every_folder_can_be_taken_in_at_a_glance():
    for folder in {(SOURCE / name).parent for name in FILES} - {SOURCE}:
        entries = [path.name for path in folder.iterdir() if not path.name.startswith("__")]
        assert len(entries) <= 13, f"{folder}: {sorted(entries)}"


@pytest.mark.parametrize("name", FILES)
def test_no_function_takes_more_than_a_dozen_parameters(name):
    for node in ast.walk(ast.parse((SOURCE / name).read_text())):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            assert len(arguments) <= 12, f"{name}: {node.name} takes {len(arguments)}"


@pytest.mark.parametrize("name", FILES)
def test_no_room_reaches_for_another_ones_private_names(name):
    package = ".".join(["fashionlab", *name.removesuffix(".py").split("/")[:1]])
    for module in imports(name):
        if module.startswith("fashionlab.") and "._" in module:
            assert module.startswith(package + "."), f"{name} imports {module}"


@pytest.mark.parametrize("name", FILES)
def test_frameworks_stay_in_their_rooms(name):
    for module in imports(name):
        top = module.partition(".")[0]
        assert top not in FRAMEWORKS or name in FRAMEWORKS[top], f"{name} imports {top}"
        assert top not in ("pickle", "dill", "cloudpickle", "joblib", "shelve"), f"{name} could unpickle"


EXITS = {
    "print": {"text.py"},
    "echo": {"cli/common.py"},
    "Console": {"cli/common.py", "data/progress.py", "reports/progress/display.py"},
    "Table": {"reports/tables.py"},
    "Environment": {"reports/run/render.py", "training/environment.py"},
    "dumps": {"text.py", "data/checks.py"},
}
"""What shows text to people, and the files that may call it: each cleans what it is given (`text.one_line`). What
`data/checks.py` makes is hashed; the environment of `training/environment.py` is a struct."""


@pytest.mark.parametrize("name", FILES)
def test_text_leaves_through_what_cleans_it(name):
    for node in ast.walk(ast.parse((SOURCE / name).read_text())):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if called != "print" or isinstance(node.func, ast.Name):  # a console's own is that of the console
                assert name in EXITS.get(called, {name}), f"{name} calls {called} at line {node.lineno}"


@pytest.mark.parametrize("module", ["fashionlab", "fashionlab.lab", "fashionlab.cli", "fashionlab.cli.train"])
def test_importing_the_lab_loads_no_framework_and_no_plotting(module):
    heavy = "jax keras tensorflow torch matplotlib sklearn lightgbm scipy PIL requests optuna sqlalchemy tensorboardX"
    code = f"import sys, {module}; print([m for m in {heavy!r}.split() if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_every_public_name_can_be_fetched():
    import fashionlab

    for name in fashionlab.__all__:
        assert getattr(fashionlab, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fashionlab.nothing


def test_help_answers_at_once():
    command = [sys.executable, "-m", "fashionlab", "--help"]
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert "train" in answer.stdout
    # Processor time, and the best of five: the question is what the program needs, not what else the machine is doing.
    assert min(times) < 0.1
