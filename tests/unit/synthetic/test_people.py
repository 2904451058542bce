from itertools import pairwise

import numpy as np
import pytest

from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.people import BLOCK, STRATA, Role, Roles, make_people

CALENDAR = Calendar(2012, 2014)


@pytest.mark.parametrize(
    ("people", "starters"), [(2_000, None), (25_000, None), (200_000, None), (31_007, 3_000)]
)
def test_every_block_cut_gives_exactly_the_promised_roles(people, starters):
    roles = Roles.of(people, starters)
    cuts = [*range(0, people, BLOCK // 3), people]
    role, continuing = map(
        np.concatenate, zip(*(roles.of_block(*c) for c in pairwise(cuts)), strict=True)
    )
    assert np.bincount(role, minlength=6)[1:].tolist() == list(roles.counts)
    for place in range(len(STRATA)):
        assert continuing[role == place + 1].sum() == roles.continuing[place]
    assert not continuing[(role == 0) | (role > Role.MANY)].any()


def test_nationwide_roles_are_the_published_numbers():
    assert Roles.of(5_300_000, None).starters == (3590, 2554, 5103)
    assert sum(Roles.of(200_000, None).starters) == 424


def test_people_are_present_in_order_and_the_dead_have_a_month():
    people = make_people(3, 0, Roles.of(BLOCK, 2_000), CALENDAR)
    dead = people.death_month > 0
    assert (people.enters <= people.leaves).all()
    assert 0.005 < dead.mean() < 0.05
    assert (
        (people.death_month[dead] // 12 >= 2012) & (people.death_month[dead] // 12 <= 2014)
    ).all()
    assert (people.birth_year <= 2014).all()
    assert 0.02 < np.mean(people.birth_year >= 2012) < 0.06


def test_people_with_naltrexone_are_adults_and_live_here_throughout():
    people = make_people(3, 0, Roles.of(BLOCK, 4_000), CALENDAR)
    given = people.role > 0
    age = 2013 - people.birth_year[given]
    assert (people.enters[given] < 0).all()
    assert (people.leaves[given] == CALENDAR.days).all()
    assert (people.death_month[given] == 0).all()
    assert age.min() >= 18
    assert age.mean() == pytest.approx(51, abs=1)
    assert people.woman[given].mean() == pytest.approx(0.73, abs=0.03)
