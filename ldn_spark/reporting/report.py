"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.escaping import visible
from ldn_spark.reporting.facts import facts
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.findings import key_findings
from ldn_spark.reporting.methods import methods
from ldn_spark.reporting.printed import PrintedTable
from ldn_spark.reporting.units import unknown_doses
from ldn_spark.reporting.wording import sentence_case
from ldn_spark.reporting.writers import table_html
from ldn_spark.results import NOT_ESTIMABLE, Results
from ldn_spark.shown import counted
from ldn_spark.study.definition import StudyDefinition

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

TEMPLATE, STYLE = "report.html.j2", "report.css"


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
    figures: Sequence[DrawnFigure],
    words: Sequence[tuple[str, str]],
    sentence: str,
    comparison: str,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
) -> str:
    """Fill the template. Every text is escaped; tables and figures escape their own.

    Args:
        study: what was asked.
        results: what was found.
        tables: of the whole cohort.
        subgroups: tables by subgroup.
        figures: as drawn.
        words: label and paragraph of every outcome.
        sentence: how the analysis was made.
        comparison: a section of HTML, escaped already; empty for none.
        provenance: what the data were; keys that are missing are left out of the page.
        study_hash: hash of the study and its codelists.
        software_version: version of this package.
    """
    from markupsafe import Markup

    labels = {group.id: group.label for group in study.subgroups}
    return (
        page_template()
        .render(
            study=study,
            invented=SENTENCE if results.invented else "",
            style=Markup(_part(STYLE)),
            facts=facts(study, results),
            findings=key_findings(study, results),
            unknown_doses=sentence_case(unknown_doses(study, results)),
            tables={table.id: Markup(table_html(table)) for table in tables},
            numbers={table.id: table.number for table in tables},
            subgroups=[(labels[name], _marked(name, own)) for name, own in subgroups.items()],
            figures={figure.id: figure for figure in figures},
            svg={figure.id: Markup(figure.inline_svg) for figure in figures},
            words=words,
            sentence=sentence,
            comparison=Markup(comparison),
            methods=methods(study),
            missing=not_estimable(study, results),
            provenance=provenance,
            study_hash=study_hash,
            software_version=software_version,
            command=provenance.get("command") or f"ldn run {study.id}",
        )
        .rstrip()
        + "\n"
    )


@cache
def page_template() -> Template:
    """The template of the page, compiled once."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=visible,
    )
    environment.filters["count"] = counted
    environment.filters["sentence_case"] = sentence_case
    return environment.from_string(_part(TEMPLATE))


def _part(name: str) -> str:
    return (files("ldn_spark.reporting") / name).read_text(encoding="utf-8")


def _marked(subgroup: str, tables: Sequence[PrintedTable]) -> list[tuple[str, Markup]]:
    from markupsafe import Markup

    return [(table.number, Markup(table_html(table, prefix=f"{subgroup}-"))) for table in tables]


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
