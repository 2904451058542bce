"""The quality report of a lake written by hand, on both engines, against numbers by hand."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ldn_spark import schemas
from ldn_spark.cli.app import run
from ldn_spark.engine import collect
from ldn_spark.errors import OutputExistsError
from ldn_spark.lake.delta_log import delta_version
from ldn_spark.lake.versions import FileRecord, Lake, LakeVersion, publish_version, write_table
from ldn_spark.runs.quality.report import quality_folder, write_quality_report
from ldn_spark.study.atc.alterations import read_alterations
from ldn_spark.study.atc.stated_versions import stated_versions
from ldn_spark.study.atc.uses import relevant_alterations
from ldn_spark.transforms import quality
from ldn_spark.transforms.profile import summarise_dispensings
from tests.registers import dispensings as dispensings_frame
from tests.registers import frame, study_like

pytestmark = pytest.mark.nightly("spark")

FIRST, LAST = date(2012, 1, 10), date(2014, 12, 10)
INDEX_DATES = {
    date(2013, 1, 1): 5,  # 365 days before is 8 days before the first dispensing; over the gap
    date(2013, 1, 2): 1,  # 7 days before it; over the gap
    date(2013, 6, 1): 20,  # covered
    date(2013, 12, 19): 6,  # 364 days after is 8 days after the last dispensing
}
STUDY = study_like(
    outcomes=[
        {
            "id": "total", "label": "Total", "role": "total", "may_be_empty": True,
            "atc": ["N06A", "N03A"],
        },
        {
            "id": "ssri", "label": "SSRI", "role": "main", "may_be_empty": True,
            "atc": ["N06AB03", "N06AB04"],
        },
    ],
    figures={
        "curve_contrast": {"comparator": "LDNx1", "exposed": "LDNx4+"},
        "curve_outcomes": ["total"],
    },
)  # fmt: skip


def line(person, atc, day, ddd, product=None, file_id=1):
    return {
        "person_key": person,
        "atc": atc,
        "product_number": product,
        "dispensed_on": day,
        "ddd": None if ddd is None else Decimal(ddd),
        "file_id": file_id,
        "year": day.year,
    }


def starters():
    """Person and index date of everyone who starts the exposure; their keys begin at 101."""
    dates = [day for day, persons in INDEX_DATES.items() for _ in range(persons)]
    return list(enumerate(dates, start=101))


def register():
    """Persons 1 to 40 come every month but February 2012; a few of them also otherwise."""
    months = [(y, m) for y in (2012, 2013, 2014) for m in range(1, 13) if (y, m) != (2012, 2)]
    rows = [
        line(person, "A10BA02", date(*month, 10), "30")
        for month in months
        for person in range(1, 16 if month == (2014, 12) else 41)
    ]
    # two repeats of one line, one of them in another file
    rows += [line(7, "A10BA02", date(2014, 5, 10), "30", file_id=file_id) for file_id in (1, 2)]
    march = date(2013, 3, 15)
    some = (None, None, None, "0", "-10", "20000", "30", "62.5")
    rows += [line(person, "N06AB03", march, ddd) for person, ddd in enumerate(some, start=1)]
    rows += [line(person, "N06AB04", march, "10") for person in (1, 2, 3)]
    rows += [line(person, "N06AA09", march, "10") for person in (1, 2)]
    rows += [line(1, "V04CX", march, "1")]
    # in the index of 2013, which the study is written in, N03AX16
    rows += [line(person, "N02BF02", date(2013, 9, 1), "20") for person in range(1, 6)]
    rows += [line(person, "N07BB04", day, "28", "971001") for person, day in starters()]
    rows += [line(person, "N07BB04", date(2013, 4, 1), "28", "990000") for person in range(1, 6)]
    rows += [line(person, "N07BB04", date(2013, 4, 2), "28") for person in (6, 7)]
    return rows


def people():
    """40 regular ones and the starters; what is not known of them."""
    rows = [
        {"person_key": key, "pseudonym": f"P{key}", "sex": "F", "birth_year": 1960}
        | {"sex_conflict": False, "birth_year_conflict": False}
        for key in (*range(1, 41), *(person for person, _ in starters()))
    ]
    for row in rows[:6]:
        row |= {"sex": None, "sex_conflict": True}
    for row in rows[6:9]:
        row |= {"sex": None}
    for row in rows[10:15]:
        row |= {"birth_year": None}
    for row in rows[20:27]:
        row |= {"died_on": date(2014, 6, 30)}
    return rows


def periods():
    """Who is observed: the 20 of June, half of them in two parts, and 5 of the 6 of December."""
    rows = []
    for person, index in starters():
        if index == date(2013, 6, 1):
            ends = (
                [(date(2012, 6, 1), date(2013, 6, 1)), (date(2013, 6, 2), date(2014, 5, 31))]
                if person % 2
                else [(date(2012, 6, 1), None)]
            )
        elif index == date(2013, 12, 19):
            first = person == 127
            ends = [(date(2012, 12, 19), date(2014, 12, 17 if first else 18))]
        elif index == date(2013, 1, 2):
            ends = [(date(2012, 1, 4), None)]
        else:
            ends = []
        rows += [
            {"person_key": person, "observed_from": one, "observed_to": two} for one, two in ends
        ]
    return rows


FILES = (
    FileRecord(
        1, "a.txt", 1, "1" * 64, "norpd", 1437, 1434, 3, {"atc_malformed": 3},
        {"atc_upper": 2}, 2, {"ddd_missing": 3},
    ),
    FileRecord(2, "b <i>.txt", 1, "2" * 64, "norpd", 1, 1, 0, {}, {}),
)  # fmt: skip


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """The register as a lake; its version record."""
    root = tmp_path_factory.mktemp("quality") / "lake"
    rows = dispensings_frame(spark, register())
    tables = {
        schemas.DISPENSINGS: rows,
        schemas.PERSONS: frame(spark, schemas.PERSONS, people()),
        schemas.DISPENSING_PROFILE: summarise_dispensings(rows),
        schemas.OBSERVATION_PERIODS: frame(spark, schemas.OBSERVATION_PERIODS, periods()),
    }
    for table, content in tables.items():
        write_table(content, root / table.name, table)
    version = LakeVersion(
        1,
        {table.name: delta_version(root / table.name) for table in tables},
        FILES,
        persons=72,
        dispensings=len(register()),
        sex_conflicts=6,
        birth_year_conflicts=0,
        years={"2012": 440, "2013": 540, "2014": 457},
        first_dispensed_on=FIRST.isoformat(),
        last_dispensed_on=LAST.isoformat(),
    )
    publish_version(root, version)
    return Lake(spark, root), version


@pytest.fixture(scope="module")
def written(lake, tmp_path_factory):
    """The report's folder and what stands out."""
    folder = tmp_path_factory.mktemp("report") / "q"
    return folder, write_quality_report(*lake, [STUDY], folder, repeated_lines=True)


def read(folder, name, *columns):
    """Rows of a CSV: the named columns."""
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return [tuple(row[column] for column in columns) for row in csv.DictReader(stream)]


def test_lines_by_file_and_reason(written):
    assert read(written[0], "accounting.csv", "file", "count_of", "reason", "lines") == [
        ("a.txt", "lines", "", "1437"),
        ("a.txt", "accepted", "", "1434"),
        ("a.txt", "rejected", "", "3"),
        ("a.txt", "rejected", "atc_malformed", "3"),
        ("a.txt", "repaired", "", "2"),
        ("a.txt", "repaired", "atc_upper", "2"),
        ("a.txt", "noted", "ddd_missing", "3"),
        ("b <i>.txt", "lines", "", "1"),
        ("b <i>.txt", "accepted", "", "1"),
        ("b <i>.txt", "rejected", "", "0"),
        ("b <i>.txt", "repaired", "", "0"),
    ]


def test_months(written):
    months = read(written[0], "months.csv", "month", "dispensings", "usual", "flag")
    assert len(months) == 36
    assert [month for month in months if month[3]] == [
        ("2012-02", "0", "40.0", "gap"),
        ("2014-12", "15", "40.0", "low"),
    ]
    # 40, the 5 and 1 of January; 8 + 5 + 1; the other products of April; the 20 of June; 6
    others = {"2013-01": "46", "2013-03": "54", "2013-04": "47", "2013-06": "60", "2013-12": "46"}
    counts = {name: number for name, number, *_ in months}
    assert {name: counts[name] for name in others} == others
    assert counts["2014-05"] == "42"


def test_ddds(written):
    columns = ("atc", "kind", "dispensings", "ddd_missing", "missing_percent", "ddd_zero",
               "ddd_negative", "ddd_huge", "ddd_mean", "ddd_smallest", "ddd_largest")  # fmt: skip
    rows = {row[:2]: row[2:] for row in read(written[0], "atc.csv", *columns)}
    # 34 months of 40, one of 15, two repeats
    assert rows["A10BA02", "code"] == (
        "1377", "0", "0.00", "0", "0", "0", "30.000", "30", "30",
    )  # fmt: skip
    # (0 - 10 + 20000 + 30 + 62.5) / 5
    assert rows["N06AB03", "code"] == (
        "8", "3", "37.50", "1", "1", "1", "4016.500", "-10", "20000",
    )  # fmt: skip
    assert rows["N06A", "other"] == ("5", "0", "0.00", "0", "0", "0", "10.000", "10", "10")
    # (20082.5 + 50) / 10
    assert rows["N06A", "group"] == (
        "13", "3", "23.08", "1", "1", "1", "2013.250", "-10", "20000",
    )  # fmt: skip
    assert rows["N07BB04", "code"][0] == "39"  # 32 starters, 5 and 2
    assert rows["", "group"][0] == str(1377 + 13 + 5 + 39)
    assert not {code for code, _ in rows} & {"N06AB04", "N06AA", "N06AA09", "V", "V04CX"}
    flags = dict(read(written[0], "atc.csv", "atc", "flags"))
    assert flags["N06AB03"] == "ddd_missing ddd_zero returns ddd_huge mean_high"
    assert flags["A10BA02"] == ""


def test_persons(written):
    assert read(written[0], "persons.csv", "of", "persons", "percent") == [
        ("all", "72", "100.00"),
        ("sex_contradictory", "6", "8.33"),
        ("sex_missing", "<5", ""),  # 3
        ("birth_year_contradictory", "0", "0.00"),
        ("birth_year_missing", "5", "6.94"),
        ("died", "7", "9.72"),
    ]


def test_coverage_of_a_study(written):
    (row,) = read(
        written[0], "coverage.csv", "study", "first_index_date", "last_index_date", "persons",
        "short_before", "short_after", "over_a_gap", "uncovered", "observed", "not_observed",
    )  # fmt: skip
    assert row == (
        "ldn_2013", "2013-01-01", "2013-12-19", "32", "5", "6", "6", "12", "25", "7",
    )  # fmt: skip


def test_codes_of_a_study(written):
    columns = ("part", "id", "code", "first_year", "last_year", "dispensings", "remark")
    rows = read(written[0], "codes.csv", *columns)
    assert [row for row in rows if row[0] not in ("condition", "subgroup")] == [
        ("exposure", "LDN", "N07BB04", "2013", "2013", "39", ""),
        ("product", "ldn_products", "971001", "2013", "2013", "32", ""),
        ("product", "ldn_products", "971002", "2013", "2013", "0", "finds nothing"),
        ("product", "ldn_products", "990000", "2013", "2013", "5", "not in the codelist"),
        ("outcome", "total", "", "2012", "2014", "13", ""),
        ("outcome", "total", "N03A", "2012", "2014", "0", "finds nothing"),
        ("outcome", "total", "N06A", "2012", "2014", "13", ""),
        ("outcome", "ssri", "", "2012", "2014", ">=8", ""),
        ("outcome", "ssri", "N06AB03", "2012", "2014", "8", ""),
        ("outcome", "ssri", "N06AB04", "2012", "2014", "<5", ""),
    ]


@pytest.mark.only_engine("sail")
def test_codes_of_another_index_are_read_as_in_a_run(lake, tmp_path):
    table = read_alterations()
    rows = relevant_alterations(table.rows, STUDY.definition)
    study = replace(STUDY, alterations=replace(table, rows=rows), to_read=rows)
    stated = stated_versions(["2024"])
    write_quality_report(*lake, [study], tmp_path / "q", stated=stated)
    rows = read(tmp_path / "q", "codes.csv", "id", "code", "dispensings", "remark")
    assert ("total", "N03A", "5", "") in rows
    assert ("total", "", "18", "") in rows  # 13 and 5


def test_repeated_lines(written):
    assert read(written[0], "repeated_lines.csv", "year", "repeats", "across_files") == [
        ("2012", "0", "0"), ("2013", "0", "0"), ("2014", "2", "2"),
    ]  # fmt: skip


def test_what_stands_out(written):
    texts = list(written[1])
    assert texts[:3] == [
        "No dispensing at all in 2012-02.",
        "Fewer than half of the usual dispensings in 2014-12.",
        "1 code has DDDs that do not look right: N06AB03.",
    ]
    assert "6 persons have contradictory sexes, kept as unknown." in texts
    assert (
        "ldn_2013: 12 of 32 persons have days around their index date that the extract does not "
        "cover." in texts
    )
    assert texts[-1] == (
        "2 dispensings are like another one in everything but the file; 2 of them span files."
    )


def test_the_page_is_whole_and_escaped(written):
    page = (written[0] / "quality.html").read_text(encoding="utf-8")
    assert "Restricted: not disclosure-controlled." in page
    assert "b &lt;i&gt;.txt" in page
    assert "<i>" not in page
    for outside in ("http://", "https://", "src=", "@import", "url(http"):
        assert outside not in page.replace("http://www.w3.org", "")
    assert "<svg" in page
    for part in ("findings", "files", "months", "ddd", "people", "studies", "repeated"):
        assert f'id="{part}"' in page
        assert f'href="#{part}"' in page


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


_SEEN = {}


def test_the_same_bytes_again_and_on_both_engines(spark, lake, written, tmp_path):
    write_quality_report(*lake, [STUDY], tmp_path / "again", repeated_lines=True)
    found = digests(written[0])
    assert digests(tmp_path / "again") == found
    assert _SEEN.setdefault("digests", found) == found, "the other engine wrote other bytes"


@pytest.mark.only_engine("sail")
def test_a_report_replaces_a_report_and_nothing_else(lake, tmp_path):
    folder = tmp_path / "q"
    write_quality_report(*lake, [STUDY], folder)
    assert not (folder / "repeated_lines.csv").exists()
    (folder / "stale.csv").write_text("")
    write_quality_report(*lake, [], folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "accounting.csv", "atc.csv", "codes.csv", "coverage.csv", "months.csv", "months.png",
        "months.svg", "persons.csv", "quality.html",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["q"], "no draft is left"
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("")
    with pytest.raises(OutputExistsError, match="something else"):
        write_quality_report(*lake, [], other)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


@pytest.mark.only_engine("sail")
def test_a_version_without_a_profile_is_counted_from_the_registry(lake, written, tmp_path):
    reader, version = lake
    kept = (schemas.DISPENSINGS.name, schemas.PERSONS.name)
    old = LakeVersion.from_json(version.to_json())
    object.__setattr__(old, "tables", {name: version.tables[name] for name in kept})
    write_quality_report(reader, old, [STUDY], tmp_path / "q")
    for name in ("atc.csv", "months.csv", "persons.csv", "codes.csv"):
        assert (tmp_path / "q" / name).read_bytes() == (written[0] / name).read_bytes()
    assert read(tmp_path / "q", "coverage.csv", "observed", "not_observed") == [("", "")]


@pytest.mark.only_engine("sail")
def test_where_the_report_is_kept(lake):
    reader, version = lake
    assert quality_folder(reader.root, version) == reader.root / "quality" / "1"


@pytest.mark.only_engine("sail")
def test_unknown_values_are_alike(spark):
    day = date(2013, 1, 1)
    rows = [line(1, "A", day, None), line(1, "A", day, None), line(1, "A", day, "0")]
    rows += [line(1, "A", day, None) | {"line_key": key} for key in "kl"]
    found = collect.one(quality.count_repeated(dispensings_frame(spark, rows)))
    assert found == {"repeats": 1, "across_files": None}


HEADER = (
    "PasientLopeNr;PasientKjonn;PasientFodtAr;ATCKode;Varenr;Varenavn;UtleveringsDato;"
    "OrdinasjonAntallDDD"
)


@pytest.mark.own_engine
def test_the_command(capsys, tmp_path):
    lines = [f"P{number};2;1960;N07BB04;980123;x;2013.03.01;30,0" for number in range(6)]
    delivery, root = tmp_path / "a.txt", tmp_path / "lake"
    delivery.write_text("\n".join([HEADER, *lines]) + "\n", encoding="iso-8859-1")
    assert run(["ingest", str(delivery), "--lake", str(root), "--engine", "sail"]) == 0
    products = tmp_path / "ldn.txt"
    products.write_text("980123\n")
    capsys.readouterr()
    arguments = ["quality", "--lake", str(root), "--study", "ldn_2013", "--engine", "sail"]
    arguments += ["--codelist", f"ldn_products={products}"]
    assert run(arguments) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == str(root / "quality" / "1")
    assert "6 of 6 persons have days around their index date" in " ".join(said.split())
    assert "codes find nothing" in said
    assert (root / "quality" / "1" / "quality.html").is_file()
    out = tmp_path / "out"
    assert run(["quality", "--lake", str(root), "--out", str(out), "--engine", "sail"]) == 0
    assert "Nothing stands out." in capsys.readouterr().out
    assert run([*arguments, "--as-of", "7"]) == 2
    assert "has no version 7" in capsys.readouterr().err.replace("\n", " ")
