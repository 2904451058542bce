"""What a statistic declares of sums is what it is made of: no more is needed, and no less does."""

from __future__ import annotations

import pytest

from ldn_spark.estimates import comparisons, descriptions
from ldn_spark.estimates.analysis import NEEDED_SUMS
from ldn_spark.estimates.doses import UnknownDoses
from ldn_spark.estimates.groups import Group, OutcomeMoments, PairSums, groups_of
from ldn_spark.stats.measures import PARTS_OF_ANY, SUMS
from ldn_spark.stats.moments import Moments
from ldn_spark.transforms.moments import most_fills
from tests.sums import design_rows, persons_row
from tests.unit.estimates.few_persons import moments, persons, small_study

STUDY = small_study()
PEOPLE = [(2, 0, 30, 0, 1, 0), (1, 2, 20, 50, 0, 0), (0, 1, 0, 10, 0, 1), (3, 3, 5, 5, 0, 0)]


def known(needs):
    """The moments of a few persons, of whom only these sums were asked for."""
    row = moments("LDNx1", "all", PEOPLE)
    rows = {row["measure"]: row for row in design_rows(STUDY, row)}
    return OutcomeMoments(
        len(PEOPLE),
        {
            measure: PairSums.from_row(
                {name: rows[measure][name] if name in names else None for name in SUMS}
                | {name: rows[measure][name] for name in PARTS_OF_ANY}
            )
            for measure, names in needs.items()
        },
    )


def numbers(table, needs):
    """The numbers of a table of one outcome, two groups or all, from these sums alone."""
    one = known(needs)
    if table == "baseline":
        group = Group("a", 4, 4, 0, Moments(0, 0, 0), 4, {"all": one})
        return descriptions.baseline_values(group, one), descriptions.balance_values(
            STUDY, group, group
        )
    if table in comparisons.DOSES:
        group = Group("a", 4, 4, 0, Moments(0, 0, 0), 4, {"all": one})
        assert UnknownDoses.of([group]).lacking("all", [one]) is None
    if table in comparisons.WITHIN:
        return comparisons.WITHIN[table](STUDY, one)
    if table in comparisons.BETWEEN:
        return comparisons.BETWEEN[table](STUDY, one, one)
    return comparisons.ALONG[table](STUDY, [one, one])


NEEDS = {**comparisons.NEEDS, "baseline": descriptions.NEEDS}


def test_every_table_declares_its_sums():
    tables = {*comparisons.WITHIN, *comparisons.BETWEEN, *comparisons.ALONG}
    assert set(comparisons.NEEDS) == tables


@pytest.mark.parametrize("table", NEEDS)
def test_what_is_declared_is_enough(table):
    assert numbers(table, NEEDS[table]) == numbers(table, NEEDED_SUMS)


@pytest.mark.parametrize(
    ("table", "measure", "lacking"),
    [(t, m, name) for t, needs in NEEDS.items() for m, names in needs.items() for name in names],
)
def test_nothing_is_declared_in_vain(table, measure, lacking):
    needs = {m: tuple(n for n in names if (m, n) != (measure, lacking))
             for m, names in NEEDS[table].items()}  # fmt: skip
    with pytest.raises(LookupError, match="was not asked for"):
        numbers(table, needs)


def test_a_stratum_is_the_sum_of_the_groups_with_as_many_dispenses():
    assert most_fills(STUDY) == 12
    rows = [persons_row(STUDY, persons("LDNx4+", 1)) | {"fills": n} for n in (4, 7, 12)]
    of_all = list(design_rows(STUDY, moments("LDNx4+", "all", PEOPLE[1:2])))
    sums = [row | {"fills": n} for n in (4, 7, 12) for row in of_all]
    found = groups_of(STUDY, "overall", rows, sums)[-1]
    assert (found.name, found.persons, found.outcomes["all"].counts.both) == ("LDNx4+", 3, 3)
    assert found.outcomes["all"].after.total == 150


def test_what_single_persons_add_to_several_groups():
    def of(*amounts, **more):
        largest, second = sorted([0, 0, *amounts])[:-3:-1]
        return PairSums(x_largest=largest, x_second=second, **more)

    both = of(7, 3, changed=1, x_negative=1) + of(5, 4, changed=2)
    assert (both.x_largest, both.x_second, both.changed, both.x_negative) == (7, 5, 3, 1)
    assert (of(7, 7) + of(2)).x_second == 7
    assert (of(7) + of()).x_second == 0
    assert both.largest == 7
    unasked = PairSums(x_second=None, y_second=None)
    assert (of(3) + unasked).x_second is None
    nothing = dict.fromkeys(PARTS_OF_ANY)
    assert (PairSums(**nothing) + PairSums(**nothing)).x_largest is None
