"""Writing a study's page beside its summary."""

from pathlib import Path

import numpy as np

from fashionlab.files import make_folder, write_atomically
from fashionlab.reports.study.render import render_study
from fashionlab.studies.summary import StudySummary

PAGE = "report/index.html"
"""The page's name in the study's folder."""


def produce_study_page(folder: Path, summary: StudySummary, images: np.ndarray | None = None) -> Path:
    """Write the page of the study in `folder`, whole or not at all, and return its path.

    summary, images: of `render_study`. May be called again at any time, also while the study runs. Raises StoreError
    where it cannot be written.
    """
    page = render_study(summary, images)
    make_folder((folder / PAGE).parent)
    write_atomically(folder / PAGE, page)
    return folder / PAGE
