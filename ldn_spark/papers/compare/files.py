"""A comparison and an audit as CSV and as a section of an HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ldn_spark.invented import SENTENCE
from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT, Finding
from ldn_spark.papers.compare.comparison import VERDICTS, Compared, Comparison, by_place
from ldn_spark.papers.compare.rivals import RivalInterval
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.csv_cells import csv_text
from ldn_spark.texts.pages import fill

if TYPE_CHECKING:
    from markupsafe import Markup

COMPARE_CSV, COMPARE_HTML = "compare.csv", "compare.html"
AUDIT_CSV, AUDIT_HTML = "audit.csv", "audit.html"

_COMPARE_COLUMNS = (
    "table", "stratum", "outcome", "quantity", "published", "computed", "verdict", "reason",
    "place",
)  # fmt: skip
_AUDIT_COLUMNS = (
    "check", "severity", "place", "subject", "printed", "recomputed", "explanation",
    "impossible_cells",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listing:
    """A table of a page: its name, head and rows, and which columns hold text."""

    label: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    text: frozenset[int]


def compare_csv(comparison: Comparison) -> str:
    """One line per published value, in the order of the published file."""
    return csv_text(
        _COMPARE_COLUMNS,
        (
            (*row.published.key, row.published.text, row.computed, row.verdict, row.reason,
             row.published.place)
            for row in comparison.rows
        ),
    )  # fmt: skip


def audit_csv(findings: Sequence[Finding]) -> str:
    """One line per finding; the cells it proves impossible are joined by semicolons."""
    return csv_text(
        _AUDIT_COLUMNS,
        (
            (f.check, f.severity, f.place, f.subject, f.printed, f.recomputed, f.explanation,
             "; ".join(" ".join(part for part in key if part) for key in f.cells))
            for f in findings
        ),
    )  # fmt: skip


def compare_html(comparison: Comparison, title: str, *, invented: bool = False) -> Markup:
    """A `<section>`: totals by place, what is not equal and why, rival intervals, then all."""
    unequal, rivals = comparison.unequal, comparison.rivals
    return fill(
        "papers/compare/compare.html.j2",
        title=title,
        invented=SENTENCE if invented else "",
        total=comparison.total,
        values=len(comparison.rows),
        count=counted,
        numbered=numbered,
        totals=_totals(comparison),
        unequal=_compared(unequal, reasons=True, label="Not equal") if unequal else None,
        rivals=_rivals(rivals) if rivals else None,
        places=[
            (place, _compared(rows, reasons=False, label=place))
            for place, rows in by_place(comparison.rows).items()
        ],
    )


def _totals(comparison: Comparison) -> Listing:
    counts = [
        [place, str(sum(each.values())), *(str(each[verdict]) for verdict in VERDICTS)]
        for place, each in comparison.totals().items()
    ]
    total = comparison.total
    counts.append(["All", str(len(comparison.rows)), *(str(total[v]) for v in VERDICTS)])
    head = ["Printed in", "Values", "Equal", "Differ", "Impossible"]
    return Listing("Totals", head, counts, frozenset({0}))


def _compared(rows: Sequence[Compared], *, reasons: bool, label: str) -> Listing:
    head = ["Printed in", "Value", "Published", "Computed", "Verdict"]
    head += ["Reason"] if reasons else []
    body, said = [], ""
    for row in rows:
        reason = "the same" if row.reason == said else row.reason
        said = row.reason
        body.append(
            [row.published.place, row.published.name, row.published.text, row.computed or "–",
             row.verdict, *([reason] if reasons else [])]
        )  # fmt: skip
    return Listing(label, head, body, frozenset({0, 1, 4, 5}))


def _rivals(rivals: Sequence[RivalInterval]) -> Listing:
    rows = [[one.method, str(len(one.lost)), lost_text(one)] for one in rivals]
    return Listing("Other intervals", ["Method", "Cells lost", "Which"], rows, frozenset({0, 2}))


def lost_text(rival: RivalInterval) -> str:
    """The cells a method would lose, in words."""
    return "; ".join(
        f"{lost.published.name} {lost.published.text}, by this method {lost.computed or 'none'}"
        for lost in rival.lost
    )


def audit_html(findings: Sequence[Finding], title: str) -> Markup:
    """A `<section>` with one row per finding."""
    rows = [
        [f.severity, f.place, f.subject, f.printed, f.recomputed, f.explanation] for f in findings
    ]
    head = ["Severity", "Printed in", "What", "Printed", "Recomputed", "Why"]
    return fill(
        "papers/compare/audit.html.j2",
        title=title,
        summary=audit_summary(findings),
        findings=Listing("Findings", head, rows, frozenset(range(len(head)))) if rows else None,
    )


def audit_summary(findings: Sequence[Finding]) -> str:
    """One sentence: how much was found."""
    if not findings:
        return "No contradiction: every printed number agrees with all the others."
    cells = len({key for found in findings for key in found.cells})
    contradictions = sum(found.severity in (IMPOSSIBLE, INCONSISTENT) for found in findings)
    notes = len(findings) - contradictions
    return (
        f"{_number(contradictions, 'contradiction')}, which make {_number(cells, 'printed value')} "
        f"impossible; {_number(notes, 'note')}."
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{counted(count)} {noun}s"


def page(
    section: Markup,
    *,
    title: str,
    style: Markup,
    heading: str = "",
    links: Mapping[str, str] | None = None,
    restricted: bool = False,
) -> Markup:
    """A whole page around a section; needs nothing but itself.

    Args:
        section: markup that begins with a heading of the second level.
        title: of the browser's window.
        style: the style sheet.
        heading: stands above it; the title unless given.
        links: where else to go, by label: back to what the page belongs to first.
        restricted: whether small counts stand on it.
    """
    return fill(
        "papers/compare/page.html.j2",
        section=section,
        title=title,
        style=style,
        heading=heading,
        links=links or {},
        restricted=restricted,
    )
