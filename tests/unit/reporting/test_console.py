from __future__ import annotations

import io

import pytest
from rich.console import Console

from ldn_spark.errors import UsageError
from ldn_spark.reporting.captions import NUMBERS
from ldn_spark.reporting.console import print_tables
from tests.unit.reporting.paper_like import changed, paper_like_results


def printed(results, definition, width=100, **more):
    stream = io.StringIO()
    print_tables(Console(file=stream, width=width), results, definition, **more)
    return stream.getvalue()


def test_tables_1_to_4_by_default(definition, results):
    text = printed(results, definition)
    for number in (1, 2, 3, 4):
        assert f"Table {number}. " in text
    assert "Table 5. " not in text
    assert "(6.4 to 21.1)" in text
    assert "2\u202f865" in text


def test_any_table_on_request_fits_100_columns(definition, results):
    text = printed(results, definition, which=tuple(NUMBERS))
    assert max(map(len, text.splitlines())) <= 100
    assert "…" not in text
    for number in range(1, 11):
        assert f"Table {number}. " in text


def test_reasons_stand_below(definition):
    text = printed(paper_like_results(definition, used=0), definition)
    assert "–ᵃ" in text
    assert "ᵃ nobody used it in either period" in text


def test_labels_are_no_markup(definition, results):
    outcomes = definition.model_dump(mode="json")["outcomes"]
    outcomes[0]["label"] = "[red]All[/red]"
    assert "[red]All[/red]" in printed(results, changed(definition, "outcomes", outcomes))


def test_unknown_names_are_told(definition, results):
    with pytest.raises(UsageError, match="table9: there is no such table; known: table1"):
        printed(results, definition, which=("table9",))
    with pytest.raises(UsageError, match="women: there is no such subgroup; the study has none"):
        printed(results, definition, subgroup="women")
