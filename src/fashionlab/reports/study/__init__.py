"""The page of a study or a comparison, from its summary: facts in, one HTML file out."""

from fashionlab.reports.study.produce import produce_study_page, render_study
from fashionlab.reports.study.report import StudyReport, VerdictInWords, report_of
from fashionlab.reports.study.text import study_table

__all__ = ["StudyReport", "VerdictInWords", "produce_study_page", "render_study", "report_of", "study_table"]
