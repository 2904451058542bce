"""What a run hands over to be published: a few persons of every stratum, summed by hand."""

from __future__ import annotations

from ldn_spark.reporting.publication import CohortFound, Publication
from ldn_spark.study.definition import StudyDefinition
from tests.reference_sums import STEPS
from tests.sums import design_rows, persons_row
from tests.unit.estimates.few_persons import moments
from tests.unit.reporting.paper_like import ATTRITION, study_named

BEFORE_ONLY = (2, 0, 30, 0, 0, 0)
AFTER_ONLY = (0, 1, 0, 10, 0, 0)
BOTH = (1, 2, 20, 50, 0, 0)
PEOPLE = {
    "LDNx1": [BEFORE_ONLY, BOTH, AFTER_ONLY],
    "LDNx2-3": [BOTH, BOTH, AFTER_ONLY],
    "LDNx4+": [BEFORE_ONLY, BEFORE_ONLY, BOTH],
}


def small_publication(study: StudyDefinition | None = None) -> Publication:
    """The study of 2013, or one with its strata and outcomes, and nine persons.

    They start every further exposure, too.
    """
    groups = [
        moments(stratum, outcome, people)
        for stratum, people in PEOPLE.items()
        for outcome in ("all", "N05A")
    ]
    cohort = [
        {
            "subgroup": "overall",
            "stratum": stratum,
            "persons": 3,
            "women": 2,
            "men": 1,
            "age_known": 3,
            "age_sum": 120,
            "age_sum_squares": 5_000,
            "exposure_dispenses": 5,
        }
        for stratum in PEOPLE
    ]
    days = [
        {
            "subgroup": "overall",
            "stratum": stratum,
            "outcome": "N05A",
            "day": day,
            "step_sum": doses * 1_000_000,
            "step_sum_squares": (doses * 1_000_000) ** 2,
            **dict.fromkeys(STEPS[2:], 1),
        }
        for stratum, doses in (("LDNx1", 20), ("LDNx4+", 50))
        for day in (-300, -1, 0, 200)
    ]
    study = study or study_named("ldn_2013")
    moments_of_all = {
        "cohort_moments": [persons_row(study, row) for row in cohort],
        "design_moments": [new for row in groups for new in design_rows(study, row)],
        "daily_moments": days,
    }
    return Publication(
        study=study,
        moments=moments_of_all,
        attrition=ATTRITION,
        provenance={"warnings": ["the extract is short"]},
        study_hash="0f" * 32,
        software_version="0.1.0",
        others={one.id: CohortFound(moments_of_all, ATTRITION) for one in study.exposures},
    )
