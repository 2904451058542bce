"""Results as plain files, and back: estimates.csv, curves.csv, attrition.csv.

Reading what was written gives equal results, so that a finished folder can be printed again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from ldn_spark.catalogue.lookup import find
from ldn_spark.catalogue.quantity import Quantity
from ldn_spark.errors import Problem, ResultsError
from ldn_spark.estimates.results import AttritionStep, CurvePoint, Estimate, Results
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.csv_cells import csv_text

ESTIMATES, CURVES, ATTRITION = "estimates.csv", "curves.csv", "attrition.csv"

_AGAIN = "give the folder of a finished run"
Row = TypeVar("Row")
_ESTIMATE_COLUMNS = ("table", "stratum", "outcome", "quantity", "value", "status", "reason")
_CURVE_COLUMNS = ("contrast", "outcome", "day", "difference", "ci_low", "ci_high")
_ATTRITION_COLUMNS = (
    "cohort_definition_id",
    "number_records",
    "number_subjects",
    "reason_id",
    "reason",
    "excluded_records",
    "excluded_subjects",
    "step",
)
"""The attrition columns of omopgenerics, and the id of the step in the study file."""


def number_text(value: int | float | Decimal | None) -> str:
    """A number in full precision; a decimal keeps a point, so that it is told from a count.

    >>> number_text(3), number_text(Decimal("45377.000000")), number_text(0.1), number_text(None)
    ('3', '45377.0', '0.1', '')
    """
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = format(value.normalize(), "f")
        return text if "." in text else f"{text}.0"
    return str(value) if isinstance(value, int) else repr(float(value))


def estimates_csv(results: Results) -> str:
    """Every estimate, in the order given."""
    return csv_text(
        _ESTIMATE_COLUMNS,
        (
            (e.table, e.stratum, e.outcome, e.quantity, number_text(e.value), e.status, e.reason)
            for e in results.estimates
        ),
    )


def curves_csv(results: Results) -> str:
    """Every point of the cumulative difference curves."""
    return csv_text(
        _CURVE_COLUMNS,
        (
            (p.contrast, p.outcome, str(p.day), *map(number_text, (p.difference, *_band(p))))
            for p in results.curves
        ),
    )


def _band(point: CurvePoint) -> tuple[float | None, float | None]:
    return point.ci_low, point.ci_high


def attrition_csv(results: Results) -> str:
    """Every step of the selection; the cohort has the id 1."""
    return csv_text(
        _ATTRITION_COLUMNS,
        (
            (
                "1",
                number_text(step.number_records),
                number_text(step.number_subjects),
                number_text(step.reason_id),
                step.reason,
                number_text(step.excluded_records),
                number_text(step.excluded_subjects),
                step.step,
            )
            for step in results.attrition
        ),
    )


def load_results(
    folder: Path, definition: StudyDefinition, read: Callable[[Path], bytes] = Path.read_bytes
) -> Results:
    """Read the results of a finished folder back.

    Args:
        folder: where `publish` wrote.
        definition: the study of that run.
        read: how a file is read; that of `io.finished_runs` compares it with its checksum.

    Raises:
        ResultsError: a file is none of ours, or the folder belongs to a study with other outcomes.
            All files are read before any is looked at.
    """
    folder = Path(folder)
    paths = (folder / ESTIMATES, folder / CURVES, folder / ATTRITION)
    estimates, curves, attrition = zip(paths, map(read, paths), strict=True)
    results = Results(
        tuple(_rows(*estimates, _ESTIMATE_COLUMNS, _estimate)),
        tuple(_rows(*curves, _CURVE_COLUMNS, _point)),
        tuple(_rows(*attrition, _ATTRITION_COLUMNS, _step)),
    )
    known = {outcome.id for outcome in definition.outcomes} | {""}
    strangers = sorted({e.outcome for e in results.estimates} - known)
    if strangers:
        fault = f"has outcomes that study {definition.id} does not: {', '.join(strangers)}"
        raise ResultsError(Problem(str(folder / ESTIMATES), fault, "name the study of the run"))
    return results


def _rows(
    path: Path,
    content: bytes,
    columns: tuple[str, ...],
    made: Callable[[dict[str, str]], Row],
) -> Iterator[Row]:
    """What the rows of a result file say; every field is needed."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ResultsError(Problem(str(path), "is not UTF-8 text", _AGAIN)) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        if tuple(next(reader, ())) != columns:
            raise ValueError(f"is not a results file; expected the columns {', '.join(columns)}")
        line = reader.line_num + 1
        for fields in reader:
            if len(fields) != len(columns):
                raise ValueError(f"has {len(fields)} fields; {len(columns)} belong there")
            yield made(dict(zip(columns, fields, strict=True)))
            line = reader.line_num + 1
    except (csv.Error, ValueError, ArithmeticError) as error:
        raise ResultsError(Problem(f"{path} line {line}", str(error), _AGAIN)) from None


def _estimate(row: dict[str, str]) -> Estimate:
    keys = (row["table"], row["stratum"], row["outcome"], row["quantity"])
    value = _value(find(row["table"], row["quantity"]), row["value"])
    return Estimate(*keys, value, row["status"], row["reason"])


def _value(quantity: Quantity | None, text: str) -> int | float | Decimal | None:
    if not text:
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    return Decimal(text) if quantity is not None and quantity.type is Decimal else float(text)


def _point(row: dict[str, str]) -> CurvePoint:
    limits = (float(row[name]) if row[name] else None for name in ("ci_low", "ci_high"))
    return CurvePoint(
        row["contrast"], row["outcome"], int(row["day"]), float(row["difference"]), *limits
    )


def _step(row: dict[str, str]) -> AttritionStep:
    def optional(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    return AttritionStep(
        reason_id=int(row["reason_id"]),
        step=row["step"],
        reason=row["reason"],
        number_subjects=optional("number_subjects"),
        number_records=int(row["number_records"]),
        excluded_subjects=optional("excluded_subjects"),
        excluded_records=optional("excluded_records"),
    )
