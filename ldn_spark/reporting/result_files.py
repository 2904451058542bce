"""Results as plain files, and back: estimates.csv, curves.csv, attrition.csv.

Reading what was written gives equal results, so that a finished folder can be printed again. What
is compared in further windows follows what is in the study's own. Those of further exposures,
which have no curves, follow the study's own exposure. Tables of estimates carry the ids of both, as
`catalogue.designs` says it, and attrition the number of the cohort.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

from ldn_spark.catalogue.designs import (
    table_and_design,
    table_of,
    with_exposure,
    without_exposure,
)
from ldn_spark.catalogue.lookup import find
from ldn_spark.catalogue.quantity import Quantity
from ldn_spark.errors import Problem, ResultsError
from ldn_spark.estimates.results import AttritionStep, CurvePoint, Estimate, Results
from ldn_spark.places.place import back
from ldn_spark.shown import numbered
from ldn_spark.study.definition import STUDY, StudyDefinition
from ldn_spark.texts.csv_cells import csv_line, csv_lines, csv_text

ESTIMATES, CURVES, ATTRITION = "estimates.csv", "curves.csv", "attrition.csv"

_AGAIN = "give the folder of a finished run"
Row = TypeVar("Row")
Whose = TypeVar("Whose")
ESTIMATE_COLUMNS = ("table", "stratum", "outcome", "quantity", "value", "status", "reason")
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

    It is a field of a CSV as it stands: it is no formula, and there is nothing in it to quote.

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
    """Every estimate, in the order given; those of further windows and exposures follow."""
    return csv_lines(
        ESTIMATE_COLUMNS,
        (
            line
            for exposure, found in results.by_exposure.items()
            for design in ("", *found.designs)
            for line in estimate_lines(found.compared_in(design), design, exposure)
        ),
    )


def estimate_lines(
    estimates: Sequence[Estimate], design: str = "", exposure: str = STUDY
) -> Iterator[str]:
    """The lines of `estimates.csv` of one exposure in one pair of windows."""
    tables = dict.fromkeys(one.table for one in estimates)
    names = {
        table: with_exposure(table_of(table, design) if design else table, exposure)
        for table in tables
    }
    for table, stratum, outcome, quantity, value, status, reason in estimates:
        where = csv_line((names[table], stratum, outcome, quantity))
        yield f"{where},{number_text(value)},{csv_line((status, reason))}"


def curves_csv(results: Results) -> str:
    """Every point of the cumulative difference curves."""
    return csv_lines(
        _CURVE_COLUMNS,
        (
            ",".join(
                (
                    csv_line((p.contrast, p.outcome)),
                    str(p.day),
                    *map(number_text, (p.difference, *_band(p))),
                )
            )
            for p in results.curves
        ),
    )


def _band(point: CurvePoint) -> tuple[float | None, float | None]:
    return point.ci_low, point.ci_high


def attrition_csv(results: Results) -> str:
    """Every step of the selection; the cohort has the id 1, those of further exposures 2, 3, ..."""
    return csv_text(
        _ATTRITION_COLUMNS,
        (
            (
                number_text(cohort),
                number_text(step.number_records),
                number_text(step.number_subjects),
                number_text(step.reason_id),
                step.reason,
                number_text(step.excluded_records),
                number_text(step.excluded_subjects),
                step.step,
            )
            for cohort, found in enumerate(results.by_exposure.values(), start=1)
            for step in found.attrition
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
    folder = back(folder) if isinstance(folder, str) else folder
    paths = (folder / ESTIMATES, folder / CURVES, folder / ATTRITION)
    estimates, curves, attrition = zip(paths, map(read, paths), strict=True)
    exposures = (STUDY, *(one.id for one in definition.exposures))
    found = _grouped(_rows(*estimates, ESTIMATE_COLUMNS, _estimate))
    _require_known(folder / ESTIMATES, definition, exposures, found)
    points = tuple(_rows(*curves, _CURVE_COLUMNS, _point))
    steps = _grouped(_rows(*attrition, _ATTRITION_COLUMNS, partial(_step, exposures)))
    own, *others = (
        Results(
            found.get((name, ""), ()),
            points if name == STUDY else (),
            steps.get(name, ()),
            designs={one.id: found.get((name, one.id), ()) for one in definition.designs},
        )
        for name in exposures
    )
    return replace(own, others=dict(zip(exposures[1:], others, strict=True)))


def _grouped(rows: Iterable[tuple[Whose, Row]]) -> dict[Whose, tuple[Row, ...]]:
    """Rows in their order, under what each belongs to."""
    found: dict[Whose, list[Row]] = {}
    for whose, row in rows:
        found.setdefault(whose, []).append(row)
    return {whose: tuple(of) for whose, of in found.items()}


def _require_known(
    path: Path,
    definition: StudyDefinition,
    exposures: Sequence[str],
    estimates: Mapping[tuple[str, str], Sequence[Estimate]],
) -> None:
    """Refuse estimates of outcomes, exposures or windows that a study does not have."""
    outcomes = {outcome.id for outcome in definition.outcomes} | {""}
    designs = {design.id for design in definition.designs} | {""}
    for kind, strangers in (
        ("outcomes", {one.outcome for of in estimates.values() for one in of} - outcomes),
        ("exposures", {exposure for exposure, _ in estimates} - set(exposures)),
        ("designs", {design for _, design in estimates} - designs),
    ):
        if strangers:
            names = ", ".join(sorted(strangers))
            fault = f"has {kind} that study {definition.id} does not: {names}"
            raise ResultsError(Problem(str(path), fault, "name the study of the run"))


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
                raise ValueError(
                    f"has {numbered(len(fields), 'field')}; {len(columns)} belong there"
                )
            yield made(dict(zip(columns, fields, strict=True)))
            line = reader.line_num + 1
    except (csv.Error, ValueError, ArithmeticError) as error:
        raise ResultsError(Problem(f"{path} line {line}", str(error), _AGAIN)) from None


def _estimate(row: dict[str, str]) -> tuple[tuple[str, str], Estimate]:
    """An estimate, with the exposure and the further windows that it is of."""
    name, exposure = without_exposure(row["table"])
    table, design = table_and_design(name)
    keys = (table, row["stratum"], row["outcome"], row["quantity"])
    value = _value(find(table, row["quantity"]), row["value"])
    return (exposure, design), Estimate(*keys, value, row["status"], row["reason"])


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


def _step(exposures: Sequence[str], row: dict[str, str]) -> tuple[str, AttritionStep]:
    """A step of the cohort of one of the exposures, which are numbered in their order."""

    def optional(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    step = AttritionStep(
        reason_id=int(row["reason_id"]),
        step=row["step"],
        reason=row["reason"],
        number_subjects=optional("number_subjects"),
        number_records=int(row["number_records"]),
        excluded_subjects=optional("excluded_subjects"),
        excluded_records=optional("excluded_records"),
    )
    cohort = int(row["cohort_definition_id"])
    if not 1 <= cohort <= len(exposures):
        raise ValueError(f"has a cohort {cohort}; the study has {len(exposures)}")
    return exposures[cohort - 1], step
