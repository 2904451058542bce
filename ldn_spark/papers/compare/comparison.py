"""Published and computed side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ldn_spark.estimates.results import Results
from ldn_spark.papers.audit.auditing import audit
from ldn_spark.papers.audit.findings import INCONSISTENT, Finding
from ldn_spark.papers.compare.computed import Computed, compute
from ldn_spark.papers.compare.rivals import RivalInterval, rival_intervals
from ldn_spark.papers.values import Key, Published, PublishedValue, agrees, in_print
from ldn_spark.study.definition import StudyDefinition

EQUAL, DIFFERS, IMPOSSIBLE = "equal", "differs", "impossible"
VERDICTS = (EQUAL, DIFFERS, IMPOSSIBLE)


@dataclass(frozen=True, slots=True)
class Compared:
    """One published value with the computed one, printed alike.

    Attributes:
        published: what the paper prints.
        computed: what a run gives, with the same decimals; empty where there is no value.
        verdict: `equal`, `differs`, or `impossible` where no data can give what is printed.
        reason: why it is not equal; empty when it is.
    """

    published: PublishedValue
    computed: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All published values of a paper against one run, in the order of the file."""

    rows: tuple[Compared, ...]
    findings: tuple[Finding, ...]
    rivals: tuple[RivalInterval, ...]

    def totals(self) -> dict[str, Counter[str]]:
        """How many values have each verdict, by the place where they are printed."""
        return {
            place: Counter(row.verdict for row in rows)
            for place, rows in by_place(self.rows).items()
        }

    @property
    def total(self) -> Counter[str]:
        """How many values have each verdict."""
        return Counter(row.verdict for row in self.rows)

    @property
    def unequal(self) -> tuple[Compared, ...]:
        """The values that differ or are impossible."""
        return tuple(row for row in self.rows if row.verdict != EQUAL)


def compare(published: Published, results: Results, study: StudyDefinition) -> Comparison:
    """Hold every published value against the computed one.

    Both are compared as printed: the computed value is rounded to the decimals of the published
    text. A value that the audit of the paper proves impossible is so whatever was computed.

    Args:
        published: what the paper prints.
        results: of a run; an estimate that is missing or not estimable differs, with the reason.
        study: the definition of that run.
    """
    findings = audit(published, study)
    proven = {key: found for found in reversed(findings) for key in found.cells}
    doubted = {
        key: found
        for found in reversed(findings)
        if found.severity == INCONSISTENT
        for key in found.involved
    }
    rows = tuple(
        _compare(value, compute(results, study, value.key), proven, doubted)
        for value in published.values
    )
    equal = [row.published for row in rows if row.verdict == EQUAL]
    return Comparison(rows, tuple(findings), rival_intervals(equal, results, study))


def _compare(
    value: PublishedValue,
    computed: Computed,
    proven: dict[Key, Finding],
    doubted: dict[Key, Finding],
) -> Compared:
    text, equal = _in_print(value, computed)
    if value.key in proven:
        reason = _because(proven[value.key])
        if equal:
            reason = f"the computed value happens to agree, but the printed one cannot be: {reason}"
        return Compared(value, text, IMPOSSIBLE, reason)
    if equal:
        return Compared(value, text, EQUAL, "")
    reason = computed.reason or f"computed {text}"
    if value.key in doubted:
        reason += f"; the paper contradicts itself here: {_because(doubted[value.key])}"
    return Compared(value, text, DIFFERS, reason)


def _because(found: Finding) -> str:
    explanation = found.explanation.removesuffix(".")
    return f"{explanation} (recomputed: {found.recomputed})"


def _in_print(value: PublishedValue, computed: Computed) -> tuple[str, bool]:
    """The computed value as it would be printed, and whether that is what is printed."""
    if computed.value is None:
        return "", False
    if isinstance(computed.value, date):
        text = computed.value.isoformat()
        return text, text == value.text
    text = in_print(computed.value, value.kind, value.text)
    return text, agrees(value.text, text, computed.value)


def by_place(rows: Sequence[Compared]) -> dict[str, list[Compared]]:
    """Rows under the place where they are printed, places in the order of their names."""
    places: dict[str, list[Compared]] = {}
    for row in rows:
        places.setdefault(row.published.place, []).append(row)
    return dict(sorted(places.items()))
