"""Figures, each drawn once: for the page, as a file, in a notebook.

A function takes plain arrays and returns a `Display`. Importing this package loads no matplotlib; drawing does, by its
object interface (no pyplot, no state that outlives a call).
"""

from fashionlab.reports.figures.canvas import styled
from fashionlab.reports.figures.display import Display
from fashionlab.reports.figures.palette import style_sheet

__all__ = ["Display", "style_sheet", "styled"]
