"""Recipes in TOML files: `seed` and the tables [data], [training] and [model] (`name` and the model's options)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.files import read_capped
from fashionlab.models import kind_of
from fashionlab.options import options_of, unknown_name, unknown_setting
from fashionlab.recipe.config import DataConfig, TrainingConfig, common_options

DEFAULT_MODEL = "mlp"
"""What is trained where nobody names a model."""

LARGEST = 2**18
"""Bytes of a recipe or study file; a longer one is refused unread."""

MOST_DOTS = 100
"""Dots in a line of one: the memory that the parser needs for a dotted key grows with the square of its length."""


def read_recipe_file(path: Path) -> tuple[dict[str, Any], str | None]:
    """A TOML recipe's settings by flat name, and its model's name, None where it says none.

    Raises UsageError if it cannot be read, or a setting stands in the wrong table.
    """
    return flatten(read_toml(path), path)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises UsageError if it cannot be read."""
    try:
        text = read_capped(path, LARGEST, follow_links=True).decode()
        if any(line.count(".") > MOST_DOTS for line in text.splitlines()):
            raise UsageError(f"{path} has a line with more than {MOST_DOTS} dots; divide it")
        return tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read the recipe file {path}: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:  # also a number of too many digits
        raise UsageError(f"{path} is not valid TOML: {error}") from None


def flatten(document: Mapping[str, Any], path: Path) -> tuple[dict[str, Any], str | None]:
    """What `read_recipe_file` gives, from the file's content; `path` is for messages."""
    flat: dict[str, Any] = {}
    tables = {"data": options_of(DataConfig), "training": options_of(TrainingConfig), "model": None}
    for name, value in document.items():
        if name == "seed":
            flat["seed"] = value
        elif name not in tables or not isinstance(value, dict):
            raise UsageError(unknown_name("entry", name, ["seed", *(f"[{t}]" for t in tables)], str(path)))
        else:
            known = tables[name]
            wrong = [key for key in value if known is not None and key not in known]
            if wrong:
                raise UsageError(unknown_setting(wrong[0], known or {}, f"[{name}] of {path}", in_file=True))
            # An estimator has options of its own that a network finds in [training].
            shared = common_options(kind_of(str(value.get("name")))) if known is None else {}
            misplaced = [key for key in value if key in shared]
            if misplaced:
                raise UsageError(
                    f"{path} sets {misplaced[0]!r} in [model], expected it in [data] or [training], seed on top"
                )
            flat.update(value)
    model = flat.pop("name", None)
    return flat, None if model is None else str(model)
