"""What stops a study before it runs, and what it is told: small deliveries, both engines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import EmptyInputError, QualityGateError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import Lake
from ldn_spark.runs.exposed import find_exposures
from ldn_spark.runs.pipeline import run_study
from ldn_spark.runs.plan import plan_study
from ldn_spark.runs.preflight import preflight
from ldn_spark.runs.run import sets_of
from ldn_spark.schemas import DISPENSING_PROFILE
from ldn_spark.study.atc.stated_versions import NOTHING_STATED, stated_versions
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import find_document
from tests.registers import study_like

pytestmark = pytest.mark.nightly("spark")

HEADER = (
    "PasientLopeNr;PasientKjonn;PasientFodtAr;ATCKode;Varenr;Varenavn;UtleveringsDato;"
    "OrdinasjonAntallDDD"
)


def line(person="P1", atc="N07BB04", product="980123", day="2013.03.01", ddd="30,0"):
    return f"{person};2;1960;{atc};{product};x;{day};{ddd}"


STARTERS = [line(f"P{n}", day=f"2013.{m:02}.01") for n, m in ((1, 3), (2, 3), (2, 5), (3, 4))]
STARTERS += [line("P3", day=f"2013.{m:02}.02") for m in (5, 6, 7)]
GABAPENTIN = [line("P1", "N03AX12", day="2013.02.01"), line("P2", "N03AX12", day="2013.06.01")]
RECODED = [text.replace("N03AX12", "N02BF01") for text in GABAPENTIN]
OTHERS = [line("P1", "N06AB03", day="2013.02.01"), line("P2", "N03AX09", day="2013.02.03")]


@pytest.fixture
def product_list(tmp_path):
    path = tmp_path / "ldn.txt"
    path.write_text("980123\n980124\n")
    return path


@pytest.fixture
def lake_of(spark, tmp_path):
    """A lake of files: name -> (lines, declared ATC version)."""

    def make(**files):
        lake = tmp_path / "lake"
        for name, (lines, declared) in files.items():
            path = tmp_path / f"{name}.txt"
            path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="iso-8859-1")
            source = load_source("norpd").model_copy(update={"atc_version": declared})
            ingest(spark, lake, [path], source)
        return Lake(spark, lake)

    return make


def look_up(lake, study, *stated):
    version = lake.version()
    return preflight(lake, version, sets_of(study, version, stated_versions(stated)))


def by_outcome(found):
    return {one.id: one.found.dispensings for one in found.outcomes}


def the_study(products):
    return load_study("ldn_2013", {"ldn_products": products})


def test_what_every_code_finds(lake_of, product_list):
    later = line("P9", "N05BA01", day="2019.01.01")  # a year that nobody looks at
    lake = lake_of(a=([*STARTERS, *GABAPENTIN, *OTHERS, later], None))
    found = look_up(lake, the_study(product_list))
    assert (found.exposure, found.products) == (7, 7)
    assert found.problems == ()
    counts = by_outcome(found)
    assert (counts["all"], counts["N03A"], counts["gabapre"], counts["N05B"]) == (4, 3, 2, 0)
    gabapre = next(one for one in found.outcomes if one.id == "gabapre")
    assert gabapre.found.by_code == (("N03AX12", 2), ("N03AX16", 0))
    assert gabapre.found.codes_found == 1
    said = {warning.where: warning.what for warning in found.warnings}
    assert said["outcome N05C"] == "no dispensing in the lake has a code under N05C"
    assert said["outcome N05B"] == "no dispensing in 2012–2014 has a code under N05B"
    assert "outcome N03A" not in said


@pytest.mark.only_engine("sail")
def test_a_lake_without_a_profile(lake_of, product_list):
    """Made by an earlier version: the same answers, from the registry itself."""
    later = line("P9", "N05BA01", day="2019.01.01")
    lake = lake_of(a=([*STARTERS, *RECODED, *OTHERS, later], 2024))
    study, version = the_study(product_list), lake.version()
    tables = {name: at for name, at in version.tables.items() if name != DISPENSING_PROFILE.name}
    cohorts = sets_of(study, version, NOTHING_STATED)
    found = preflight(lake, version, cohorts)
    without = preflight(lake, replace(version, tables=tables), cohorts)
    assert found.dispensed
    assert without == replace(found, dispensed=())  # which the profile alone tells
    assert by_outcome(found)["gabapre"] == 2


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize(
    ("first", "last"), [("2013-01-01", "2013-12-31"), ("2013-01-02", "2013-12-30")]
)
def test_exposures_are_counted_alike_in_profile_and_registry(lake_of, first, last):
    """Every product counts; a period of whole months is told by the profile, another is not."""
    ends = ["2012-12-31", "2013-01-01", "2013-12-31", "2014-01-01"]
    edges = [line(f"E{n}", "N07BB04", day=day.replace("-", ".")) for n, day in enumerate(ends)]
    lake = lake_of(a=([*STARTERS, *OTHERS, *edges], None))
    exposure = study_like(None).definition.exposure.model_dump(mode="json", by_alias=True)
    event = {**exposure["index_event"], "first": first, "last": last}
    study, version = (
        study_like(None, exposure={**exposure, "products": None, "index_event": event}),
        lake.version(),
    )
    sets = list(sets_of(study, version, NOTHING_STATED).values())
    tables = {name: at for name, at in version.tables.items() if name != DISPENSING_PROFILE.name}
    found = find_exposures(lake, version, sets)[0]
    without = find_exposures(lake, replace(version, tables=tables), sets)[0]
    assert found == replace(without, returned=found.returned)  # of other days: not counted here
    assert found.atc == found.returned.lines == 7 + 2 * (first == "2013-01-01")


def test_codes_that_find_nothing_stop_the_run(spark, lake_of, tmp_path, product_list):
    """All of them at once, before anything is written."""
    lake = lake_of(a=(OTHERS[:1], None))
    content = (tmp_path / "lake").stat().st_mtime_ns
    study = load_study("ldn_ibd", {"ldn_products": product_list})
    with pytest.raises(QualityGateError) as caught:
        run_study(spark, study, lake.root, tmp_path / "out", engine="test")
    assert caught.value.exit_code == 12
    assert [problem.where for problem in caught.value.problems] == [
        "exposure",
        "outcome all",
        "outcome systemic",
        "outcome steroids",
        "outcome intestinal",
        "outcome aminosalicylates",
    ]
    exposure = str(caught.value.problems[0])
    assert "no dispensing from 2013-01-01 to 2013-12-31 has a code under N07BB04" in exposure
    assert "the lake holds 2013-02-01 to 2013-02-01" in exposure
    assert not (tmp_path / "out").exists()
    assert not (lake.root / "runs").exists()
    assert (tmp_path / "lake").stat().st_mtime_ns == content


@pytest.mark.only_engine("sail")
def test_product_numbers_that_find_nothing(lake_of):
    found = look_up(lake_of(a=([*STARTERS, *OTHERS], None)), load_study("ldn_2013"))
    assert (found.exposure, found.products) == (7, 0)
    assert [problem.where for problem in found.problems] == ["codelist ldn_products"]


@pytest.mark.only_engine("sail")
def test_a_condition_that_finds_nothing_is_told(lake_of, product_list):
    study = load_study("ldn_opioids", {"ldn_products": product_list})
    lake = lake_of(a=([*STARTERS, line("P1", "N02AA01", day="2016.01.01")], None))
    said = "\n".join(map(str, look_up(lake, study).warnings))
    assert "\ncondition prior_opioid, codes 1: no dispensing in 2012–2013 has" in said


WHOLE = [line("P8", "A02BC02", day=day) for day in ("2012.01.02", "2014.12.30")]
# a study, how it is changed, delivered lines -> where the problems are, what each says
OUTSIDE = {
    "a condition's fixed period": (
        "ldn_ms", ("", ""), [*STARTERS, *WHOLE],
        {"condition multiple_sclerosis": "looks at 2009-01-01 to 2010-12-31, which lie before the "
         "extract: it holds 2012-01-02 to 2014-12-30"},
    ),
    "a condition's days": (
        "ldn_opioids", ("days: [-365, -1]", "days: [-3650, -3000]"), [*STARTERS, *WHOLE],
        {"condition prior_opioid": "looks at 2003-01-04 to 2005-10-14, which lie before"},
    ),
    "the index period": (
        "ldn_2013", ("", ""), [line(day="2016.01.01"), line(day="2018.12.31")],
        {"index period": "looks at 2013-01-01 to 2013-12-31, which lie before the extract: it "
         "holds 2016-01-01 to 2018-12-31"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_lies_outside_the_extract_stops_the_run(spark, lake_of, tmp_path, product_list, case):
    """Named with both dates before anything is read, and never as a matter of codes."""
    name, change, lines, expected = OUTSIDE[case]
    text = load_study(name).path.read_text(encoding="utf-8")
    assert change[0] in text
    changed = text.replace(*change).replace("may_be_empty: false", "may_be_empty: true")
    path = tmp_path / "study.yaml"
    path.write_text(changed, encoding="utf-8")
    study = load_study(str(path), {"ldn_products": product_list})
    lake = lake_of(a=(lines, None))
    with pytest.raises(QualityGateError) as caught:
        run_study(spark, study, lake.root, tmp_path / "out", engine="test")
    assert caught.value.exit_code == 12
    problems = {problem.where: problem.what for problem in caught.value.problems}
    assert problems.keys() == expected.keys()
    assert all(says in problems[where] for where, says in expected.items())
    found = look_up(lake, study)
    assert found.problems == caught.value.problems
    of_parts = [one.where for one in found.warnings if one.where.startswith(tuple(expected))]
    assert of_parts == []
    assert not (lake.root / "runs").exists()


@pytest.mark.only_engine("sail")
def test_an_empty_lake(lake_of, product_list):
    lake = lake_of(a=([line(day="2013-03-01")] * 0, None))
    with pytest.raises(EmptyInputError, match="the lake holds no dispensing"):
        look_up(lake, the_study(product_list))


def test_a_part_that_moved_away_is_not_lost_silently(lake_of, product_list):
    """N03A finds lamotrigine; that its gabapentin has another code would not be seen."""
    lake = lake_of(a=([*STARTERS, *RECODED, *OTHERS], None))
    study = the_study(product_list)
    found = look_up(lake, study)
    assert by_outcome(found)["N03A"] == 1
    (problem,) = found.problems
    assert "N02BF01 (gabapentin, in the index from 2023 on) in 2 dispensings" in problem.what
    assert "--atc-version 2023" in problem.mend
    declared = look_up(lake, study, "2024")
    assert declared.problems == ()
    assert (by_outcome(declared)["N03A"], by_outcome(declared)["gabapre"]) == (3, 2)
    assert [(one.delivered, one.read_as, one.dispensings) for one in declared.read_as] == [
        ("N02BF01", "N03AX12", 2)
    ]


@pytest.mark.only_engine("sail")
def test_what_leaves_a_group_is_not_counted_there(lake_of, product_list):
    """In an index of 2024 N02B holds gabapentin, in that of 2013 it does not."""
    lines = [*STARTERS, *RECODED, line("P1", "N02BE01", day="2013.02.05")]
    lines += [line("P1", "N02AA01", day="2013.02.04"), line("P1", "M01AE01", day="2013.02.04")]
    study = load_study("ldn_opioids", {"ldn_products": product_list})
    lake = lake_of(a=(lines, None))
    assert len(look_up(lake, study).problems) == 1
    found = look_up(lake, study, "2024")
    assert found.problems == ()
    assert by_outcome(found) == {"opioids": 1, "nsaids": 1, "otheranalgesics": 1}


@pytest.mark.only_engine("sail")
def test_codes_of_a_further_exposure_are_held_against_the_index_too(lake_of, tmp_path):
    """Tramadol with paracetamol moved in 2014; no other part of the study asks for it."""
    path = tmp_path / "study.yaml"
    text = find_document("ldn_2013", "studies").read_text(encoding="utf-8")
    drug = "{id: tramadol, name: tramadol, abbreviation: TRA, atc: [N02AX52]}"
    ssri = "{id: ssri, name: SSRIs, abbreviation: SSRI, atc: [N06AB]}"
    path.write_text(f"{text}\nexposures: [{drug}, {ssri}]\n", encoding="utf-8")
    moved = [line("P7", "N02AJ13", day="2013.05.05"), line("P8", "N06AB04", day="2013.05.05")]
    lake = lake_of(a=([*STARTERS, *OTHERS, *moved], None))
    table = tmp_path / "moved.csv"
    table.write_text("previous_code,new_code,year\nN02AX52,N02AJ13,2014\n")
    study = load_study(str(path), {"atc_alterations": table})

    def of_tramadol(*stated):
        return [one for one in look_up(lake, study, *stated).problems if "N02AJ13" in one.what]

    (problem,) = of_tramadol()
    assert "they fit an ATC index of 2014 or later" in problem.mend
    assert of_tramadol("2014") == []
    version = lake.version()
    plan = plan_study(lake, version, sets_of(study, version, stated_versions(["2014"])))
    assert {name: one.atc for name, one in plan.others.items()} == {"tramadol": 1, "ssri": 2}


@pytest.mark.only_engine("sail")
def test_files_of_several_indices(spark, lake_of, tmp_path, product_list):
    lake = lake_of(old=([*STARTERS, *GABAPENTIN[:1], *OTHERS], 2013), new=(RECODED[1:], 2024))
    study = the_study(product_list)
    found = look_up(lake, study)
    assert found.problems == ()
    assert by_outcome(found)["gabapre"] == 2
    assert [(one.delivered, one.dispensings) for one in found.read_as] == [("N02BF01", 1)]
    wrong = look_up(lake, study, "*=2013")
    assert [problem.where for problem in wrong.problems] == ["ATC version of the lake"]
    folder = run_study(spark, study, lake.root, tmp_path / "out", engine="test")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["input"]["atc_codes"] == {
        "study_version": 2013,
        "lake_versions": [2013, 2024],
        "read_as": [
            {
                "delivered": "N02BF01",
                "read_as": "N03AX12",
                "substance": "gabapentin",
                "alterations": ["N03AX12 → N02BF01 (2023)"],
                "dispensings": 1,
            }
        ],
    }
    words = (folder / "results.md").read_text(encoding="utf-8")
    assert "N02BF01 was read as N03AX12, its code in the ATC index of 2013" in words
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "N02BF01 as N03AX12 (gabapentin, 1 dispensing)" in report


@pytest.mark.only_engine("sail")
def test_the_plan_is_what_the_run_finds(lake_of, product_list):
    lake = lake_of(a=([*STARTERS, *RECODED, *OTHERS], 2024))
    study, version = the_study(product_list), lake.version()
    asking = [
        {"id": "seen", "label": "x", "keep_if": {"observed": {"days": [0, 30]}}},
        {"id": "alive", "label": "x", "keep_if": {"not": {"alive": {"on_day": 30}}}},
    ]
    asked = study_like(eligibility=asking).definition.eligibility
    definition = study.definition.model_copy(update={"eligibility": asked})
    study = replace(study, definition=definition)
    cohorts = sets_of(study, version, NOTHING_STATED)
    plan = plan_study(lake, version, cohorts)
    unknown = [(one.where, "unknown who meets it" in one.what) for one in plan.found.warnings[:2]]
    assert unknown == [("condition seen", True), ("condition alive", True)]
    assert plan.found == preflight(lake, version, cohorts)
    assert (plan.exposure_years, plan.outcome_years) == ("2013 to 2014", "2012 to 2014")
    assert plan.warnings == tuple(map(str, plan.found.warnings))
