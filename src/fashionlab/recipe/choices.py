"""Optimizers and schedules: which settings each has, and their defaults.

A setting that belongs to a choice has no default of its own: 0.002 is a good learning rate for AdamW and a poor one for
SGD. So the choice says what it has, a recipe that does not say more gets that, and a setting which the choice does not
have is refused. What each setting does is said where it is declared, in `recipe.config`; the optimizers are Keras' own.

Where the defaults are from, for the decoupled decay of weights that all have but adam:

- adamw: a search on this data (docs/decisions/0006). adam: the same, without decay.
- sgd: 0.05 with momentum 0.9, half of what is usual for residual networks (He et al. 2016, arXiv 1512.03385). Its decay
  is as strong as the usual penalty of 0.0005, which momentum of 0.9 multiplies by 10.
- rmsprop: Keras' own. lion: a learning rate 3 to 10 times below AdamW's and as many times the decay (Chen et al. 2023,
  arXiv 2302.06675). muon: as AdamW, to whose size its steps are scaled (Liu et al. 2025, arXiv 2502.16982).
- one-cycle: as in Smith and Topin 2017 (arXiv 1708.07120). step: two drops in the default 24 epochs. plateau: drops
  before early stopping's patience ends.
"""

from collections.abc import Mapping
from typing import Any

from fashionlab.errors import UsageError
from fashionlab.options import spelled

Setting = float | bool

OPTIMIZERS: dict[str, dict[str, Setting]] = {
    "adamw": {"learning_rate": 0.002, "weight_decay": 0.004, "beta_1": 0.9, "beta_2": 0.999},
    "adam": {"learning_rate": 0.002, "beta_1": 0.9, "beta_2": 0.999},
    "sgd": {"learning_rate": 0.05, "weight_decay": 0.004, "momentum": 0.9, "nesterov": False},
    "rmsprop": {"learning_rate": 0.001, "weight_decay": 0.004, "momentum": 0.0, "rho": 0.9},
    "lion": {"learning_rate": 0.0003, "weight_decay": 0.03, "beta_1": 0.9, "beta_2": 0.99},
    "muon": {
        "learning_rate": 0.002, "weight_decay": 0.004, "momentum": 0.95, "nesterov": True, "beta_1": 0.9,
        "beta_2": 0.999,
    },
}  # fmt: skip

SCHEDULES: dict[str, dict[str, Setting]] = {
    "constant": {"warmup": 0.0},
    "cosine": {"warmup": 0.0},
    "one-cycle": {"rise": 0.3},
    "step": {"warmup": 0.0, "drop_factor": 0.1, "drop_every": 8},
    "plateau": {"drop_factor": 0.2, "plateau_patience": 3},
}

CHOICES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}

DEFAULT = {"optimizer": "adamw", "schedule": "cosine"}

ABSENT = {"weight_decay": 0.0, "warmup": 0.0}
"""What stands in a recipe for a setting that its choice does not have, where that is not None."""


def fields_of(choice: str) -> tuple[str, ...]:
    """All settings that belong to "optimizer" or "schedule"."""
    return tuple(dict.fromkeys(name for own in CHOICES[choice].values() for name in own))


def owners(field: str) -> str:
    """The defaults of a setting, by whose it is: "0.002 for adamw and adam, 0.05 for sgd"."""
    by_value: dict[Setting, list[str]] = {}
    for table in CHOICES.values():
        for name, own in table.items():
            if field in own:
                by_value.setdefault(own[field], []).append(name)
    return ", ".join(f"{str(value).lower()} for {_listed(names)}" for value, names in by_value.items())


def own_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that come with the optimizer and the schedule that `settings` name, or with the default ones: their
    own defaults, and for those of the others what says that there are none."""
    found: dict[str, Any] = {}
    for choice, table in CHOICES.items():
        own = table.get(str(settings.get(choice, DEFAULT[choice])))
        if own is not None:
            found |= {name: own.get(name, ABSENT.get(name)) for name in fields_of(choice)}
    return found


def replace_settings(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings `given` in place of those of `base`.

    Where they name another optimizer or schedule, it comes with its own: those of the base's do not apply to it.
    """
    left = dict(base)
    for choice in CHOICES:
        if choice in given and given[choice] != base.get(choice, DEFAULT[choice]):
            left = {name: value for name, value in left.items() if name not in fields_of(choice)}
    return left | dict(given)


def check_choices(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for a setting that the optimizer or the schedule does not have, or lacks."""
    for choice, table in CHOICES.items():
        name = settings[choice]
        for field in fields_of(choice):
            flag, value = spelled(field), settings[field]
            if field in table[name]:
                if value is None:
                    raise UsageError(
                        f"{flag}: given none, but {choice} {name} needs it; its default is {owners(field)}"
                    )
            elif value != ABSENT.get(field):
                having = [other for other, own in table.items() if field in own]
                raise UsageError(
                    f"{flag}: given {str(value).lower()}, but {choice} {name} has no such setting; only "
                    f"{_listed(having)} {'has' if len(having) == 1 else 'have'} it"
                )
    if settings["nesterov"] and not settings["momentum"]:
        raise UsageError(
            f"{spelled('nesterov')}: given true with {spelled('momentum', 0)}, but it is a way to use momentum; "
            "leave it "
            "out"
        )


def describe_own(settings: Mapping[str, Any]) -> str | None:
    """A sentence for an optimizer other than the default one that is at its own learning rate, otherwise None."""
    name = settings["optimizer"]
    own = OPTIMIZERS[name]
    if name == DEFAULT["optimizer"] or settings["learning_rate"] != own["learning_rate"]:
        return None
    values = ", ".join(f"{field.replace('_', ' ')} {str(settings[field]).lower()}" for field in own)
    return f"optimizer {name} at its own learning rate: {values}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
