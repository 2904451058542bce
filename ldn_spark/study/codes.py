"""Codes as types: one that does not parse never enters a study."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

_ATC = r"[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?"
ATC_PATTERN = re.compile(_ATC)
ATC_LENGTHS = (1, 3, 4, 5, 7)
"""Lengths of the five levels of an ATC code."""

PRODUCT_NUMBER_PATTERN = re.compile(r"[0-9]{6}")
_REIMBURSEMENT = r"[!-`{-~]{1,20}"


def parse_atc(text: str) -> str:
    """An ATC code of any level, as written by WHO.

    Raises:
        ValueError: it is not one.

    >>> parse_atc("N06AB03")
    'N06AB03'
    >>> parse_atc("N6AB")
    Traceback (most recent call last):
    ...
    ValueError: 'N6AB' is not an ATC code; write a letter, two digits, two letters, two digits \
(N06AB03) or the beginning of one
    """
    if not isinstance(text, str) or not ATC_PATTERN.fullmatch(text):
        raise ValueError(
            f"'{text}' is not an ATC code; write a letter, two digits, two letters, two digits "
            "(N06AB03) or the beginning of one"
        )
    return text


ATC_SCHEMA = {"type": "string", "pattern": f"^{_ATC}$"}
AtcCode = Annotated[str, AfterValidator(parse_atc), WithJsonSchema(ATC_SCHEMA)]


def parse_reimbursement(text: str) -> str:
    """The beginning of a reimbursement code, as an ingest keeps them: in capitals, without blanks.

    Raises:
        ValueError: no code begins like this.

    >>> parse_reimbursement("G35"), parse_reimbursement("-73")
    ('G35', '-73')
    """
    if not re.fullmatch(_REIMBURSEMENT, text):
        raise ValueError(
            f"'{text}' begins no reimbursement code; write 1 to 20 capitals, digits and signs, "
            "without blanks"
        )
    return text


ReimbursementCode = Annotated[
    str,
    AfterValidator(parse_reimbursement),
    WithJsonSchema({"type": "string", "pattern": f"^{_REIMBURSEMENT}$"}),
]


def parse_product_number(text: str) -> str:
    """A product number of six digits, leading zeros kept.

    Raises:
        ValueError: it is not one.

    >>> parse_product_number("000981")
    '000981'
    """
    if not PRODUCT_NUMBER_PATTERN.fullmatch(text):
        raise ValueError(f"product number '{text}' is not six digits; keep its leading zeros")
    return text


def parse_concept_id(text: str) -> str:
    """The number of an OMOP concept, as a CDM writes it.

    Raises:
        ValueError: it is not one.

    >>> parse_concept_id("1714319")
    '1714319'
    """
    if not re.fullmatch(r"[1-9]\d{0,17}", text, re.ASCII):
        raise ValueError(f"concept_id '{text}' is not the number of a concept; write its digits")
    return text


def shortest_prefixes(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes without those that another one of them already covers, sorted.

    After this every dispensed code falls under at most one of them, so that a dispensing is
    counted once per outcome.

    >>> shortest_prefixes(["N03AX09", "N05A", "N03A", "N03A"])
    ('N03A', 'N05A')
    """
    kept: list[str] = []
    for code in sorted(set(codes)):
        if not kept or not code.startswith(kept[-1]):
            kept.append(code)
    return tuple(kept)


def prefix_end(prefix: str) -> str:
    """The smallest text greater than every code that starts with `prefix`.

    A prefix is a range: `prefix <= atc < prefix_end(prefix)`, which engines push down to the
    statistics of a file.

    >>> prefix_end("N03A")
    'N03B'
    """
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def prefix_ranges(prefixes: Iterable[str]) -> list[tuple[str, str]]:
    """Ranges (begin, end not included) that hold exactly the codes under any of the prefixes.

    Neighbours become one range, so that fewer are compared and more row groups are read at once.

    >>> prefix_ranges(["N05B", "N05A", "N03A", "N05CF", "N05CF01"])
    [('N03A', 'N03B'), ('N05A', 'N05C'), ('N05CF', 'N05CG')]
    """
    ranges: list[tuple[str, str]] = []
    for prefix in shortest_prefixes(prefixes):
        if ranges and ranges[-1][1] == prefix:
            ranges[-1] = (ranges[-1][0], prefix_end(prefix))
        else:
            ranges.append((prefix, prefix_end(prefix)))
    return ranges
