"""The bytes of every file of a run's folder: tables, figures, result files, words and report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ldn_spark.estimates.results import Results
from ldn_spark.reporting import result_files
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.figures.copies import Draw, draw_here
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.summarised_result import summarised_result_csv
from ldn_spark.reporting.tables import all_tables, design_tables
from ldn_spark.reporting.writers import table_csv, table_html, table_markdown
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from markupsafe import Markup

SUMMARISED_RESULT = "summarised_result.csv"
REPORT = "report.html"
WORDS = "results.md"
_WRITERS = {"csv": table_csv, "md": table_markdown, "html": table_html}


def contents(
    results: Results,
    study_definition: StudyDefinition,
    *,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
    comparison: Markup | str = "",
    draw: Draw = draw_here,
) -> dict[str, bytes]:
    """Tables, figures, result files and the report.

    The same arguments give the same bytes: no clock, run id or engine goes into any file.

    Args:
        results: what the analysis found.
        study_definition: what was asked.
        provenance: what the data were: `files`, `persons`, `dispensings`, `codelists`; and
            `deviations`, what was done otherwise than the study file says.
        study_hash: hash of the study and its codelists.
        software_version: version of this package.
        comparison: a section of the page that holds published values against these results; empty
            for none.
        draw: how the figures are drawn; see `figures.copies`.

    Returns:
        The bytes of every file by its path below the folder of the run.
    """
    from ldn_spark.reporting.paragraphs import (
        methods_sentence,
        results_markdown,
        results_paragraphs,
    )
    from ldn_spark.reporting.report import report_html

    stamp = {
        "provenance": provenance,
        "study_hash": study_hash,
        "software_version": software_version,
    }
    drawn = draw(study_definition, results)
    printed = _printed(study_definition, results)
    tables = printed[""] = (*printed[""], *exposure_tables(study_definition, results))
    files: dict[str, str | bytes] = {
        result_files.ESTIMATES: result_files.estimates_csv(results),
        result_files.CURVES: result_files.curves_csv(results),
        result_files.ATTRITION: result_files.attrition_csv(results),
        SUMMARISED_RESULT: summarised_result_csv(results, study_definition, **stamp),
    }
    for folder, own in printed.items():
        files |= _table_files("tables" + folder, own)
    for exposure, found in results.others.items():
        for folder, own in _printed(study_definition.as_exposure(exposure), found).items():
            files |= _table_files(f"tables/{exposure}{folder}", own)
    words = results_paragraphs(study_definition, results)
    sentence = methods_sentence(
        study_definition,
        study_hash=study_hash,
        software_version=software_version,
        deviations=provenance.get("deviations") or (),
    )
    files[WORDS] = results_markdown(words, sentence, invented=results.invented)
    figures = drawn()
    for figure in figures:
        files[f"figures/{figure.id}.svg"] = figure.svg
        files[f"figures/{figure.id}.png"] = figure.png
    files[REPORT] = report_html(
        study_definition,
        results,
        tables=tables,
        subgroups={one.id: printed[f"/{one.id}"] for one in study_definition.subgroups},
        designs={one.id: printed[f"/{one.id}"] for one in study_definition.designs},
        figures=figures,
        words=words,
        sentence=sentence,
        comparison=comparison,
        **stamp,
    )
    return {
        name: content.encode("utf-8") if isinstance(content, str) else content
        for name, content in files.items()
    }


def _printed(study: StudyDefinition, results: Results) -> dict[str, tuple[PrintedTable, ...]]:
    """The tables of one cohort by folder: of all of it, of each subgroup and of each design."""
    tables = {"": all_tables(study, results)}
    for group in study.subgroups:
        tables[f"/{group.id}"] = all_tables(study, results, subgroup=group.id)
    for design in study.designs:
        tables[f"/{design.id}"] = design_tables(study, results, design)
    return tables


def _table_files(folder: str, tables: tuple[PrintedTable, ...]) -> dict[str, str]:
    return {
        f"{folder}/{table.id}.{ending}": write(table)
        for table in tables
        for ending, write in _WRITERS.items()
    }
