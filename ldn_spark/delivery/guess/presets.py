"""The sources that are known, held against the beginning of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ldn_spark.delivery.files.layouts import Layout, layout_of, layouts_of
from ldn_spark.delivery.files.lines import wanted_columns
from ldn_spark.delivery.guess.date_guesses import ENOUGH
from ldn_spark.delivery.guess.inspection import Sample
from ldn_spark.delivery.guess.usual_names import alike
from ldn_spark.delivery.source.declared import Companion
from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.delivery.values.parsing import parse_rows
from ldn_spark.delivery.values.rules import rules_of
from ldn_spark.errors import ConfigError, DeliveryError
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.documents import conf_folder

_EIGHT_BITS = {"iso8859-1", "cp1252"}
_TELLING_NOTES = {"sex": "sex_unknown", "birth_year": "birth_year_unknown"}


@dataclass(frozen=True)
class Account:
    """What would become of the rows of a sample.

    Attributes:
        rows: how many there are.
        accepted: how many of them would be accepted.
        rejected: the others by reason.
        noted: accepted rows by what is noted of them.
    """

    rows: int
    accepted: int
    rejected: dict[str, int]
    noted: dict[str, int]


@dataclass(frozen=True)
class Match:
    """A known source and how a file fits it.

    Attributes:
        source: the source.
        layout: the kind of its files that this one resembles most.
        shared: columns that both know, however they are spelt.
        faults: why it does not fit; empty when it does wholly.
    """

    source: Source
    layout: Layout
    shared: int
    faults: tuple[str, ...]


def known_sources() -> list[Source]:
    """The sources in conf/sources that can be read, by name."""
    sources = []
    for path in sorted((conf_folder() / "sources").glob("*.yaml")):
        try:
            sources.append(load_source(str(path)))
        except ConfigError:  # somebody's unfinished one
            continue
    return sources


def sections_of(source: Source) -> Iterator[Source | Companion]:
    """The parts of a source that name columns."""
    yield source
    yield from source.companions.values()


def rank_sources(sample: Sample, sources: Sequence[Source]) -> list[Match]:
    """The sources that share columns with a file: those that fit first, then by columns."""
    matches = [match for source in sources for match in _matches(sample, source)]
    return sorted(matches, key=lambda match: (bool(match.faults), -match.shared))


def _matches(sample: Sample, source: Source) -> Iterator[Match]:
    header = {alike(name) for name in sample.header}
    for layout in _layouts_by_header(sample, source):
        if shared := len({alike(name) for name in layout.used} & header):
            yield Match(source, layout, shared, tuple(_faults(sample, source, layout)))


def _layouts_by_header(sample: Sample, source: Source) -> Sequence[Layout]:
    """The kind that an ingest would take a file with these columns for; all where it cannot say."""
    layouts = layouts_of(source)
    try:
        return [layout_of(Path(), sample.header, layouts)]
    except DeliveryError:
        return layouts


def _faults(sample: Sample, source: Source, layout: Layout) -> Iterator[str]:
    """Why a file does not fit a layout, the plainer reasons first."""
    if source.format != sample.format:
        yield f"it declares the format {source.format}"
    missing = [name for name in layout.required if name not in sample.header]
    if missing:
        yield f"there is no column {', '.join(missing)}"
    if sample.format == "text":
        if not _fits_encoding(sample, source):
            yield f"it declares {source.encoding}"
        if source.delimiter != sample.delimiter.value:
            yield f"it declares the delimiter {source.delimiter!r}"
    if missing or any(name in sample.unread for name in layout.used):
        return
    if sample.format != "text" or source.delimiter == sample.delimiter.value:
        yield from _faults_of_rows(try_rows(sample, source, layout.kind), source)


def _fits_encoding(sample: Sample, source: Source) -> bool:
    found, declared = sample.encoding, source.delivered_codec
    if found.value is None or (declared == "utf-16") != (found.value == "utf-16"):
        return False
    if found.value == "utf-8":
        return declared == "utf-8" or "ASCII" in found.why.split(";")[0].split()
    return found.value == "utf-16" or declared in _EIGHT_BITS


def _faults_of_rows(account: Account, source: Source) -> Iterator[str]:
    if account.accepted < ENOUGH * account.rows:
        reasons = ", ".join(
            f"{reason} {counted(rows)}" for reason, rows in account.rejected.items()
        )
        yield f"it would reject {numbered(account.rows - account.accepted, 'row')}: {reasons}"
    for name, note in _TELLING_NOTES.items():
        if account.noted.get(note, 0) > (1 - ENOUGH) * max(account.accepted, 1):
            yield f"the values of {source.delivered.get(name, name)} are others"


def try_rows(sample: Sample, source: Source, kind: str) -> Account:
    """What would become of the rows of a sample; what lookups give is left out."""
    alone = source.model_copy(update={"lookups": ()})
    rules = rules_of(alone, kind=kind)
    lines = sample.split(alone, wanted_columns(sample.header, alone, kind))
    parsed = parse_rows(lines, 2, sample.header, alone, rules)
    rejected = Counter(parsed.rejected["reason"].to_pylist())
    rows = parsed.accepted.num_rows + parsed.rejected.num_rows
    if parsed.left_out:
        rejected["left out by 'where'"] = sum(parsed.left_out.values())
        rows += rejected["left out by 'where'"]
    return Account(rows, parsed.accepted.num_rows, dict(rejected), parsed.noted)
