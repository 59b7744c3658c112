"""Pictures of a run, each drawn from plain arrays: a function returns a matplotlib Figure, `save` writes it.

Importing this package loads no matplotlib; drawing does, by its object interface (no pyplot, no display, no global
state that outlives a call).
"""

from fashionlab.reports.figures.confusion import confusion_figure
from fashionlab.reports.figures.curves import learning_curves
from fashionlab.reports.figures.samples import sample_grid
from fashionlab.reports.figures.saving import save

__all__ = ["confusion_figure", "learning_curves", "sample_grid", "save"]
