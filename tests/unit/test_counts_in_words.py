"""What is counted is named in the singular or the plural, wherever a number is told."""

import ast
import re
from pathlib import Path

import ldn_spark

SOURCES = [*Path(ldn_spark.__file__).parent.rglob("*.py")]
TEMPLATES = [*Path(ldn_spark.__file__).parent.rglob("*.j2")]
PLURAL = re.compile(
    r" ([a-z-]+ )?(?!(is|was|has|does|less|as|its|this)\b)[a-z-]+s\b| people\b| (are|have)\b"
)
COUNTS = ("counted", "len")
IN_A_TEMPLATE = re.compile(r"count\([^{}]*\) *\}\} ([a-z]+ )?[a-z]+s\b|== 1 else '[a-z]+s'")
TOLD_OF_THE_LIST = {"warnings-heading", "lead"}
"""Headings that name no number."""


def plurals_of_any_number(source):
    """Lines in which a count, which may be 1, stands before a plural or its verb."""
    for node in ast.walk(ast.parse(source)):
        for told, after in zip(
            getattr(node, "values", ()), getattr(node, "values", ())[1:], strict=False
        ):
            if (
                isinstance(told, ast.FormattedValue)
                and isinstance(told.value, ast.Call)
                and getattr(told.value.func, "id", "") in COUNTS
                and not re.fullmatch("[A-Z_]+", ast.unparse(told.value.args[0]))
                and isinstance(after, ast.Constant)
                and PLURAL.match(after.value)
            ):
                yield told.lineno


def test_the_search_finds_a_plural_of_any_number():
    found = [
        'f"{counted(n)} lines"',
        'f"only {counted(n)} of {counted(m)} persons link"',
        'f"{len(names)} other reasons"',
        'f"{counted(n)} have an ATC code"',
    ]
    assert [way for way in found if not list(plurals_of_any_number(way))] == []
    left = 'f"{counted(n)} of them"; f"{counted(MOST)} lines"; f"{numbered(n, \'line\')} is"'
    assert list(plurals_of_any_number(left)) == []


def test_no_number_stands_before_a_plural_of_its_own():
    found = [
        f"{file} line {line}"
        for file in SOURCES
        for line in plurals_of_any_number(file.read_text(encoding="utf-8"))
    ]
    assert found == []
    for file in TEMPLATES:
        for line in file.read_text(encoding="utf-8").splitlines():
            if not any(f'"{place}"' in line for place in TOLD_OF_THE_LIST):
                assert not IN_A_TEMPLATE.search(line), f"{file}: {line.strip()[:80]}"
