"""What a block of people is dispensed: nobody before birth or after death, every edge occurs."""

import hashlib
from datetime import date

import numpy as np
import pytest

from ldn_spark.synthetic.exposure import FILLS
from ldn_spark.synthetic.generator import Generator, Plan
from ldn_spark.synthetic.people import Role
from ldn_spark.synthetic.truth import VERSION

PLAN = Plan(10_000, 5, 2012, 2014, 2_000, False, 1)


@pytest.fixture(scope="module")
def block():
    generator = Generator(PLAN)
    people, rows = generator.make(0)
    medicine = np.repeat(
        np.arange(len(generator.catalogue.medicines)), generator.catalogue.products
    )[rows.product]
    return generator, people, rows, medicine


def index_days(generator, people, rows, medicine):
    """First LDN dispensing of 2013 by person; -1 for none."""
    ldn = medicine == generator.catalogue.ldn_medicine
    first = generator.calendar.number(date(2013, 1, 1))
    inside = ldn & (rows.day >= first) & (rows.day < first + 365)
    index = np.full(len(people.number), 10_000)
    np.minimum.at(index, rows.person[inside], rows.day[inside])
    return np.where(index == 10_000, -1, index), ldn


def test_a_block_is_the_same_every_time_and_another_with_another_seed():
    first, again = (Generator(PLAN).make(0)[1] for _ in range(2))
    other = Generator(Plan(10_000, 6, 2012, 2014, 2_000, False, 1)).make(0)[1]
    assert np.array_equal(first.day, again.day)
    assert np.array_equal(first.tail, again.tail)
    assert len(other.day) != len(first.day) or not np.array_equal(first.day, other.day)


def test_nobody_is_dispensed_anything_while_not_living_here(block):
    generator, people, rows, _ = block
    assert rows.day.min() >= 0
    assert rows.day.max() < generator.calendar.days
    assert (rows.day >= people.enters[rows.person]).all()
    assert (rows.day <= people.leaves[rows.person]).all()


def test_starters_of_2013_are_exactly_those_promised(block):
    generator, people, rows, medicine = block
    index, ldn = index_days(generator, people, rows, medicine)
    starter = (people.role >= Role.ONCE) & (people.role <= Role.MANY)
    assert np.array_equal(index >= 0, starter)
    day = rows.day - index[rows.person]
    counted = ldn & starter[rows.person] & (day >= 0) & (day <= 364)
    fills = np.bincount(rows.person[counted], minlength=len(people.number))
    for role in (Role.ONCE, Role.FEW, Role.MANY):
        assert set(fills[people.role == role]) == set(FILLS[role].values.tolist())


def test_only_those_who_continue_had_ldn_in_the_year_before(block):
    generator, people, rows, medicine = block
    index, ldn = index_days(generator, people, rows, medicine)
    day = rows.day - index[rows.person]
    before = ldn & (index[rows.person] >= 0) & (day < 0)
    assert set(rows.person[before]) == set(np.flatnonzero(people.continuing))
    assert day[before].min() >= -365


def test_every_window_edge_occurs_for_examined_medicines(block):
    generator, people, rows, medicine = block
    index, _ = index_days(generator, people, rows, medicine)
    examined = np.isin(medicine, generator.model.medicine) & (index[rows.person] >= 0)
    days = set((rows.day - index[rows.person])[examined].tolist())
    assert {-366, -365, -1, 0, 364, 365} <= days


def test_naltrexone_50_mg_is_dispensed_too(block):
    generator, _, _, medicine = block
    names = {generator.catalogue.medicines[place].name for place in set(medicine.tolist())}
    assert {"Naltrekson", "Naltrekson lavdose"} <= names


def test_the_country_is_dispensed_about_9_per_person_and_year_with_seasons():
    generator = Generator(Plan(10_000, 1, 2012, 2014, None, False, 1))
    _, rows = generator.make(0)
    assert 8.5 < len(rows.day) / 30_000 < 10.5
    persons = len(np.unique(rows.person[(rows.day >= 366) & (rows.day < 731)]))
    assert 0.65 < persons / 10_000 < 0.8
    months = np.array([day.month for day in generator.calendar.dates()])[rows.day]
    atc = np.array([medicine.atc for medicine in generator.catalogue.medicines])
    code = np.repeat(atc, generator.catalogue.products)[rows.product]
    by_month = {
        prefix: np.bincount(months[np.char.startswith(code, prefix)], minlength=13)
        for prefix in ("R06A", "J01CE", "")
    }
    assert by_month["R06A"][5] > 2 * by_month["R06A"][10]
    assert by_month["J01CE"][1] > 1.5 * by_month["J01CE"][7]
    assert by_month[""][12] > 1.1 * by_month[""][11]


def test_a_seed_stands_for_the_same_bytes_as_ever(tmp_path):
    # A change of these bytes is a change of what `--seed` means: raise VERSION with it.
    plan = Plan(2_000, 1, 2012, 2014, None, False, 1)
    Generator(plan).write(0, tmp_path)
    digest = hashlib.sha256()
    for year in plan.calendar.years:
        digest.update(plan.part(tmp_path, year, 0).read_bytes())
    assert (VERSION, digest.hexdigest()[:16]) == (2, "1ab17a8c760ccd15")
