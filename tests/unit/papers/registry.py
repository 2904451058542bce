"""Results of a registry that satisfies the paper wherever any registry can.

`data/moments.csv` and `data/strata.csv` hold sums over invented persons, chosen so that every
printed number which is possible comes out: persons by use, sums and sums of squares of DDDs.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

from ldn_spark.estimates.analysis import analyse
from ldn_spark.estimates.results import Results
from ldn_spark.study.definition import OVERALL, Outcome, StudyDefinition
from ldn_spark.texts.documents import conf_folder, find_document, read_document
from tests.sums import design_rows, persons_row

DATA = Path(__file__).parent / "data"
PAPER = conf_folder() / "studies" / "ldn_2013_published.csv"
_SUMS = ("sum_before", "sum_after")
_SQUARES = ("sum_squares_before", "sum_squares_after", "sum_squares_difference")


def paper_study() -> StudyDefinition:
    """The study of the paper, with the outcome `bz` that its text quotes."""
    study = read_document(find_document("ldn_2013", "studies"), StudyDefinition)
    if any(outcome.id == "bz" for outcome in study.outcomes):
        return study
    codes = ("N05BA", "N05CD", "N03AE01", "N05CF")
    both = Outcome(
        id="bz", label="Benzodiazepines and Z-hypnotics", atc=codes, role="secondary",
        may_be_empty=False,
    )  # fmt: skip
    return study.model_copy(update={"outcomes": (*study.outcomes, both)})


def paper_results(study: StudyDefinition) -> Results:
    """Everything the analysis makes of those sums."""
    strata = {row["stratum"]: row for row in _read("strata.csv")}
    groups = [_group(row, strata[row["stratum"]]) for row in _read("moments.csv")]
    return analyse(
        study,
        cohort_moments=[persons_row(study, _cohort(row)) for row in strata.values()],
        design_moments=[new for row in groups for new in design_rows(study, row)],
        daily_moments=[],
        attrition=[],
    )


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _cohort(row: dict[str, str]) -> dict[str, Any]:
    persons, women = int(row["persons"]), int(row["women"])
    return {
        "subgroup": OVERALL,
        "stratum": row["stratum"],
        "persons": persons,
        "women": women,
        "men": persons - women,
        "age_known": persons,
        "age_sum": Decimal(row["age_sum"]),
        "age_sum_squares": Decimal(row["age_sum_squares"]),
        "exposure_dispenses": persons,
    }


def _group(row: dict[str, str], stratum: dict[str, str]) -> dict[str, Any]:
    """Dispenses are known of all medicines together; the parts get none."""
    names = ("dispenses_before", "dispenses_after", "dispenses_before_sum_squares")
    whole = row["outcome"] == "all"
    earlier, later = (int(stratum[name]) if whole else 0 for name in names[:2])
    return {
        "subgroup": OVERALL,
        "stratum": row["stratum"],
        "outcome": row["outcome"],
        **{name: int(row[name]) for name in ("both", "before_only", "after_only")},
        **{name: int(stratum[name]) if whole else 0 for name in names},
        "dispenses_after_sum_squares": Decimal(later**2),  # not known: as if of one person
        "dispenses_difference_sum_squares": Decimal((later - earlier) ** 2),
        "ddd_missing_before": 0,
        "ddd_missing_after": 0,
        **{name: Decimal(row[name]) * 10**6 for name in _SUMS},
        **{name: Decimal(row[name]) * 10**12 for name in _SQUARES},
    }
