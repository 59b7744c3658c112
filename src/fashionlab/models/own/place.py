"""Where a user's model file is executed: as if in its own folder, with the modules and files that lie beside it.

At first that is the folder itself, and what the file imports and reads from there is written down. From then on it is
a folder of this process's own, with the very bytes that the run keeps and that somebody has vouched for.
"""

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from fashionlab.data.cache import cache_folder
from fashionlab.errors import UsageError
from fashionlab.files import read_capped
from fashionlab.models.drawing import seeded
from fashionlab.models.own.sentences import explained
from fashionlab.models.own.source import LARGEST_KEPT, LARGEST_MODEL_FILE, MOST_KEPT, OwnSource
from fashionlab.options import did_you_mean, near_names

MODULE = "fashionlab_user_model"

Reads = dict[str, None]
"""Absolute paths that were read, in order."""


class Place:
    """The folder of one model file, and what was read from it."""

    def __init__(self, path: Path, source: OwnSource, left_out: Mapping[str, str], at_home: bool) -> None:
        """path: where the model file was named; at_home: execute it there, and note what it reads."""
        self._source, self._at_home, self._original = source, at_home, path.absolute()
        self.reads: Reads = {}
        if at_home:
            self.folder = self._original.parent.resolve()
        else:
            self.folder = Path(tempfile.mkdtemp(prefix="fashionlab-model-")).resolve()
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
            (self.folder / path.name).write_bytes(source.main)
            source.write_files(self.folder)
            for name, sha256 in left_out.items():
                self._link(name, sha256)
        self._modules: dict[str, ModuleType] = {}
        self._helpers = _Helpers(self._read_module, self._holds_modules)

    @property
    def file(self) -> Path:
        """The model file."""
        return self.folder / self._original.name

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be there: relative paths, imports of what lies beside the file; everything is as before afterwards."""
        before, watched = Path.cwd(), _watched[0]
        shadowed = {name: sys.modules[name] for name in self._modules if name in sys.modules}
        loaded = set(sys.modules)
        os.chdir(self.folder)
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self._helpers)
        if self._at_home:
            _watch(self.reads)
        try:
            yield
        finally:
            _watched[0] = watched
            sys.meta_path.remove(self._helpers)
            for name in set(sys.modules) - loaded | self._modules.keys():
                module = sys.modules.get(name)
                if module is not None and isinstance(getattr(module, "__loader__", None), _Helpers):
                    self._modules[name] = sys.modules.pop(name)
            sys.modules.update(shadowed)
            os.chdir(before)

    def load(self, function: str) -> Callable[..., Any]:
        """Execute the model file and return its function. Raises UsageError."""
        name = self._original.name
        spec = importlib.util.spec_from_loader(MODULE, loader=None, origin=str(self.file))
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        module.__file__ = str(self.file)
        # Dataclasses and string annotations look their module up there.
        sys.modules[MODULE] = module
        # What the file draws while it is read is the same for every seed, and in every process.
        with self.entered(), seeded(0), explained(f"model file {name} failed when it was read"):
            exec(compile(self._source.main, str(self.file), "exec"), module.__dict__)
        builder = getattr(module, function, None)
        if not callable(builder):
            raise UsageError(_no_function(module, name, function))
        if isinstance(builder, type):
            raise UsageError(
                f"{function} of model file {name} is a class, expected a function that returns the model; write "
                f"def build(image_shape, classes): return {function}(...)"
            )
        _require_two_arguments(builder, name)
        return builder

    def kept(self) -> tuple[OwnSource, dict[str, str], list[str]]:
        """What to keep of what was read: the source with these files, the SHA-256 of those too large, sentences."""
        files: dict[str, bytes] = {}
        left_out: dict[str, str] = {}
        outside, room = list[str](), LARGEST_KEPT
        for text in self.reads:
            path = Path(text)
            if not path.is_relative_to(self.folder):
                outside.append(text)
            elif path.is_file() and path != self.file:
                name, size = path.relative_to(self.folder).as_posix(), path.stat().st_size
                if size > room or len(files) >= MOST_KEPT:
                    left_out[name] = _digest(path)
                else:
                    files[name] = read_capped(path, room, follow_links=True)
                    room -= size
        said = []
        if files:
            said.append(f"kept with the run, beside the model file: {', '.join(files)}")
        if left_out:
            said.append(
                f"not kept with the run, which holds up to {LARGEST_KEPT // 2**20} MB of such files: "
                f"{', '.join(left_out)}; leave them in {self.folder}"
            )
        if outside:
            lies = "it lies" if len(outside) == 1 else "they lie"
            said.append(f"not kept with the run, as {lies} outside the model file's folder: {', '.join(outside)}")
        return OwnSource(self._source.main, files), left_out, said

    def _read_module(self, name: str) -> bytes | None:
        """The text of a module beside the file, None if there is none."""
        if not self._at_home:
            return self._source.files.get(name)
        path = self.folder / name
        if not path.is_file():
            return None
        self.reads[str(path)] = None
        return read_capped(path, LARGEST_MODEL_FILE, follow_links=True)

    def _holds_modules(self, name: str) -> bool:
        if self._at_home:
            return any((self.folder / name).glob("*.py"))
        return any(file.startswith(f"{name}/") and file.endswith(".py") for file in self._source.files)

    def _link(self, name: str, sha256: str) -> None:
        """Have a file that was too large to be kept where the model file expects it."""
        there = self._original.parent / name
        if not there.is_file() or _digest(there) != sha256:
            raise UsageError(
                f"the model file {self._original.name} reads {name}, which was too large to be kept with the run, and "
                f"{there} is not there or not that file (SHA-256 {sha256[:12]}…)"
            )
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).symlink_to(there)


class _Helpers(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and executes the modules beside a model file, before any that are installed, as Python does for scripts."""

    def __init__(self, read: Callable[[str], bytes | None], holds_modules: Callable[[str], bool]) -> None:
        """read: the text of a file of the folder, None if there is none; holds_modules: whether a folder in it does."""
        self._read, self._holds_modules = read, holds_modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] in sys.stdlib_module_names:
            return None
        base = fullname.replace(".", "/")
        for name, is_package in ((f"{base}/__init__.py", True), (f"{base}.py", False)):
            text = self._read(name)
            if text is not None:
                return self._spec(fullname, name, is_package, text)
        # A folder of modules without an __init__.py, unless something of that name is installed.
        if self._holds_modules(base) and not importlib.machinery.PathFinder.find_spec(fullname, path):
            return self._spec(fullname, base, True, b"")
        return None

    def _spec(self, fullname: str, origin: str, is_package: bool, text: bytes) -> importlib.machinery.ModuleSpec:
        spec = importlib.util.spec_from_loader(fullname, self, origin=origin, is_package=is_package)
        assert spec is not None
        spec.loader_state = text
        return spec

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        module.__file__ = str(Path.cwd() / str(spec.origin))
        exec(compile(spec.loader_state, module.__file__, "exec"), module.__dict__)


_watched: list[Reads | None] = [None]
"""Where reads are written down at present."""

_is_hooked = False


def _watch(reads: Reads) -> None:
    """Write down from now on which files are opened to be read, but for those of Python, libraries and the system."""
    global _is_hooked
    _watched[0] = reads
    if _is_hooked:
        return
    _is_hooked = True  # an audit hook stays for as long as the process does
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, tempfile.gettempdir(), str(cache_folder())}
    places |= {str(Path(__file__).parents[3]), "/tmp", "/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/run", "/var"}
    libraries = {way for place in places for way in (Path(place).absolute(), Path(place).resolve())}

    def note(path: object) -> None:
        reads = _watched[0]
        if reads is None or not isinstance(path, (str, bytes, os.PathLike)):
            return
        # A link is noted as what it is called: its target may lie elsewhere.
        here = Path.cwd()
        there = Path(os.path.normpath(here / os.fsdecode(path)))
        if there.suffix == ".py":
            return  # modules are noted when they are imported; a traceback reads others
        is_settings = any(part.startswith(".") for part in there.parts)
        around = [place for place in libraries if there.is_relative_to(place)]
        if there.is_relative_to(here):
            # The model's folder may lie in one of those places; or one in it, as a project's own environment does.
            is_own = "site-packages" not in there.relative_to(here).parts and all(
                here.is_relative_to(place) for place in around
            )
        else:
            is_own = not is_settings and not around
        if is_own:
            reads[str(there)] = None

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and _watched[0] is not None:
            path, mode, flags = arguments
            if not (mode and set(mode) & set("wax+")) and not flags & (os.O_WRONLY | os.O_RDWR):
                note(path)

    sys.addaudithook(heard)
    # HDF5's own library opens its files, and Python hears nothing of it.
    import h5py  # type: ignore[import-untyped]

    opened = h5py.File.__init__

    def watched(self: Any, name: Any, mode: str = "r", *arguments: Any, **named: Any) -> None:
        if mode == "r":
            note(name)
        opened(self, name, mode, *arguments, **named)

    h5py.File.__init__ = watched


def _no_function(module: ModuleType, file: str, wanted: str) -> str:
    """What is said of a model file that lacks a function: those that it has."""
    functions = {name: each for name, each in vars(module).items() if isinstance(each, FunctionType)}
    named = [name for name, each in functions.items() if each.__module__ == MODULE and not name.startswith("_")]
    lead = f"model file {file} has no function {wanted!r}"
    if not named:
        return f"{lead}; expected def {wanted}(image_shape, classes), which returns a keras.Model"
    near = did_you_mean(f"{file}:{wanted}", [f"{file}:{name}" for name in near_names(wanted, named)])
    return f"{lead}; it has {', '.join(named)}{near or f': name one of them, such as {file}:{named[0]}'}"


def _require_two_arguments(builder: Callable[..., Any], file: str) -> None:
    """Raise UsageError for a function that does not take an image shape and a number of classes by place."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(builder).parameters.values()
    except (ValueError, TypeError):  # a callable that does not say; the call will
        return
    takes = sum(parameter.kind in by_place for parameter in parameters)
    if takes < 2 and not any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        name = getattr(builder, "__name__", "build")
        raise UsageError(
            f"the function {name} of model file {file} takes {takes or 'no'} argument{'' if takes == 1 else 's'} by "
            "place, and is given two, the shape of the images and the number of classes; write "
            f"def {name}(image_shape, classes)"
        )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
