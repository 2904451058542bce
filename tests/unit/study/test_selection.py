"""The steps of a selection, and that whoever asks for a kind of condition names every kind."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

import ldn_spark
from ldn_spark.estimates.attrition import attrition_steps
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.figures.flow import _excluded
from ldn_spark.reporting.methods import methods
from ldn_spark.reporting.result_files import (
    attrition_csv,
    curves_csv,
    estimates_csv,
    load_results,
)
from ldn_spark.runs.preflight import unknown_conditions
from ldn_spark.study.criteria import Condition, Criterion
from ldn_spark.study.selection import OfExposure, selection_steps
from ldn_spark.study.words import describe
from tests.registers import exposure_with, study_like

WOMEN = {"id": "washout", "label": "Women", "keep_if": {"sex": "F"}}  # an id of another step
FIRST, AFTER = "first_in_period", "first_after_washout"


@pytest.mark.parametrize(
    ("rule", "days", "condition", "label", "words"),
    [
        (FIRST, "none", None, "", "None: earlier use"),
        (FIRST, "ever", OfExposure.WASHOUT, "No LDN before the index date", "with any LDN before"),
        (FIRST, 1, OfExposure.WASHOUT, "No LDN in the day before the index date", "in the one day"),
        (FIRST, 365, OfExposure.WASHOUT, "No LDN in the 365 days before the index date", "the 365"),
        (AFTER, 90, OfExposure.CLEAN_INDEX, "No LDN in the 90 days before the index date", "Part"),
    ],
)
def test_steps_of_every_washout(rule, days, condition, label, words):
    study = study_like(
        exposure=exposure_with(rule=rule, washout_days=days), eligibility=[WOMEN]
    ).definition
    steps = selection_steps(study)
    assert steps[0].condition is OfExposure.CODES
    assert steps[-1].condition == study.eligibility[0].keep_if
    found = {step.condition: step.label for step in steps if step.id == "washout"}
    assert found.get(condition, "") == label
    assert words in dict(methods(study))["Wash-out"]
    assert dict(methods(study))["Further conditions"] == "In this order: Women (women)."
    left = attrition_steps(study, delivered=9, accepted=8, persons=7, counted=[], undelivered=())
    assert [one.reason for one in left[2:]] == [step.label for step in steps]


SEEN = {"observed": {"days": [0, 364]}}
LATER = {"alive": {"on_day": 365}}
NO_PERIODS = "unknown: no observation periods were delivered"
UNKNOWN = {
    "wholly": (SEEN, {1: 5}, f"Step ({NO_PERIODS})", (None, None, 5)),
    "its contrary": ({"not": SEEN}, {1: 5}, f"Step ({NO_PERIODS})", (None, None, 5)),
    "in part, somebody is out": (
        {"all": [SEEN, {"sex": "F"}]}, {0: 2, 1: 3}, f"Step (in part {NO_PERIODS})", (2, 20, 3),
    ),
    "in part, nobody is known to be out": (
        {"any": [SEEN, LATER]}, {1: 5}, f"Step (in part {NO_PERIODS})", (None, None, 5),
    ),
    "known": (LATER, {1: 5}, "Step", (0, 0, 5)),
}  # fmt: skip


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_step_that_is_unknown(case, tmp_path):
    """What a lake does not hold: attrition says so, and nobody is counted as excluded."""
    condition, passed, reason, (persons, records, left) = UNKNOWN[case]
    step = {"id": "seen", "label": "Step", "keep_if": condition}
    study = study_like(products=None, eligibility=[step]).definition
    counted = [
        {"steps_passed": number, "persons": n, "atc_records": 10 * n, "product_records": 10 * n}
        for number, n in passed.items()
    ]
    steps = attrition_steps(
        study,
        delivered=99,
        accepted=98,
        persons=97,
        counted=counted,
        undelivered={"observation periods"},
    )
    last = steps[-1]
    assert (last.reason, last.number_subjects, last.number_records) == (reason, left, 10 * left)
    assert (last.excluded_subjects, last.excluded_records) == (persons, records)
    results = Results((), (), steps)
    for name, text in (
        ("estimates.csv", estimates_csv(results)),
        ("curves.csv", curves_csv(results)),
        ("attrition.csv", attrition_csv(results)),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert load_results(tmp_path, study).attrition == steps
    assert ("Nobody excluded" in _excluded(last, ())) == last.is_unknown == (persons is None)


def test_what_was_not_delivered_stops_a_subgroup_and_warns_of_a_condition():
    steps = [{"id": f"s{n}", "label": "x", "keep_if": one} for n, one in enumerate((SEEN, LATER))]
    study = study_like(eligibility=steps, subgroups=[steps[1] | {"id": "late"}]).definition
    lacking = ("observation periods", "days of death")
    problems, warnings = unknown_conditions(study, lacking)
    assert [one.where for one in problems] == ["subgroup late"]
    assert [one.where for one in warnings] == ["condition s0", "condition s1"]
    assert "no days of death were delivered" in problems[0].what
    assert unknown_conditions(study, ()) == ([], [])
    both = {"all": [{"not": SEEN}, LATER]}
    assert describe(Criterion.model_validate(both)) == (
        "not observed by the register on all days 0 to 364 and alive on day 365"
    )


def test_every_kind_of_condition_is_named_where_kinds_are_told_apart():
    """A new kind is no silent "nobody": each `match` names all kinds and ends in assert_never."""
    kinds = {kind.__name__ for kind in get_args(Condition)}
    steps = {"Criterion", *(f"OfExposure.{one.name}" for one in OfExposure)}
    looked_at = 0
    for path in Path(ldn_spark.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Match) and ast.unparse(node.subject).endswith("condition")
            ):
                continue
            *cases, last = node.cases
            assert "assert_never" in ast.unparse(last), path
            named = {ast.unparse(part).split("(")[0] for case in cases for part in _parts(case)}
            assert named in (kinds, steps), path
            looked_at += 1
    assert looked_at == 3


def _parts(case):
    pattern = case.pattern
    while isinstance(pattern, ast.MatchAs):
        pattern = pattern.pattern
    return pattern.patterns if isinstance(pattern, ast.MatchOr) else [pattern]
