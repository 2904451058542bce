"""The steps of a selection, and that whoever asks for a kind of condition names every kind."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

import ldn_spark
from ldn_spark.estimates.attrition import attrition_steps
from ldn_spark.reporting.methods import methods
from ldn_spark.study.criteria import Condition
from ldn_spark.study.selection import OfExposure, selection_steps
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
