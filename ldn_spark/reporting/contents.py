"""The bytes of every file of a run's folder: tables, figures, result files, words and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ldn_spark.estimates.results import Results
from ldn_spark.reporting import result_files
from ldn_spark.reporting.copies import Share, here
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.figures.draw import DrawnFigure, Figures, draw_figures
from ldn_spark.reporting.figures.registry import FIGURES, figure_ids
from ldn_spark.reporting.parts import Part, make_part, printed
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.summarised_result import COLUMNS, SummarisedResult
from ldn_spark.study.definition import STUDY, StudyDefinition
from ldn_spark.texts.csv_cells import csv_lines
from ldn_spark.texts.restricted import marked_markdown, marked_page

if TYPE_CHECKING:
    from markupsafe import Markup

SUMMARISED_RESULT = "summarised_result.csv"
REPORT = "report.html"
WORDS = "results.md"


def contents(
    results: Results,
    study_definition: StudyDefinition,
    *,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
    comparison: Markup | str = "",
    share: Share = here,
    ahead: Figures = (),
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
        share: how independent tasks are done; see `copies`.
        ahead: figures that were drawn before.

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
    tables = dict(printed(study_definition, results))
    tables[""] = (*tables[""], *exposure_tables(study_definition, results))
    designs = {
        one.id: printed(study_definition, results, one.id)[f"/{one.id}"]
        for one in study_definition.designs
    }
    summarised = SummarisedResult(results, study_definition, **stamp)
    parts = summarised.parts()[1:]
    ids = figure_ids(study_definition, results)
    known = {figure.id for figure in ahead}
    slow = [name for name in ids if FIGURES[name].is_slow and name not in known]
    begun = share(
        [
            *(partial(draw_figures, study_definition, results, [name]) for name in slow),
            *(partial(_further, results, summarised, designs, *part) for part in parts),
        ]
    )
    quick = [name for name in ids if name not in (*slow, *known)]
    drawn = [*ahead, *draw_figures(study_definition, results, quick)]
    words = results_paragraphs(study_definition, results)
    sentence = methods_sentence(
        study_definition,
        study_hash=study_hash,
        software_version=software_version,
        deviations=provenance.get("deviations") or (),
    )
    made = [make_part(results, summarised, STUDY, "", tables)]
    files: dict[str, str] = {
        result_files.CURVES: result_files.curves_csv(results),
        result_files.ATTRITION: result_files.attrition_csv(results),
        WORDS: marked_markdown(results_markdown(words, sentence, invented=results.invented)),
    }
    for result in begun[: len(slow)]:
        drawn += result()
    figures = sorted(drawn, key=lambda figure: ids.index(figure.id))
    page = report_html(
        study_definition,
        results,
        tables=tables[""],
        subgroups={one.id: tables[f"/{one.id}"] for one in study_definition.subgroups},
        designs=designs,
        figures=figures,
        words=words,
        sentence=sentence,
        comparison=comparison,
        **stamp,
    )
    files[REPORT] = marked_page(page)
    made += [result() for result in begun[len(slow) :]]
    return {
        **{name: text.encode("utf-8") for name, text in files.items()},
        **_figure_files(figures),
        **_lines_of_parts(made, summarised),
        **{path: content for part in made for path, content in part.tables.items()},
    }


def _further(
    results: Results,
    summarised: SummarisedResult,
    designs: Mapping[str, tuple[PrintedTable, ...]],
    exposure: str,
    design: str,
) -> Part:
    """A part beside the study's own exposure and windows; the tables of its designs are known."""
    tables = {f"/{design}": designs[design]} if exposure == STUDY else None
    return make_part(results, summarised, exposure, design, tables)


def _figure_files(figures: Sequence[DrawnFigure]) -> dict[str, bytes]:
    svg = {f"figures/{figure.id}.svg": figure.svg for figure in figures}
    return svg | {f"figures/{figure.id}.png": figure.png for figure in figures}


def _lines_of_parts(parts: Sequence[Part], summarised: SummarisedResult) -> dict[str, bytes]:
    """The files that hold lines of every part."""
    head = csv_lines(result_files.ESTIMATE_COLUMNS, ()).encode("utf-8")
    settings = csv_lines(COLUMNS, summarised.settings()).encode("utf-8")
    attrition = "\n".join([*summarised.attrition(), ""]).encode("utf-8")
    return {
        result_files.ESTIMATES: b"".join([head, *(one.estimates for one in parts)]),
        SUMMARISED_RESULT: b"".join([settings, *(one.summarised for one in parts), attrition]),
    }
