"""A drift for programs: a CSV of what moved, and all of it as JSON; numbers unrounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ldn_spark.drift.found import Drift
from ldn_spark.drift.moves import BY_CODE, BY_YEAR, COHORT, ESTIMATES, STEPS, Move
from ldn_spark.drift.snapshot import Interval, Snapshot
from ldn_spark.texts.csv_cells import csv_text
from ldn_spark.texts.restricted import RESTRICTED

_NAMES: Mapping[str, tuple[str, ...]] = {
    BY_YEAR: ("year",),
    BY_CODE: ("year", "atc"),
    COHORT: ("exposure",),
    STEPS: ("exposure", "step"),
    ESTIMATES: ("table", "stratum", "outcome"),
}
"""What the parts of `Move.where` are."""
_PARTS = tuple(dict.fromkeys(name for names in _NAMES.values() for name in names))
COLUMNS = (
    "kind", *_PARTS, "old", "new", "difference", "percent", "old_n", "old_low", "old_high",
    "new_n", "new_low", "new_high", "half_widths", "is_open", "threshold",
)  # fmt: skip


def drift_csv(drift: Drift) -> str:
    """A line for every number that moved."""
    rows = ([_cell(record[name]) for name in COLUMNS] for record in _moves(drift))
    return csv_text(COLUMNS, rows)


def drift_json(drift: Drift) -> str:
    """Both runs, what they were made of otherwise, what moved, and what is above a threshold."""
    content = {
        "study": drift.new.study,
        "restricted": RESTRICTED,
        "invented": drift.new.invented,
        "run": _run(drift.new),
        "previous": None if drift.old is None else _run(drift.old),
        "changed": [change._asdict() for change in drift.changes],
        "not_compared": list(drift.not_compared),
        "moved": [
            {name: _number(value) for name, value in record.items() if value is not None}
            for record in _moves(drift)
        ],
        "above": None if drift.above is None else len(drift.above),
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _run(run: Snapshot) -> dict[str, Any]:
    return {"run_id": run.run_id, "ended": run.ended, "folder": run.folder}


def _moves(drift: Drift) -> list[dict[str, Any]]:
    return [_record(drift, move) for move in drift.moves]


def _record(drift: Drift, move: Move) -> dict[str, Any]:
    record: dict[str, Any] = dict.fromkeys(COLUMNS)
    record |= dict(zip(_NAMES.get(move.kind, ()), move.where, strict=True))
    record |= {
        "kind": move.kind,
        "old": move.old,
        "new": move.new,
        "difference": move.difference,
        "percent": None if move.percent is None else float(move.percent),
        "half_widths": None if move.half_widths is None else float(move.half_widths),
        "threshold": drift.threshold(move) or None,
    }
    if move.kind in (BY_YEAR, BY_CODE):
        record["is_open"] = move.is_open
    if move.kind == ESTIMATES:
        record |= _interval("old", move.was) | _interval("new", move.became)
    return record


def _interval(when: str, found: Interval) -> dict[str, Any]:
    return {f"{when}_n": found.n, f"{when}_low": found.low, f"{when}_high": found.high}


def _number(value: Any) -> Any:
    """A decimal as JSON has numbers: whole ones without a point."""
    if not isinstance(value, Decimal):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value == value.to_integral_value() else str(value)
    return str(value)
