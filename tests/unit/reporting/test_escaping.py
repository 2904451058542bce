"""Whatever a label or a file's name holds: no control, no formula, no link, no element, no math."""

from __future__ import annotations

import ast
import csv
import io
import re
import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import ldn_spark
from ldn_spark.papers.compare.files import Listing
from ldn_spark.reporting.escaping import markdown
from ldn_spark.shown import escaped
from ldn_spark.texts.csv_cells import FORMULA_SIGNS, csv_cell, csv_text
from ldn_spark.texts.pages import fill
from tests.unit.reporting.paper_like import PROVENANCE
from tests.unit.reporting.written import publish

EVIL = (
    "=cmd|' /C calc'!A0 \x1b[31m\x07\u202e<script>alert(1)</script> <img src=x> &lt; "
    "[link](http://evil.example) ![i](x) https://evil.example www.evil.example $x_1$ *b* `c`"
)
NUMBERS = ["-1.2", "+3", "-0.0001", "-1e-05", "5e-324", "12", "", "−365", "<0.001", "0.5"]
FORMULAS = ["=1+1", "+cmd", "-cmd", "@SUM(1)", "=", "-", "＝1", "-0.9 to 2.0", "+1 of 2", "-2+3"]


def test_numbers_stay_and_no_text_is_a_formula():
    assert [csv_cell(text) for text in NUMBERS] == NUMBERS
    for text in FORMULAS:
        assert not csv_cell(text).startswith(tuple(FORMULA_SIGNS)), text
    assert csv_cell("-0.9 to 2.0") == "−0.9 to 2.0"


def test_the_lines_are_those_of_the_csv_writer():
    odd = [EVIL, "a,b", 'the "c"', '"', ",", "two\nlines", "\r", " ", "'", "\t", "a;b", *NUMBERS]
    rows = [[one] for one in odd] + [[one, other] for one in odd for other in odd]
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(map(csv_cell, row) for row in rows)
    head, _, body = csv_text(["a", "b"], rows).partition("\n")
    assert (head, body) == ("a,b", stream.getvalue())


@pytest.mark.parametrize(
    "text", [EVIL, "# head", "> quote", "<b>", "</b>", "<!-- c -->", "&copy;", "a|b", "~~x~~"]
)
def test_markdown_shows_the_text_itself(text):
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown(text))
    assert not re.search(r"<(?!/?p>)", page)
    assert not re.search(r"(?<!\\)(://)|www\.", markdown(text))
    shown = re.sub(r"</?p>", "", page).strip()
    assert shown == escape(escaped(text), quote=False).replace('"', "&quot;")


@pytest.fixture(scope="module")
def folder(definition, results, tmp_path_factory):
    """A publication whose every label and delivered name is evil; no study file may be so."""
    outcomes = tuple(one.model_copy(update={"label": EVIL}) for one in definition.outcomes)
    levels = tuple(one.model_copy(update={"label": EVIL}) for one in definition.strata.levels)
    exposure = definition.exposure.model_copy(update={"name": EVIL, "abbreviation": "=LDN\x1b"})
    study = definition.model_copy(
        update={
            "title": EVIL,
            "reference": EVIL,
            "outcomes": outcomes,
            "strata": definition.strata.model_copy(update={"levels": levels}),
            "exposure": exposure,
        }
    )
    files = [{**PROVENANCE["files"][0], "name": EVIL}]
    made = tmp_path_factory.mktemp("evil")
    publish(
        results,
        study,
        made,
        provenance={**PROVENANCE, "files": files, "warnings": [EVIL], "command": EVIL},
        study_hash="0f" * 32,
        software_version="0.1.0",
    )
    return made


def test_no_file_holds_what_a_terminal_obeys(folder):
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text), path.name


def test_figures_are_xml_and_pages_hold_no_foreign_element(folder):
    figures = list((folder / "figures").glob("*.svg"))
    assert len(figures) == 4
    for path in figures:
        ET.fromstring(path.read_bytes())
    pages = [*folder.rglob("*.html")]
    assert len(pages) > 10
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<script|<img|href=\"(?!#)", text), path.name


def test_markdown_files_hold_no_link_and_no_element(folder):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    for path in folder.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        page = parser.render(text)
        assert not re.search(r"<(script|img|a|code|em|h\d)\b", page), path.name
        assert not re.search(r"(?<!\\)://|(?i:\bwww\.)", text), path.name
        if path.parent.name == "tables":
            rows = [line for line in text.splitlines() if line.startswith("|")]
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
            assert len(cells) == 1, path.name


def test_no_cell_of_any_csv_is_a_formula(folder):
    for path in folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    if cell.startswith(tuple(FORMULA_SIGNS)):
                        float(cell)  # a number, and nothing else


ELEMENT = re.compile(
    r"</?(a|aside|body|caption|dd|details|div|dl|dt|figure|h[1-6]|head|html|li|main|nav|ol|p|"
    r"section|span|strong|style|summary|table|tbody|td|tfoot|th|thead|tr|ul)\b"
)


def test_no_module_writes_an_element_itself():
    """Elements stand in templates, which escape what they are given."""
    found = []
    package = Path(ldn_spark.__file__).parent
    of_docs = package / "catalogue" / "page.py"  # Markdown with anchors, of our own texts alone
    for path in {*package.rglob("*.py")} - {of_docs}:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path.name} line {node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in said
            and ELEMENT.search(node.value)
        ]
    assert not found


@pytest.mark.parametrize("part", ["title", "summary", "label", "head", "body"])
def test_a_template_escapes_whatever_it_is_given(part):
    own = {"title": "T", "summary": "S", "label": "L", "head": "H", "body": "B"} | {part: EVIL}
    table = Listing(own["label"], [own["head"]], [[own["body"]]], frozenset())
    page = fill(
        "papers/compare/audit.html.j2", title=own["title"], summary=own["summary"], findings=table
    )
    assert "=cmd|&#x27; /C calc&#x27;!A0 \\x1b[31m\\x07\\u202e&lt;script&gt;" in page
    assert not re.search(r"<script|<img|\x1b", page)
