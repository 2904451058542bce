"""A source file proposed from the beginning of a file: every guess with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ldn_spark.delivery.files.blocks import DISPENSINGS
from ldn_spark.delivery.guess.column_guesses import Columns, columns_of_days, guess_columns
from ldn_spark.delivery.guess.guesses import (
    Guess,
    guess_decimal_mark,
    guess_sex_codes,
    guess_width,
    holds_numbers,
)
from ldn_spark.delivery.guess.inspection import Sample
from ldn_spark.delivery.guess.marker_guesses import guess_missing_values, guess_no_id
from ldn_spark.delivery.guess.presets import Match, rank_sources, try_rows
from ldn_spark.delivery.reasons import explain
from ldn_spark.delivery.source.checks import OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from ldn_spark.delivery.source.date_formats import DAYS
from ldn_spark.delivery.source.formats import format_named
from ldn_spark.delivery.source.sources import Source
from ldn_spark.shown import counted, numbered, shown
from ldn_spark.texts.editors import schema_line

_AMOUNTS = ("ddd", "packages")
_MARKS = {".": "points", ",": "commas"}
_EXPECTED = ("sex", "birth_year", "product_number", "ddd")
"""Columns that no file should lack once one has them."""
_FLOATING = ("double", "float", "halffloat")
_COMMENT_AT = 44
_LONGEST_NAMED = 200
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_MEANS = {
    "pseudonym": "the column that tells persons apart",
    "atc": "the column of ATC codes",
    "dispensed_on": "the column of the day of dispensing",
}


def propose(sample: Sample, sources: Sequence[Source]) -> str:
    """A source file in YAML for files like this one.

    What can be told is told with the reason; what cannot is left as a line "fill in". No value of
    a row is in it, but for the codes of the sexes where they are the usual ones.

    Args:
        sample: the file's beginning.
        sources: the known sources.
    """
    matches = rank_sources(sample, sources)
    found = guess_columns(sample, matches)
    lines = [*_heading(sample, matches), *_layout(sample), *_values(found)]
    lines += [*_column_lines(found), *_further(found)]
    lines += _trial(sample, lines)
    return "\n".join(lines) + "\n"


def _heading(sample: Sample, matches: Sequence[Match]) -> Iterator[str]:
    yield schema_line("source")
    name = shown(sample.path.name)
    yield f"# Proposed by `ldn inspect` from the first {numbered(sample.rows, 'row')} of {name}."
    for reason, rows in sorted(sample.faults.items()):
        yield f"# {counted(rows)} of the lines cannot be split: {reason} ({explain(reason)})."
    yield '# Check every line; complete those that begin with "fill in".'
    fitting = [match for match in matches if not match.faults]
    if fitting:
        best = fitting[0]
        kind = "" if best.layout.kind == DISPENSINGS else f" ({best.layout.kind})"
        yield f"# This is source {best.source.id}{kind}: use --source {best.source.id}"
    elif matches:
        best = matches[0]
        yield f"# Source {best.source.id} is the most alike, but {'; '.join(best.faults)}."
    yield ""


def _layout(sample: Sample) -> Iterator[str]:
    name = re.sub(r"[^a-z0-9]+", "_", sample.path.name.partition(".")[0].lower()).strip("_")[:40]
    name = name if name[:1].isalpha() else f"source_{name}".strip("_")
    title = shown(sample.path.name).lstrip("=+-@＝＋－＠ ")[:200].strip()
    yield _line("id", name, "the file's name")
    yield _line("title", title or name, "for people: name the register")
    yield _line("format", sample.format, "told by its first bytes or its name")
    yield _line("files", [sample.pattern], "the file's name")
    if sample.format == "text":
        yield _guessed("encoding", sample.encoding)
        yield _guessed("delimiter", sample.delimiter)
        yield _guessed("quote", sample.quote)
        if sample.line_ends:
            yield _guessed("quoted_line_ends", sample.line_ends)


def _values(found: Columns) -> Iterator[str]:
    """How numbers, days and codes are written."""
    yield from _mark_lines(found)
    yield from _date_lines(found)
    product = guess_width(found.texts("product_number"))
    if "product_number" not in found.columns:
        product = Guess(None, "there is no column of product numbers")
    declared = found.width
    if product.value and declared.value and declared.value > product.value:
        why = f"{product.why}, but {declared.why} has {declared.value}"
        product = Guess(declared.value, why)
    yield _line("product_number_width", product.value, product.why)
    if "sex" in found.columns:
        yield _guessed("sex_codes", guess_sex_codes(found.texts("sex")))
    else:
        yield _line("sex_codes", {"F": "F", "M": "M"}, "there is no column of the sex")


def _mark_lines(found: Columns) -> Iterator[str]:
    """The marks in the amounts; in all other numbers where no column of amounts is told."""
    sample = found.sample
    names = [found.columns[ours].value for ours in _AMOUNTS if ours in found.columns]
    names += found.factors.value or ()
    where = ""
    if not names:
        names = [one for one in found.unknown if _is_of_amounts(found, one)]
        where = f" in {', '.join(map(_named, names))}"
    mark, thousands = guess_decimal_mark(text for name in names for text in sample.texts[name])
    if mark.value is None and "occur" in mark.why:
        each = ((name, guess_decimal_mark(sample.texts[name])[0].value) for name in names)
        told = [f"{_named(name)} has {_MARKS[value]}" for name, value in each if value]
        mark = Guess(None, "; ".join([mark.why, *told] if len(told) > 1 else [mark.why]))
    elif mark.value is None and "no number" in mark.why and sample.types:
        mark = Guess(".", "numbers that are no text have none")
    elif mark.value is not None:
        mark = Guess(mark.value, mark.why + where)
    yield _guessed("decimal_mark", mark)
    if thousands.value is not None and thousands.value != mark.value:
        yield _guessed("thousands_mark", thousands)


def _is_of_amounts(found: Columns, name: str) -> bool:
    texts = found.sample.texts[name]
    return any(texts) and holds_numbers(texts) and not found.holds_days(name)


def _date_lines(found: Columns) -> Iterator[str]:
    day = found.columns.get("dispensed_on")
    names = [day.value] if day else [*columns_of_days(found)]
    types = [found.sample.types.get(name, "") for name in names]
    if any(kind.startswith(("date", "timestamp")) for kind in types):
        yield _line("date_format", "yyyy-MM-dd", "of text; the column itself holds dates")
        return
    guesses = {name: found.days(name) for name in names}
    if not guesses:
        yield "# fill in: date_format: no column of days is told"
        return
    if len({guess.value for guess in guesses.values()}) > 1:
        told = (f"{_named(name)}: {guess.value or guess.why}" for name, guess in guesses.items())
        yield f"# fill in: date_format: differs; {'; '.join(told)}"
        return
    guess = next(iter(guesses.values()))
    yield _guessed("date_format", Guess(guess.value, guess.why))
    if guess.value == DAYS:
        yield "# fill in: base_date: the date of day 0, as the registry tells it"
        yield from (f"#   {hint}" for hint in guess.hints)


def _column_lines(found: Columns) -> Iterator[str]:
    sample = found.sample
    yield "columns:"
    for ours in (*REQUIRED_COLUMNS, *_EXPECTED):
        if ours in found.columns:
            yield _column_line(sample, ours, found.columns[ours])
        elif ours in _MEANS:
            days = [*columns_of_days(found)] if ours == "dispensed_on" else []
            among = f"; there are days in {', '.join(map(_named, days))}" if days else ""
            yield f"  # fill in: {ours}: {_MEANS[ours]}{among}"
    optional = [name for name in OPTIONAL_COLUMNS if name in found.columns]
    optional = [name for name in optional if name not in _EXPECTED]
    if optional:
        yield "optional_columns:"
        yield from (_column_line(sample, ours, found.columns[ours]) for ours in optional)
    if "ddd" not in found.columns and not found.factors.value:
        yield "# fill in: the column of DDDs, as 'ddd' among the columns, or what they are computed"
        yield "# of, as 'computed: {ddd: {multiply: [packages, DDDs of a package]}}'"


def _column_line(sample: Sample, ours: str, guess: Guess) -> str:
    why, kind = guess.why, sample.types.get(guess.value, "")
    if guess.value in sample.unread:
        why = f"{sample.unread[guess.value]}; have it delivered as text, a number or a date"
    elif ours == "pseudonym" and kind in _FLOATING and format_named(sample.format).has_integers:
        why = f"has the type {kind}, which does not keep every digit; have it delivered as text"
    elif guess.value in sample.types:
        why += f"; {sample.types[guess.value]}"
    return _line(f"  {ours}", guess.value, why)


def _further(found: Columns) -> Iterator[str]:
    """What is computed, and the columns that are not read."""
    if found.factors.value or found.age.value:
        yield "computed:"
    if found.factors.value:
        yield _line("  ddd", found.computed, found.factors.why)
    if found.age.value:
        name, counted = found.age.value
        yield _line("  birth_year", {"age": name, "counted_as": counted}, found.age.why)
    nobody = guess_no_id(found)
    missing = guess_missing_values(found, nobody)
    for key, guess in (("no_id", found.no_id), ("no_id", nobody), ("missing_values", missing)):
        if guess.value:
            yield _line(key, guess.value, guess.why)
    if found.ignored:
        yield _line("ignored_columns", found.ignored, "known and not needed")
    for name, remark in found.unknown.items():
        yield f"# not read: {_named(name)}{f'   {remark}' * bool(remark)}"


def _trial(sample: Sample, lines: Sequence[str]) -> Iterator[str]:
    """What would become of the rows that were looked at, where the proposal is complete."""
    from pydantic import ValidationError
    from ruamel.yaml import YAML

    try:
        source = Source.model_validate(YAML(typ="safe", pure=True).load("\n".join(lines)))
    except ValidationError:
        yield "# No file can be read with this before the lines to fill in are there."
        return
    if any(name in sample.unread for name in source.used_columns):
        yield "# No file can be read with this before its columns have types that are read."
        return
    account = try_rows(sample, source, DISPENSINGS)
    accepted, rows = counted(account.accepted), numbered(account.rows, "row")
    yield f"# As proposed, {accepted} of the {rows} would be accepted."
    for told, reasons in (("rejected", account.rejected), ("noted", account.noted)):
        for reason, rows in sorted(reasons.items()):
            yield f"# {told}: {reason} {counted(rows)}"


def _guessed(key: str, guess: Guess) -> str:
    if guess.value is None:
        return f"# fill in: {key}: {guess.why}"
    return _line(key, guess.value, guess.why)


def _line(key: str, value: Any, why: str) -> str:
    return f"{f'{key}: {_flow(value)}':<{_COMMENT_AT}} # {why}"


def _flow(value: Any) -> str:
    """A value in YAML's flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _named(name: str) -> str:
    """A column in a comment: of a name without an end, the beginning."""
    return _scalar(name) if len(name) <= _LONGEST_NAMED else f"{_scalar(name[:_LONGEST_NAMED])}…"


def _scalar(value: Any) -> str:
    """A text, number or null in YAML; what cannot be printed is written as an escape."""
    if not isinstance(value, str):
        return {"None": "null", "True": "true"}.get(str(value), str(value))
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if value == '"':
        return "'\"'"
    return "".join(
        one if one.isprintable() else _escaped(one) for one in json.dumps(value, ensure_ascii=False)
    )


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
