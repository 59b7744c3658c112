"""The charts of a study's page, from its summary."""

from collections.abc import Mapping
from typing import Any

from fashionlab.reports.study.forest import Forest, Strip, effect_axis
from fashionlab.reports.study.pairs import Pairs
from fashionlab.reports.study.shrinking import Shrinking
from fashionlab.reports.study.trade_off import TradeOff


def draw_forest(summary: Mapping[str, Any]) -> list[Forest]:
    """The forest plot, for wide screens and for phones."""
    arms = [(arm["title"], arm["verdict"]) for arm in summary["arms"]]
    return [Forest("Effects of all arms", arms, summary["margin"], narrow) for narrow in (False, True)]


def draw_strips(summary: Mapping[str, Any]) -> list[Strip]:
    """A strip for every card, on one scale."""
    axis = effect_axis([arm["verdict"] for arm in summary["arms"]], summary["margin"])
    return [Strip(arm["title"], arm["verdict"], axis) for arm in summary["arms"]]


def draw_arm(summary: Mapping[str, Any], arm: Mapping[str, Any]) -> tuple[Shrinking, Pairs]:
    """What was known after every seed, and the pairs."""
    verdict, title = arm["verdict"], arm["title"]
    settled = (verdict["settled_at"], verdict["said"]) if verdict["settled_at"] else None
    return (
        Shrinking(f"{title}: the interval, seed by seed", arm["trajectory"], verdict["margin"], settled),
        Pairs(f"{title}: every pair", arm["pairs"], summary["baseline"]["name"], arm["name"]),
    )


def draw_trade_off(summary: Mapping[str, Any]) -> list[TradeOff]:
    """Accuracy against training time, for wide screens and for phones; nothing for a study of one model."""
    if summary["compare"] is None:
        return []
    models = summary["compare"]["models"]
    return [TradeOff("Accuracy against training time", models, narrow) for narrow in (False, True)]
