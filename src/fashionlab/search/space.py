"""What a search varies: how people write a field's range, and what a trial's values make of the recipe."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from fashionlab.errors import UsageError
from fashionlab.options import as_typed, spelled
from fashionlab.recipe.choices import CHOICES, fields_of
from fashionlab.recipe.recipe import Recipe
from fashionlab.studies.design.changes import FIXED, apply_change

SYNTAX = "expected NAME=LOW..HIGH, NAME=LOW..HIGH:log, NAME=LOW..HIGH:STEP, or choices as NAME=ONE/ANOTHER"

MOST_FIELDS = 20
"""Fields of a search: of more, a few dozen trials say nothing."""

MOST_CHOICES = 50

Value = float | int | str
"""What a trial has for a field: a number from a range, or a choice as one types it."""


class Field(Struct, frozen=True, kw_only=True):
    """A setting that is varied: from `low` to `high` (both included), or among `choices`.

    whole: whole numbers only; log: the logarithm is uniform; step: between values, None for any; choices: as typed.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    step: float | None = None
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # What is read from a file must hold together as what was declared does.
        if self.choices:
            if len(set(self.choices)) < len(self.choices):
                raise ValueError(f"{self.name} has a choice twice")
        elif not self.low < self.high or (self.log and self.low <= 0) or (self.step is not None and self.step <= 0):
            raise ValueError(f"{self.name} has the range {self.low:g} to {self.high:g}")

    @property
    def text(self) -> str:
        """As one types it, without the name: "0.0003..0.01:log", "adamw/sgd"."""
        if self.choices:
            return "/".join(self.choices)
        more = ":log" if self.log else f":{self.step:g}" if self.step is not None else ""
        return f"{self.low:g}..{self.high:g}{more}"

    def holds(self, value: Any) -> bool:
        """Whether the field may take this value of a recipe."""
        if self.choices:
            return as_typed(value) in self.choices
        number = _one_number(value)
        if number is None or not self.low <= number <= self.high:
            return False
        steps = 0.0 if self.step is None else (number - self.low) / self.step
        return abs(steps - round(steps)) < 1e-9


Vary = Sequence[str] | Mapping[str, Any]
"""The fields as typed, "learning_rate=0.0003..0.01:log", or by name: a range as typed, or a list of choices."""


def read_fields(base: Recipe, vary: Vary) -> tuple[Field, ...]:
    """The fields of a search, each end of a range and each choice checked against the recipe that they vary.

    Raises UsageError.
    """
    given = list(vary.items()) if isinstance(vary, Mapping) else [split_field(text) for text in vary]
    if not given:
        raise UsageError("a search needs fields to vary: --vary learning_rate=0.0003..0.01:log")
    if len(given) > MOST_FIELDS:
        raise UsageError(f"{spelled('vary')}: given {len(given)} fields, expected at most {MOST_FIELDS}")
    names = [name for name, _ in given]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UsageError(f"{spelled('vary')}: given {twice} twice, expected each field once")
    fields = tuple(_read(base, name, value) for name, value in given)
    for field in fields:
        _require_use(base, field, fields)
    # Those that others belong to come first: a trial has a momentum only if its optimizer has one.
    return tuple(sorted(fields, key=lambda field: field.name not in CHOICES))


def applies(field: Field, base: Recipe, values: Mapping[str, Value]) -> bool:
    """Whether a field is one of the optimizer and the schedule that a trial has."""
    for choice, table in CHOICES.items():
        if field.name in fields_of(choice):
            return field.name in table[str(values.get(choice, base.settings.get(choice)))]
    return True


def recipe_of(base: Recipe, values: Mapping[str, Value]) -> Recipe:
    """The recipe of a trial, with the seed of all. Raises UsageError for values that do not go together."""
    return replace(apply_change(base, values), seed=base.seed) if values else base


def values_of(base: Recipe, fields: Sequence[Field]) -> dict[str, Value] | None:
    """The base recipe's own values of the fields; None where one of them is not among those that are tried."""
    settings, values = base.settings, dict[str, Value]()
    for field in fields:
        if not applies(field, base, {}):
            continue
        if not field.holds(settings[field.name]):
            return None
        number = _one_number(settings[field.name])
        values[field.name] = as_typed(settings[field.name]) if field.choices or number is None else number
    return values


def split_field(text: str) -> tuple[str, str]:
    """The name of a field as typed, and the rest. Raises UsageError."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{spelled('vary')}: given {text!r}, {SYNTAX}")
    return name.strip(), value.strip()


def _read(base: Recipe, name: str, value: Any) -> Field:
    name = name.replace("-", "_").strip("_")
    if name in FIXED or name == "model":
        raise UsageError(f"{spelled('vary')}: given {name}, which all trials share, or they could not be compared")
    shown = f"{name}={value}"
    if not isinstance(value, str):
        if not isinstance(value, (list, tuple)):
            raise UsageError(
                f"{spelled('vary')}: given {shown}, expected a range such as '0..0.5' or a list of choices"
            )
        return _choices(base, name, [as_typed(each) for each in value], shown)
    if ".." not in value:
        return _choices(base, name, value.split("/"), shown)
    matched = re.fullmatch(r"\s*(?P<low>\S+?)\.\.(?P<high>[^:\s]+)(?::(?P<how>\S+))?\s*", value)
    if matched is None:
        raise UsageError(f"{spelled('vary')}: given {shown}, {SYNTAX}")
    low, high = (_checked(base, name, matched[end], shown) for end in ("low", "high"))
    how = matched["how"]
    whole = isinstance(low, int) and isinstance(high, int)
    step = None if how in (None, "log") else _number(how, shown)
    if step is not None and whole and step != int(step):
        raise UsageError(f"{spelled('vary')}: given {shown}, expected a whole number as the step between whole numbers")
    try:
        return Field(name=name, low=low, high=high, whole=whole, log=how == "log", step=step)
    except ValueError:
        above = "above 0 " if how == "log" else ""
        raise UsageError(
            f"{spelled('vary')}: given {shown}, expected two numbers {above}with the lower one first"
        ) from None


def _choices(base: Recipe, name: str, choices: Sequence[str], shown: str) -> Field:
    if not 2 <= len(choices) <= MOST_CHOICES or len(set(choices)) < len(choices) or not all(choices):
        raise UsageError(f"{spelled('vary')}: given {shown}, {SYNTAX}, two to {MOST_CHOICES} different ones")
    for choice in choices:
        apply_change(base, {**_owner(base, name), name: choice})
    return Field(name=name, choices=tuple(choices))


def _checked(base: Recipe, name: str, text: str, shown: str) -> float:
    """An end of a range, as the number that the recipe takes it for. Raises UsageError if it takes none."""
    _number(text, shown)
    value = apply_change(base, {**_owner(base, name), name: text}).settings[name]
    number = _one_number(value)
    if number is None:
        raise UsageError(f"{spelled('vary')}: given {shown}, but {name} is no number; give choices: {name}=ONE/ANOTHER")
    return number


def _owner(base: Recipe, name: str) -> dict[str, str]:
    """The optimizer or schedule with which a setting of theirs can be checked; nothing where the base has it."""
    for choice, table in CHOICES.items():
        if name in fields_of(choice) and name not in table[str(base.settings.get(choice))]:
            return {choice: next(each for each, own in table.items() if name in own)}
    return {}


def _require_use(base: Recipe, field: Field, fields: Sequence[Field]) -> None:
    """Raise UsageError for a setting of an optimizer or schedule that no trial can have."""
    chosen = {each.name: each.choices for each in fields if each.choices}
    for choice, table in CHOICES.items():
        possible = chosen.get(choice, (str(base.settings.get(choice)),))
        if field.name in fields_of(choice) and not any(field.name in table.get(each, ()) for each in possible):
            raise UsageError(
                f"{spelled('vary')}: given {field.name}, which {choice} {' or '.join(possible)} does not have"
            )


def _number(text: str, shown: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{spelled('vary')}: given {shown}, {SYNTAX}") from None


def _one_number(value: Any) -> float | int | None:
    """A setting as one number: a tuple of equal ones is that one, as a single rate is for all layers."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value and all(each == value[0] for each in value) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
