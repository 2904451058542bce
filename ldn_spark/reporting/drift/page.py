"""The page of a study's drift: one HTML file that needs nothing but itself, and no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from ldn_spark.drift.found import Drift
from ldn_spark.drift.snapshot import Snapshot
from ldn_spark.invented import SENTENCE
from ldn_spark.reporting.drift.panels import draw_panels
from ldn_spark.reporting.drift.rows import Section, sections
from ldn_spark.reporting.drift.series import Series, all_series
from ldn_spark.reporting.formats import UNDEFINED, fixed, pretty
from ldn_spark.reporting.quality.sheets import Column
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.pages import fill, style
from ldn_spark.texts.restricted import marked_page

if TYPE_CHECKING:
    from markupsafe import Markup

    from ldn_spark.reporting.figures.draw import DrawnFigure

TEMPLATE, LISTING = "reporting/drift/drift.html.j2", "reporting/quality/listing.html.j2"
MOST_ROWS, MOST_LISTED = 12, 60
"""Rows of a section beside those above a threshold; runs in the tables of numbers."""
_KINDS = ("study", "software", "data")


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that stand under one heading, and their numbers.

    Attributes:
        title: the heading.
        figures: of every number, with what its newest value is, and whether that is above a
            threshold.
        numbers: a table, a row per run.
    """

    title: str
    figures: tuple[tuple[DrawnFigure, str, bool], ...]
    numbers: Markup


def drift_html(drift: Drift, runs: Sequence[Snapshot], all_runs: int) -> str:
    """Fill the template. Every text is escaped.

    Args:
        drift: a run beside an earlier one.
        runs: of its study, by when they ended; at least that run.
        all_runs: how many there are, those among them that are not drawn.
    """
    page = fill(
        TEMPLATE,
        drift=drift,
        style=style("reporting/report.css", "reporting/quality/quality.css", _STYLE),
        invented=SENTENCE if any(run.invented for run in runs) else "",
        facts=_facts(drift, all_runs),
        minute=_minute,
        moved=[(part, _moved(part)) for part in sections(drift, MOST_ROWS)],
        groups=_groups(drift, runs),
        runs=_runs(runs),
        undrawn=all_runs - len(runs),
        listed=min(len(runs), MOST_LISTED),
        drawn=len(runs),
        count=counted,
        numbered=numbered,
    )
    return f"{marked_page(page).rstrip()}\n"


_STYLE = "reporting/drift/drift.css"


def _facts(drift: Drift, all_runs: int) -> list[tuple[str, str]]:
    persons = next(iter(drift.new.cohorts.values()), None)
    facts = [("runs of the study", counted(all_runs)), ("persons of the cohort", _whole(persons))]
    if drift.old is not None:
        facts.append(("numbers moved since the earlier run", counted(len(drift.moves))))
    if drift.above is not None:
        facts.append(("of them above their thresholds", counted(len(drift.above))))
    return facts


def _moved(section: Section) -> Markup:
    head = (section.title, "Earlier", "Now", "Change", "Above")
    above = any(row.threshold for row in section.rows)
    columns = [Column(name, name, number=0 < at < 4) for at, name in enumerate(head)]
    rows = [
        ("above" if row.threshold else "", [row.label, row.old, row.new, row.change, row.threshold])
        for row in section.rows
    ]
    if not above:
        columns, rows = columns[:-1], [(name, cells[:-1]) for name, cells in rows]
    return fill(LISTING, label=section.title, columns=columns, rows=rows)


def _groups(drift: Drift, runs: Sequence[Snapshot]) -> list[Group]:
    series = all_series(runs)
    is_newest = runs[-1].folder == drift.new.folder
    above = {(one.move.kind, one.move.where) for one in drift.above or () if is_newest}
    figures = draw_panels(
        series,
        _days(runs),
        _changes(runs),
        [(one.kind, one.where) in above for one in series],
    )
    found = []
    for title, pairs in groupby(zip(series, figures, strict=True), key=lambda pair: pair[0].group):
        own = list(pairs)
        shown = tuple((figure, _newest(one), (one.kind, one.where) in above) for one, figure in own)
        found.append(Group(title, shown, _numbers(title, [one for one, _ in own], runs)))
    return found


def _days(runs: Sequence[Snapshot]) -> list[str]:
    """The day on which each run ended; the time, where all are of one day."""
    days = [run.ended[:10] for run in runs]
    return days if len(set(days)) > 1 or len(days) == 1 else [run.ended[11:16] for run in runs]


def _changes(runs: Sequence[Snapshot]) -> list[frozenset[str]]:
    """What changed with each run; with the first nothing."""
    pairs = zip(runs[1:], runs, strict=False)
    return [frozenset(), *(run.changed_since(earlier) for run, earlier in pairs)]


def _newest(series: Series) -> str:
    """The newest value in words, with its interval."""
    return _texts(series)[-1]


def _texts(series: Series) -> list[str]:
    found = []
    for value, low, high in zip(series.values, series.lows, series.highs, strict=True):
        if value is None:
            found.append(UNDEFINED)
            continue
        decimals = 0 if series.is_whole else 2 if series.has_intervals else 1
        text = pretty(fixed(value, decimals))
        if low is not None and high is not None:
            text += f" ({' to '.join(pretty(fixed(one, decimals)) for one in (low, high))})"
        found.append(text)
    return found


def _numbers(title: str, series: Sequence[Series], runs: Sequence[Snapshot]) -> Markup:
    """The numbers of figures, a row per run, the newest first."""
    columns = [Column("run", "Ended (UTC)", number=False)]
    columns += [Column(one.title, one.title) for one in series]
    cells = list(zip(*map(_texts, series), strict=True))
    rows = [("", [_minute(run.ended), *texts]) for run, texts in zip(runs, cells, strict=True)][
        -MOST_LISTED:
    ]
    return fill(LISTING, label=title, columns=columns, rows=rows[::-1])


def _runs(runs: Sequence[Snapshot]) -> Markup:
    """Every run, the newest first, and what changed with it."""
    heads = ("Ended (UTC)", "Run", "Changed", "Dispensings", "Persons", "Cohort")
    columns = [Column(name, name, number=at > 2) for at, name in enumerate(heads)]
    rows = []
    for run, kinds in zip(runs, _changes(runs), strict=True):
        changed = ", ".join(kind for kind in _KINDS if kind in kinds) or UNDEFINED
        numbers = (run.dispensings, run.persons, next(iter(run.cohorts.values()), None))
        cells = [_minute(run.ended), run.run_id, changed, *map(_whole, numbers)]
        rows.append(("", cells))
    return fill(LISTING, label="Runs", columns=columns, rows=rows[::-1][:MOST_LISTED])


def _whole(number: int | None) -> str:
    return UNDEFINED if number is None else counted(number)


def _minute(when: str) -> str:
    """2026-11-28 15:10 of a time in ISO 8601."""
    return when[:16].replace("T", " ")
