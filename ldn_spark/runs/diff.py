"""Two finished runs, one against the other: which numbers differ, and what they were made of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ldn_spark.drift.snapshot import Change
from ldn_spark.places.place import Place
from ldn_spark.runs.finished import read_output
from ldn_spark.runs.made_of import made_otherwise
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
        made_of: what differs in what they were made of.
        files: result files that differ, or that only one run has.
        numbers: rows of estimates.csv that differ, in its order; of runs of two studies those rows
            that both have.
        studies: the ids of two studies; None for two runs of one.
        only: of two studies, what one of them alone has: old and new by kind of thing.
    """

    made_of: tuple[Change, ...]
    files: tuple[str, ...]
    numbers: tuple[Changed, ...]
    studies: tuple[str, str] | None = None
    only: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)

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
    made_of = made_otherwise(before, after)
    if ESTIMATES not in files:
        return Difference(made_of, files, ())
    rows = _rows(old, before), _rows(new, after)
    if before.study.id == after.study.id:
        return Difference(made_of, files, tuple(_numbers(*rows)))
    both = rows[0].keys() & rows[1].keys()
    shared = ({key: row for key, row in found.items() if key in both} for found in rows)
    studies = before.study.id, after.study.id
    return Difference(made_of, files, tuple(_numbers(*shared)), studies, _only(*rows))


def _only(old: Mapping[Key, str], new: Mapping[Key, str]) -> dict[str, Any]:
    """Tables, strata or contrasts, and outcomes that the rows of one side alone name."""
    found = {}
    for at, kind in enumerate(("tables", "strata and contrasts", "outcomes")):
        names = [dict.fromkeys(key[at] for key in rows if key[at]) for rows in (old, new)]
        pair = tuple(tuple(n for n in names[i] if n not in names[1 - i]) for i in (0, 1))
        if any(pair):
            found[kind] = pair
    return found


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
