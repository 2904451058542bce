"""`ldn inspect`: what it proposes can be read, fits the file, and shows no value of a row."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.files.layouts import is_value
from ldn_spark.delivery.guess.guesses import (
    guess_decimal_mark,
    guess_delimiter,
    guess_encoding,
    guess_sex_codes,
    guess_width,
)
from ldn_spark.delivery.guess.inspection import read_sample
from ldn_spark.delivery.guess.presets import known_sources
from ldn_spark.delivery.guess.proposal import propose
from ldn_spark.delivery.guess.usual_names import usual_columns
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.engine import collect
from ldn_spark.errors import DeliveryError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.lake.versions import Lake
from ldn_spark.schemas import DISPENSINGS, PERSONS
from ldn_spark.synthetic.registry import simulate
from tests.stat_files import write_sas7bdat
from tests.unit.delivery.guess.test_date_guesses import MOMENTS, SHAPES

pytestmark = pytest.mark.nightly("spark")


@lru_cache(1)
def known():
    return known_sources()


def proposed(path):
    return propose(read_sample(path), known())


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
    ("texts", "mark", "thousands"),
    [
        (["62,5", "1", ""], ",", None),
        (["62.5", ".140"], ".", None),
        (["1.234,5"], ",", "."),
        (["1 234,5"], ",", " "),
        (["1,234.5"], ".", ","),
        (["62,5", "62.5"], None, None),
        (["1", "2"], None, None),
        (["12,5"], ",", None),
        (["1.234"], None, None),
        (["1.234", "0.5"], ".", None),
        (["1.234", "0,5"], ",", "."),
        (["1.234", "5,678"], None, None),
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
        (["M"], {"M": "M"}),
        ([], None),
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


NAMES = {
    "pseudonym": "ID pid lopenr LØPENR Løpenummer PATIENT_ID pasient_lopenr LopNr pnr CPR subjid",
    "atc": "ATC atckode ATC_code AtcKod atc_niva5",
    "dispensed_on": "edate EDATUM utleveringsdato disp_date eksd dispensing_date utlevering_dato",
    "sex": "kjonn kjønn Kön KOEN gender SEX pasientkjonn",
    "birth_year": "yob fodselsaar fødselsår birth_year FODT_AR fodselsar year_of_birth",
    "born_on": "dob fødselsdato date_of_birth",
    "product_number": "varenr VARUNR vnr ndc",
    "ddd": "DDD antall_ddd antal_ddd nddd",
    "packages": "packages antall_pakninger n_packs",
    "died_on": "dodsdato dødsdato date_of_death",
}


def test_usual_names():
    for ours, names in NAMES.items():
        for name in names.split():
            assert list(usual_columns(ours, ["note", name])) == [name], (ours, name)
            others = [one for one in NAMES if one != ours and [*usual_columns(one, [name])]]
            assert not others, (name, others)


def test_the_most_usual_name_wins_and_content_has_a_word(tmp_path):
    path = tmp_path / "a.csv"
    rows = "\n".join(f"{n},P{n % 9},N05BB01,2013-01-02,x{n},30.5,x" for n in range(200))
    path.write_text(f"id,pid,atckode,dato,yob,ddd,age\n{rows}\n")
    text = proposed(path)
    assert "  pseudonym: pid  " in text
    assert "# not read: id\n" in text
    assert "# not read: yob   named like birth_year, but does not hold such values" in text
    assert "# not read: age   an age? 'computed: {birth_year: {age:" in text
    path.write_text(path.read_text().replace("pid", "x"))
    assert "usually so called; but every row has another one: does it number" in proposed(path)


@pytest.mark.parametrize(("written", "form"), SHAPES)
def test_a_proposal_reads_every_line(tmp_path, written, form):
    """Whatever the shape of its days, the one amount `12,5` in quotation marks."""
    write = written if callable(written) else lambda at: at.strftime(written)
    rows = [f'{n},"12,5",K,1960,N03AE01,"{write(at)}"' for n, at in enumerate(MOMENTS)]
    path = tmp_path / "e.csv"
    path.write_text("\n".join(["PATIENT_ID,antal_ddd,kjonn,yob,ATC,edate", *rows]) + "\n")
    text = proposed(path)
    assert "fill in:" not in text
    assert f"# As proposed, {len(MOMENTS)} of the {len(MOMENTS)} rows would be accepted." in text
    assert "# rejected" not in text
    assert "# noted" not in text
    assert source_of(tmp_path, text).date_format == form


@pytest.mark.parametrize(
    ("header", "rows", "told"),
    [
        ("who,what,bought,paid", "x,N05BB0{n},2.1.2013,2.1.2013", "there are days in bought, paid"),
        ("who,what,bought,paid", "x,N05BB0{n},2.1.2013,2.1.2013", "date_format: d.M.yyyy"),
        ("who,what,a,b", "x,N05BB0{n},2013-01-02,03/04/2013", "date_format: differs; a: yyyy-MM"),
        ("who,what,a,b", "x,N05BB0{n},y,z", "# fill in: date_format: no column of days is told"),
        ("who,what,a,b", 'x,N05BB0{n},"12,5",z', "# 8 numbers have it in a"),
        ("w,what,a,b", 'x,N05BB0{n},"1,5",0.5', "points and commas both occur; a has commas; b"),
        ("who,atc,edate", "x,N05BB0{n},", "# fill in: date_format: the column is empty here"),
        ("who,atc,sex", "x,N05BB0{n},", "# fill in: sex_codes: the column is empty here"),
        ("who,atc,sex", "x,N05BB0{n},0", "# fill in: sex_codes: 0 and 1 are in use both ways"),
        ("who,atc,vnr", "x,N05BB0{n},", "product_number_width: null                   # the col"),
        ("who,atc", "x\r,N05BB0{n}", "# 8 of the lines cannot be split: stray_carriage_return"),
    ],
)
def test_the_reason_is_the_true_one(tmp_path, header, rows, told):
    path = tmp_path / "b.csv"
    lines = "\n".join(rows.format(n=n) for n in range(1, 9))
    path.write_text(f"{header}\n{lines}\n", newline="")
    assert told in proposed(path)


def test_a_long_field_and_a_name_of_any_letters(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text(f"pid;a\x1b\x85b;{'9' * 200_000}x\n1;N05BB01;{'9' * 200_000}\n")
    text = proposed(path)
    assert '  atc: "a\\u001b\\u0085b"' in text
    assert text.isprintable() or "\x1b" not in text


def test_a_file_whose_lines_end_with_carriage_returns_alone(tmp_path):
    path = tmp_path / "mac.csv"
    path.write_bytes(b"pid;atc\r1;N05BB01\r")
    with pytest.raises(DeliveryError, match="line 1: ends with a carriage return alone; save it"):
        read_sample(path)


@pytest.mark.parametrize("text", ["17", "2012-01-01", "1,5", " 4 ", "N05BB01", "n05bb01"])
def test_a_value_is_no_name(text):
    assert is_value(text)


@pytest.mark.parametrize("text", ["ATC", "A", "V1", "diag_1", "", "År 2012"])
def test_a_name_is_no_value(text):
    assert not is_value(text)


MARKED = ["P1;N06AB03;2012-01-01;1,5;1;1950", "P2;N06AB03;2012-01-02;2;2;1960"]
PROPOSED = {
    "words": (
        ["P1;N06AB03;2012-01-03;NA;-;1950", "P2;na;2012-01-03;1;NULL;."],
        {
            "missing_values: [",
            '"-"',
            '"."',
            "NA",
            '"NULL"',
            "na",
            "1 of atc",
            "1 of ddd",
            "1 of birth_year",
            "2 of sex",
        },
    ),
    "numbers where they are no values": (
        ["P1;N06AB03;9999-12-31;9999;1;9999", "P1;N06AB03;2012-01-03;0;1;0000"],
        {'columns: {birth_year: ["0000", "9999"], dispensed_on: ["9999-12-31"]}'},
    ),
    "nobody": (
        ["NULL;N06AB03;2012-01-03;1;1;1950", *["0;N06AB03;2012-01-03;1;1;1950"] * 3],
        {'no_id: {column: pseudonym, values: ["0", "NULL"]}', "# 4 lines look like nobody's"},
    ),
    "line ends": (
        ['P1;N06AB03;2012-01-03;1;"1\n";1950', 'P1;N06AB03;2012-01-03;1;"1";"1950"'],
        {"quoted_line_ends: true", "# 1 of 42 records have several lines"},
    ),
}


@pytest.mark.parametrize("case", PROPOSED)
def test_what_stands_for_nothing_and_line_ends_are_proposed(tmp_path, case):
    """The proposal reads every line: as empty fields, as nobody, as one record."""
    rows, told = PROPOSED[case]
    path = tmp_path / "a.csv"
    header = "pseudonym;atc;dispensed_on;ddd;sex;birth_year"
    path.write_text("\n".join([header, *MARKED * 20, *rows, ""]), encoding="utf-8")
    text = propose(read_sample(path), known_sources())
    assert not [words for words in told if words not in text]
    assert "malformed" not in text
    assert "too_few_fields" not in text.partition("\n\n")[2]
