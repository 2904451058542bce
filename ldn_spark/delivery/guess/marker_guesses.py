"""Guess which texts of a file stand for nothing, and which pseudonyms for nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from ldn_spark.delivery.guess.column_guesses import Columns
from ldn_spark.delivery.guess.guesses import Guess
from ldn_spark.delivery.source.date_formats import DAYS
from ldn_spark.delivery.values.markers import is_marker, nobodies
from ldn_spark.shown import counted, numbered

_YEARS = {"birth_year": range(1850, 2201), "death_year": range(1900, 2201)}
_DAYS = ("dispensed_on", "born_on", "died_on")
_FEW_LINES = 3


def guess_no_id(found: Columns) -> Guess:
    """The pseudonyms that look like nobody's; none where a flag is known."""
    pseudonym = found.columns.get("pseudonym")
    if found.no_id.value or not pseudonym:
        return Guess(None, "")
    name = pseudonym.value
    words = found.sample.markers.get(name, Counter())
    numbers = nobodies(pa.chunked_array([found.sample.texts[name]], pa.string()))
    lines = {**words, **{text: n for text, n in numbers.items() if n >= _FEW_LINES}}
    why = f"{numbered(sum(lines.values()), 'line looks', 'lines look')} like nobody's"
    return Guess({"column": name, "values": sorted(lines)} if lines else None, why)


def guess_missing_values(found: Columns, no_id: Guess) -> Guess:
    """The texts that stand for nothing: words in every column, numbers where they can be no value.

    Args:
        found: what the columns are taken for.
        no_id: what is proposed of pseudonyms, which need not be missing too.
    """
    flagged = no_id.value["column"] if no_id.value else None
    columns = dict.fromkeys(name for name in found.used if name != flagged)
    words = {name: found.sample.markers.get(name, Counter()) for name in columns}
    numbers = {name: counts for name, counts in _numbers(found) if counts and name in words}
    total = {name: words[name] + numbers.get(name, Counter()) for name in columns}
    why = ", ".join(f"{counted(one.total())} of {name}" for name, one in total.items() if one)
    values = sorted({word for counts in words.values() for word in counts})
    if not why:
        return Guess(None, "")
    if not numbers:
        return Guess(values, why)
    of_columns = {name: sorted({*values, *counts}) for name, counts in sorted(numbers.items())}
    told: dict[str, Any] = {"values": values} if values else {}
    return Guess(told | {"columns": of_columns}, why)


def _numbers(found: Columns) -> Iterator[tuple[str, Counter[str]]]:
    """Numbers like 9999 in columns of years and days, where they are none."""
    for ours, years in _YEARS.items():
        yield from _markers_of(found, ours, lambda text, years=years: _is_year(text, years))
    for ours in _DAYS:
        if ours in found.columns and found.days(found.columns[ours].value).value != DAYS:
            yield from _markers_of(found, ours, lambda text: False)


def _markers_of(found: Columns, ours: str, is_value: Any) -> Iterator[tuple[str, Counter[str]]]:
    if ours in found.columns:
        name = found.columns[ours].value
        texts = found.sample.texts[name]
        yield name, Counter(text for text in texts if is_marker(text) and not is_value(text))


def _is_year(text: str, years: range) -> bool:
    return text.isascii() and text.isdecimal() and int(text) in years
