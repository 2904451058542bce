"""Errors planted in a table that has none: each is found, and where it can be told, named."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from ldn_spark.papers.audit.auditing import audit
from ldn_spark.papers.audit.findings import IMPOSSIBLE, INCONSISTENT
from ldn_spark.papers.reading import read_published
from ldn_spark.papers.values import Published, PublishedValue
from ldn_spark.stats.proportions import PairedCounts, paired_interval
from tests.unit.papers.honest import DATA, honest_results, honest_table, small_study

DID = "few-many"


@pytest.fixture(scope="module")
def study():
    return small_study()


@pytest.fixture(scope="module")
def clean(study) -> Published:
    return read_published(DATA / "small_published.csv", study)


def planted(clean: Published, changed: dict[str, str | None]) -> Published:
    """The clean table with other texts; None takes a value out."""
    texts = {tuple(name.split(",")): text for name, text in changed.items()}
    assert texts.keys() <= {value.key for value in clean.values}
    kept = [value for value in clean.values if texts.get(value.key, "") is not None]
    return Published(tuple(replace(v, text=texts.get(v.key, v.text)) for v in kept))


def test_a_table_without_errors_has_no_findings(clean, study):
    assert audit(clean, study) == []


def gone(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("patient_months", {"design,overall,,patient_months": "600"}),
        ("observation_dates", {"design,overall,,first_observation": "2014-07-01"}),
        ("observation_dates", {"design,overall,,last_observation": "2015-12-30"}),
        ("share", {"cohort,few,,share": "61.0"}),
        ("share", {"cohort,many,,women_share": "75.1"}),
        ("share", {"users,few,N05A,share_before": "12.0"}),
        ("difference", {"users,few,N05A,difference": "-0.3"}),
        ("p_value", {"users,few,N05A,p": "0.300"}),
        ("p_value", {"ddd,few,N05A,p": "0.174"}),
        ("p_value", {"trend_ddd,overall,z,p": "0.222"}),
        ("relative_change", {"users,few,z,relative_change": "30"}),
        ("relative_change", {"ddd,few,z,relative_change": "-9"}),
        ("share_of_doses", {"ddd,overall,N05B,share_of_psy": "54"}),
        ("contrast_estimate", {f"did_users,{DID},z,estimate": "7.6"}),
        ("contrast_estimate", {f"did_ddd,{DID},z,estimate": "-7.3"}),
        ("contrast_p", {f"did_ddd,{DID},z,p": "0.052"}),
        ("contrast_p", {f"did_users,{DID},z,p": "0.034"}),
    ],
)
def test_a_derived_value_that_cannot_be_is_named_alone(clean, study, check, changed):
    (found,) = audit(planted(clean, changed), study)
    assert (found.check, found.severity) == (check, IMPOSSIBLE)
    assert [",".join(key) for key in found.cells] == list(changed)


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("interval", {"users,few,N05A,ci_low": "-53.0", "users,few,N05A,ci_high": "60.0"}),
        (
            "contrast_interval",
            {f"did_ddd,{DID},z,ci_low": "-25.1", f"did_ddd,{DID},z,ci_high": "39.8"},
        ),
        (
            "contrast_interval",
            {f"did_users,{DID},z,ci_low": "1.1", f"did_users,{DID},z,ci_high": "12.2"},
        ),
    ],
)
def test_an_interval_that_cannot_be_is_named_with_both_limits(clean, study, check, changed):
    changed |= {name.replace("ci_low", "p"): None for name in changed if "ci_low" in name}
    (found,) = audit(planted(clean, changed), study)
    assert (found.check, found.severity) == (check, IMPOSSIBLE)
    assert {",".join(key) for key in found.cells} == {n for n in changed if changed[n]}


@pytest.mark.parametrize(
    ("check", "changed"),
    [
        ("count", {"users,few,z,users_before": "540"}),
        ("sum_over_strata", {"cohort,overall,,women": "335"}),
        ("dispenses", {"users,overall,psy,fills_before": "3000"}),
        ("repeated", {"baseline,few,,users_before": "189"}),
        ("difference", {"ddd,few,N05A,mean_difference": "2.5"}),
        ("interval", {"ddd,few,N05A,ci_high": "18.4"}),
        ("interval_and_p", {"users,few,N05A,p": "0.796"}),
        ("part_above_whole", {"users,few,z,users_before": "110"}),
        ("part_above_whole", {"ddd,few,psy,mean_before": "297.1"}),
        ("parts_above_whole", {"ddd,few,N05A,mean_before": "92.1"}),
        (
            "sum_of_parts",
            {"ddd,few,N05A,mean_difference": "7.0"}
            | gone(
                *(f"ddd,few,N05A,{name}" for name in ("mean_before", "mean_after", "p")),
                *(f"ddd,few,N05A,{name}" for name in ("ci_low", "ci_high", "relative_change")),
            ),
        ),
        (
            "interval",
            {"users,few,benzo,ci_low": "-39.0"}
            | gone("users,few,benzo,users_before", "users,few,benzo,users_after"),
        ),
    ],
)
def test_numbers_that_exclude_one_another_are_found(clean, study, check, changed):
    found = [one for one in audit(planted(clean, changed), study) if one.check == check]
    assert found, check
    assert all(one.severity == INCONSISTENT and not one.cells for one in found)
    first = next(name for name, text in changed.items() if text)
    assert any(tuple(first.split(",")) in one.involved for one in found)


def test_a_row_above_its_whole_before_and_after_is_about_something_else(clean, study):
    changed = {"ddd,few,z,mean_before": "135.8", "ddd,few,z,mean_after": "138.9"}
    found = [f for f in audit(planted(clean, changed), study) if f.check == "part_above_whole"]
    assert len(found) == 1
    assert {key[3] for key in found[0].cells} == {
        "mean_before", "mean_after", "mean_difference", "ci_low", "ci_high", "p",
    }  # fmt: skip
    assert "N05C" in found[0].explanation


def test_a_row_above_its_whole_is_only_doubtful_when_nothing_speaks_for_the_whole(clean, study):
    changed = {"ddd,few,z,mean_before": "135.8", "ddd,few,z,mean_after": "138.9"}
    alone = gone("ddd,few,psy,mean_before", "ddd,few,psy,mean_after")
    found = audit(planted(clean, changed | alone), study)
    above = [one for one in found if one.check == "part_above_whole"]
    assert len(above) == 2
    assert all(one.severity == INCONSISTENT and not one.cells for one in above)


def test_two_places_must_print_one_number(clean, study):
    again = PublishedValue(900, "Abstract", "users", "few", "psy", "users_before", "198")
    (found,) = audit(Published((*clean.values, again)), study)
    assert (found.check, found.severity) == ("repeated", INCONSISTENT)
    assert "198" in found.explanation


def test_rows_that_need_different_intervals_contradict_each_other(study):
    """Two rows with limits to four decimals, one by Wald and one by Tango."""
    lines, values = count(2), []
    for outcome, method in (("N05A", "wald"), ("N05B", "tango")):
        counts = PairedCounts(30, 20, 45, 205)
        low, high = paired_interval(counts, 0.95, method)
        for name, text in (
            ("users_before", "50"),
            ("users_after", "75"),
            ("ci_low", f"{low * 100:.4f}"),
            ("ci_high", f"{high * 100:.4f}"),
        ):
            values.append(
                PublishedValue(next(lines), "Table 3", "users", "few", outcome, name, text)
            )
    persons = PublishedValue(99, "Table 1", "cohort", "few", "", "persons", "300")
    assert audit(Published((*values[:4], persons)), study) == []
    (found,) = audit(Published((*values, persons)), study)
    assert (found.check, found.severity) == ("methods", INCONSISTENT)


@pytest.mark.parametrize("variance", ["welch", "pooled"])
@pytest.mark.parametrize(
    ("interval", "test"),
    [("wald", "corrected"), ("tango", "mid_p"), ("newcombe10", "uncorrected"), ("wald_corrected",
     "exact")],
)  # fmt: skip
@pytest.mark.parametrize(("seed", "sizes"), [(3, (120, 80)), (4, (3, 3)), (5, (12, 9))])
def test_no_honest_table_is_accused(study, seed, sizes, interval, test, variance):
    chosen = study.statistics.model_copy(
        update={
            "paired_proportion_interval": interval,
            "mcnemar": test,
            "did_mean_variance": variance,
        }
    )
    honest = study.model_copy(update={"statistics": chosen})
    table = honest_table(honest, honest_results(honest, seed, sizes))
    assert [found for found in audit(table, honest) if found.severity != "note"] == []
