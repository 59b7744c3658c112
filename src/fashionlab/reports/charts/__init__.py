"""Charts of the page: display objects made from plain numbers, drawn as inline SVG without any library.

One contract for all of them (`Chart`): a title, a sentence for who cannot see it, axes with units, and `svg()`. Colours
come from the page's style sheet by class, so that a chart follows light, dark and print; text from users is escaped.
"""

from fashionlab.reports.charts.axes import Chart
from fashionlab.reports.charts.dots import PointMap, ReferenceDots
from fashionlab.reports.charts.lines import Lines, Series
from fashionlab.reports.charts.reliability import ReliabilityDiagram

__all__ = ["Chart", "Lines", "PointMap", "ReferenceDots", "ReliabilityDiagram", "Series"]
