"""The colours of all figures and pages by their roles, for light and for dark.

Figures are drawn in the light colours. Every role has a colour of its own, so that an SVG's colours can be turned back
into roles (`svg.py`): on a page they become CSS variables, and the page decides between light, dark and paper.

Hues are Okabe and Ito's (jfly.uni-koeln.de/color), which people with any common colour blindness tell apart, darkened
until text in them meets WCAG AA. Training is always blue, validation vermilion; correct is blue, wrong is orange.
"""

LIGHT = {
    "paper": "#ffffff", "quiet": "#f5f6f8", "ink": "#1b2029", "muted": "#56606f", "rule": "#d9dde4",
    "training": "#0072b2", "validation": "#c04f00",
    "third": "#00805f", "fourth": "#9c4f86", "fifth": "#7a6200", "sixth": "#4a5bb5",
    "correct": "#6fb3e0", "wrong": "#ea8540", "cell-ink": "#14161a",
    "class-0": "#1170b8", "class-1": "#8c8c8c", "class-2": "#d55e00", "class-3": "#009e73", "class-4": "#cc79a7",
    "class-5": "#56b4e9", "class-6": "#e69f00", "class-7": "#7b61c9", "class-8": "#a3a500", "class-9": "#8c564b",
}  # fmt: skip

DARK = {
    "paper": "#12151b", "quiet": "#1a1e26", "ink": "#e9ecf1", "muted": "#a7b1c0", "rule": "#333b48",
    "training": "#5cb8ee", "validation": "#f59a56",
    "third": "#3fc79c", "fourth": "#dd9cc9", "fifth": "#dcc85a", "sixth": "#a3aef5",
    "correct": "#0b5f99", "wrong": "#a84a0c", "cell-ink": "#f2f4f7",
    "class-0": "#3f9ae0", "class-1": "#9aa0a6", "class-2": "#f0803c", "class-3": "#2bc39a", "class-4": "#e09ac2",
    "class-5": "#9fdcff", "class-6": "#f2b731", "class-7": "#a18bf0", "class-8": "#c4c93a", "class-9": "#c08a7c",
}  # fmt: skip

PAPER, QUIET, INK, MUTED, RULE = (LIGHT[role] for role in ("paper", "quiet", "ink", "muted", "rule"))
TRAINING, VALIDATION = LIGHT["training"], LIGHT["validation"]
CORRECT, WRONG, CELL_INK = LIGHT["correct"], LIGHT["wrong"], LIGHT["cell-ink"]

SERIES = tuple(LIGHT[role] for role in ("training", "validation", "third", "fourth", "fifth", "sixth"))
"""For curves and points that have no role, in this order, then from the beginning."""

CLASSES = tuple(LIGHT[f"class-{k}"] for k in range(10))
"""For classes, by their number; with more than ten they repeat."""

VERDICTS = {
    "helps": TRAINING,
    "hurts": VALIDATION,
    "no practical difference": LIGHT["fourth"],
    "undecided": MUTED,
}
"""By the word of a verdict."""


def style_sheet() -> str:
    """The roles as CSS variables: light, and dark on a screen that is; paper is always light."""

    def block(colours: dict[str, str]) -> str:
        return "".join(f"--{role}: {colour}; " for role, colour in colours.items()).rstrip()

    return (
        f":root {{ {block(LIGHT)} }}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {block(DARK)} }} }}\n"
    )
