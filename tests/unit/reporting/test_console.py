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


@pytest.mark.parametrize("width", [60, 80, 100])
def test_any_table_on_request_fits_a_terminal(definition, results, width):
    text = printed(results, definition, width, which=tuple(NUMBERS))
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    for number in range(1, 11):
        assert f"Table {number}. " in text


@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_is_cut_within_a_word_or_number(definition, results, width):
    wide = printed(results, definition, 400, which=tuple(NUMBERS))
    narrow = printed(results, definition, width, which=tuple(NUMBERS))

    def words(text):
        return {word for word in text.split() if set(word) != {"─"}}

    assert words(narrow) == words(wide)


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
