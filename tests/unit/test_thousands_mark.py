import ast
import codecs
import io
import re
from pathlib import Path

import pytest
from rich.text import Text

import ldn_spark
from ldn_spark.cli import consoles, streams
from ldn_spark.reporting.formats import pretty
from ldn_spark.shown import THOUSANDS, counted

PACKAGE = Path(ldn_spark.__file__).parent
SOURCES = [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "jobs").rglob("*.py")]
BY_HAND = re.compile(r"(?<![\d,])\d{1,3}(,\d{3})+(?![\d,])")


def marks_of_its_own(source):
    """Lines with a number whose thousands are set off in another way than by `counted`."""
    tree = ast.parse(source)
    told = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FormattedValue) and node.format_spec:
            parts = (getattr(part, "value", "") for part in node.format_spec.values)
            if any(isinstance(part, str) and re.search("[,_]", part) for part in parts):
                yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            text = node.value
            if BY_HAND.search(text) or re.search(r"\{\w*:[^{}]{,4}[,_][.\w]*\}", text):
                yield node.lineno
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "format":
            yield from (
                node.lineno
                for form in node.args[1:]
                if isinstance(form, ast.Constant) and re.search(r"[,_]", form.value)
            )


def test_the_search_finds_every_way_to_write_a_mark():
    ways = [
        'f"{n:,}"',
        'f"{n:>9,.1f}"',
        '"{:,} rows".format(n)',
        'format(n, ",")',
        'a = "of 10,000"',
    ]
    assert [way for way in ways if not list(marks_of_its_own(way))] == []
    assert not list(marks_of_its_own('"""10,000"""; f"{a}, {b:.1f}"; "1,2,3"; "at 3,1000"'))


def test_thousands_are_marked_in_one_way():
    found = [
        f"{file} line {line}"
        for file in SOURCES
        for line in marks_of_its_own(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize("number", [0, 999, 1000, -1000, 10**24 + 1, 123456])
def test_messages_and_pages_mark_thousands_alike(number):
    assert counted(number) == pretty(str(number)).replace("\N{MINUS SIGN}", "-")
    assert int(counted(number).replace(THOUSANDS, "")) == number


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_the_mark_is_a_blank_where_it_cannot_be_printed(encoding):
    codecs.register_error("plain", streams._plain)
    written = f"{counted(1234567)} rows".encode(encoding, "plain").decode(encoding)
    blank = THOUSANDS if encoding == "utf-8" else " "
    assert written == f"1{blank}234{blank}567 rows"


@pytest.mark.parametrize("width", range(8, 40))
@pytest.mark.parametrize("made", [str, Text], ids=["str", "Text"])
def test_no_line_is_broken_within_a_number(width, made):
    stream = io.StringIO()
    console = consoles.PlainConsole(file=stream, width=width, highlight=False)
    numbers = [counted(number) for number in (11247, 123456, 5, 999000, 4321)]
    console.print(made(f"of {' and '.join(numbers)} persons ×"))
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert all(any(number in line for line in lines) for number in numbers)
