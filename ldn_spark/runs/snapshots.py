"""What finished runs say that can be held against each other: read from their folders."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any

from ldn_spark.catalogue.designs import table_and_design, with_exposure, without_exposure
from ldn_spark.drift.dispensed import REGISTRY, read_registry
from ldn_spark.drift.snapshot import MAIN_QUANTITY, Interval, Key, Snapshot, Step
from ldn_spark.errors import Problem, ResultsError
from ldn_spark.places.place import Place
from ldn_spark.runs.finished import read_output
from ldn_spark.runs.manifest_file import Manifest, read_manifest
from ldn_spark.study.ids import STUDY

ESTIMATES, ATTRITION = "estimates.csv", "attrition.csv"
_LIMITS = ("ci_low", "ci_high")
_AGAIN = "run the study again"


def read_snapshot(
    folder: Place, manifest: Manifest | None = None, only: Collection[Key] | None = None
) -> Snapshot:
    """What a run says; a part that an earlier software version did not write is left out.

    Args:
        folder: of the run.
        manifest: the run's, where it is read already.
        only: the estimates that are wanted; all where it is not given.

    Raises:
        ResultsError: the manifest or a file is missing, or not as the run wrote it.
    """
    said = manifest or read_manifest(folder)
    known = said.input
    registry = _content(folder, said, REGISTRY)
    definition = said.study.definition
    return Snapshot(
        run_id=said.run_id,
        folder=str(folder),
        ended=said.ended,
        study=said.study.id,
        title=str(definition.get("title", said.study.id)),
        outcomes=_labels(definition.get("outcomes")),
        shown=_shown(definition),
        same_study=said.study.hash,
        same_data=known.data_sha256 or f"version {known.lake_version}",
        same_software=f"{said.software.ldn_spark} {said.software.source_sha256}",
        invented=known.invented,
        dispensings=known.dispensings,
        persons=known.persons,
        last_dispensed_on=known.last_dispensed_on,
        dispensed=None if registry is None else read_registry(folder / REGISTRY, registry),
        steps=tuple(_steps(folder, said)),
        estimates=_intervals(folder, said, only),
    )


def _content(folder: Place, manifest: Manifest, name: str) -> bytes | None:
    """A file of a run; None where the run did not write it."""
    if all(one.path != name for one in manifest.outputs):
        return None
    return read_output(folder, manifest, folder / name)


def _rows(folder: Place, manifest: Manifest, name: str, *columns: str) -> Iterator[tuple[str, ...]]:
    """Some columns of a result file, row by row; of one that the run did not write none.

    Raises:
        ResultsError: it is not as the run wrote it, or lacks a column.
    """
    content = _content(folder, manifest, name)
    if content is None:
        return
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        head = next(rows, [])
        yield from map(itemgetter(*map(head.index, columns)), rows)
    except (csv.Error, ValueError, IndexError):
        raise _no_results(folder / name) from None


def _no_results(file: Place) -> ResultsError:
    return ResultsError(Problem(str(file), "is no results file", _AGAIN))


def _steps(folder: Place, manifest: Manifest) -> Iterator[Step]:
    further = _ids(manifest.study.definition.get("exposures"))
    names = dict(enumerate([STUDY, *further], start=1))
    columns = ("cohort_definition_id", "step", "reason", "number_subjects", "number_records")
    try:
        for cohort, step, reason, persons, records in _rows(folder, manifest, ATTRITION, *columns):
            name = names.get(int(cohort), cohort)
            yield Step(name, step, reason, int(persons) if persons else None, int(records))
    except ValueError:
        raise _no_results(folder / ATTRITION) from None


def _ids(parts: Any) -> list[str]:
    return [str(one.get("id")) for one in parts or () if isinstance(one, dict)]


def _labels(parts: Any) -> dict[str, str]:
    named = [one for one in parts or () if isinstance(one, dict)]
    return {str(one.get("id")): str(one.get("label", one.get("id"))) for one in named}


def _shown(definition: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The contrast and the outcomes of the study's figures."""
    figures = definition.get("figures")
    if not isinstance(figures, Mapping):
        return "", ()
    contrast = figures.get("curve_contrast") or {}
    name = f"{contrast.get('comparator')}-{contrast.get('exposed')}"
    return name, tuple(map(str, figures.get("curve_outcomes") or ()))


def _intervals(
    folder: Place, manifest: Manifest, only: Collection[Key] | None
) -> dict[Key, Interval]:
    """Every estimate that has an interval, and the persons that it is of."""
    values: dict[Key, dict[str, str]] = {}
    mains: dict[str, str | None] = {}
    persons: dict[tuple[str, str], int] = {}
    columns = ("table", "stratum", "outcome", "quantity", "value")
    try:
        for table, stratum, outcome, quantity, value in _rows(
            folder, manifest, ESTIMATES, *columns
        ):
            if table not in mains:
                name = without_exposure(table)[0]
                mains[table] = MAIN_QUANTITY.get(table_and_design(name)[0])
            main = mains[table]
            if main is None:
                if quantity == "persons" and value and table.startswith("cohort"):
                    persons[table, stratum] = int(value)
            elif quantity == main or quantity in _LIMITS:
                key = (table, stratum, outcome)
                if only is None or key in only:
                    values.setdefault(key, {})[quantity] = value
    except ValueError:
        raise _no_results(folder / ESTIMATES) from None
    pairs = _contrasts(manifest.study.definition)
    return {
        key: Interval(
            _persons(key, persons, pairs),
            _number(found.get(mains[key[0]] or "")),
            *(_number(found.get(name)) for name in _LIMITS),
        )
        for key, found in values.items()
    }


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _contrasts(definition: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The strata of each contrast by its name; the ids of strata may hold a hyphen too."""
    said = [*(definition.get("contrasts") or ())]
    figures = definition.get("figures")
    if isinstance(figures, Mapping) and "curve_contrast" in figures:
        said.append(figures["curve_contrast"])
    pairs = [(str(one.get("comparator")), str(one.get("exposed"))) for one in said]
    return {"-".join(pair): pair for pair in pairs}


def _persons(
    key: Key, persons: Mapping[tuple[str, str], int], pairs: Mapping[str, tuple[str, str]]
) -> int | None:
    """Persons of the stratum that an estimate is of, or of the two of its contrast."""
    table, stratum, _ = key
    cohort = with_exposure("cohort", without_exposure(table)[1])
    subgroup, slash, name = stratum.rpartition("/")
    found = [persons.get((cohort, f"{subgroup}{slash}{one}")) for one in pairs.get(name, (name,))]
    return None if None in found else sum(one or 0 for one in found)
