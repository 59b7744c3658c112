"""Settings: typed, bounded, documented values that a user sets by name.

The fields of the recipe's structs and the keyword-only arguments of a model's `build` function are declared the
same way, `name: Annotated[float, Meta(ge=0, lt=1, description="share of units dropped")] = 0.2`, and this module turns
either into `Option`s: one source for the command line's options and help, for TOML files, and for error messages.
"""

import inspect
import math
import os
import re
import shlex
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from fashionlab.errors import UsageError

REQUIRED: Any = object()
"""Default of a setting that has none."""


ELSEWHERE: dict[str, str | tuple[str, ...]] = {
    "lr": ("learning_rate",),
    "learn_rate": ("learning_rate",),
    "bs": ("batch_size",),
    "batch": ("batch_size",),
    "wd": ("weight_decay",),
    "decay": ("weight_decay",),
    "hidden": ("widths", "filters"),
    "hidden_size": ("widths", "filters"),
    "hidden_sizes": ("widths", "filters"),
    "hidden_layers": ("widths", "depth"),
    "layers": ("widths", "depth", "blocks"),
    "units": ("widths", "filters"),
    "drop_rate": ("dropout",),
    "p": ("dropout",),
    "scheduler": ("schedule",),
    "lr_scheduler": ("schedule",),
    "val_split": ("validation",),
    "validation_split": ("validation",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "max_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "n_epochs": ("epochs",),
    "data": ("dataset",),
    "subset": ("limit",),
    "samples": ("limit",),
    "optim": ("optimizer",),
    "clip": ("clip_norm",),
    "clipnorm": ("clip_norm",),
    "grad_clip": ("clip_norm",),
    "max_grad_norm": ("clip_norm",),
    "class_weight": ("class_weights",),
    "betas": ("beta_1", "beta_2"),
    "beta1": ("beta_1",),
    "beta2": ("beta_2",),
    "reg": ("l2", "l1"),
    "regularization": ("l2", "l1"),
    "normalization": ("norm",),
    "size": ("resize",),
    "image_size": ("resize",),
    "augment": ("shift", "flip", "mixup", "cutout"),
    "augmentation": ("shift", "flip", "mixup", "cutout"),
    "ema": ("average",),
    "swa": ("average",),
    "ema_momentum": ("average",),
    "trees": ("n_estimators",),
    "num_trees": ("n_estimators",),
    "n_rounds": ("rounds",),
    "iterations": ("epochs", "rounds", "max_iter"),
    "device": "a GPU is used automatically where JAX or TensorFlow finds one",
    "gpu": "a GPU is used automatically where JAX or TensorFlow finds one",
    "gpus": "a GPU is used automatically where JAX or TensorFlow finds one",
    "cuda": "a GPU is used automatically where JAX or TensorFlow finds one",
    "num_workers": "the images are in memory, nothing is loaded meanwhile; {workers} is how many runs of a study go at "
    "a time",
    "loss": "the loss is the categorical cross-entropy of the logits; {label_smoothing} changes its targets",
    "metrics": "every run has its accuracy, loss, calibration and confusions measured",
    "verbose": "progress goes to standard error, 2>/dev/null leaves the result alone",
    "checkpoint": "a run is saved while it is trained, and one that was stopped can be resumed",
    "save": "every run is kept in the folder that {runs} names",
    "output": "every run is kept in the folder that {runs} names",
}
"""How other tools call a setting, and what it is here: the names that it may have, or a sentence where it has none, in
which settings stand in braces."""

COMMAND_LINE = "FASHIONLAB_COMMAND_LINE"
"""The environment variable by which the command line says that settings are typed as flags, to worker processes too."""

FLAGS = {"origin": "from", "changes": "change"}
"""Arguments of the verbs in Python that are called otherwise on the command line."""


def flag_of(name: str) -> str:
    """A setting's spelling on the command line: `--batch-size`."""
    return "--" + FLAGS.get(name, name).replace("_", "-")


def on_command_line() -> bool:
    """Whether the user gave a command, rather than calling a verb in Python."""
    return bool(os.environ.get(COMMAND_LINE))


def spelled(name: str, value: Any = REQUIRED) -> str:
    """A setting, alone or with a value, as the user would write it where they are: `--batch-size 32` on the command
    line, `batch_size=32` in Python. Every message that names a setting asks this function."""
    if not on_command_line():
        return name if value is REQUIRED else f"{name}={value!r}"
    return flag_of(name) if value is REQUIRED or value is True else f"{flag_of(name)} {as_typed(value)}"


COMMANDS = {
    "resume": "train --resume",
    "open_study": "study show",
    "resume_study": "study resume",
    "open_search": "search show",
    "resume_search": "search resume",
}
"""The commands of verbs in Python that are called otherwise."""


class Blank(str):
    """A value that the reader is to fill in, `N`: it stands without quotation marks in Python too."""

    __repr__ = str.__str__


def command(verb: str, *words: object, **settings: Any) -> str:
    """How the user does a thing where they are: `fashionlab study resume last --seeds 30` on the command line, in
    Python `fashionlab.resume_study('last', seeds=30)`. Every message that tells a user what to do asks this function.
    """
    if not on_command_line():
        given = [*(repr(word if isinstance(word, Blank) else str(word)) for word in words)]
        return f"fashionlab.{verb}({', '.join([*given, *(spelled(*each) for each in settings.items())])})"
    flags = [spelled(name, value) for name, value in settings.items()]
    return " ".join(["fashionlab", COMMANDS.get(verb, verb), *(shlex.quote(str(word)) for word in words), *flags])


@dataclass(frozen=True)
class Regularizer:
    """Marks an option that regularizes: `Annotated[float, Meta(ge=0, lt=1), Regularizer(off=0)]`.

    off: the value that turns it off; of a tuple, that of each entry.
    """

    off: bool | float | str


@dataclass(frozen=True)
class Option:
    """One value a user may set: `type` is an annotation that msgspec understands, bounds included.

    off: the value that turns it off, if it is a regularizer, otherwise None.
    """

    name: str
    type: Any
    default: Any
    description: str
    off: bool | float | str | None = None

    @property
    def flag(self) -> str:
        """The option's spelling on the command line: `--batch-size`."""
        return flag_of(self.name)

    @property
    def is_flag(self) -> bool:
        """Whether it is true or false."""
        return bool in (self.type, *get_args(self.type)[:1])

    @property
    def expected(self) -> str:
        """The allowed values in words: "a number from 0 to below 1"."""
        return describe(self.type)

    def convert(self, value: Any) -> Any:
        """Return `value` (a Python value, or text from a command line) as this setting's type.

        Raises UsageError, one sentence with what was given and what is allowed.
        """
        given = value
        if _is_sequence(self.type):
            if isinstance(value, str):
                value = [_whole(part) for part in value.replace(" ", "").strip("[]()").split(",") if part]
            elif not isinstance(value, (list, tuple)):
                value = [value]
        elif isinstance(value, str):
            value = "null" if value.lower() == "none" and _may_be_none(self.type) else _whole(value)
        try:
            converted = msgspec.convert(value, self.type, strict=False)
            numbers = converted if isinstance(converted, tuple) else (converted,)
            if all(math.isfinite(number) for number in numbers if isinstance(number, float)):
                return converted
            raise msgspec.ValidationError
        except msgspec.ValidationError:
            near = did_you_mean(given, choices_of(self.type))
            raise UsageError(f"{spelled(self.name)}: given {_plain(given)}, expected {self.expected}{near}") from None


def options_of(owner: Any) -> dict[str, Option]:
    """The settings that a struct declares as fields, or a `build` function as its arguments after the first two, which
    are the lab's to give; in order."""
    if isinstance(owner, type):
        hints = get_type_hints(owner, include_extras=True)
        found = msgspec.structs.fields(owner)
        defaults = {field.name: REQUIRED if field.required else field.default for field in found}
    else:
        options = _arguments_for_options(owner)
        defaults = {n: REQUIRED if p.default is inspect.Parameter.empty else p.default for n, p in options.items()}
        hints = _hints_of_options(owner, options)
    return {name: _option(name, hints[name], default) for name, default in defaults.items()}


def fill(
    settings: Mapping[str, Option], given: Mapping[str, Any], owner: str, others: Iterable[str] = ()
) -> dict[str, Any]:
    """Every setting's value: converted where given, its default elsewhere.

    others: names that may be given beside these and are taken elsewhere; a misspelt one of them may have been meant.

    Raises UsageError for a name that `owner` does not know, a value out of range, or a missing required value.
    """
    unknown = [name for name in given if name not in settings]
    if unknown:
        raise UsageError(unknown_setting(unknown[0], [*settings, *others], owner))
    missing = [name for name, s in settings.items() if s.default is REQUIRED and name not in given]
    if missing:
        raise UsageError(f"{owner} needs {spelled(missing[0])}, {settings[missing[0]].expected}")
    # Defaults are converted too: 0 for a float must be the same recipe as --rate 0.
    return {name: s.convert(given.get(name, s.default)) for name, s in settings.items()}


def unknown_name(kind: str, given: str, allowed: Iterable[str], owner: str) -> str:
    """One sentence for a name that is not known, with the nearest ones and all of them."""
    return _unknown(kind, repr(given), near_names(given, allowed), list(allowed), owner)


def unknown_setting(given: str, allowed: Iterable[str], owner: str, *, in_file: bool = False) -> str:
    """The same for a setting, which may have another name in other tools; in_file: as it stands in a TOML file,
    otherwise as the user would write it where they are."""
    others, spell = ELSEWHERE.get(given.lower(), ()), str if in_file else spelled
    shown = repr(given) if spell(given) == given else spell(given)
    if isinstance(others, str):
        return f"{owner} has no setting {shown}: {others.format_map(_Spelled())}"
    near = [name for name in others if name in set(allowed)] or near_names(given, allowed)
    return _unknown("setting", shown, list(map(spell, near)), list(map(spell, allowed)), owner)


def wrong_choice(name: str, given: object, choices: Iterable[str]) -> str:
    """One sentence for a value of a setting that is none of its choices, with the nearest one and all of them."""
    choices = list(choices)
    return f"{spelled(name)}: given {given!r}, expected one of {', '.join(choices)}{did_you_mean(given, choices)}"


def did_you_mean(given: object, allowed: Iterable[str]) -> str:
    """The end of a sentence about a name or a value that is not allowed: the nearest ones, if any are near."""
    near = near_names(given, allowed)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def near_names(given: object, allowed: Iterable[str]) -> list[str]:
    """The allowed names that `given` may be a misspelling or the last words of, at most 3, the nearest first."""
    from difflib import get_close_matches

    by_lower = {name.lower(): name for name in allowed}
    wanted = str(given).lower()
    ending = [name for name in by_lower if wanted and name.endswith(f"_{wanted}")]
    slips = get_close_matches(wanted, by_lower, n=3, cutoff=0.85)
    near = get_close_matches(wanted, by_lower, n=3, cutoff=0.6)
    return [by_lower[name] for name in dict.fromkeys([*slips, *ending, *near])][:3]


def _unknown(kind: str, given: str, near: list[str], allowed: list[str], owner: str) -> str:
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{owner} has no {kind} {given}; {hint}allowed: {', '.join(allowed)}"


class _Spelled(dict[str, str]):
    """Every setting's name, as the user would write it."""

    def __missing__(self, name: str) -> str:
        return spelled(name)


def as_typed(value: Any) -> str:
    """A value as one types it: "0.3", "512,256", "true", "none"; reads back to the same."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(as_typed, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The texts among which an annotation lets one choose; none where it is of another kind."""
    if get_origin(annotation) is Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    inner = get_args(annotation) if get_origin(annotation) in (Annotated, Union, types.UnionType, tuple) else ()
    return tuple(choice for each in inner for choice in choices_of(each))


def describe(annotation: Any) -> str:
    """An annotation's allowed values in words."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        base, meta = arguments[0], next((m for m in arguments[1:] if isinstance(m, Meta)), Meta())
        return describe(base) + _range(meta)
    if origin is Literal:
        return "one of " + ", ".join(str(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join("none" if a is type(None) else describe(a) for a in arguments)
    if origin in (tuple, list):
        return f"{describe(arguments[0])}, or several of them separated by commas"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
    return names.get(annotation, "a value")


def _arguments_for_options(function: Any) -> dict[str, inspect.Parameter]:
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters
    given = [name for name, parameter in parameters.items() if parameter.kind in by_place][:2]
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {name: p for name, p in parameters.items() if p.kind in named and name not in given}


def _hints_of_options(function: Any, options: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """Annotations of the options alone: the other arguments may name things that only a type checker sees."""
    annotated = {n: p.annotation for n, p in options.items() if p.annotation is not inspect.Parameter.empty}
    holder = types.SimpleNamespace(__annotations__=annotated)
    try:
        hints = get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise UsageError(f"cannot read the annotations of {function.__name__}: {error}") from None
    return {name: hints.get(name, _type_of(parameter.default)) for name, parameter in options.items()}


def _type_of(default: Any) -> Any:
    """The type of an option without an annotation, read off its default."""
    if default is None or default is inspect.Parameter.empty:
        return Any
    if isinstance(default, (tuple, list)):
        return tuple[type(default[0]), ...] if default else Any  # type: ignore[misc]  # a type made at run time
    return type(default) if type(default) in (bool, int, float, str) else Any


def _range(meta: Meta) -> str:
    low = f" from {meta.ge}" if meta.ge is not None else f" above {meta.gt}" if meta.gt is not None else ""
    if meta.lt is not None:
        return f"{low} {'to ' if meta.ge is not None else 'and ' if low else ''}below {meta.lt}"
    if meta.le is not None:
        return f"{low} {'to' if low else 'at most'} {meta.le}"
    return f"{low} up" if meta.ge is not None else low


def _option(name: str, annotation: Any, default: Any) -> Option:
    notes = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    description = next((note.description for note in notes if isinstance(note, Meta) and note.description), "")
    off = next((note.off for note in notes if isinstance(note, Regularizer)), None)
    return Option(name, annotation, default, description, off)


def _is_sequence(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return get_origin(annotation) in (tuple, list)


def _may_be_none(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation is Any or type(None) in get_args(annotation)


def _whole(text: str) -> str:
    """ ".5" as "0.5": people write numbers so, JSON and therefore msgspec do not."""
    return re.sub(r"^([+-]?)\.(?=\d)", r"\g<1>0.", text)


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, (int, float)) else repr(value)
