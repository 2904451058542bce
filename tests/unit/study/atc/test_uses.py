"""What a study uses codes for, and the days that each use looks at."""

from __future__ import annotations

from datetime import date

from ldn_spark.study.atc.uses import code_uses, uses_of
from ldn_spark.study.reach import condition_looks, index_reach, observed_reach, outcome_reach
from tests.registers import study_like


def look(**more):
    return {"dispensed": {"at_least": 1, "counting": "each_dispense", **more}}


PERIOD = look(atc=["N02A", "N02AA01"], period=["2010-02-01", "2011-01-31"])
DAYS = look(atc=["A10"], days=[-400, 30])
REIMBURSED = look(reimbursement_icd=["K50"], days=[-10, -1])
STUDY = study_like(
    eligibility=[
        {"id": "both", "label": "Both", "keep_if": {"all": [PERIOD, {"not": {"any": [DAYS]}}]}}
    ],
    subgroups=[{"id": "ibd", "label": "IBD", "keep_if": {"any": [REIMBURSED, DAYS, {"sex": "F"}]}}],
).definition


def test_every_use_of_codes_once():
    found = {use.name: (use.kind, use.id, use.codes) for use in code_uses(STUDY)}
    outcomes = {f"outcome {one.id}": ("outcome", one.id, one.atc) for one in STUDY.outcomes}
    assert found == {
        "exposure": ("exposure", "LDN", ("N07BB04",)),
        **outcomes,
        "condition both, codes 1": ("condition", "both", ("N02A",)),
        "condition both, codes 2": ("condition", "both", ("A10",)),
        "subgroup ibd, codes 2": ("subgroup", "ibd", ("A10",)),  # its first asks for no ATC code
    }
    assert uses_of(STUDY) == {name: codes for name, (_, _, codes) in found.items()}


def test_days_of_every_look():
    dates = date(2013, 1, 1), date(2013, 12, 31)
    found = [(one.part, one.number, one.reach(dates)) for one in condition_looks(STUDY)]
    assert [(part, number, reach.first, reach.last) for part, number, reach in found] == [
        ("condition both", 1, date(2010, 2, 1), date(2011, 1, 31)),
        ("condition both", 2, date(2011, 11, 28), date(2014, 1, 30)),
        ("subgroup ibd", 1, date(2012, 12, 22), date(2013, 12, 30)),
        ("subgroup ibd", 2, date(2011, 11, 28), date(2014, 1, 30)),
    ]
    assert {use.name: use.reach for use in code_uses(STUDY)}["subgroup ibd, codes 2"] == found[3][2]
    assert index_reach(STUDY.exposure.index_event).closed_years == (2013, 2013)
    assert outcome_reach(STUDY).closed_years == observed_reach(STUDY).closed_years == (2012, 2014)
