import numpy as np
import pytest

from ldn_spark.synthetic.draws import (
    Distribution,
    Purpose,
    Stream,
    coprime,
    poisson_weights,
    shuffled,
    spread,
)


def test_uniform_numbers_are_the_top_53_bits_of_philox():
    # NumPy guarantees the bits of a bit generator; this pins what is made of them.
    raw = np.random.Philox(key=[7, 3], counter=[0, 0, 0, int(Purpose.PEOPLE)]).random_raw(5)
    expected = (raw >> np.uint64(11)) * 2.0**-53
    assert Stream(7, 3, Purpose.PEOPLE).uniform(5).tolist() == expected.tolist()


def test_seed_block_and_purpose_each_change_the_stream():
    streams = [
        Stream(1, 0, Purpose.PEOPLE),
        Stream(2, 0, Purpose.PEOPLE),
        Stream(1, 1, Purpose.PEOPLE),
        Stream(1, 0, Purpose.EXAMINED),
    ]
    assert len({stream.uniform(1)[0] for stream in streams}) == 4


def test_a_distribution_is_drawn_in_its_proportions():
    distribution = Distribution.of([4, 7], [1, 3])
    drawn = distribution.draw(Stream(1, 0, Purpose.PEOPLE), 40_000)
    assert distribution.mean == pytest.approx((4 + 7 * 3) / 4)
    assert np.mean(drawn == 7) == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("mean", [0.0, 0.4, 3.0, 12.0])
def test_poisson_weights_have_their_mean(mean):
    weights = poisson_weights(mean, 60)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ np.arange(60) == pytest.approx(mean)


@pytest.mark.parametrize("count", [0, 1, 2, 4, 424, 11_247])
def test_a_split_adds_up_and_stays_within_one_of_the_exact_share(count):
    shares = (3590, 2554, 5103)
    parts = spread(count, shares)
    assert sum(parts) == count
    for part, share in zip(parts, shares, strict=True):
        assert abs(part - count * share / sum(shares)) < 1


def test_the_nationwide_split_is_the_published_one():
    assert spread(11_247, (3590, 2554, 5103)) == (3590, 2554, 5103)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 4_096, 9_973])
def test_shuffling_visits_every_place_once(count):
    assert sorted(shuffled(count).tolist()) == list(range(count))
    if count > 2:
        assert coprime(count) < count or count < 3
