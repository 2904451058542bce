"""Inputs that are a little wrong: seeded changes of good files, as people and disks make them."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]

NUMBERS = [
    "0", "-1", "1", "007", "1e5", "-0.0", "1e999", "0x7dd", "0o17", "1_000", ".inf", ".nan",
    "9" * 20, "9" * 5000, "2013.0", "-999999", "9999999", "36525", "36526", "2147483648",
    "9223372036854775808", "1.7976931348623157e308", "5e-324", "1,5", "١٢", "½", "+5", "--1",
    "0.000", "<0.001", ">1",
]  # fmt: skip
DATES = [
    "2013-06-31", "2013-02-29", "2012-02-29", "9999-12-31", "0001-01-01", "0000-00-00",
    "1899-12-31", "2100-12-31", "2101-01-01", "20130101", "2013-1-1", "01.01.2013",
    "2013-01-01T00:00:00Z", "2013-01-01 10:00", "-2013-01-01",
]  # fmt: skip
TEXTS = [
    "", " ", "yes", "null", "~", "true", "NULL", "NA", "=1+1", "+1", "-1", "@A1", "\t", "a" * 300,
    "x" * 20_000, "N05CF", "n05cf", "N06AB031", "LDNx1", "overall", "..", "../../etc/passwd", "/",
    "**", "a/b", "a\\b", "C:\\x", "%s%n", "{0}", "$(id)", "<script>", "|", "å×–", "\u202e",
    "\u200b", "\ufeff", "e\u0301" * 50, "\U0001f600", "\ud7ff", "\uffff", "\u2028", "\x85",
    "\x1b[2J", "\0", "\x7f", "\x9b31m", "days", "yyyy", "MM/dd/yyyy", "yyyy-MM-dd'", "[[[[",
    "(((((((", "a{9999}", "utf-7", "idna", "zip",
]  # fmt: skip
YAML = [
    "[", "]", "{", "}", "[]", "{}", "[[]]", "[" * 400, "{a: " * 100, "[a, b, c]", "{a: b}",
    "{a: }", "[,]", "*a", "&a x", "&a [*a]", "<<: *a", "!!str 5", "!!binary aGFsbG8=",
    "!!python/object:x y", "!<x> y", "! a", "|\n  a\n  b\n", ">-\n  a\n", '"', "'", '"\\ud800"',
    '"\\UFFFFFFFF"', '"\\x1b[2J"', '"\\0"', '"\\q"', "@", "`", "%YAML 1.1\n---\n",
    "%TAG ! x\n---\n", "\n---\n", "\n...\n", "? a\n: b\n", "- a\n", "# ", ":", ": ", "- ",
    "'yes'", '"2013"', "null: a", "1: a", "true: a", "{1: M}", "{? [a] : b}", "[-365]",
    "[-1, -365]", "[1, 2, 3]", "[-999999, 999999]", "{first: 1, last: 2}", "{sex: F, age: null}",
    "{not: {not: {sex: F}}}", "{all: []}", "{dispensed: {}}", "{age: {at_least: 9, at_most: 1}}",
    "*a, *a, *a",
]  # fmt: skip
_CHOICES = [
    "first_in_period", "first_after_washout", "none", "ever", "counted", "not_counted",
    "one_a_day", "each_dispense", "total", "main", "secondary", "additional", "wald",
    "wald_corrected", "tango", "newcombe10", "exact", "mid_p", "pooled", "welch", "sd", "se",
    "cancel", "no_dispense", "true", "false", "null", "text", "parquet", "delta", "keep",
    "reject", "at_dispensing", "ISO-8859-1",
]  # fmt: skip
_HEADS = [
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"%YAML 1.2\n---\n",
    b"---\n",
    b"\0",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
]


def mutate_bytes(chance: Random, data: bytes) -> bytes:
    """What a disk or a transfer does: bytes turned, lost, doubled; a beginning, an end."""
    if not data:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(20)))
    at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice(
        [
            data[:at],
            data[at:],
            data[:at] + data[to:],
            data[:to] + data[at:],
            data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :],
            data[:at] + bytes([chance.randrange(256) for _ in range(4)]) + data[at:],
            chance.choice(_HEADS) + data,
            data.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n", b" "])),
            data.decode("utf-8", "replace").encode(chance.choice(["utf-16", "latin-1"]), "replace"),
        ]
    )


def mutate_lines(chance: Random, data: bytes) -> bytes:
    """What an editor does: lines lost, doubled, swapped, moved in or out."""
    lines = data.split(b"\n")
    one, other = (chance.randrange(len(lines)) for _ in range(2))
    kind = chance.randrange(6)
    if kind == 0:
        del lines[one]
    elif kind == 1:
        lines.insert(other, lines[one])
    elif kind == 2:
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == 3:
        lines[one] = b" " * chance.randrange(1, 5) + lines[one]
    elif kind == 4:
        lines[one] = lines[one].lstrip() if chance.random() < 0.5 else b"\t" + lines[one]
    else:
        lines[one : one + 1] = [lines[one]] * chance.choice([2, 3, 500])
    return b"\n".join(lines)


def mutate_yaml(chance: Random, data: bytes) -> bytes:
    """What an author does: a value that cannot be, in the place of one that can."""
    text = data.decode("utf-8", "surrogateescape")
    nasty = chance.choice(chance.choice([NUMBERS, DATES, TEXTS, YAML, YAML]))
    places = [
        match.span(1)
        for pattern in (r": ([^\n]*)", r"[\[{, ]([^\s\[\]{},:]+)(?=[\],}])", r"(-?\d+)", r"(\w+):")
        for match in re.finditer(pattern, text)
    ]
    if not places or chance.random() < 0.2:
        at = chance.randrange(len(text) + 1)
        places = [(at, at)]
    begin, end = chance.choice(places)
    return (text[:begin] + nasty + text[end:]).encode("utf-8", "surrogatepass")


def vary_yaml(chance: Random, data: bytes) -> bytes:
    """What a careful author does: another number, another day, another word that is allowed."""
    text = data.decode("utf-8", "surrogateescape")
    kind = chance.randrange(3)
    day = (
        f"{chance.randrange(1890, 2110)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    )
    number = str(chance.choice([1, 10, 4_000]) * chance.randrange(-9, 9))
    pattern, new = (
        (r"(?<![\w.-])-?\d{1,4}(?![\w.-])", number),
        (r"\d{4}-\d\d-\d\d", day),
        ("|".join(rf"\b{choice}\b" for choice in _CHOICES), chance.choice(_CHOICES)),
    )[kind]
    places = [match.span() for match in re.finditer(pattern, text)]
    if not places:
        return data
    begin, end = chance.choice(places)
    return (text[:begin] + new + text[end:]).encode("utf-8", "surrogateescape")


def mutate_csv(chance: Random, data: bytes) -> bytes:
    """What a spreadsheet does: another cell, another delimiter, quotation marks, fewer fields."""
    text = data.decode("utf-8", "surrogateescape")
    kind = chance.randrange(5)
    if kind == 0:
        text = text.replace(",", chance.choice([";", "\t", "|", ", ", ",,", " "]))
    elif kind == 1:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(['"', '""', ",", ";", "#", "\t", "\r", "'"]) + text[at:]
    else:
        cells = [match.span() for match in re.finditer(r"[^,;\t\n]+", text)] or [(0, 0)]
        begin, end = chance.choice(cells)
        nasty = chance.choice(chance.choice([NUMBERS, DATES, TEXTS, ["y" * 200_000]]))
        text = text[:begin] + nasty + text[end:]
    return text.encode("utf-8", "surrogatepass")


def mutated(chance: Random, good: bytes, ways: list[Mutation]) -> bytes:
    """A good file after one to four changes, most often of its own kind."""
    data = good
    for _ in range(chance.choice([1, 1, 1, 2, 3, 4])):
        way = chance.choice([*ways, *ways, *ways, mutate_lines, mutate_bytes])
        data = way(chance, data)
    return data
