"""What is shown of foreign text: nothing that a terminal obeys, nothing that it cannot print."""

from __future__ import annotations

import os

import pytest

from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.shown import shown


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Ærlig – 10 €", "Ærlig – 10 €"),
        (os.fsdecode(b"l\xf8v.csv"), r"l\xf8v.csv"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\r\nb\t", r"a\r\nb\t"),
        ("\u202egpj.csv\u200b", r"\u202egpj.csv\u200b"),
        ("\x9b31m", r"\x9b31m"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_is_escaped(text, seen):
    assert shown(text) == seen
    seen.encode()


def test_a_long_text_is_cut_in_its_middle():
    seen = shown("a" * 150_000 + "b" * 150_000)
    assert seen == "a" * 1000 + "… (298\u202f000 more characters) …" + "b" * 1000


def test_no_message_holds_what_a_terminal_obeys():
    error = DeliveryError([Problem("a\x1b[2J\n.csv", "is 'x\x1b[2J'", "write\ntwo lines")])
    assert str(error) == "a\\x1b[2J\\n.csv: is 'x\\x1b[2J'; write\ntwo lines"
