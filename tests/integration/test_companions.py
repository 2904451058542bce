"""Files beside the dispensings are held against them, whichever comes first or is corrected."""

from __future__ import annotations

import json

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError, UsageError
from ldn_spark.ingest.arriving.linking import is_refused, is_warned
from ldn_spark.ingest.check import check
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import Lake, known_versions, read_version
from ldn_spark.schemas import PERSONS

pytestmark = pytest.mark.nightly("spark")

CANONICAL = load_source("canonical").model_copy(update={"repeated_lines": "keep"})
WITH_DEATHS = CANONICAL.model_validate(
    CANONICAL.model_dump()
    | {"deaths": {"files": ["deaths*.csv"], "columns": {"pseudonym": "id", "died_on": "day"}}}
)
PEOPLE = "pseudonym,sex,birth_year,died_on"
LINES = "pseudonym,dispensed_on,atc,ddd"
SAID = ["a,F,1960,", "b,F,1960,2013-07-03", "c,M,2015,", "d,M,1890,"]
DISPENSED = [
    *("a,2013-05-01,N07BB04,30", "b,2013-05-01,N07BB04,30", "b,2013-09-01,N05BA01,30"),
    *("c,2013-05-01,N07BB04,30", "d,2013-05-01,N07BB04,30"),
]
BORN = {"a": 1960, "b": 1960, "c": None, "d": None}
NOTED = {"age_over_115": 1, "birth_year_after_dispensing": 1, "dispensed_after_death": 1}


def deliver(folder, name, lines, header=LINES):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def born(spark, root):
    lake = Lake(spark, root)
    rows = collect.rows(lake.read(PERSONS, lake.version()))
    return {row["pseudonym"]: row["birth_year"] for row in rows}


@pytest.fixture
def files(tmp_path):
    persons = deliver(tmp_path, "persons.csv", SAID, PEOPLE)
    return {"persons": persons, "dispensings": deliver(tmp_path, "dispensings.csv", DISPENSED)}


@pytest.mark.parametrize(
    "order",
    [
        [["persons", "dispensings"]],
        [["persons"], ["dispensings"]],
        [["dispensings"], ["persons"]],
    ],
)
def test_persons_and_dispensings_in_any_order(spark, tmp_path, files, order):
    root = tmp_path / "lake"
    for names in order:
        paths = [files[name] for name in names]
        checked = check(spark, paths, CANONICAL, lake_root=root if root.exists() else None)
        done = ingest(spark, root, paths, CANONICAL)
        assert checked.noted == done.version.noted
        assert checked.warnings == done.warnings
    assert born(spark, root) == BORN
    assert done.version.noted == NOTED


CORRECTIONS = {
    "a whole file": ["dispensings.csv"],
    "a period": ["2013-01-01..2013-12-31"],
    "what was said of persons": ["persons.csv"],
}


@pytest.mark.parametrize("what", CORRECTIONS)
@pytest.mark.only_engine("sail")
def test_a_correction_takes_its_contradictions_with_it(spark, tmp_path, files, what):
    root, right = tmp_path / "lake", tmp_path / "right"
    late = deliver(tmp_path, "dispensings_late.csv", ["c,2016-01-01,N05BA01,1"])
    if what == "a period":  # the file keeps a line of another year
        deliver(tmp_path, "dispensings.csv", [*DISPENSED, "d,2012-01-01,N05BA01,1"])
    ingest(spark, root, [*files.values(), late], CANONICAL)
    assert born(spark, root)["c"] is None
    if what == "what was said of persons":
        people = ["a,F,1960,", "b,F,1960,", "c,M,1999,", "d,M,1950,"]
        corrected = deliver(right, "persons.csv", people, PEOPLE)
        left = {"a": 1960, "b": 1960, "c": 1999, "d": 1950}
    else:
        corrected = deliver(right, "dispensings_new.csv", ["b,2013-05-01,N07BB04,30"])
        left = {"a": 1960, "b": 1960, "c": 2015, "d": None if what == "a period" else 1890}
    options = {"replaces": CORRECTIONS[what]}
    checked = check(spark, [corrected], CANONICAL, lake_root=root, **options)
    done = ingest(spark, root, [corrected], CANONICAL, **options)
    assert born(spark, root) == left
    assert checked.noted == done.version.noted
    assert "dispensed_after_death" not in done.version.noted
    replaced = [file.name for file in done.version.files if file.is_replaced]
    assert replaced == ([] if what == "a period" else CORRECTIONS[what])


def test_of_a_file_that_is_replaced_in_part_the_days_that_stay_count(spark, tmp_path):
    keyed = CANONICAL.model_copy(update={"line_key": ("key",)})
    root, header = tmp_path / "lake", f"{LINES},key"
    persons = deliver(tmp_path, "persons.csv", ["c,M,2014,"], PEOPLE)
    wrong = ["c,1913-05-01,N05BA01,1,k1", "c,2015-05-01,N05BA01,1,k2"]
    ingest(spark, root, [persons, deliver(tmp_path, "dispensings.csv", wrong, header)], keyed)
    assert born(spark, root) == {"c": None}
    right = deliver(tmp_path, "dispensings_2.csv", ["c,2014-05-01,N05BA01,1,k1"], header)
    ingest(spark, root, [right], keyed, replaces=["line_key"])
    assert born(spark, root) == {"c": 2014}


@pytest.mark.only_engine("sail")
def test_observation_periods_cannot_be_taken_back(spark, tmp_path, files):
    root, header = tmp_path / "lake", "pseudonym,observed_from,observed_to"
    periods = deliver(tmp_path, "observation_periods.csv", ["a,2013-01-01,2013-12-31"], header)
    ingest(spark, root, [*files.values(), periods], CANONICAL)
    with pytest.raises(UsageError, match="holds observation periods, which are merged"):
        ingest(spark, root, [periods], CANONICAL, replaces=[periods.name])


@pytest.mark.parametrize(
    ("companions", "dispensed", "both", "warned", "refused"),
    [
        (300, 300, 300, False, False),
        (300, 300, 150, False, False),
        (300, 300, 149, True, False),
        (300, 300, 3, True, False),
        (300, 300, 2, True, True),
        (300, 300, 0, True, True),
        (5_000_000, 10_000, 10_000, False, False),  # a whole population beside an extract
        (10, 1_000_000, 10, False, False),  # a list of a few beside a registry
        (3, 3, 1, True, False),
        (300, 0, 0, False, False),  # nothing is dispensed yet
    ],
)
def test_how_many_must_link(companions, dispensed, both, warned, refused):
    counts = {"companions": companions, "dispensed": dispensed, "both": both}
    assert (is_warned(counts), is_refused("persons", counts, True)) == (warned, refused)
    assert is_refused("deaths", counts, True) is False
    assert is_refused("deaths", counts, False) == refused


def ids(pattern, numbers):
    return [pattern.format(number) for number in numbers]


SHAPES = {
    "decimals against digits": ("{}.0", "{}", "digits and a point (4 to 5 characters)"),
    "zeros in front": ("{:06d}", "{}", "digits (6 characters, some padded with zeros)"),
    "upper case": ("ID{}", "id{}", "digits and upper-case letters (4 to 5 characters)"),
    "blanks within": ("ID {}", "ID{}", "digits, upper-case letters and other signs"),
    "hyphens": ("a-{}", "a{}", "digits, lower-case letters and a hyphen"),
    "other persons, written alike": ("1{:03d}", "2{:03d}", "digits (4 characters)"),
}


@pytest.mark.parametrize("case", SHAPES)
@pytest.mark.only_engine("sail")
def test_a_file_that_links_to_nobody_is_refused_and_its_ids_described(spark, tmp_path, case):
    of_lines, of_people, told = SHAPES[case]
    people = [f"{one},F,1960," for one in ids(of_people, range(10, 200))]
    lines = [f"{one},2013-01-02,N03AE01,1" for one in ids(of_lines, range(10, 200))]
    persons = deliver(tmp_path, "persons.csv", people, PEOPLE)
    paths = [persons, deliver(tmp_path, "dispensings.csv", lines)]
    with pytest.raises(DeliveryError) as stopped:
        ingest(spark, tmp_path / "lake", paths, CANONICAL)
    assert not known_versions(tmp_path / "lake")
    (problem,) = stopped.value.problems
    assert str(problem).startswith("persons.csv: nobody links to the dispensings")
    assert f"those of the dispensings {told}" in str(problem)
    assert check(spark, paths, CANONICAL).problems == (problem,)
    ingest(spark, tmp_path / "lake", [persons], CANONICAL)  # in January; the dispensings in May
    with pytest.raises(DeliveryError, match=r"persons\.csv: nobody links"):
        ingest(spark, tmp_path / "lake", paths[1:], CANONICAL)


def test_few_links_are_a_warning_and_one_file_of_several_is_found(spark, tmp_path):
    lines = [f"{one},2013-01-02,N03AE01,1" for one in range(100)]
    dispensings = deliver(tmp_path, "dispensings.csv", lines)
    few = [f"{one},F,1960," for one in range(60, 260)]
    persons = deliver(tmp_path, "persons.csv", few, PEOPLE)
    done = ingest(spark, tmp_path / "one", [dispensings, persons], CANONICAL)
    (told,) = [one for one in done.warnings if one.startswith("persons.csv")]
    assert "only 40 of 100 persons link to the dispensings" in told
    good = deliver(tmp_path, "persons_1.csv", [f"{n},F,1960," for n in range(100)], PEOPLE)
    bad = deliver(tmp_path, "persons_2.csv", [f"{n}.0,F,1960," for n in range(100)], PEOPLE)
    done = ingest(spark, tmp_path / "two", [dispensings, good, bad], CANONICAL)
    (told,) = [one for one in done.warnings if one.startswith("persons")]
    assert told.startswith("persons_2.csv: nobody of this file links to the dispensings")


@pytest.mark.only_engine("sail")
def test_observation_periods_and_deaths_link_too(spark, tmp_path):
    dispensings = deliver(
        tmp_path, "dispensings.csv", [f"{n},2013-01-02,N03AE01,1" for n in range(9)]
    )
    periods = [f"{n}.0,2013-01-01,2013-12-31" for n in range(9)]
    header = "pseudonym,observed_from,observed_to"
    path = deliver(tmp_path, "observation_periods.csv", periods, header)
    with pytest.raises(DeliveryError, match=r"ids of the observation_periods are digits and a poi"):
        ingest(spark, tmp_path / "lake", [dispensings, path], CANONICAL)
    other = deliver(tmp_path, "deaths.csv", [f"{n},2013-05-01" for n in range(100, 200)], "id,day")
    done = ingest(spark, tmp_path / "lake", [dispensings, other], WITH_DEATHS)
    assert [one for one in done.warnings if one.startswith("deaths.csv: nobody links")]
    odd = deliver(tmp_path, "deaths_2.csv", [f"{n}.0,2013-05-01" for n in range(9)], "id,day")
    with pytest.raises(DeliveryError, match=r"deaths_2\.csv: nobody links"):
        ingest(spark, tmp_path / "lake", [odd], WITH_DEATHS)


def test_a_lake_of_the_first_layout_is_read_and_takes_nothing_in(spark, tmp_path, files):
    root = tmp_path / "lake"
    ingest(spark, root, [files["dispensings"]], CANONICAL)
    (record,) = (root / "_versions").glob("*.json")
    content = json.loads(record.read_text(encoding="utf-8"))
    for later in ("layout", "noted", "sums", "commits", "sha256"):
        del content[later]
    record.write_text(json.dumps(content), encoding="utf-8")
    rows = collect.rows(Lake(spark, root).read(PERSONS, read_version(root)))
    assert {(row["birth_year"], row["first_dispensed_on"]) for row in rows} == {(None, None)}
    for take in (ingest, lambda spark, root, *rest: check(spark, *rest, lake_root=root)):
        with pytest.raises(UsageError, match="made by an earlier software version"):
            take(spark, root, [files["persons"]], CANONICAL)
