"""Exported files: the numbers of the printed tables, as numbers; the same bytes; nothing hidden."""

from __future__ import annotations

import io
import os
import re
import time
import zipfile
from dataclasses import replace

import pytest

from ldn_spark.errors import UsageError
from ldn_spark.reporting.office.kinds import KINDS
from ldn_spark.reporting.office.latex import latex
from ldn_spark.reporting.office.run_tables import Export, is_wide
from ldn_spark.reporting.office.word import document
from ldn_spark.reporting.office.xlsx import workbook
from ldn_spark.reporting.publication import analyse_moments
from ldn_spark.reporting.result_files import estimates_csv
from ldn_spark.texts.restricted import RESTRICTED
from tests.unit.reporting.office_files import parts, sheets, word
from tests.unit.reporting.publications import small_publication

FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "{=1}", "\tx", "http://x.y")


@pytest.fixture(scope="module")
def export():
    publication = small_publication()
    return Export(publication.study, analyse_moments(publication), "0f" * 32, "0.1.0")


@pytest.fixture(scope="module")
def made(export):
    return {name: kind.write(export) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def tables(export):
    return export.tables


def rows_of(table):
    """Label and cells of each row; None for the heading of a section."""
    for section in table.sections:
        if section.label:
            yield section.label, None
        for row in section.rows:
            yield row.label, row.cells


def is_share(table, name, label):
    """By what a reader sees: a column or a row of per cent."""
    if table.id == "changes":
        return True
    return name in ("before_pct", "after_pct") or (name.endswith("_bracket") and "(%)" in label)


def test_a_workbook_has_the_printed_numbers_as_numbers(made, tables):
    found = sheets(made["xlsx"])
    assert list(found) == [*(table.number for table in tables), "notes"]
    shares = numbers = 0
    for table in tables:
        sheet = found[table.number]
        assert sheet[1, 1] == RESTRICTED
        names = [name for column in table.columns for name in column.names]
        halves = len(names) > len(table.columns)
        at = 2 + table.depth + halves
        for label, cells in rows_of(table):
            at += 1
            assert sheet[at, 1] == label
            texts = [(cell, part) for cell in cells or () for part in cell.parts]
            for column, (cell, part) in enumerate(texts, start=2):
                value = sheet.get((at, column))
                if re.fullmatch(r"-?[\d.]+", part):
                    share = is_share(table, names[column - 2], label)
                    shares, numbers = shares + share, numbers + 1
                    assert value == float(f"{part}e-2" if share else part)
                elif part:
                    assert value == part
                else:
                    assert value == (f"–{table.mark(cell)}" if cell.reason else None)
        below = [text for (row, _), text in sheet.items() if row > at]
        assert set(table.notes) <= set(below)
    assert numbers > 300
    assert shares > 20


def test_a_document_has_the_tables_as_printed(made, tables):
    found = word(made["docx"])
    captions = [one.text for one in found.paragraphs if one.style.name == "Caption"]
    assert captions == [f"{t.number}. {t.title} {t.caption}".strip() for t in tables]
    for table, printed in zip(tables, found.tables, strict=True):
        lines = printed.rows
        repeated = ["w:tblHeader" in line._tr.xml for line in lines]
        assert repeated == [at < table.depth for at in range(len(lines))]
        for (label, cells), line in zip(rows_of(table), list(lines)[table.depth :], strict=True):
            texts = [cell.text for cell in line.cells]
            if cells is None:
                assert set(texts) == {label}
            else:
                assert texts == [label, *(cell.text + table.mark(cell) for cell in cells)]
    said = "\n".join(one.text for one in found.paragraphs)
    for text in (note for table in tables for note in table.notes):
        assert text in said


def test_wide_tables_lie_on_their_side(made, tables):
    found = word(made["docx"])
    assert {is_wide(table) for table in tables} == {True, False}
    body, lies, ends = list(found.element.body), [], iter(found.sections)
    waiting = 0
    for element in body:
        waiting += element.tag.endswith("}tbl")
        if element.tag.endswith("}sectPr") or element.xpath("./w:pPr/w:sectPr"):
            section = next(ends)
            turned = section.orientation.name == "LANDSCAPE"
            assert turned == (section.page_width > section.page_height)
            lies += [turned] * waiting
            waiting = 0
            assert RESTRICTED in section.header.paragraphs[-1].text
    assert lies == [is_wide(table) for table in tables]


@pytest.mark.parametrize("name", KINDS)
def test_the_same_bytes_whenever_and_wherever(export, made, name, monkeypatch):
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    mask = os.umask(0o077)
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(4_000_000_000))
    try:
        assert KINDS[name].write(export) == made[name]
    finally:
        os.umask(mask)
        monkeypatch.undo()
        time.tzset()


def test_no_file_holds_a_time_a_name_or_a_path(made):
    for name in ("xlsx", "docx"):
        files = parts(made[name])
        core = files["docProps/core.xml"].decode()
        assert RESTRICTED in core
        assert set(re.findall(r"\d{4}-\d\d-\d\dT", core)) == {"2000-01-01T"}
        assert "<dc:creator></dc:creator>" in core
        everything = b"".join(files.values())
        for told in (b"python-docx", os.getcwd().encode(), b"/home/", b"/tmp/"):
            assert told not in everything, told
    assert b"01 Jan 2000 00:00" in made["stata"][:400]
    assert made["spss"][92:109] == b"01 Jan 0000:00:00"


def test_every_file_is_marked(made):
    for name in ("latex", "stata", "spss"):
        assert RESTRICTED.encode() in made[name][:500], name
    assert RESTRICTED.encode() in parts(made["docx"])["word/document.xml"]


def renamed(export, labels):
    outcomes = [
        one.model_copy(update={"label": labels[at % len(labels)]})
        for at, one in enumerate(export.study.outcomes)
    ]
    return replace(export, study=export.study.model_copy(update={"outcomes": tuple(outcomes)}))


def test_no_text_becomes_a_formula_or_a_link(export):
    content = workbook(renamed(export, FORMULAS))
    files = parts(content)
    texts = {text for sheet in sheets(content).values() for text in sheet.values()}
    assert {*FORMULAS, "\\tx"} - {"\tx"} <= texts
    for name, file in files.items():
        if name.startswith("xl/worksheets/"):
            assert b"<f" not in re.sub(rb"<foot", b"", file)
            assert b"hyperlink" not in file
    assert b'quotePrefix="1"' in files["xl/styles.xml"]
    assert len(word(document(renamed(export, FORMULAS))).tables) > 5


def test_what_latex_would_obey_is_text(export):
    odd = ("\\input{/etc/passwd}", "50 % & more_#1 $x$ ^~", "{unbalanced", "a -- b `c' [d] *")
    text = latex(renamed(export, odd)).decode()
    assert "\\input{/" not in text
    assert "\\textbackslash{}input\\{/etc/passwd\\}" in text
    bare = re.sub(r"\\[\\{}%&#$_]", "", text)
    body = "\n".join(line for line in bare.splitlines() if not line.startswith("%"))
    assert body.count("{") == body.count("}")
    assert "%" not in body
    assert body.count("$") % 2 == 0
    begun = re.findall(r"\\begin\{(\w+)\}", text)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", text))


def test_every_row_in_latex_fills_its_table(made, tables):
    text = made["latex"].decode()
    found = re.findall(r"\\begin\{longtable\}\{.*?\}(r+)\}\n(.*?)\\end\{longtable\}", text, re.S)
    assert len(found) == len(tables)
    for (columns, body), table in zip(found, tables, strict=True):
        assert len(columns) == len(table.columns)
        lines = [line for line in body.splitlines() if re.search(r"(?<!\\)&|multicolumn", line)]
        for line in lines:
            cells = re.split(
                r"(?<!\\)&", re.sub(r"\\begin\{tabular\}.*?\\end\{tabular\}", "", line)
            )
            spans = [re.search(r"\\multicolumn\{(\d+)\}", cell) for cell in cells]
            assert sum(int(span[1]) if span else 1 for span in spans) == len(columns) + 1, line


@pytest.mark.parametrize(("name", "reader"), [("stata", "read_dta"), ("spss", "read_sav")])
def test_statistical_programs_read_every_estimate(export, made, tmp_path, name, reader):
    pyreadstat = pytest.importorskip("pyreadstat")
    (tmp_path / "file").write_bytes(made[name])
    frame, meta = getattr(pyreadstat, reader)(tmp_path / "file")
    lines = [line.split(",") for line in estimates_csv(export.results).splitlines()]
    assert list(frame.columns) == lines[0]
    assert len(frame) == len(lines) - 1
    for row, line in zip(frame.itertuples(index=False), lines[1:], strict=True):
        assert [row.table, row.stratum, row.outcome, row.quantity] == line[:4]
        assert (row.value == float(line[4])) if line[4] else (row.value != row.value)
    assert all(meta.column_names_to_labels.values())
    assert meta.readstat_variable_types["value"] == "double"
    assert meta.file_label == RESTRICTED
    if name == "stata":
        assert b"<release>118</release>" in made[name][:100]
    else:
        assert meta.notes[0] == RESTRICTED
        assert "Småbrekke" in " ".join(meta.notes)


def template():
    """A journal's document: a small page, a style of its own, people in it."""
    import docx
    from docx.shared import Mm

    made = docx.Document()
    made.core_properties.author = made.core_properties.last_modified_by = "Jane Roe"
    made.add_paragraph("Write here").add_run(" please")
    made.add_comment(made.paragraphs[-1].runs, text="hm", author="Jane Roe", initials="JR")
    section = made.sections[0]
    section.page_width, section.page_height = Mm(148), Mm(210)
    section.header.paragraphs[0].text = "Journal of Templates"
    section.different_first_page_header_footer = True
    made.styles["Caption"].font.name = "Courier New"
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def test_a_template_gives_its_styles_and_nothing_else(export):
    given = template()
    content = document(export, given, "journal.docx")
    assert document(export, given, "journal.docx") == content
    found = word(content)
    assert round(found.sections[0].page_width.mm) == 148
    assert found.styles["Caption"].font.name == "Courier New"
    heads = [one.text for one in found.sections[0].header.paragraphs]
    assert heads == ["Journal of Templates", RESTRICTED]
    assert RESTRICTED in [one.text for one in found.sections[0].first_page_header.paragraphs]
    everything = b"".join(parts(content).values())
    for told in (b"Jane", b"JR", b"Write here"):
        assert told not in everything, told


NO_TEMPLATES = {
    "nothing": lambda _: b"",
    "text": lambda _: b"a letter",
    "an archive cut off": lambda _: template()[:5000],
    "a workbook": lambda made: made["xlsx"],
    "a damaged list of contents": lambda _: template().replace(b"PK\x01\x02", b"PK\x01\x09"),
    "a document without its text": lambda _: without(template(), "word/document.xml"),
    "text that is no XML": lambda _: without(template(), "word/document.xml", b"<w:body"),
    "a damaged part": lambda _: template().replace(b"PK\x03\x04", b"PK\x03\x09"),
}


def without(content, name, instead=None):
    """An archive without one of its files, or with another in its place."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for other, file in parts(content).items():
            if other != name:
                archive.writestr(other, file)
            elif instead is not None:
                archive.writestr(other, instead)
    return stream.getvalue()


@pytest.mark.parametrize("kind", NO_TEMPLATES)
def test_what_is_no_template_is_told(export, made, kind):
    with pytest.raises(UsageError, match=r"letter.docx.*is no Word document"):
        document(export, NO_TEMPLATES[kind](made), "letter.docx")


def test_a_template_whose_caption_is_for_letters_is_told(export):
    import docx
    from docx.enum.style import WD_STYLE_TYPE

    made, stream = docx.Document(), io.BytesIO()
    made.styles.add_style("Table Note", WD_STYLE_TYPE.CHARACTER)
    made.save(stream)
    with pytest.raises(UsageError, match=r"letter.docx.*Table Note is no style of paragraphs"):
        document(export, stream.getvalue(), "letter.docx")
