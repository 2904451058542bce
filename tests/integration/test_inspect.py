"""`ldn inspect`: what it proposes can be read, fits the file, and shows no value of a row."""

from __future__ import annotations

import datetime as dt
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.cli.app import run
from ldn_spark.errors import DeliveryError
from ldn_spark.io import collect
from ldn_spark.io.guesses import (
    guess_date_format,
    guess_decimal_mark,
    guess_delimiter,
    guess_encoding,
    guess_sex_codes,
    guess_width,
    is_value,
)
from ldn_spark.io.ingest import ingest
from ldn_spark.io.inspection import read_sample
from ldn_spark.io.lake import Lake
from ldn_spark.io.presets import known_sources
from ldn_spark.io.proposal import propose
from ldn_spark.io.sources import load_source
from ldn_spark.schemas import DISPENSINGS, PERSONS
from ldn_spark.synthetic.registry import simulate
from tests.stat_files import write_sas7bdat


def proposed(path):
    return propose(read_sample(path), known_sources())


def source_of(folder, text, **filled_in):
    """The source of a proposal, its lines completed: `base_date="base_date: 2000-01-01"`."""
    for key, line in filled_in.items():
        lines = text.splitlines()
        (at,) = [n for n, one in enumerate(lines) if one.strip().startswith(f"# fill in: {key}")]
        lines[at] = lines[at][: len(lines[at]) - len(lines[at].lstrip())] + line
        text = "\n".join(lines)
    path = folder / "proposed.yaml"
    path.write_text(text, encoding="utf-8")
    return load_source(str(path))


def lake_of(spark, root, delivery, source):
    done = ingest(spark, root, [delivery], source)
    lake = Lake(spark, root)
    persons, rows = (
        collect.rows(lake.read(table, done.version)) for table in (PERSONS, DISPENSINGS)
    )
    return sorted(map(str, persons)), sorted(map(str, rows)), done.files


@pytest.mark.only_engine("sail")
def test_a_known_register_is_recognised_and_read_alike(spark, tmp_path):
    simulate(spark, tmp_path / "d", people=3000, seed=1)
    path = min((tmp_path / "d").glob("*.txt"))
    text = proposed(path)
    assert "\n# This is source norpd: use --source norpd\n" in text
    assert "fill in:" not in text
    source = source_of(tmp_path, text)
    ours = lake_of(spark, tmp_path / "ours", path, source)
    norpd = lake_of(spark, tmp_path / "norpd", path, load_source("norpd"))
    assert ours[:2] == norpd[:2]
    assert ours[2][0].rejected == 0
    for own, declared in source.delivered.items():
        assert load_source("norpd").delivered[own] == declared


ROWS = [(f"P{n}", "KM"[n % 2], 1930 + n, "N05BB01", 58000 + n, n, n + 0.5) for n in range(60)]
"""Pseudonym, sex, birth year, ATC code, product number, day, DDDs."""
DAYS = [dt.date(2012, 1, 1) + dt.timedelta(days=row[5]) for row in ROWS]


def tabs_in_utf16(folder):
    lines = ["lopnr\tKön\tATC\tVarunr\tEDATUM\tOrdinasjonAntallDDD"]
    lines += [
        f"{r[0]}\t{r[1]}\t{r[3]}\t{r[4]:06d}\t{day}\t{r[6]:.1f}"
        for r, day in zip(ROWS, DAYS, strict=True)
    ]
    path = folder / "läkemedel 2012.txt"
    path.write_bytes("\r\n".join(lines).encode("utf-16"))
    return path, {"encoding": "utf-16", "delimiter": "\t", "date_format": "yyyy-MM-dd"}, {}


def days_in_windows_1252(folder):
    header = "Koblingsnoekkel;Vare_Varenavn;Legemiddel_ATCkode_Niva5;Vare_Varenummer;"
    lines = [header + "Utlevering_Dato_Differansedager;Utlevering_DDD;pasient_kjonn_verdi"]
    lines += [
        f'{r[0]};"Åse\x92s sjøgrønn";{r[3]};{r[4]};{r[5] - 10};{r[6]:.1f};{1 + n % 2}'.replace(
            ".5;", ",5;"
        )
        for n, r in enumerate(ROWS)
    ]
    path = folder / "utleveringer.csv"
    path.write_bytes("\n".join(lines).replace("\x92", "’").encode("cp1252"))
    return (
        path,
        {"encoding": "windows-1252", "date_format": "days", "decimal_mark": ","},
        {"base_date": "base_date: 2012-01-11"},
    )


def parquet(folder):
    path = folder / "extract.parquet"
    columns = list(zip(*ROWS, strict=True))
    names = ["pseudonym", "sex", "birth_year", "atc", "product_number", "dispensed_on", "ddd"]
    table = pa.table(dict(zip(names, map(pa.array, columns), strict=True)))
    days = pa.array([dt.datetime.combine(day, dt.time()) for day in DAYS], pa.timestamp("us"))
    table = table.set_column(5, "dispensed_on", days).append_column("flag", pa.array([True] * 60))
    pq.write_table(table, path)
    return path, {"format": "parquet", "files": ("*.parquet",), "product_number_width": 5}, {}


def sas(folder):
    pytest.importorskip("pyreadstat")
    names = ["PNR", "sex", "x", "atc", "vnr", "eksd", "ddd"]
    columns = dict(zip(names, zip(*ROWS, strict=True), strict=True))
    columns["eksd"] = [float((day - dt.date(1960, 1, 1)).days) for day in DAYS]
    columns["sent"] = [1.0e9 + 1] * 60  # a time of day in a column that is not needed
    columns |= {name: list(map(float, columns[name])) for name in ("x", "vnr", "ddd")}
    write_sas7bdat(folder / "LMDB2012.sas7bdat", columns, {"eksd": "DATE9", "sent": "DATETIME20"})
    return folder / "LMDB2012.sas7bdat", {"format": "sas", "files": ("*.sas7bdat",)}, {}


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("layout", [tabs_in_utf16, days_in_windows_1252, parquet, sas])
def test_an_unknown_layout_is_read_as_proposed(spark, tmp_path, layout):
    path, expected, filled_in = layout(tmp_path)
    text = proposed(path)
    source = source_of(tmp_path, text, **filled_in)
    assert {key: getattr(source, key) for key in expected} == expected
    assert "# This is source" not in text
    if not filled_in:
        assert "# As proposed, 60 of the 60 rows would be accepted." in text
    persons, rows, (file,) = lake_of(spark, tmp_path / "lake", path, source)
    assert (file.lines, file.accepted, len(persons)) == (60, 60, 60)
    assert all("N05BB01" in row for row in rows)
    for day in (DAYS[0], DAYS[-1]):
        assert any(repr(day) in row for row in rows)
    assert any("Decimal('59.500000')" in row for row in rows)
    assert sum("'sex': 'F'" in person for person in persons) == 30


def test_the_command(capsys, tmp_path):
    path, *_ = days_in_windows_1252(tmp_path)
    packed = tmp_path / "utleveringer.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert run(["inspect", str(packed)]) == 0
    said = capsys.readouterr().out
    assert 'files: ["*.csv"]' in said
    assert "# fill in: base_date: the date of day 0, as the registry tells it" in said
    assert "# Source lmr_days is the most alike, but there is no column koblingsnoekkel; " in said
    assert "pseudonym: Koblingsnoekkel" in said
    assert "ignored_columns: [Vare_Varenavn]" in said
    assert run(["inspect", str(tmp_path / "gone.txt")]) == 10
    assert "no such file" in capsys.readouterr().err


CANARY = "CANARY4711"


def test_no_value_of_a_row_is_shown(tmp_path):
    """Canaries in every column, some of which are taken for something; a file without names."""
    header = "LopNr;KON;ATC;EDATUM;DDD;VARUNR;Kommentar"
    lines = [f"{CANARY}{n};{CANARY};{CANARY};{CANARY};{CANARY};{CANARY};{CANARY}" for n in range(9)]
    path = tmp_path / "a.txt"
    path.write_text("\n".join([header, *lines]))
    text = proposed(path)
    assert CANARY not in text
    assert "# fill in: sex_codes" in text
    assert "# fill in: date_format: no format that is read fits" in text
    for nameless in (f"{CANARY};N05BB01;x", f"{CANARY};2012-01-01;x", f"{CANARY};17;x"):
        path.write_text("\n".join([nameless] * 9))
        with pytest.raises(DeliveryError) as caught:
            read_sample(path)
        assert "line 1: holds values instead of the names of columns" in str(caught.value)
        assert CANARY not in str(caught.value)
    path.write_text(f"Dear {CANARY},\nhere it is; all of it\n\nYours\n")
    with pytest.raises(DeliveryError, match="is no table: no character splits the lines") as caught:
        read_sample(path)
    assert CANARY not in str(caught.value)


def test_what_cannot_be_told_is_left_to_fill_in(tmp_path):
    path = tmp_path / "b.csv"
    rows = "\n".join(f"x{n},N05BB0{n},01/02/2012,03/04/2012" for n in range(1, 9))
    path.write_text(f"who,what,bought,paid\n{rows}\n")
    text = proposed(path)
    assert "  atc: what" in text
    assert "  # fill in: pseudonym: the column that tells persons apart" in text
    assert "  # fill in: dispensed_on: the column of the day of dispensing" in text
    assert "# fill in: decimal_mark: no number with decimals here" in text
    assert "# not read: who" in text
    assert "before the lines to fill in are there" in text
    source = source_of(
        tmp_path,
        text,
        pseudonym="pseudonym: who",
        dispensed_on="dispensed_on: bought",
        decimal_mark='decimal_mark: "."',
        date_format="date_format: dd/MM/yyyy",
    )
    assert source.columns == {"pseudonym": "who", "atc": "what", "dispensed_on": "bought"}


def test_a_column_of_a_type_that_is_not_read(tmp_path):
    path, *_ = parquet(tmp_path)
    table = pq.read_table(path)
    lists = pa.array([["N05BB01"]] * 60)
    table = table.set_column(table.column_names.index("atc"), "atc", lists)
    pq.write_table(table.set_column(0, "pseudonym", pa.array([1e12] * 60)), path)
    text = proposed(path)
    assert "has the type double, which does not keep every digit; have it" in text
    assert "is not read; have it delivered as text, a number or a date" in text
    assert "before its columns have types that are read" in text


def test_a_companion_is_recognised(tmp_path):
    path = tmp_path / "observation_periods.csv"
    path.write_text("pseudonym,observed_from,observed_to\nP1,2012-01-01,2013-01-01\n")
    assert "# This is source canonical (observation_periods): use" in proposed(path)


def test_a_folder_and_files_that_are_none(tmp_path):
    folder = tmp_path / "extract.parquet"
    folder.mkdir()
    with pytest.raises(DeliveryError, match="is a folder without Parquet"):
        read_sample(folder)
    pq.write_table(pa.table({"pnr": ["1"], "atc": ["N05BB01"]}), folder / "part-0")
    assert "files: [extract.parquet]" in proposed(folder)
    (tmp_path / "empty.txt").touch()
    with pytest.raises(DeliveryError, match="is empty: 0 bytes"):
        read_sample(tmp_path / "empty.txt")


LETTERS = "PasientLopeNr;Navn\n" + "P1;Åse Bjørnø\nP2;Ærlig Kjær\nP3;på brød\n" * 20
ENCODINGS = [
    (LETTERS.encode("utf-8"), "utf-8"),
    (LETTERS.encode("utf-8")[:-31], "utf-8"),  # cut within a letter
    (LETTERS.encode("utf-8-sig"), "utf-8"),
    (LETTERS.encode("utf-16"), "utf-16"),
    (LETTERS.encode("utf-16-be"), "utf-16"),
    (LETTERS.encode("cp1252"), "windows-1252"),
    ((LETTERS + "P4;€ “x”\n").encode("cp1252"), "windows-1252"),
    (LETTERS.encode("cp850"), None),
    (b"a;b\n1;2\n", "utf-8"),
]


@pytest.mark.parametrize(("data", "encoding"), ENCODINGS)
def test_the_encoding(data, encoding):
    assert guess_encoding(data).value == encoding


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2012-02-29", "2012-12-31"], "yyyy-MM-dd"),
        (["2012.02.29"], "yyyy.MM.dd"),
        (["29.02.2012"], "dd.MM.yyyy"),
        (["20120229", "20121231"], "yyyyMMdd"),
        (["31122012"], "ddMMyyyy"),
        (["31/12/2012", "01/02/2012"], "dd/MM/yyyy"),
        (["12/31/2012", "01/02/2012"], "MM/dd/yyyy"),
        (["01/02/2012"], None),
        (["40968", "-17", "0"], "days"),
        (["2012-02-29"] * 99 + ["2012-02-30"], "yyyy-MM-dd"),
        (["2012-02-29 00:00"], None),
        (["01-FEB-2012"], None),
        (["", ""], None),
    ],
)
def test_the_date_format(texts, form):
    assert guess_date_format(texts).value == form


@pytest.mark.parametrize(
    ("texts", "mark", "thousands"),
    [
        (["62,5", "1", ""], ",", None),
        (["62.5", ".140"], ".", None),
        (["1.234,5"], ",", "."),
        (["1 234,5"], ",", " "),
        (["1,234.5"], ".", ","),
        (["62,5", "62.5"], None, None),
        (["1", "2"], None, None),
    ],
)
def test_the_decimal_mark(texts, mark, thousands):
    found = guess_decimal_mark(texts)
    assert (found[0].value, found[1].value) == (mark, thousands)


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        (["1", "2", ""], {"1": "M", "2": "F"}),
        (["K", "M"], {"K": "F", "M": "M"}),
        (["Kvinne", "Mann", "?"], {"Kvinne": "F", "Mann": "M"}),
        (["0", "1"], None),
        (["a", "b"], None),
        (["8507", "8532"], {"8507": "M", "8532": "F"}),
    ],
)
def test_the_codes_of_the_sexes(texts, codes):
    assert guess_sex_codes(texts).value == codes


@pytest.mark.parametrize(
    ("texts", "width"),
    [(["058719"], 6), (["58719", "981"], 5), (["A12"], None), ([], None), (["1" * 13], None)],
)
def test_the_width_of_a_product_number(texts, width):
    assert guess_width(texts).value == width


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n", ";"),
        ('a,b\n"1,5",2\n', ","),
        ("a\tb;c\n1\t2\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ("a\n1\n", None),
        ("a;b\n1\n2\n", None),
    ],
)
def test_the_delimiter(text, delimiter):
    assert guess_delimiter(io.StringIO(text).read().splitlines()).value == delimiter


@pytest.mark.parametrize("text", ["17", "2012-01-01", "1,5", " 4 ", "N05BB01", "n05bb01"])
def test_a_value_is_no_name(text):
    assert is_value(text)


@pytest.mark.parametrize("text", ["ATC", "A", "V1", "diag_1", "", "År 2012"])
def test_a_name_is_no_value(text):
    assert not is_value(text)
