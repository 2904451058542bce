from __future__ import annotations

import pytest

from ldn_spark.estimates.results import Results
from ldn_spark.papers.compare.comparison import Comparison, compare
from ldn_spark.papers.reading import read_published
from ldn_spark.papers.values import Published
from ldn_spark.study.definition import StudyDefinition
from tests.unit.papers.registry import PAPER, paper_results, paper_study


@pytest.fixture(scope="session")
def study() -> StudyDefinition:
    return paper_study()


@pytest.fixture(scope="session")
def published(study) -> Published:
    return read_published(PAPER, study)


@pytest.fixture(scope="session")
def results(study) -> Results:
    return paper_results(study)


@pytest.fixture(scope="session")
def comparison(published, results, study) -> Comparison:
    return compare(published, results, study)
