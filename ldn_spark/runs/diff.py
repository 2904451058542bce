"""Two finished runs, one against the other: which numbers differ, and what they were made of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ldn_spark.places.place import Place
from ldn_spark.runs.finished import read_output
from ldn_spark.runs.manifest_file import Manifest, read_manifest

ESTIMATES = "estimates.csv"
_KEY = ("table", "stratum", "outcome", "quantity")
Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A number that differs.

    Attributes:
        table, stratum, outcome, quantity: which one, as in estimates.csv.
        old, new: as the files have them; where there is no number its status and reason; empty in
            the run that has no such row.
        difference: new less old, exact; empty where either is no number.
    """

    table: str
    stratum: str
    outcome: str
    quantity: str
    old: str
    new: str
    difference: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How a run differs from another one.

    Attributes:
        made_of: what differs in what they were made of: a word, the old, the new.
        files: result files that differ, or that only one run has.
        numbers: rows of estimates.csv that differ, in its order.
    """

    made_of: tuple[tuple[str, str, str], ...]
    files: tuple[str, ...]
    numbers: tuple[Changed, ...]

    @property
    def is_none(self) -> bool:
        """Whether every result file is the same."""
        return not self.files


def find_difference(old: Place, new: Place) -> Difference:
    """Hold the folder of a finished run against that of another one.

    Raises:
        ResultsError: a manifest or estimates.csv is missing, or not as the run wrote it.
    """
    before, after = read_manifest(old), read_manifest(new)
    sums = [{one.path: one.sha256 for one in each.outputs} for each in (before, after)]
    names = sorted({*sums[0], *sums[1]})
    files = tuple(name for name in names if sums[0].get(name) != sums[1].get(name))
    numbers = tuple(_numbers(_rows(old, before), _rows(new, after))) if ESTIMATES in files else ()
    return Difference(tuple(_made_of(before, after)), files, numbers)


def _made_of(old: Manifest, new: Manifest) -> Iterator[tuple[str, str, str]]:
    pairs = (
        ("study", old.study.id, new.study.id),
        ("study hash", old.study.hash[:8], new.study.hash[:8]),
        ("lake version", str(old.input.lake_version), str(new.input.lake_version)),
        ("data", old.input.data_sha256[:8] or "not said", new.input.data_sha256[:8] or "not said"),
        ("software", old.software.ldn_spark, new.software.ldn_spark),
        (
            "source",
            old.software.source_sha256[:8] or "not said",
            new.software.source_sha256[:8] or "not said",
        ),
        *_libraries(old, new),
        ("command", old.command, new.command),
    )
    yield from ((what, before, after) for what, before, after in pairs if before != after)
    if keys := list(_keys(old.study.definition, new.study.definition)):
        yield "study file", "", f"other {', '.join(keys)}"


def _libraries(old: Manifest, new: Manifest) -> Iterator[tuple[str, str, str]]:
    before, after = old.software.packages, new.software.packages
    for name in sorted({*before, *after}):
        yield name, before.get(name) or "none", after.get(name) or "none"


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """The keys of a study file that are not the same."""
    return (key for key in dict.fromkeys([*old, *new]) if old.get(key) != new.get(key))


def _rows(folder: Place, manifest: Manifest) -> dict[Key, str]:
    """The cells of estimates.csv by their keys; of a run without that file none."""
    if all(one.path != ESTIMATES for one in manifest.outputs):
        return {}
    text = read_output(folder, manifest, folder / ESTIMATES).decode()
    return {
        tuple(row[name] for name in _KEY): row["value"]
        or f"{row['status']} {row['reason']}".strip()
        for row in csv.DictReader(io.StringIO(text))
    }


def _numbers(old: Mapping[Key, str], new: Mapping[Key, str]) -> Iterator[Changed]:
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            yield Changed(*key, before, after, _less(after, before))


def _less(new: str, old: str) -> str:
    try:
        return str(Decimal(new) - Decimal(old))
    except InvalidOperation:
        return ""
