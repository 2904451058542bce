"""What is published of one exposure in one pair of windows: many of them are made at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.result_files import estimate_lines
from ldn_spark.reporting.summarised_result import SummarisedResult
from ldn_spark.reporting.tables import all_tables, design_tables
from ldn_spark.reporting.writers import table_csv, table_html, table_markdown
from ldn_spark.study.definition import STUDY, StudyDefinition
from ldn_spark.texts.restricted import marked_fragment, marked_markdown

Printed = Mapping[str, tuple[PrintedTable, ...]]
"""Tables by their folder below that of the exposure."""
_WRITERS: Mapping[str, Callable[[PrintedTable], str]] = {
    "csv": table_csv,
    "md": lambda table: marked_markdown(table_markdown(table)),
    "html": lambda table: marked_fragment(table_html(table)),
}


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one exposure in one pair of windows.

    Attributes:
        tables: the files of its tables, by their path below the run's folder.
        estimates, summarised: its lines of these files.
    """

    tables: Mapping[str, bytes]
    estimates: bytes
    summarised: bytes


def printed(study: StudyDefinition, results: Results, design: str = "") -> Printed:
    """The tables of an exposure: of its whole cohort and each subgroup, or of a further design.

    Args:
        study: as that of this exposure alone.
        results: of this exposure.
        design: id of a further design; empty for the study's own windows.
    """
    if design:
        (further,) = (one for one in study.designs if one.id == design)
        return {f"/{design}": design_tables(study, results, further)}
    tables = {"": all_tables(study, results)}
    for group in study.subgroups:
        tables[f"/{group.id}"] = all_tables(study, results, subgroup=group.id)
    return tables


def make_part(
    results: Results,
    summarised: SummarisedResult,
    exposure: str,
    design: str,
    tables: Printed | None = None,
) -> Part:
    """The files and lines of one exposure in one pair of windows.

    Args:
        results: of the study's own exposure, with the others.
        summarised: lays out what is found for tools that read it.
        exposure: its id.
        design: id of a further design; empty for the study's own windows.
        tables: what is printed, where that is known.
    """
    found = results.by_exposure[exposure]
    tables = tables or printed(summarised.study.as_exposure(exposure), found, design)
    folder = "tables" if exposure == STUDY else f"tables/{exposure}"
    lines = estimate_lines(found.compared_in(design), design, exposure)
    return Part(
        {
            f"{folder}{below}/{table.id}.{ending}": write(table).encode("utf-8")
            for below, own in tables.items()
            for table in own
            for ending, write in _WRITERS.items()
        },
        _content(lines),
        _content(summarised.lines(exposure, design)),
    )


def _content(lines: Iterable[str]) -> bytes:
    return "\n".join([*lines, ""]).encode("utf-8")
