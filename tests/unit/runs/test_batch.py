"""Which cohorts of a run are worked off together."""

from types import SimpleNamespace

import pytest

from ldn_spark import schemas
from ldn_spark.lake.run_tables import is_run_table
from ldn_spark.runs.batch import Batch


def batch_of(folder, sets):
    """Cohorts that are no more than their numbers."""
    batch = Batch(None, [SimpleNamespace(lake=SimpleNamespace(root=folder))], "run")
    batch.__dict__["sets"] = tuple(SimpleNamespace(number=number) for number in range(sets))
    return batch


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ([0], [[0]]),
        ([99], [[0]]),  # one alone is never divided
        ([4, 6], [[0, 1]]),
        ([4, 7], [[0], [1]]),
        ([99, 1, 1], [[0], [1, 2]]),
        ([1, 99, 1], [[0], [1], [2]]),
        ([5, 5, 5, 5, 1], [[0, 1], [2, 3], [4]]),
        ([0, 0, 11, 1], [[0, 1, 2], [3]]),
    ],
)
def test_parts_are_no_larger_than_they_may_be(lines, parts, tmp_path):
    batch = batch_of(tmp_path, len(lines))
    batch.divide(dict(enumerate(lines)), at_most=10)
    assert [[one.number for one in part.sets] for part in batch.parts] == parts
    folders = [f"part-{number}" for number in range(len(parts))] if len(parts) > 1 else [""]
    assert [part.folder for part in batch.parts] == folders
    assert is_run_table(batch.tables, schemas.PARTS) == (len(parts) > 1)


def test_what_an_earlier_attempt_divided_is_divided_anew(tmp_path):
    batch_of(tmp_path, 2).divide({0: 9, 1: 9}, at_most=10)
    assert len(batch_of(tmp_path, 2).parts) == 2
    batch_of(tmp_path, 2).divide({0: 9, 1: 9})
    (part,) = batch_of(tmp_path, 2).parts
    assert (len(part.sets), part.folder) == (2, "")
