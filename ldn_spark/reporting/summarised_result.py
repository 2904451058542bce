"""Results in the `summarised_result` layout of omopgenerics, for tools that read it.

How our names map onto its thirteen columns:

- One `result_id` per table of the estimates, and one for the attrition. Its settings are rows
  with `variable_name` = `settings`, as omopgenerics exports them.
- `group`: `cohort_name` is the exposure's abbreviation; a subgroup is added with ` &&& `.
- `strata`: a stratum of exposure is `exposure_dispenses`, a pair of them `contrast`; all strata
  together are `overall`.
- `variable_name` is the table (`users`, `ddd`, `did_users`, ...), `variable_level` the outcome;
  empty where the number belongs to the stratum itself.
- `estimate_name` is the quantity. Counts are renamed so that they hold the word `count`, by which
  suppression tools find them (`COUNTS`).
- `cdm_name` is the source of the delivery; of invented data it says so first.
- `estimate_type`: integer for counts and exact sums of ages, proportion for shares, numeric else.
- `estimate_value` is empty where nothing can be estimated. Attrition has the step as stratum
  `reason` and its number as `additional` `reason_id`.

The daily curves stay in curves.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ldn_spark.invented import SOURCE as INVENTED
from ldn_spark.reporting.result_files import number_text
from ldn_spark.reporting.writers import csv_text
from ldn_spark.results import Estimate, Results
from ldn_spark.study.definition import OVERALL, StudyDefinition

COLUMNS = (
    "result_id",
    "cdm_name",
    "group_name",
    "group_level",
    "strata_name",
    "strata_level",
    "variable_name",
    "variable_level",
    "estimate_name",
    "estimate_type",
    "estimate_value",
    "additional_name",
    "additional_level",
)
COUNTS = {
    "persons": "count_persons",
    "women": "count_women",
    "men": "count_men",
    "sex_unknown": "count_sex_unknown",
    "age_known": "count_age_known",
    "age_unknown": "count_age_unknown",
    "exposure_fills": "count_exposure_fills",
    "both": "count_both",
    "before_only": "count_discordant_loss",
    "after_only": "count_discordant_gain",
    "neither": "count_neither",
    "users_before": "count_before",
    "users_after": "count_after",
    "fills_before": "count_fills_before",
    "fills_after": "count_fills_after",
    "ddd_missing": "count_ddd_missing",
}
PROPORTIONS = frozenset(
    {"share", "women_share", "share_before", "share_after", "users_before_share"}
)
JOINT = " &&& "
PACKAGE = "ldn_spark"


def summarised_result_csv(
    results: Results,
    study: StudyDefinition,
    *,
    provenance: Mapping[str, Any],
    study_hash: str,
    software_version: str,
) -> str:
    """Settings rows first, then every estimate and every attrition step."""
    source = str(provenance.get("source") or "lake")
    if results.invented:
        source = f"{INVENTED} ({source})"
    tables = tuple(dict.fromkeys(e.table for e in results.estimates))
    ids = {table: str(number) for number, table in enumerate((*tables, "attrition"), start=1)}
    settings = {
        "package_name": PACKAGE,
        "package_version": software_version,
        "group": JOINT.join(("cohort_name", *(("subgroup",) if study.subgroups else ()))),
        "additional": "",
        "min_cell_count": "0",
        "study_id": study.id,
        "study_hash": study_hash,
    }
    rows = [
        *(row for table in ids for row in _settings(ids[table], table, settings)),
        *(_estimate_row(ids[e.table], study, e) for e in results.estimates),
        *(row for row in _attrition(ids["attrition"], study, results)),
    ]
    return csv_text(COLUMNS, ([row[0], source, *row[1:]] for row in rows))


def _settings(result_id: str, table: str, common: Mapping[str, str]) -> Iterator[list[str]]:
    strata = {"attrition": "reason"}.get(table, "exposure_dispenses")
    if table.startswith("did_"):
        strata = "contrast"
    elif table == "baseline":
        strata = f"exposure_dispenses{JOINT}contrast"
    elif table.startswith("trend_"):
        strata = ""
    own = {"result_type": f"{PACKAGE}_{table}", "strata": strata}
    if table == "attrition":
        own = {"result_type": "summarise_cohort_attrition", "strata": strata}
        common = {**common, "additional": "reason_id"}
    for name, value in sorted({**common, **own}.items()):
        overall = [OVERALL] * 4
        yield [result_id, *overall, "settings", "", name, "character", value, OVERALL, OVERALL]


def _estimate_row(result_id: str, study: StudyDefinition, estimate: Estimate) -> list[str]:
    subgroup, _, stratum = estimate.stratum.rpartition("/")
    return [
        result_id,
        *_group(study, subgroup),
        *_strata(study, stratum),
        estimate.table,
        estimate.outcome,
        COUNTS.get(estimate.quantity, estimate.quantity),
        _type(estimate.quantity),
        number_text(estimate.value),
        OVERALL,
        OVERALL,
    ]


def _group(study: StudyDefinition, subgroup: str) -> tuple[str, str]:
    cohort = study.exposure.abbreviation
    if not subgroup:
        return "cohort_name", cohort
    return f"cohort_name{JOINT}subgroup", f"{cohort}{JOINT}{subgroup}"


def _strata(study: StudyDefinition, stratum: str) -> tuple[str, str]:
    if stratum == OVERALL:
        return OVERALL, OVERALL
    levels = {level.id for level in study.strata.levels}
    return ("exposure_dispenses" if stratum in levels else "contrast"), stratum


def _type(quantity: str) -> str:
    if quantity in COUNTS or quantity == "age_sum":
        return "integer"
    return "proportion" if quantity in PROPORTIONS else "numeric"


def _attrition(result_id: str, study: StudyDefinition, results: Results) -> Iterator[list[str]]:
    names = ("number_records", "number_subjects", "excluded_records", "excluded_subjects")
    for step in results.attrition:
        for name in names:
            yield [
                result_id,
                *_group(study, ""),
                "reason",
                step.reason,
                name,
                "",
                "count",
                "integer",
                number_text(getattr(step, name)),
                "reason_id",
                str(step.reason_id),
            ]
