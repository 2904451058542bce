"""What the invented registry holds, known before anybody analyses it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ldn_spark.invented import SENTENCE
from ldn_spark.synthetic import starters as planted
from ldn_spark.synthetic.formulary import Catalogue
from ldn_spark.synthetic.people import CONTINUING_SHARE, STRATA, Roles
from ldn_spark.synthetic.starters import SUSCEPTIBLE, StarterModel, Window

VERSION = 2  # of the bytes a seed stands for: to be raised with any change of them
TRUTH_FILE = "truth.json"
OUTCOMES: dict[str, tuple[str, ...]] = {
    "all": ("N03A", "N05A", "N05B", "N05C", "N06A", "N06B"),
    "N03A": ("N03A",),
    "N05A": ("N05A",),
    "N05B": ("N05B",),
    "N05C": ("N05C",),
    "N06A": ("N06A",),
    "N06B": ("N06B",),
    "benzo": ("N05BA", "N05CD", "N03AE01"),
    "zhyp": ("N05CF",),
    "tca": ("N06AA",),
    "ssri": ("N06AB",),
    "otherad": ("N06AX",),
    "lamo": ("N03AX09",),
    "gabapre": ("N03AX12", "N03AX16"),
    "lith": ("N05AN",),
}
"""Outcomes the truth is stated for, as unions of ATC codes."""


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One delivered file: name, dispensings (lines without the header) and size in bytes."""

    name: str
    dispensings: int
    size: int


@dataclass(frozen=True)
class Truth:
    """What was simulated and what a study of it must find.

    Attributes:
        parameters: all that decides the delivery; the same parameters give the same bytes.
        people: number of people, and how many of them have a dispensing.
        starters: people with a first dispensing of the index year, by stratum, exact.
        continuing: those of them who had a dispensing in the 365 days before, by stratum, exact.
        stopped_before, later: people dispensed LDN in 2012 only, and first in 2014.
        dispensings: by year, exact.
        files: every delivered file.
        model: the planted model in words and numbers.
        outcomes: per outcome: its codes, per stratum the expected mean DDD and share of users
            (0 to 1) in both windows and their change, the expected difference in differences,
            and what an uncontrolled before-after comparison of LDNx4+ takes for effect.
    """

    parameters: dict[str, Any]
    people: dict[str, int]
    starters: dict[str, int]
    continuing: dict[str, int]
    stopped_before: int
    later: int
    dispensings: dict[str, int]
    files: tuple[DeliveredFile, ...]
    model: dict[str, Any]
    outcomes: dict[str, dict[str, Any]]

    def write(self, folder: Path) -> None:
        """Write `truth.json` into a folder nobody sees yet."""
        text = json.dumps({"note": SENTENCE, **asdict(self)}, indent=2, ensure_ascii=False)
        (folder / TRUTH_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Truth:
        """Read `truth.json`; a `ValueError`, `KeyError` or `TypeError` when it is no truth."""
        content = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))
        content.pop("note")
        content["files"] = tuple(DeliveredFile(**file) for file in content["files"])
        return cls(**content)


def state_truth(
    parameters: dict[str, Any],
    roles: Roles,
    model: StarterModel,
    catalogue: Catalogue,
    *,
    dispensings: dict[str, int],
    people_dispensed: int,
    files: tuple[DeliveredFile, ...],
) -> Truth:
    """The truth of a simulation from its model and its exact counts."""
    return Truth(
        parameters=parameters,
        people={"all": roles.people, "with_a_dispensing": people_dispensed},
        starters=dict(zip(STRATA, roles.starters, strict=True)),
        continuing=dict(zip(STRATA, roles.continuing, strict=True)),
        stopped_before=roles.stopped_before,
        later=roles.later,
        dispensings=dispensings,
        files=files,
        model=_model(model),
        outcomes=expected_outcomes(model, catalogue),
    )


def expected_outcomes(model: StarterModel, catalogue: Catalogue) -> dict[str, dict[str, Any]]:
    """The exact expectation of every figure of a before-after study, by outcome.

    DDD are per starter (users or not). Changes are after - before. Differences in differences are
    change in LDNx1 - change in LDNx4+: positive when LDNx4+ fell more.
    """
    pack = np.array([catalogue.medicines[place].mean_ddd for place in model.medicine])
    outcomes: dict[str, dict[str, Any]] = {}
    for outcome, codes in OUTCOMES.items():
        inside = np.array([atc.startswith(codes) for atc in model.atc])
        before = _expected(model.before, pack, inside)
        strata = {
            stratum: _change(before, _expected(window, pack, inside))
            for stratum, window in zip(STRATA, model.after, strict=True)
        }
        control, exposed = strata[STRATA[0]], strata[STRATA[-1]]
        drift = _change(before, _expected(model.drifted, pack, inside))
        outcomes[outcome] = {
            "atc": list(codes),
            "strata": strata,
            "difference_in_differences": {
                key: control[key] - exposed[key] for key in ("ddd_change", "users_change")
            },
            "naive_before_after_bias": {key: drift[key] for key in ("ddd_change", "users_change")},
        }
    return outcomes


def _expected(window: Window, pack: np.ndarray, inside: np.ndarray) -> dict[str, float]:
    """Mean DDD and share of users of one outcome in one window.

    A starter uses none of the medicines with probability
    1 - SUSCEPTIBLE (1 - product of (1 - share)), independence given susceptibility.
    """
    ddd = SUSCEPTIBLE * window.share * window.mean_dispenses * pack
    none = np.prod(1.0 - window.share[inside])
    return {"ddd": float(ddd[inside].sum()), "users": float(SUSCEPTIBLE * (1.0 - none))}


def _change(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    changes: dict[str, float] = {}
    for key in ("ddd", "users"):
        changes |= {
            f"{key}_before": before[key],
            f"{key}_after": after[key],
            f"{key}_change": after[key] - before[key],
        }
    return changes


def _model(model: StarterModel) -> dict[str, Any]:
    """The planted model in words and numbers."""
    zero = model.null_effect
    return {
        "equation": [
            line.strip() for line in (planted.__doc__ or "").split("\n\n", 1)[1].split("\n") if line
        ],
        "null_effect": zero,
        "susceptible": SUSCEPTIBLE,
        "persistence": planted.PERSISTENCE,
        "intensity": list(planted.INTENSITY),
        "drift": {} if zero else {"users": planted.DRIFT_USERS, "N": planted.DRIFT_DISPENSES},
        "effect_in_LDNx4+": {}
        if zero
        else {"users": planted.EFFECT_USERS, "N": planted.EFFECT_DISPENSES},
        "continuing_share": CONTINUING_SHARE,
        "notes": [
            "Starters live in the country through the whole period; nobody of them dies.",
            "Exactly `continuing` starters have one LDN dispensing in 2012, in the 365 days before "
            "their index date; a wash-out of 365 days removes them, and no study without one does.",
            "People who stopped before have LDN in 2012 alone and are in no study of 2013.",
            "A null effect leaves out drift as well as effect: every expected change is zero.",
            "naive_before_after_bias: the change LDNx4+ would have had without any effect.",
        ],
    }
