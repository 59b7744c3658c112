"""Pictures of a run, each drawn from plain arrays: a function returns a matplotlib Figure, `save` writes it.

Importing this package loads no matplotlib; drawing does, by its object interface (no pyplot, no display, no global
state that outlives a call).
"""

from fashionlab.reports.drawings.activations import activations_figure
from fashionlab.reports.drawings.confusion import confusion_figure
from fashionlab.reports.drawings.curves import learning_curves
from fashionlab.reports.drawings.mistakes import mistakes_figure
from fashionlab.reports.drawings.samples import sample_grid
from fashionlab.reports.drawings.saving import save
from fashionlab.reports.drawings.style import styled

__all__ = [
    "activations_figure",
    "confusion_figure",
    "learning_curves",
    "mistakes_figure",
    "sample_grid",
    "save",
    "styled",
]
