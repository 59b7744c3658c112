"""A Python function as a model file: its source text, with what it uses from around it.

A worker process cannot be handed a function, and a run must say what it was made with. So the text is kept, as it
stands in a script or in the cells of a notebook.
"""

import __future__

import ast
import dis
import inspect
import linecache
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from fashionlab.errors import UsageError

EXPECTED = (
    "expected a function that builds a Keras model or a classifier as scikit-learn's: def build(image_shape, "
    "classes): return keras.Model(...)"
)


def file_of_function(function: object) -> str:
    """What a function is called as a model, "build.py:build": in the folder of its script, of a notebook or a prompt in
    the present one. Raises UsageError for what is no function with a name."""
    if not isinstance(function, FunctionType):
        raise UsageError(f"given an object of type {type(function).__name__} as a model, {EXPECTED}")
    if not function.__name__.isidentifier():
        raise UsageError(f"given a lambda as a model, {EXPECTED}")
    main = getattr(sys.modules.get(function.__module__), "__file__", None)
    folder = Path(main).absolute().parent if main else Path.cwd()
    file = Path(f"{function.__name__}.py")
    return f"{file if folder == Path.cwd() else folder / file}:{function.__name__}"


def text_of_function(function: FunctionType) -> str:
    """The text of a module that holds the function and what it uses: imports, other functions, classes, constants.

    Raises UsageError for a thing that cannot be written down so.
    """
    cells = inspect.getclosurevars(function).nonlocals
    collector = _Collector(function.__name__, {**function.__globals__, **cells})
    collector.add_definition(function.__name__, function)
    has_future = function.__code__.co_flags & __future__.annotations.compiler_flag
    first = ["from __future__ import annotations"] if has_future else []
    return "\n".join([*first, *collector.pieces.values()]) + "\n"


class _Collector:
    """Gathers the text of names, each after what it needs itself."""

    def __init__(self, wanted: str, names: Mapping[str, Any]) -> None:
        """wanted: the function's name, for messages; names: what can be seen where it stands."""
        self.pieces: dict[str, str] = {}
        self._wanted, self._names = wanted, names
        self._home: str | None = None
        self._under_way: set[str] = set()

    def add_definition(self, name: str, thing: Any) -> None:
        """Add a function or a class of the wanted function's own module."""
        if self._home is None:
            self._home = thing.__module__
        text = _text_of(thing)
        if text is None:
            raise UsageError(
                f"the source text of {name}, which {self._wanted} needs, cannot be found; put both into a file, and "
                f"train file.py:{self._wanted}"
            )
        self._under_way.add(name)
        for used in _names_in(text):
            if used in self._names and used not in self._under_way:
                self._add(used, self._names[used])
        self.pieces[name] = text

    def _add(self, name: str, thing: Any) -> None:
        if name in self.pieces:
            return
        if isinstance(thing, ModuleType):
            same = name == thing.__name__
            self.pieces[name] = f"import {thing.__name__}" + ("" if same else f" as {name}")
        elif isinstance(thing, (FunctionType, type)) and thing.__module__ == self._home:
            self.add_definition(name, thing)
        elif _is_literal(thing):
            self.pieces[name] = f"{name} = {thing!r}"
        elif (module := getattr(thing, "__module__", None)) and (own := getattr(thing, "__name__", None)):
            if getattr(sys.modules.get(module), own, None) is not thing:
                raise self._refusal(name, thing)
            self.pieces[name] = f"from {module} import {own}" + ("" if own == name else f" as {name}")
        else:
            raise self._refusal(name, thing)

    def _refusal(self, name: str, thing: Any) -> UsageError:
        return UsageError(
            f"the function {self._wanted} uses {name} ({type(thing).__name__}) from around it, which cannot be kept as "
            "text: make it inside the function, or put both into a file"
        )


def _names_in(text: str) -> list[str]:
    """The names from around it that a definition reads, in order: not those of its own variables."""
    found: dict[str, None] = {}
    codes = [compile(text, "<definition>", "exec", dont_inherit=True)]
    while codes:
        code = codes.pop()
        steps = list(dis.get_instructions(code))
        own = {step.argval for step in steps if step.opname == "STORE_NAME"}
        reads = (step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
        found |= dict.fromkeys(name for name in reads if name not in own)
        codes += [const for const in code.co_consts if isinstance(const, CodeType)]
    return list(found)


def _is_literal(thing: Any) -> bool:
    try:
        return bool(ast.literal_eval(repr(thing)) == thing) and not isinstance(thing, type)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False


def _text_of(thing: Any) -> str | None:
    """The text of a function or class, from the file or cell in which it stands; None if it cannot be found.

    `inspect.getsource` does not find a notebook's classes.
    """
    code = _code_of(thing)
    if code is None:
        return None
    lines = linecache.getlines(code.co_filename)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:  # a cell that also holds a notebook's own commands
        return _from_inspect(thing)
    kinds = ast.ClassDef if isinstance(thing, type) else ast.FunctionDef
    for node in ast.walk(tree):
        if isinstance(node, kinds) and node.name == thing.__name__:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            assert node.end_lineno is not None
            if first <= code.co_firstlineno <= node.end_lineno:
                return textwrap.dedent("".join(lines[first - 1 : node.end_lineno]))
    return None


def _from_inspect(thing: Any) -> str | None:
    try:
        return textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError):
        return None


def _code_of(thing: Any) -> CodeType | None:
    """The code of a function, or of a method of a class."""
    if isinstance(thing, FunctionType):
        return thing.__code__
    own = (vars(thing).get(name) for name in vars(thing))
    return next((method.__code__ for method in own if isinstance(method, FunctionType)), None)
