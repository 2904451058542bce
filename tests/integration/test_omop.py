"""An OMOP CDM from its tables to a study's numbers: every line and every result by hand."""

from __future__ import annotations

import csv
import html
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.util import find_spec

import pyarrow as pa
import pytest
from pyarrow import csv as csv_reader
from pyarrow import parquet

from ldn_spark.cli.app import run
from ldn_spark.cli.finished import open_finished
from ldn_spark.delivery.omop.concepts import read_ddds, write_lookup
from ldn_spark.delivery.omop.vocabulary import find_drug_codes
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import Lake
from ldn_spark.runs.batch import Batch
from ldn_spark.runs.pipeline import run_study
from ldn_spark.runs.run import Run
from ldn_spark.runs.steps import cohort_stage
from ldn_spark.schemas import DISPENSINGS, OBSERVATION_PERIODS, PERSONS, REJECTED_DISPENSINGS
from ldn_spark.study.ids import STUDY
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import conf_folder
from tests.integration import tiny_cdm
from tests.registers import study_like

pytestmark = pytest.mark.nightly("spark")

REASON = "no DDD was delivered"
CONTRAST = "LDNx1-LDNx2+"


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Vocabularies, lookup, study and codelist."""
    root = tmp_path_factory.mktemp("omop")
    tiny_cdm.write_vocabularies(root / "vocabularies")
    (root / "ddd.csv").write_text(tiny_cdm.DDDS)
    (root / "study.yaml").write_text(tiny_cdm.STUDY, encoding="utf-8")
    (root / "ldn.csv").write_text(tiny_cdm.CODELIST)
    codes = find_drug_codes(root / "vocabularies")
    assert write_lookup(root / "concepts.csv", codes, read_ddds(root / "ddd.csv")) == 2
    tiny_cdm.write_cdm(root / "cdm")
    return root


@pytest.fixture(scope="module")
def taken_in(spark, inputs, tmp_path_factory):
    """The lake of an engine and the report of the ingest."""
    root = tmp_path_factory.mktemp("lake") / "lake"
    lookups = {"concepts": inputs / "concepts.csv"}
    return root, ingest(spark, root, [inputs / "cdm"], load_source("omop"), lookups=lookups)


@pytest.fixture(scope="module")
def results(spark, taken_in, inputs, tmp_path_factory):
    """The folder of the study's run."""
    study = load_study(str(inputs / "study.yaml"), {"ldn_concepts": inputs / "ldn.csv"})
    return run_study(spark, study, taken_in[0], tmp_path_factory.mktemp("out"), engine="test")


def test_every_line_of_every_table_is_accounted_for(taken_in):
    _, done = taken_in
    files = {file.kind: file for file in done.files}
    exposures = files["dispensings"]
    assert (exposures.lines, exposures.accepted, exposures.rejected) == (
        tiny_cdm.LINES,
        tiny_cdm.ACCEPTED,
        tiny_cdm.UNMATCHED + 1,
    )
    assert exposures.rejected_by_reason == {
        "concepts_unmatched": tiny_cdm.UNMATCHED,
        "date_malformed": 1,
    }
    assert exposures.noted_by_reason == {"ddd_missing": tiny_cdm.WITHOUT_DDD}
    assert exposures.repaired == 0
    people, deaths, periods = (files[name] for name in ("persons", "deaths", "observation_periods"))
    assert (people.lines, people.accepted, people.noted_by_reason) == (39, 39, {"sex_unknown": 1})
    assert (deaths.lines, deaths.accepted) == (1, 1)
    assert (periods.lines, periods.accepted) == (34 + 6 + 3, 34 + 6 + 2)
    assert periods.rejected_by_reason == {"period_reversed": 1}
    assert done.version.persons == 40
    assert done.version.dispensings == tiny_cdm.ACCEPTED
    assert [warning for warning in done.warnings if "column" in warning] == []


def test_the_tables_of_the_lake(spark, taken_in):
    lake = Lake(spark, taken_in[0])
    version = lake.version()
    people = {row["pseudonym"]: row for row in collect.rows(lake.read(PERSONS, version))}
    assert (people["1"]["sex"], people["2"]["sex"]) == ("F", "M")
    assert (people["1"]["birth_year"], people["1"]["died_on"]) == (1963, None)
    assert people["10"]["died_on"] == date(2014, 2, 1)
    for unknown in ("3", "20"):
        assert people[unknown]["sex"] is None
        assert not people[unknown]["sex_conflict"]
    assert people["20"]["birth_year"] is None

    names = {row["person_key"]: name for name, row in people.items()}
    found = sorted(
        (int(names[row["person_key"]]), str(row["observed_from"]), str(row["observed_to"]))
        for row in collect.rows(lake.read(OBSERVATION_PERIODS, version))
    )
    assert found[:6] == [
        (1, "2010-01-01", "2014-12-31"),
        (2, "2010-01-01", "2014-12-31"),
        (3, "2010-01-01", "2010-12-31"),
        (3, "2012-01-01", "2014-12-31"),
        (5, "2010-01-01", "None"),
        (6, "2013-03-01", "2013-03-01"),
    ]
    assert len(found) == 6 + 34

    rows = collect.rows(lake.read(DISPENSINGS, version))
    diazepam = {row["ddd"] for row in rows if row["atc"] == "N05BA01"}
    assert diazepam == {Decimal(10), Decimal(20)}  # 20 or 40 tablets of half a DDD
    assert {row["ddd"] for row in rows if row["atc"] == "N05CF01"} == {None}
    assert {row["product_number"] for row in rows if row["atc"] == "N07BB04"} == {"1001", "1002"}
    rejected = collect.rows(lake.read(REJECTED_DISPENSINGS, version))
    assert {(row["file"], row["column"], row["reason"]) for row in rejected} == {
        ("drug_exposure.csv", "drug_concept_id", "concepts_unmatched"),
        ("drug_exposure.csv", "drug_exposure_start_date", "date_malformed"),
        ("observation_period.csv", "observation_period_end_date", "period_reversed"),
    }


def account(done):
    return {
        file.kind: (file.lines, file.accepted, file.rejected_by_reason, file.noted_by_reason)
        for file in done.files
    }


def estimates(folder):
    with (folder / "estimates.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["table"], row["stratum"], row["outcome"], row["quantity"]): row
            for row in csv.DictReader(stream)
        }


EXPECTED = {
    ("cohort", "LDNx1", "", "persons"): 10,
    ("cohort", "LDNx2+", "", "persons"): 10,
    ("cohort", "overall", "", "women"): 9,  # the odd ones but 3
    ("cohort", "overall", "", "sex_unknown"): 2,
    ("cohort", "overall", "", "age_unknown"): 1,
    ("cohort", "LDNx1", "", "age_mean"): 50,
    ("cohort", "women/LDNx1", "", "persons"): 4,
    ("ddd", "LDNx1", "N05B", "sum_before"): 4 * 10,
    ("ddd", "LDNx1", "N05B", "sum_after"): 6 * 20,
    ("ddd", "LDNx1", "N05B", "mean_difference"): 12 - 4,
    ("ddd", "LDNx2+", "N05B", "mean_difference"): 4 - 8,
    ("did_ddd", CONTRAST, "N05B", "estimate"): 8 - -4,
    ("users", "LDNx1", "N05B", "difference"): 0.2,
    ("users", "LDNx2+", "N05B", "difference"): -0.4,
    ("did_users", CONTRAST, "N05B", "estimate"): 0.6,
    ("ddd", "LDNx1", "N06A", "sum_after"): 30,
    ("ddd", "LDNx1", "N06A", "ddd_missing_before"): 1,
    ("ddd", "LDNx1", "N06A", "ddd_missing_after"): 0,
    ("users", "LDNx1", "N06A", "users_before"): 1,
    ("ddd", "LDNx2+", "N06A", "sum_after"): 0,
    ("ddd", "LDNx1", "N05C", "ddd_missing"): 4,
    ("ddd", "LDNx2+", "N05C", "ddd_missing"): 6,
    ("users", "LDNx1", "N05C", "users_before"): 2,
    ("users", "LDNx1", "N05C", "users_after"): 1,
    ("dispenses", "LDNx1", "N05C", "fills_before"): 2,
    ("dispenses", "LDNx1", "N05C", "fills_after"): 2,
    ("dispenses", "LDNx1", "N05C", "mean_difference"): 0,
    ("dispenses", "LDNx2+", "N05C", "mean_before"): 0.5,
    ("dispenses", "LDNx2+", "N05C", "mean_difference"): -0.4,
    ("did_dispenses", CONTRAST, "N05C", "estimate"): 0.4,
    ("dispenses", "LDNx1", "all", "fills_before"): 4 + 1 + 2,
    ("dispenses", "LDNx1", "all", "fills_after"): 6 + 1 + 2,
    ("ddd", "LDNx1", "all", "sum_after"): 120 + 30,
    ("ddd", "LDNx1", "all", "ddd_missing"): 1 + 4,
}


def test_the_study_by_hand(results):
    found = estimates(results)
    for key, value in EXPECTED.items():
        assert found[key]["status"] == "ok", key
        assert float(found[key]["value"]) == pytest.approx(value, abs=1e-12), key
    unknown = [
        row
        for row in found.values()
        if row["outcome"] == "N05C" and row["table"] in ("ddd", "did_ddd", "trend_ddd")
    ]
    for row in unknown:
        if not row["quantity"].startswith("ddd_missing"):
            assert (row["value"], row["reason"]) == ("", REASON), row
    assert len(unknown) > 60
    for quantity in ("sum_before", "mean_before", "mean_difference", "p"):  # after, it is known
        row = found["ddd", "LDNx1", "N06A", quantity]
        assert (row["value"], row["reason"]) == ("", "in the window before no DDD was delivered")
    with (results / "curves.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["outcome"] for row in csv.DictReader(stream)} == {"N05B"}
    with (results / "attrition.csv").open(encoding="utf-8", newline="") as stream:
        steps = {row["step"]: row for row in csv.DictReader(stream)}
    assert steps["delivered"]["number_records"] == str(tiny_cdm.LINES)
    assert steps["exposure_atc"]["number_subjects"] == "24"
    assert steps["exposure_product"]["number_subjects"] == "20"
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "No DDD was delivered for Hypnotics (N05C); these doses are not estimated" in page


def test_who_is_observed_and_alive(spark, taken_in, inputs):
    """Of 20 who start, one dies within the year, one has no valid period, one is seen a day."""
    study = load_study(str(inputs / "study.yaml"), {"ldn_concepts": inputs / "ldn.csv"})
    asking = [
        {"id": "alive", "label": "Alive", "keep_if": {"alive": {"on_day": 364}}},
        {"id": "seen", "label": "Seen", "keep_if": {"observed": {"days": [-365, 364]}}},
    ]
    asked = study_like(eligibility=asking).definition.eligibility
    definition = study.definition.model_copy(update={"eligibility": asked})
    lake = Lake(spark, taken_in[0])
    run = Run(spark, replace(study, definition=definition), lake, lake.version(), "observed")
    assert run.undelivered == frozenset()
    (cohorts,) = cohort_stage(Batch.of(spark, [run]))
    steps = {step.step: step for step in cohorts[STUDY]}
    assert (steps["alive"].excluded_subjects, steps["seen"].excluded_subjects) == (1, 2)


_FIRST: dict[str, bytes] = {}


def test_what_became_of_lines_goes_with_the_results(results):
    _, found = open_finished(results)
    reasons = {(one.kind, one.reason): one.lines for one in found.turned_away}
    assert reasons == {
        ("dispensings", "concepts_unmatched"): tiny_cdm.UNMATCHED,
        ("dispensings", "date_malformed"): 1,
        ("observation_periods", "period_reversed"): 1,
    }
    assert found.attrition[1].excluded_records == tiny_cdm.UNMATCHED + 1
    page = html.unescape((results / "report.html").read_text(encoding="utf-8"))
    assert page.count("The lookup 'concepts' does not hold the line's key") == 1


def test_both_engines_write_the_same_bytes(results):
    """The first engine's files are kept; the second one's are held against them."""
    files = [path for path in results.rglob("*") if path.is_file() and path.suffix != ".json"]
    written = {path.relative_to(results).as_posix(): path.read_bytes() for path in files}
    assert written.keys() > {"estimates.csv", "report.html", "tables/women/dispenses.csv"}
    if not _FIRST:
        _FIRST.update(written)
    assert written == _FIRST


@pytest.mark.only_engine("sail")
def test_without_any_ddd(spark, inputs, tmp_path):
    """The lookup has no DDD at all: users and dispenses are the same, doses are not printed."""
    codes = find_drug_codes(inputs / "vocabularies")
    write_lookup(tmp_path / "concepts.csv", codes, {})
    lookups = {"concepts": tmp_path / "concepts.csv"}
    ingest(spark, tmp_path / "lake", [inputs / "cdm"], load_source("omop"), lookups=lookups)
    study = load_study(str(inputs / "study.yaml"), {"ldn_concepts": inputs / "ldn.csv"})
    folder = run_study(spark, study, tmp_path / "lake", tmp_path / "out", engine="sail")
    found = estimates(folder)
    for key, value in EXPECTED.items():
        if key[0] not in ("ddd", "did_ddd"):
            assert float(found[key]["value"]) == pytest.approx(value, abs=1e-12), key
        elif not key[3].startswith("ddd_missing"):
            assert (found[key]["value"], found[key]["reason"]) == ("", REASON), key
    assert found["ddd", "overall", "all", "ddd_missing"]["value"] == str(22 + 2 + 10)
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert not names & {"table2.csv", "did_ddd.csv", "figure2.svg"}
    assert (folder / "curves.csv").read_text(encoding="utf-8").count("\n") == 1


@pytest.mark.only_engine("sail")
def test_tables_in_capitals_separated_by_tabulators(spark, inputs, taken_in, tmp_path):
    tiny_cdm.write_cdm(tmp_path / "cdm", upper=True, delimiter="\t")
    text = (conf_folder() / "sources" / "omop.yaml").read_text(encoding="utf-8")
    copy = tmp_path / "tabs.yaml"
    copy.write_text(text.replace('delimiter: ","', 'delimiter: "\\t"'), encoding="utf-8")
    lookups = {"concepts": inputs / "concepts.csv"}
    done = ingest(
        spark, tmp_path / "lake", [tmp_path / "cdm"], load_source(str(copy)), lookups=lookups
    )
    assert account(done) == account(taken_in[1])


@pytest.mark.only_engine("sail")
def test_parquet_tables_with_numbers_and_dates(spark, inputs, taken_in, tmp_path):
    cdm = tmp_path / "cdm"
    cdm.mkdir()
    for path in (inputs / "cdm").glob("*.csv"):
        texts = csv_reader.ConvertOptions(column_types={"quantity": pa.float64()})
        table = csv_reader.read_csv(path, convert_options=texts)
        parquet.write_table(table, cdm / f"{path.stem}.parquet")
    assert parquet.read_schema(cdm / "person.parquet").field("person_id").type == pa.int64()
    assert parquet.read_schema(cdm / "death.parquet").field("death_date").type == pa.date32()
    text = (conf_folder() / "sources" / "omop.yaml").read_text(encoding="utf-8")
    text = text.replace("format: text", "format: parquet")
    text = re.sub(r"files: \[.*\]", 'files: ["*.parquet"]', text)
    (tmp_path / "parquet.yaml").write_text(text, encoding="utf-8")
    layout = load_source(str(tmp_path / "parquet.yaml"))
    lookups = {"concepts": inputs / "concepts.csv"}
    done = ingest(spark, tmp_path / "lake", [cdm], layout, lookups=lookups)
    assert account(done) == account(taken_in[1])


@pytest.mark.own_engine
@pytest.mark.skipif(not find_spec("pysail"), reason="the command defaults to Sail")
def test_from_the_command_line(inputs, tmp_path, capsys):
    lookup, lake = tmp_path / "concepts.csv", tmp_path / "lake"

    def ldn(*arguments):
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, said, _ = ldn(
        "concepts", inputs / "vocabularies", "--out", lookup, "--ddd", inputs / "ddd.csv"
    )
    assert code == 0
    assert "7 standard drugs: 5 have an ATC code" in said
    assert lookup.read_bytes() == (inputs / "concepts.csv").read_bytes()
    ingesting = ("ingest", inputs / "cdm", "--source", "omop", "--lake", lake)
    code, _, wrong = ldn(*ingesting)
    assert code == 3
    assert "give --lookup concepts=FILE" in wrong
    code, said, _ = ldn(*ingesting, "--lookup", f"concepts={lookup}")
    assert code == 0
    assert "concepts_unmatched 4" in said
    assert f"40 persons, {tiny_cdm.ACCEPTED} dispensings" in said
    codelist = f"ldn_concepts={inputs / 'ldn.csv'}"
    code, said, warned = ldn(
        *("run", inputs / "study.yaml", "--lake", lake, "--out", tmp_path / "out"),
        *("--codelist", codelist),
    )
    assert code == 0
    assert "warning: no DDD was delivered for Hypnotics (N05C)" in warned
    code, said, _ = ldn("show", said.splitlines()[-1])
    assert code == 0
    assert "Average number of dispenses of medicines without DDDs." in said
