from __future__ import annotations

import pytest
from paper_like import paper_like_results

from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.documents import find_document, read_document


@pytest.fixture(scope="session")
def definition() -> StudyDefinition:
    return read_document(find_document("ldn_2013", "studies"), StudyDefinition)


@pytest.fixture(scope="session")
def results(definition: StudyDefinition) -> Results:
    return paper_like_results(definition)
