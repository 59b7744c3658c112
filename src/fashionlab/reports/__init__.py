"""Reports: what a run looks like, from plain data that somebody else computed."""

from fashionlab.reports.run.figures import draw_run, draw_samples, has_figures

__all__ = ["draw_run", "draw_samples", "has_figures"]
