from __future__ import annotations

import pytest

from ldn_spark.estimates.results import Results
from ldn_spark.study.definition import StudyDefinition
from tests.unit.reporting.paper_like import PROVENANCE, paper_like_results, study_named
from tests.unit.reporting.written import publish


@pytest.fixture(scope="session")
def definition() -> StudyDefinition:
    return study_named("ldn_2013")


@pytest.fixture(scope="session")
def results(definition) -> Results:
    return paper_like_results(definition)


@pytest.fixture(scope="session")
def published(definition, results, tmp_path_factory):
    """A folder with everything."""
    folder = tmp_path_factory.mktemp("published")
    publish(
        results,
        definition,
        folder,
        provenance=PROVENANCE,
        study_hash="0f" * 32,
        software_version="0.1.0",
    )
    return folder
