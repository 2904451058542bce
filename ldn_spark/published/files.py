"""A comparison and an audit as CSV and as a section of an HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ldn_spark.csv_cells import csv_text
from ldn_spark.invented import SENTENCE
from ldn_spark.published.comparison import EQUAL, VERDICTS, Compared, Comparison, by_place
from ldn_spark.published.findings import IMPOSSIBLE, INCONSISTENT, Finding
from ldn_spark.published.rivals import RivalInterval
from ldn_spark.shown import counted, escaped

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


def _html(text: str) -> str:
    """Text for the content of an element, without control characters."""
    return escape(escaped(text))


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


def compare_html(comparison: Comparison, title: str, *, invented: bool = False) -> str:
    """A `<section>`: totals by place, what is not equal and why, rival intervals, then all."""
    total = comparison.total
    parts = [
        f'<section id="compare"><h2>{_html(title)}</h2>',
        *([f"<p><strong>{SENTENCE}</strong></p>"] if invented else []),
        f"<p><strong>{counted(total[EQUAL])} of {counted(len(comparison.rows))} published values "
        "are equal</strong> to the computed ones, rounded as they are printed; "
        f"{counted(total['differs'])} differ; {counted(total[IMPOSSIBLE])} cannot come from any "
        "data: the paper's own numbers exclude them.</p>",
        _totals(comparison),
    ]
    if comparison.unequal:
        parts += [
            "<h3>Not equal</h3>",
            _compared_table(comparison.unequal, reasons=True, label="Not equal"),
        ]
    if comparison.rivals:
        parts += ["<h3>Other intervals for the share of users</h3>", _rivals(comparison.rivals)]
    for place, rows in by_place(comparison.rows).items():
        parts.append(f"<details><summary>{_html(place)}: every value</summary>")
        parts += [_compared_table(rows, reasons=False, label=place), "</details>"]
    return "\n".join([*parts, "</section>", ""])


def _totals(comparison: Comparison) -> str:
    counts = [
        [place, str(sum(each.values())), *(str(each[verdict]) for verdict in VERDICTS)]
        for place, each in comparison.totals().items()
    ]
    total = comparison.total
    counts.append(["All", str(len(comparison.rows)), *(str(total[v]) for v in VERDICTS)])
    return _table(
        ["Printed in", "Values", "Equal", "Differ", "Impossible"], counts, text={0}, label="Totals"
    )


def _compared_table(rows: Sequence[Compared], *, reasons: bool, label: str) -> str:
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
    return _table(head, body, text={0, 1, 4, 5}, label=label)


def _rivals(rivals: Sequence[RivalInterval]) -> str:
    return _table(
        ["Method", "Cells lost", "Which"],
        [[one.method, str(len(one.lost)), lost_text(one)] for one in rivals],
        text={0, 2},
        label="Other intervals",
    )


def lost_text(rival: RivalInterval) -> str:
    """The cells a method would lose, in words."""
    return "; ".join(
        f"{lost.published.name} {lost.published.text}, by this method {lost.computed or 'none'}"
        for lost in rival.lost
    )


def audit_html(findings: Sequence[Finding], title: str) -> str:
    """A `<section>` with one row per finding."""
    body = [
        [f.severity, f.place, f.subject, f.printed, f.recomputed, f.explanation] for f in findings
    ]
    head = ["Severity", "Printed in", "What", "Printed", "Recomputed", "Why"]
    table = _table(head, body, text=set(range(len(head))), label="Findings") if findings else ""
    lead = f"<p>{_html(audit_summary(findings))}</p>"
    return f'<section id="audit"><h2>{_html(title)}</h2>\n{lead}\n{table}\n</section>\n'


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


def _table(
    head: Sequence[str], body: Sequence[Sequence[str]], *, text: set[int], label: str
) -> str:
    """A table in the report's style, which scrolls by itself; columns of text are aligned left."""
    left = ' style="text-align:left"'
    heads = "".join(
        f'<th scope="col"{left if number in text else ""}>{_html(name)}</th>'
        for number, name in enumerate(head)
    )
    lines = [
        f'<div class="wide" role="group" aria-label="{_html(label)}" tabindex="0">'
        '<table class="printed">',
        f"<thead><tr>{heads}</tr></thead><tbody>",
    ]
    for first, *others in body:
        cells = [
            f'<td style="text-align:left;white-space:normal">{_html(cell)}</td>'
            if number in text
            else f"<td>{_html(cell)}</td>"
            for number, cell in enumerate(others, start=1)
        ]
        lines.append(f'<tr><th scope="row">{_html(first)}</th>{"".join(cells)}</tr>')
    return "\n".join([*lines, "</tbody></table></div>"])


def page(
    section: str,
    *,
    title: str,
    style: str,
    heading: str = "",
    links: Mapping[str, str] | None = None,
    restricted: bool = False,
) -> str:
    """A whole page around a section; needs nothing but itself.

    Args:
        section: HTML that begins with a heading of the second level.
        title: of the browser's window.
        style: the style sheet.
        heading: stands above it; the title unless given.
        links: where else to go, by label: back to what the page belongs to first.
        restricted: whether small counts stand on it.
    """
    ways = " · ".join(
        f'<a href="{_html(to)}">{_html(label)}</a>' for label, to in (links or {}).items()
    )
    nav = f'<nav class="ways" aria-label="Other pages">{ways}</nav>\n' if ways else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex">\n'
        f"<title>{_html(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n"
        f"{_RESTRICTED if restricted else ''}"
        f'<div class="single">\n{nav}'
        f"<main>\n<header><h1>{_html(heading or title)}</h1></header>\n{section}</main>\n"
        "</div>\n</body>\n</html>\n"
    )


_RESTRICTED = (
    '<aside class="banner" aria-label="Restricted"><strong>Restricted: not '
    "disclosure-controlled.</strong> Small counts are shown as they are; do not pass this page "
    "on.</aside>\n"
)
