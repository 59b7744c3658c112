"""Pages of studies that were never trained, written once."""

import pytest
from study_samples import CASES

from fashionlab.reports.study import produce_study_page


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """name of a case -> its summary with the path of its `page`."""
    made = {}

    def page(name):
        if name not in made:
            summary, pictures = CASES[name]()
            path = produce_study_page(tmp_path_factory.mktemp("study"), summary, pictures)
            made[name] = summary | {"page": str(path)}
        return made[name]

    return page
