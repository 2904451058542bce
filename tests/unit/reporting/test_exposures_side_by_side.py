"""The example of the documentation, by the reference model: what is published of each exposure."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from ldn_spark.catalogue.designs import table_of, with_exposure
from ldn_spark.errors import ResultsError
from ldn_spark.estimates.attrition import attrition_steps
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.figures import canvas, exposures
from ldn_spark.reporting.office.run_tables import Export
from ldn_spark.reporting.office.xlsx import sheet_names
from ldn_spark.reporting.publication import CohortFound, Publication, analyse_moments, make_here
from ldn_spark.reporting.result_files import load_results
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.documents import read_document
from tests.reference_sums import answer, rows_of
from tests.unit.reporting.paper_like import changed

EXAMPLE = Path(__file__).parents[3] / "docs" / "active_comparator.yaml"
STARTED = ("N07BB04", "N06AX21", "N06AA09")  # nobody starts pregabalin
LINES = {"provenance": {"invented": True}, "study_hash": "0" * 64, "software_version": "1"}


def register():
    """Three hundred persons, each with one to three of the drugs and some analgesics."""
    chance, rows = Random(1), []

    def dispensed(person, atc, day, ddd):
        rows.append(
            dict.fromkeys(("reimbursement_icd", "reimbursement_icpc", "packages"))
            | {"person_key": person, "dispensed_on": day, "year": day.year, "atc": atc}
            | {"ddd": Decimal(ddd), "product_number": "971001" if atc == STARTED[0] else "000001"}
        )

    for person in range(300):
        for drug in chance.sample(STARTED, chance.choice((1, 1, 2, 3))):
            start = date(2013, 1, 1) + timedelta(chance.randrange(365))
            for again in range(chance.choice((1, 1, 2, 4))):
                dispensed(person, drug, start + timedelta(28 * again), 14)
        for _ in range(chance.randrange(6)):
            day = date(2012, 3, 1) + timedelta(chance.randrange(900))
            dispensed(person, chance.choice(("N02AA01", "M01AE01")), day, chance.randrange(5, 60))
    persons = {
        person: {"sex": "FM"[person % 2], "birth_year": 2001 - person % 40} for person in range(300)
    }
    return rows, persons


def found(study, products, rows, persons):
    """What a run of one exposure alone finds."""
    said = answer(study, products, rows, persons)
    counted = [
        {"persons": 1} | {name: one[name] for name in ("steps_passed", "atc_records")}
        | {"product_records": one["product_records"]}
        for one in said["candidates"].values()
    ]  # fmt: skip
    steps = attrition_steps(
        study,
        delivered=len(rows),
        accepted=len(rows),
        persons=len(persons),
        counted=counted,
        undelivered=(),
    )
    return CohortFound(rows_of(said), steps)


@pytest.fixture(scope="module")
def study():
    return read_document(EXAMPLE, StudyDefinition)


@pytest.fixture(scope="module")
def of_each(study):
    world = register()
    products = {"study": ("971001",)}
    return {
        name: found(study.as_exposure(name), products.get(name), *world)
        for name in ("study", *(one.id for one in study.exposures))
    }


def publication(study, own, others=()):
    return Publication(study, own.moments, own.attrition, others=dict(others), **LINES)


@pytest.fixture(scope="module")
def whole(study, of_each):
    others = {name: one for name, one in of_each.items() if name != "study"}
    return publication(study, of_each["study"], others)


@pytest.fixture(scope="module", autouse=True)
def no_pictures():
    """Drawn elsewhere; here they cost time alone."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(canvas, "to_svg", lambda figure: b"<svg ></svg>")
        patched.setattr(canvas, "to_png", lambda figure: b"")
        yield


@pytest.fixture(scope="module")
def made(whole):
    return make_here(whole)()


def rows_in(files, name):
    return list(csv.DictReader(io.StringIO(files[name].decode())))


@pytest.mark.parametrize("exposure", ["study", "duloxetine", "amitriptyline", "pregabalin"])
def test_its_files_are_those_of_a_study_of_it_alone(study, of_each, made, exposure):
    alone = make_here(publication(study.as_exposure(exposure), of_each[exposure]))().contents
    mine = made.contents
    folder = "tables/" if exposure == "study" else f"tables/{exposure}/"
    for name, content in alone.items():
        if name.startswith("tables/"):
            assert mine[folder + name.removeprefix("tables/")] == content, name
    cohort = str(["study", "duloxetine", "amitriptyline", "pregabalin"].index(exposure) + 1)
    expected = [
        row | {"table": with_exposure(row["table"], exposure)}
        for row in rows_in(alone, "estimates.csv")
    ]
    assert [
        row for row in rows_in(mine, "estimates.csv") if is_of(row["table"], exposure)
    ] == expected
    if exposure == "study":  # no other has curves
        assert mine["curves.csv"] == alone["curves.csv"]
    expected = [row | {"cohort_definition_id": cohort} for row in rows_in(alone, "attrition.csv")]
    ours = rows_in(mine, "attrition.csv")
    assert [row for row in ours if row["cohort_definition_id"] == cohort] == expected


def is_of(name, exposure):
    return ("@exposure:" not in name) if exposure == "study" else name.endswith(f":{exposure}")


def test_the_finished_folder_is_read_back(tmp_path, study, whole, made):
    for name in ("estimates.csv", "curves.csv", "attrition.csv"):
        (tmp_path / name).write_bytes(made.contents[name])
    results = analyse_moments(whole)
    again = load_results(tmp_path, study).of_lake(invented=True, turned_away=())
    assert again == results
    name = with_exposure(table_of("users", "landmark"), "duloxetine")
    value = results.value(name, "once", "all", "users_after")
    assert value == results.others["duloxetine"].of_design("landmark").value(
        "users", "once", "all", "users_after"
    )
    assert value
    with pytest.raises(ResultsError, match=r"exposures that study .* does not: amitriptyline, dul"):
        load_results(tmp_path, changed(study, "exposures", []))


def test_each_has_a_row_with_its_numbers(study, whole):
    results = analyse_moments(whole)
    total, flow, others = exposure_tables(study, results)
    rows = {row.label: row for row in total.rows()}
    assert list(rows) == ["LDN", "DUL", "AMI", "PGB"]
    heads = [": ".join(column.headers) for column in total.columns]
    did = "Difference-in-differences, one dispense − two or more dispenses"
    dul = dict(zip(heads, rows["DUL"].cells, strict=True))
    of = results.others["duloxetine"]
    assert dul["Patients: One dispense"].parts == (str(of.value("cohort", "once", "", "persons")),)
    assert dul["Users, all patients: Before: N"].parts == (
        str(of.value("users", "overall", "all", "users_before")),
    )
    estimate = of.value("did_ddd", "once-more", "all", "estimate")
    assert dul[f"{did}: Dose (DDD): Estimate"].parts == (f"{estimate:.1f}",)
    assert [section.key for section in others.sections] == ["opioids", "nsaids"]
    left = {row.label: [cell.text for cell in row.cells] for row in flow.rows()}
    assert [column.headers[1] for column in flow.columns] == [
        "Its ATC codes",
        "Its product numbers",
        "Wash-out",
        "Aged 18 or more when the drug was started",
    ]
    assert left["DUL"][1] == ""
    assert left["PGB"] == ["0", "", "0", "0"]
    assert left["DUL"][-1] == str(of.value("cohort", "overall", "", "persons"))


def test_an_empty_cohort_is_said_and_stops_nothing(study, whole, made):
    (total, *_) = exposure_tables(study, analyse_moments(whole))
    pgb = next(row for row in total.rows() if row.label == "PGB")
    assert [cell.text for cell in pgb.cells[:3]] == ["0", "0", "0"]
    assert {cell.reason for cell in pgb.cells if cell.text == "–"} == {
        "no persons",
        "a group has no persons",
    }
    step = "nobody is left after the step “Collected N03AX16 in 2013”"
    assert f"PGB: {step}." in total.notes
    assert f"the cohort of PGB is empty: {step}" in made.warnings
    assert f"The cohort is empty: {step}." in made.contents["results.md"].decode()


def test_the_page_says_what_the_rows_are_not(study, whole, made):
    page = made.contents["report.html"].decode()
    section = page.split('<section id="other-exposures">')[1].partition("</section>")[0]
    assert "A patient may be in several cohorts" in section
    assert "the rows are not independent, and no test compares them" in section
    assert '<figure id="figure5">' in section
    for table in ("exposures", "exposures_flow", "exposures_outcomes"):
        assert f'id="{table}"' in section
    assert "amitriptyline (AMI; ATC N06AA09)" in page
    assert "LDN×" not in "".join(
        content.decode() for name, content in made.contents.items() if "tables/dulox" in name
    )
    assert set(re.findall(r"DUL×\d", made.contents["tables/duloxetine/table2.md"].decode()))


def test_programs_find_each_by_its_settings(made):
    rows = rows_in(made.contents, "summarised_result.csv")
    settings = [row for row in rows if row["variable_name"] == "settings"]
    of = {
        exposure: {
            row["result_id"]
            for row in settings
            if (row["estimate_name"], row["estimate_value"]) == ("exposure", exposure)
        }
        for exposure in ("duloxetine", "amitriptyline", "pregabalin")
    }
    assert {len(ids) for ids in of.values()} == {11 + 9 + 1}  # tables, those of a design, attrition
    names = {row["group_level"] for row in rows if row["result_id"] in of["duloxetine"]}
    assert names == {"overall", "DUL", "DUL &&& women"}


def test_more_rows_than_can_be_looked_at_are_no_figure(monkeypatch, study, whole):
    results = analyse_moments(whole)
    assert exposures.FIGURE.is_drawn(study, results)
    monkeypatch.setattr(exposures, "MOST_ROWS", 3)
    assert not exposures.FIGURE.is_drawn(study, results)


def test_an_export_has_every_table_under_a_name_of_its_own(study, whole, made):
    tables = Export(study, analyse_moments(whole), "0" * 64, "1").tables
    files = [path for path in made.contents if path.startswith("tables/") and path.endswith(".csv")]
    numbers = [table.number for table in tables]
    assert len(set(numbers)) == len(numbers) == len(files)
    names = sheet_names(numbers)
    assert len({name.casefold() for name in names}) == len(names)
    assert max(map(len, names)) <= 31
