"""A study's summary as one HTML file that needs nothing else."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionlab.reports import sprite
from fashionlab.reports.run.render import page_environment, page_text
from fashionlab.reports.study import charts
from fashionlab.reports.study.answer import answer
from fashionlab.reports.study.confirmation import confirmation
from fashionlab.reports.study.effects import accuracies, facts, secondary, troubles
from fashionlab.reports.study.guarantee import guarantee
from fashionlab.reports.study.models import MOST_PICTURES, models
from fashionlab.reports.study.named import named
from fashionlab.reports.study.words import plain, signed


def render_study(summary: Mapping[str, Any], pictures: np.ndarray | None = None) -> bytes:
    """The page, UTF-8.

    summary: what the study wrote as `summary.json`; pictures: uint8 [n, side, side], one for each of the comparison's
    `all_wrong`, or None where there are none. Everything is escaped: names of arms and classes are users' text.
    """
    from markupsafe import Markup

    def drawn(*shown: Any) -> Markup:
        return Markup("".join(chart.svg() for chart in shown))

    summary = named(summary)
    if pictures is not None:
        pictures = pictures[:MOST_PICTURES]
    environment = page_environment()
    environment.filters |= {"signed": signed, "plain": plain}
    text = environment.get_template("study.html").render(
        s=summary,
        answer=answer(summary),
        facts=facts(summary),
        accuracies=accuracies(summary),
        secondary=secondary(summary),
        troubles=troubles(summary),
        test=confirmation(summary),
        models=models(summary),
        guarantee=guarantee(summary),
        forest=drawn(*charts.draw_forest(summary)),
        strips=[drawn(strip) for strip in charts.draw_strips(summary)],
        drawn=[[drawn(chart) for chart in charts.draw_arm(summary, arm)] for arm in summary["arms"]],
        trade_off=drawn(*charts.draw_trade_off(summary)),
        columns=sprite.COLUMNS,
        sprite=None if pictures is None or not len(pictures) else sprite.data_uri(sprite.make_sprite(pictures)),
        style=Markup(page_text("style.css") + page_text("study.css")),
    )
    return text.encode()
