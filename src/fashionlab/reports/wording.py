"""Numbers, settings and plurals for people: how every page, table and line writes them.

Nothing here knows of runs or studies, and nothing is imported that takes time.
"""

import math
from collections.abc import Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
NONE = "–"
"""What stands where there is no number."""


def plain(value: float | None, digits: int = 2) -> str:
    """A number without a plus sign: "90.41", "−0.30", "1,230.00"; a dash for none."""
    return NONE if value is None else f"{value:,.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 2) -> str:
    """A number with its sign: "+0.52", "−0.64", "0.00"; a dash for none."""
    if value is None:
        return NONE
    text = f"{abs(value):.{digits}f}"
    return text if not float(text) else (MINUS if value < 0 else "+") + text


def brief(value: float | None) -> str:
    """A signed number in three figures, whatever its size: "−0.0123", "+4.2", "+1,230"; a dash for none."""
    if value is None:
        return NONE
    size = abs(value)
    text = f"{size:,.0f}" if size >= 100 else f"{size:.3g}" if size >= 0.001 or not size else f"{size:.1e}"
    return text if not value else (MINUS if value < 0 else "+") + text


def percent(fraction: float | None, digits: int = 1) -> str:
    """A fraction as a percentage: "89.9 %", with a space that does not break; a dash for none."""
    return NONE if fraction is None else f"{100 * fraction:.{digits}f}{SPACE}%"


def with_interval(value: float, low: float, high: float) -> str:
    """A fraction with the ends of its interval: "90.31 % (89.7 to 90.9)"."""
    return f"{percent(value, 2)} ({plain(100 * low, 1)} to {plain(100 * high, 1)})"


def certainty(probability: float) -> str:
    """A probability of a softmax as a percentage, never rounded up to certainty: "97.2 %", "> 99.9 %"."""
    return f"> 99.9{SPACE}%" if probability > 0.999 else percent(probability)


def digits_beside(values: Sequence[float], marks: Sequence[float]) -> int:
    """Decimals, 2 to 6, with which no value that is above or below a mark looks as if it were on or across it."""
    for digits in range(2, 6):
        pairs = [(value, round(value, digits), mark) for value in values for mark in marks]
        if all((value > mark) == (shown > mark) and (value < mark) == (shown < mark) for value, shown, mark in pairs):
            return digits
    return 6


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """ "1 seed", "1,200 seeds", "no seed"; plural: where it is not the noun with an s."""
    return f"no {noun}" if n == 0 else f"1 {noun}" if n == 1 else f"{n:,} {plural or noun + 's'}"


def ranges(numbers: Sequence[int]) -> str:
    """Ascending whole numbers, in words: "0 to 4, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def start_text(study: str, arm: str) -> str:
    """Where the runs of a study start that goes on from an arm of an earlier one."""
    return (
        f"each run starts from the weights of the run of {arm!r} with its seed in study {study}, and has the split of "
        "that run"
    )


def parameters_text(parameters: int, trainable: int | None) -> str:
    """How large a model is: "50,890 parameters (650 trainable)". trainable: None where it is not known."""
    some = "" if trainable in (None, parameters) else f" ({trainable:,} trainable)"
    return f"{counted(parameters, 'parameter')}{some}"


def kind_text(continued: bool, refit: bool) -> str:
    """What distinguishes a run from a plain one, " (continued, refit)"; empty for a plain one."""
    words = [word for word, holds in (("continued", continued), ("refit", refit)) if holds]
    return f" ({', '.join(words)})" if words else ""


def times(n: int) -> str:
    """ "once", "3 times", "never"."""
    return "never" if n == 0 else "once" if n == 1 else f"{n:,} times"


def confidence(alpha: float) -> str:
    """1 - alpha as a percentage, rounded down to a tenth, so that it never claims too much: "96 %", "98.8 %"."""
    return f"{_permille(alpha) / 10:g}{SPACE}%"


def odds(alpha: float) -> str:
    """How often a study made alike is wrong, rounded up: "1 in 100", "14 in 1,000"."""
    wrong = 1000 - _permille(alpha)
    return f"{wrong // 10} in 100" if wrong % 10 == 0 else f"{wrong} in 1,000"


def _permille(alpha: float) -> int:
    # The tiny addend keeps 1 - 0.008, in floating point a hair below 0.992, from becoming 99.1 %.
    return math.floor(1000 * (1 - alpha) + 1e-6)


def p_value(p: float | None) -> str:
    """A p-value in two figures: "0.032", "< 0.0001"; a dash for none."""
    if p is None:
        return NONE
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}" if p < 0.995 else f"{p:.2f}"


def duration(seconds: float | None) -> str:
    """A time that was measured, in the unit that suits it: "9.3 s", "12.0 min", "2.5 h"; a dash for none."""
    if seconds is None:
        return NONE
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def countdown(seconds: float) -> str:
    """A time that is expected, in whole seconds: "42 s", "3 min 05 s", "1 h 02 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def milliseconds(value: float | None) -> str:
    """A short time: "0.42 ms", "38 ms", "1.2 s"; a dash for none."""
    if value is None:
        return NONE
    if value >= 1000:
        return f"{value / 1000:.1f}{SPACE}s"
    return f"{value:.2g}{SPACE}ms" if value < 10 else f"{value:.0f}{SPACE}ms"


def size(n: int | None) -> str:
    """Bytes: "412 kB", "3.4 MB"; a dash for none."""
    if n is None:
        return NONE
    return f"{n / 1e3:,.0f}{SPACE}kB" if n < 1e6 else f"{n / 1e6:,.1f}{SPACE}MB"


def setting_text(setting: str) -> str:
    """A setting's name: "batch norm"."""
    return setting.replace("_", " ")


def value_text(value: Any) -> str:
    """A setting's value: "256-128", "on", "none"."""
    if isinstance(value, (list, tuple)):
        return "-".join(value_text(each) for each in value) or "none"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)
