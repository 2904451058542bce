"""Every quantity is in the catalogue as it is computed, and every printed cell leads to it."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import product

import pytest

from ldn_spark.catalogue.lookup import BY_NAME, need
from ldn_spark.catalogue.tables import TABLES
from ldn_spark.estimates.analysis import _Writer
from ldn_spark.estimates.doses import UnknownDoses
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.columns_page import general, renewed
from ldn_spark.reporting.formulas import formulas
from ldn_spark.reporting.publication import analyse_moments, make_here
from ldn_spark.reporting.tables import all_tables
from ldn_spark.reporting.writers import table_csv
from ldn_spark.study import choices
from tests.unit.reporting.paper_like import changed, study_named
from tests.unit.reporting.publications import small_publication
from tests.unit.test_package import PROJECT

QUANTITIES = [(table, one) for table in TABLES for one in table.quantities]


@pytest.fixture(scope="module")
def publication():
    return small_publication(study_named("ldn_2013"))


@pytest.fixture(scope="module")
def found(publication):
    return analyse_moments(publication)


def test_what_is_estimated_is_in_the_catalogue_in_the_same_order(found):
    for table in TABLES:
        mine = (e.quantity for e in found.estimates if e.table == table.name)
        expected = [one.name for one in table.quantities] if table.in_estimates else []
        assert list(dict.fromkeys(mine)) == expected, table.name


def test_a_value_is_of_the_type_that_is_said(found):
    for one in found.estimates:
        if one.value is not None:
            assert type(one.value) is need(one.table, one.quantity).type, (one.table, one.quantity)


def test_a_number_belongs_to_what_is_said(publication, found):
    study = publication.study
    places = {
        "stratum": {level.id for level in study.strata.levels} | {"overall"},
        "contrast": {contrast.id for contrast in study.contrasts},
        "overall": {"overall"},
    }
    for table in TABLES:
        mine = [e for e in found.estimates if e.table == table.name and "/" not in e.stratum]
        strata = {name for per in table.per for name in places[per]}
        assert {e.stratum for e in mine} == (strata if table.in_estimates else set())
        assert all(bool(e.outcome) == table.has_outcome for e in mine)


@pytest.mark.parametrize(("table", "quantity"), [(t.name, q.name) for t, q in QUANTITIES])
def test_every_record_says_what_it_is_and_what_computes_it(table, quantity):
    record = need(table, quantity)
    assert record.words
    if record.type is float:
        assert record.formula
        assert record.computed_by
    if record.computed_by:
        module, *names = _module(record.computed_by.split("."))
        for name in names:
            module = getattr(module, name)


def _module(parts):
    for room, end in product(("ldn_spark", "ldn_spark.estimates"), range(len(parts), 0, -1)):
        try:
            return [import_module(".".join([room, *parts[:end]])), *parts[end:]]
        except ModuleNotFoundError:
            continue
    raise AssertionError(f"there is no {'.'.join(parts)}")


def test_names_are_unique():
    names = [(table.name, one.name) for table, one in QUANTITIES]
    assert len(names) == len(set(names))
    assert len(BY_NAME) == len(TABLES)


def test_the_page_is_made_of_the_catalogue():
    page = (PROJECT / "docs" / "estimates.md").read_text(encoding="utf-8")
    assert renewed(page) == page, "python -m ldn_spark.reporting.columns_page docs/estimates.md"
    anchors = re.findall(r'<a id="([^"]+)">', page)
    assert anchors == [f"{table.name}.{one.name}" for table, one in QUANTITIES]
    with pytest.raises(ValueError, match="needs the lines"):
        renewed("a page without marks")


def test_every_column_of_numbers_of_a_printed_csv_is_on_the_page(publication, found):
    page = (PROJECT / "docs" / "estimates.md").read_text(encoding="utf-8")
    study = publication.study
    for table in all_tables(study, found):
        _, heading, rest = page.partition(f"### `tables/{table.id}.csv`\n")
        assert heading, table.id
        told = re.findall(r"^\| `([^`]+)` \|", rest.partition("\n### ")[0], re.MULTILINE)
        names = [name for column in table.columns for name in column.names]
        assert {general(study, name) for name in names} == set(told), table.id
        assert f"{','.join([*table.key_names, *names])},not_estimable\n" in table_csv(table)


def test_every_printed_number_leads_to_its_formula(publication, found):
    """Every cell has quantities, and each stands at the head of its column or row."""
    tables = all_tables(publication.study, found)
    needed = formulas(publication.study, tables)
    for table in tables:
        for row in table.rows():
            for cell, of in zip(row.cells, table.of_columns, strict=True):
                assert cell.of or not cell.text, (table.id, row.key)
                assert set(cell.of) <= {*of, *table.of_row(row)}, (table.id, row.key)
                assert all(needed.links((name,)) for name in cell.of)
    assert len(tables) > 8


def test_links_and_formulas_of_the_report_belong_together(publication):
    page = make_here(publication)().contents["report.html"].decode("utf-8")
    links = set(re.findall(r'class="formula" href="#([^"]+)"', page))
    annex = page[page.index('<section id="formulas">') :]
    assert links == set(re.findall(r'<tr id="([^"]+)"', annex))
    assert {"cohort.persons", "users.ci_low", "ddd.mean_before", "did_users.p_holm"} <= links
    assert "trend_ddd.estimate" in links


CHOSEN = [
    ("paired_proportion_interval", choices.PAIRED_INTERVALS, ("users", "ci_low")),
    ("mcnemar", choices.MCNEMAR, ("users", "p")),
    ("did_mean_variance", choices.MEAN_VARIANCES, ("did_ddd", "ci_low")),
]


@pytest.mark.parametrize(
    ("key", "name", "records", "quantity"),
    [(key, name, records, quantity) for key, records, quantity in CHOSEN for name in records],
)
def test_a_formula_is_that_of_the_chosen_method(key, name, records, quantity):
    study = changed(study_named("ldn_2013"), f"statistics.{key}", name)
    needed = formulas(study, all_tables(study, Results((), (), ())))
    formula = needed.by_name[quantity]
    assert records[name].words in formula.said.words
    assert records[name].formula in formula.said.formula
    assert formula.names[0] == ".".join(quantity)


@pytest.mark.parametrize("name", [("users", "shares"), ("use", "share_before"), ("design", "x")])
def test_a_name_that_no_table_has_is_refused(name):
    with pytest.raises(LookupError, match=re.escape(".".join(name))):
        View(Results((), (), ())).get(name[0], "LDNx1", "", name[1])
    write = _Writer("", study_named("ldn_2013"), UnknownDoses({}))
    with pytest.raises(LookupError, match=re.escape(".".join(name))):
        list(write(name[0], "LDNx1", "", {name[1]: 1}))
