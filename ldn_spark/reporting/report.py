"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from ldn_spark.estimates.results import NOT_ESTIMABLE, Results
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.facts import facts
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.figures.registry import FIGURES, figures_at
from ldn_spark.reporting.findings import key_findings
from ldn_spark.reporting.formulas import Formulas, formulas
from ldn_spark.reporting.methods import methods
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.units import unknown_doses
from ldn_spark.reporting.wording import sentence_case
from ldn_spark.reporting.writers import TABLE, table_html
from ldn_spark.shown import counted, numbered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.texts.pages import fill, prepare, style

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATE, STYLE = "reporting/report.html.j2", "reporting/report.css"


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers that cannot be estimated for one reason in one place."""

    reason: str
    where: str
    quantities: str


def report_html(
    study: StudyDefinition,
    results: Results,
    *,
    tables: Sequence[PrintedTable],
    subgroups: Mapping[str, Sequence[PrintedTable]],
    designs: Mapping[str, Sequence[PrintedTable]],
    figures: Sequence[DrawnFigure],
    words: Sequence[tuple[str, str]],
    sentence: str,
    comparison: Markup | str,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
) -> str:
    """Fill the template; every text is escaped.

    Args:
        study: what was asked.
        results: what was found.
        tables: of the whole cohort.
        subgroups: tables by subgroup.
        designs: tables by design, of those beside the study's own windows.
        figures: as drawn.
        words: label and paragraph of every outcome.
        sentence: how the analysis was made.
        comparison: a section of the page as markup; empty for none.
        provenance: what the data were; keys that are missing are left out of the page.
        study_hash: hash of the study and its codelists.
        software_version: version of this package.
    """
    labels = {group.id: group.label for group in study.subgroups}
    needed = formulas(study, chain(tables, *subgroups.values(), *designs.values()))
    page = fill(
        TEMPLATE,
        study=study,
        invented=SENTENCE if results.invented else "",
        style=style(STYLE),
        facts=facts(study, results),
        findings=key_findings(study, results),
        unknown_doses=sentence_case(unknown_doses(study, results)),
        tables={table.id: table_html(table, formulas=needed) for table in tables},
        formulas=needed.lines,
        numbers={table.id: table.number for table in tables},
        subgroups=[(labels[name], _marked(name, own, needed)) for name, own in subgroups.items()],
        designs=[(one, _marked(one.id, designs[one.id], needed)) for one in study.designs],
        figures={figure.id: figure for figure in figures},
        figures_at=figures_at,
        pictured={FIGURES[figure.id].section for figure in figures},
        words=words,
        sentence=sentence,
        comparison=comparison,
        methods=methods(study),
        missing=not_estimable(study, results),
        provenance=provenance,
        turned_away=results.turned_away,
        study_hash=study_hash,
        software_version=software_version,
        command=provenance.get("command") or f"ldn run {study.id}",
        count=counted,
        numbered=numbered,
        sentence_case=sentence_case,
    )
    return page.rstrip() + "\n"


def prepare_report() -> None:
    """Compile the templates of the page, before there is anything to put into them."""
    prepare(TEMPLATE, TABLE)


def _marked(
    part: str, tables: Sequence[PrintedTable], needed: Formulas
) -> list[tuple[str, Markup]]:
    return [
        (table.number, table_html(table, prefix=f"{part}-", formulas=needed)) for table in tables
    ]


def not_estimable(study: StudyDefinition, results: Results) -> list[Missing]:
    """What has no value and why, one line per table, stratum and outcome."""
    labels = {outcome.id: outcome.label for outcome in study.outcomes}
    found: dict[tuple[str, str], list[str]] = {}
    for estimate in results.estimates:
        if estimate.status == NOT_ESTIMABLE:
            outcome = labels.get(estimate.outcome, estimate.outcome)
            where = " · ".join(part for part in (estimate.table, estimate.stratum, outcome) if part)
            found.setdefault((estimate.reason, where), []).append(estimate.quantity)
    return [
        Missing(reason, where, ", ".join(quantities))
        for (reason, where), quantities in found.items()
    ]
