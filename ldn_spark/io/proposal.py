"""A source file proposed from the beginning of a file: every guess with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ldn_spark.io.blocks import DISPENSINGS
from ldn_spark.io.date_formats import DAYS
from ldn_spark.io.guesses import (
    ENOUGH,
    Guess,
    guess_date_format,
    guess_decimal_mark,
    guess_sex_codes,
    guess_width,
    share_of_atc_codes,
)
from ldn_spark.io.inspection import Sample
from ldn_spark.io.presets import Match, alike, rank_sources, sections_of, try_rows
from ldn_spark.io.sources import OPTIONAL_COLUMNS, REQUIRED_COLUMNS, Source

_AMOUNTS = ("ddd", "packages")
_EXPECTED = ("sex", "birth_year", "product_number", "ddd")
"""Columns that no file should lack once one has them."""
_FLOATING = ("double", "float", "halffloat")
_COMMENT_AT = 44
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
_MEANS = {
    "pseudonym": "the column that tells persons apart",
    "atc": "the column of ATC codes",
    "dispensed_on": "the column of the day of dispensing",
}


@dataclass
class Proposal:
    """What the columns of a file are taken for.

    Attributes:
        sample: the file's beginning.
        columns: our name: the delivered column, and why.
        ignored: columns that a known source does not need.
        unknown: the other columns.
        factors: the columns whose product is the amount in DDDs, and why.
        age: the column of an age and how it is counted, and why.
        no_id: the flag of dispensings that no person is known of, and why.
        width: of product numbers, as the source has it that knows the column.
    """

    sample: Sample
    columns: dict[str, Guess] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    factors: Guess = field(default_factory=lambda: Guess(None, ""))
    age: Guess = field(default_factory=lambda: Guess(None, ""))
    no_id: Guess = field(default_factory=lambda: Guess(None, ""))
    width: Guess = field(default_factory=lambda: Guess(None, ""))

    def texts(self, name: str) -> list[str]:
        """The texts of the column that is taken for one of ours; none where there is none."""
        guess = self.columns.get(name)
        return self.sample.texts[guess.value] if guess else []


def propose(sample: Sample, sources: Sequence[Source]) -> str:
    """A source file in YAML for files like this one.

    What can be told is told with the reason; what cannot is left as a line "fill in". No value of
    a row is in it, but for the codes of the sexes where they are the usual ones.

    Args:
        sample: the file's beginning.
        sources: the known sources.
    """
    matches = rank_sources(sample, sources)
    proposal = _columns(sample, matches)
    lines = [*_heading(sample, matches), *_layout(sample), *_values(proposal)]
    lines += [*_column_lines(proposal), *_further(proposal)]
    lines += _trial(sample, lines)
    return "\n".join(lines) + "\n"


def _columns(sample: Sample, matches: Sequence[Match]) -> Proposal:
    """Columns by the names that sources know, the most alike source first; then by content."""
    proposal = Proposal(sample)
    left = {alike(name): name for name in sample.header}
    sources = list({match.source.id: match.source for match in matches}.values())
    for source in sources:
        for section in sections_of(source):
            for ours, theirs in section.delivered.items():
                known = ours in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
                if known and ours not in proposal.columns and alike(theirs) in left:
                    guess = Guess(left.pop(alike(theirs)), f"so called by source {source.id}")
                    proposal.columns[ours] = guess
                    if ours == "product_number":
                        proposal.width = Guess(source.product_number_width, f"source {source.id}")
        _computed(proposal, source, left)
    _by_content(proposal, left)
    if "born_on" in proposal.columns and "birth_year" in proposal.columns:
        left["born_on"] = proposal.columns.pop("born_on").value
    ignored = {alike(name) for source in sources for name in source.ignored_columns}
    used = {guess.value for guess in proposal.columns.values()}
    used |= {*(proposal.factors.value or ()), *(proposal.age.value or ())}
    used |= {proposal.no_id.value["column"]} if proposal.no_id.value else set()
    rest = [name for name in dict.fromkeys(sample.header) if name and name not in used]
    proposal.ignored = [name for name in rest if alike(name) in ignored]
    proposal.unknown = [name for name in rest if alike(name) not in ignored]
    return proposal


def _computed(proposal: Proposal, source: Source, left: dict[str, str]) -> None:
    """What a source computes from columns that are all here."""
    here = {alike(name): name for name in proposal.sample.header}
    computed, why = source.computed, f"as source {source.id} has it"
    factors = [here.get(alike(name)) for name in computed.ddd.multiply] if computed.ddd else []
    wanted = "ddd" not in proposal.columns and not proposal.factors.value
    if factors and wanted and None not in factors:
        proposal.factors = Guess(factors, why)
        for name in factors:
            left.pop(alike(name), None)
    if source.no_id and not proposal.no_id.value and alike(source.no_id.column) in left:
        flag = {"column": left.pop(alike(source.no_id.column)), "values": [*source.no_id.values]}
        proposal.no_id = Guess(flag, why)
    if computed.birth_year and not proposal.age.value:
        name = alike(computed.birth_year.age)
        if name in left and not {"birth_year", "born_on"} & proposal.columns.keys():
            proposal.age = Guess((left.pop(name), computed.birth_year.counted_as), why)


def _by_content(proposal: Proposal, left: dict[str, str]) -> None:
    """Columns that only look like codes or days, where one alone does."""
    sample = proposal.sample
    for ours, why, fits in (
        ("atc", "holds ATC codes", lambda texts: share_of_atc_codes(texts) >= ENOUGH),
        ("dispensed_on", "the only one of days", _holds_days),
    ):
        if ours in proposal.columns:
            continue
        found = [key for key, name in left.items() if fits(sample.texts[name])]
        if ours == "dispensed_on":
            found += [key for key, name in left.items() if "date" in sample.types.get(name, "")]
        if len(set(found)) == 1:
            proposal.columns[ours] = Guess(left.pop(found[0]), why)


def _holds_days(texts: Sequence[str]) -> bool:
    return guess_date_format(texts).value not in (None, DAYS)


def _heading(sample: Sample, matches: Sequence[Match]) -> Iterator[str]:
    yield "# yaml-language-server: $schema=source.schema.json"
    yield f"# Proposed by `ldn inspect` from the first {sample.rows:,} rows of {sample.path.name}."
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
    name = re.sub(r"\W+", "_", sample.path.name.partition(".")[0].lower()).strip("_")
    yield _line("id", name or "source", "the file's name")
    yield _line("title", sample.path.name, "for people: name the register")
    yield _line("format", sample.format, "told by its first bytes or its name")
    yield _line("files", [sample.pattern], "the file's name")
    if sample.format == "text":
        yield _guessed("encoding", sample.encoding)
        yield _guessed("delimiter", sample.delimiter)
        yield _guessed("quote", sample.quote)


def _values(proposal: Proposal) -> Iterator[str]:
    """How numbers, days and codes are written."""
    sample = proposal.sample
    amounts = [text for name in _AMOUNTS for text in proposal.texts(name)]
    amounts += [text for name in proposal.factors.value or () for text in sample.texts[name]]
    mark, thousands = guess_decimal_mark(amounts)
    if mark.value is None and "occur" not in mark.why and sample.types:
        mark = Guess(".", "numbers that are no text have none")
    yield _guessed("decimal_mark", mark)
    if thousands.value is not None and thousands.value != mark.value:
        yield _guessed("thousands_mark", thousands)
    yield from _date_lines(proposal)
    width, declared = guess_width(proposal.texts("product_number")), proposal.width
    if width.value and declared.value and declared.value > width.value:
        width = Guess(declared.value, f"{width.why}, but {declared.why} has {declared.value}")
    yield _line("product_number_width", width.value, width.why)
    if "sex" in proposal.columns:
        yield _guessed("sex_codes", guess_sex_codes(proposal.texts("sex")))
    else:
        yield _line("sex_codes", {"F": "F", "M": "M"}, "there is no column of the sex")


def _date_lines(proposal: Proposal) -> Iterator[str]:
    day = proposal.columns.get("dispensed_on")
    if day and proposal.sample.types.get(day.value, "").startswith(("date", "timestamp")):
        yield _line("date_format", "yyyy-MM-dd", "of text; the column itself holds dates")
        return
    found = guess_date_format(proposal.texts("dispensed_on"))
    yield _guessed("date_format", found)
    if found.value == DAYS:
        yield "# fill in: base_date: the date of day 0, as the registry tells it"


def _column_lines(proposal: Proposal) -> Iterator[str]:
    sample = proposal.sample
    yield "columns:"
    for ours in (*REQUIRED_COLUMNS, *_EXPECTED):
        if ours in proposal.columns:
            yield _column_line(sample, ours, proposal.columns[ours])
        elif ours in _MEANS:
            yield f"  # fill in: {ours}: {_MEANS[ours]}"
    optional = [name for name in OPTIONAL_COLUMNS if name in proposal.columns]
    optional = [name for name in optional if name not in _EXPECTED]
    if optional:
        yield "optional_columns:"
        yield from (_column_line(sample, ours, proposal.columns[ours]) for ours in optional)
    if "ddd" not in proposal.columns and not proposal.factors.value:
        yield "# fill in: the column of DDDs, as 'ddd' among the columns, or what they are computed"
        yield "# of, as 'computed: {ddd: {multiply: [packages, DDDs of a package]}}'"


def _column_line(sample: Sample, ours: str, guess: Guess) -> str:
    why, kind = guess.why, sample.types.get(guess.value, "")
    if guess.value in sample.unread:
        why = f"{sample.unread[guess.value]}; have it delivered as text, a number or a date"
    elif ours == "pseudonym" and sample.format in ("parquet", "delta") and kind in _FLOATING:
        why = f"has the type {kind}, which does not keep every digit; have it delivered as text"
    elif guess.value in sample.types:
        why += f"; {sample.types[guess.value]}"
    return _line(f"  {ours}", guess.value, why)


def _further(proposal: Proposal) -> Iterator[str]:
    """What is computed, and the columns that are not read."""
    if proposal.factors.value or proposal.age.value:
        yield "computed:"
    if proposal.factors.value:
        yield _line("  ddd", {"multiply": proposal.factors.value}, proposal.factors.why)
    if proposal.age.value:
        name, counted = proposal.age.value
        yield _line("  birth_year", {"age": name, "counted_as": counted}, proposal.age.why)
    if proposal.no_id.value:
        yield _line("no_id", proposal.no_id.value, proposal.no_id.why)
    if proposal.ignored:
        yield _line("ignored_columns", proposal.ignored, "known and not needed")
    for name in proposal.unknown:
        yield f"# not read: {_scalar(name)}"


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
    yield f"# As proposed, {account.accepted:,} of the {account.rows:,} rows would be accepted."
    for reason, rows in sorted(account.rejected.items()):
        yield f"# rejected: {reason} {rows:,}"


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


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS
        return value if plain else "'\"'" if value == '"' else json.dumps(value, ensure_ascii=False)
    return "null" if value is None else str(value)
