"""How the parts of a study lie to each other: kinds that no single key of the schema says."""

from __future__ import annotations

from collections.abc import Callable

from ldn_spark.study.criteria import Dispensed
from ldn_spark.study.definition import StudyDefinition

Relation = Callable[[StudyDefinition], bool]


def _leaves(study: StudyDefinition) -> list[Dispensed]:
    steps = (*study.eligibility, *study.subgroups)
    return [leaf for step in steps for leaf in step.keep_if.leaves()]


def _asks_for(*keys: str) -> Relation:
    """Whether a condition asks for exactly these codes."""
    every = ("atc", "reimbursement_icd", "reimbursement_icpc")

    def has_one(study: StudyDefinition) -> bool:
        return any(
            all(bool(getattr(leaf, key)) == (key in keys) for key in every)
            for leaf in _leaves(study)
        )

    return has_one


def _share_codes(study: StudyDefinition) -> bool:
    codes = [one.atc for one in study.outcomes]
    return any(
        code.startswith(other)
        for number, one in enumerate(codes)
        for code in one
        for other in (*codes[:number], *codes[number + 1 :])
    )


RELATIONS: dict[str, Relation] = {
    "the windows touch on the index date": lambda s: (
        s.windows.before.last == -1 and s.windows.after.first == 0
    ),
    "a gap lies between the windows": lambda s: s.windows.before.last + 1 < s.windows.after.first,
    "the window before holds the index date": lambda s: (
        s.windows.before.first <= 0 <= s.windows.before.last
    ),
    "the window after begins before the index date": lambda s: (
        s.windows.after.first < 0 <= s.windows.after.last
    ),
    "both windows lie before the index date": lambda s: s.windows.after.last < 0,
    "both windows lie after the index date": lambda s: s.windows.before.first > 0,
    "a window is one day": lambda s: 1 in (s.windows.before.days, s.windows.after.days),
    "exposure is counted on the index date alone": lambda s: s.strata.counting_window.days == 1,
    "exposure is counted from a later day on": lambda s: s.strata.counting_window.first > 0,
    "exposure is counted beyond the window after": lambda s: (
        s.strata.counting_window.last > s.windows.after.last
    ),
    "the index period is one day": lambda s: (
        s.exposure.index_event.first == s.exposure.index_event.last
    ),
    "the index period is over New Year": lambda s: (
        s.exposure.index_event.first.year < s.exposure.index_event.last.year
    ),
    "outcomes share a code": _share_codes,
    "a condition asks for the exposure": lambda s: any(
        code.startswith("N07BB") for leaf in _leaves(s) for code in leaf.atc
    ),
    "a condition looks at days after the index date": lambda s: any(
        leaf.days is not None and leaf.days.last > 0 for leaf in _leaves(s)
    ),
    "no product list and a wash-out": lambda s: (
        s.exposure.products is None and s.exposure.index_event.washout_days != "none"
    ),
    "a condition asks for ATC codes alone": _asks_for("atc"),
    "a condition asks for ICD-10 alone": _asks_for("reimbursement_icd"),
    "a condition asks for ICPC-2 alone": _asks_for("reimbursement_icpc"),
    "a condition asks for either diagnosis": _asks_for("reimbursement_icd", "reimbursement_icpc"),
    "a condition asks for a code and a diagnosis": _asks_for("atc", "reimbursement_icd"),
}
