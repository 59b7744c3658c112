"""The page of a study or a comparison, from its summary: plain data in, one HTML file out."""

from fashionlab.reports.study.produce import produce_study_page
from fashionlab.reports.study.render import render_study
from fashionlab.reports.study.table import study_table

__all__ = ["produce_study_page", "render_study", "study_table"]
