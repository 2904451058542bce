"""Small deliveries for tests: a good line of the Norwegian layout, and what becomes of lines."""

from __future__ import annotations

from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.delivery.values.parsing import ParsedBlock, parse_block
from ldn_spark.delivery.values.rules import rules_of

NORPD = load_source("norpd")
HEADER = ("PasientLopeNr", "PasientKjonn", "PasientFodtAr", "ATCKode", "Varenr", "Varenavn")
HEADER += ("UtleveringsDato", "OrdinasjonAntallDDD")
GOOD = "P1;2;1951;N05BB01;058719;Navn;2012.02.25;62,5"
_NAMES = ("pseudonym", "sex", "birth_year", "atc", "product", "name", "date", "ddd")


def like(source: Source = NORPD, **changes) -> Source:
    """A source with some keys changed, checked as a file of it would be."""
    return Source.model_validate({**source.model_dump(), **changes})


def line(**fields: str) -> str:
    """A good line with some fields replaced."""
    return ";".join((dict(zip(_NAMES, GOOD.split(";"), strict=True)) | fields).values())


def parse(
    data,
    source=NORPD,
    header=HEADER,
    first_line=2,
    lookups=None,
    kind="dispensings",
    today=None,
):
    """What becomes of lines, given as bytes or as text in the source's encoding."""
    if isinstance(data, str):
        data = data.encode(source.codec)
    rules = rules_of(source, lookups, kind)
    return parse_block(data, first_line, header, source, rules, today=today)


def parse_file(
    text: str, source: Source, lookups=None, kind="dispensings", today=None
) -> ParsedBlock:
    """What becomes of the lines of a whole file: a header line and the lines after it."""
    header, _, lines = text.partition("\n")
    columns = tuple(header.split(source.delimiter))
    return parse(lines, source, columns, 2, lookups, kind, today)


def rejections(parsed: ParsedBlock) -> list[tuple[int, str | None, str]]:
    """Line, column and reason of what was turned away, in the order of the lines."""
    rows = parsed.rejected.to_pylist()
    return sorted((row["line"], row["column"], row["reason"]) for row in rows)


def only(parsed: ParsedBlock) -> dict:
    """The one row that was accepted; nothing was turned away."""
    assert parsed.rejected.to_pylist() == []
    (row,) = parsed.accepted.to_pylist()
    return row


def known(row: dict) -> dict:
    """What is known of a row."""
    return {name: value for name, value in row.items() if value is not None}
