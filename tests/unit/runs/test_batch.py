"""Which cohorts of a run are worked off together."""

import pytest

from ldn_spark import schemas
from ldn_spark.runs.batch import Batch


class _Session:
    def createDataFrame(self, content, ddl):
        return content.to_pylist()


class _Batch(Batch):
    """Cohorts that are no more than their numbers, written to memory."""

    def __init__(self, sets):
        super().__init__(_Session(), (), "run")
        self.__dict__["sets"] = tuple(map(_Set, range(sets)))
        self.__dict__["written"] = {}

    def _is_there(self, table):
        return table.name in self.written

    def _write(self, frame, table, folder=""):
        self.written[table.name] = frame


class _Set:
    def __init__(self, number):
        self.number = number


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
def test_parts_are_no_larger_than_they_may_be(lines, parts, monkeypatch):
    batch = _Batch(len(lines))
    monkeypatch.setattr("ldn_spark.engine.collect.rows", lambda frame: frame)
    monkeypatch.setattr(_Batch, "_read", lambda self, table: self.written[table.name])
    batch.divide(dict(enumerate(lines)), at_most=10)
    assert [[one.number for one in part.sets] for part in batch.parts] == parts
    folders = [f"part-{number}" for number in range(len(parts))] if len(parts) > 1 else [""]
    assert [part.folder for part in batch.parts] == folders
    assert list(batch.written) == ([schemas.PARTS.name] if len(parts) > 1 else [])


def test_what_an_earlier_attempt_divided_is_written_anew(monkeypatch):
    batch = _Batch(2)
    batch.written[schemas.PARTS.name] = [{"set": 0, "part": 0}, {"set": 1, "part": 1}]
    monkeypatch.setattr("ldn_spark.engine.collect.rows", lambda frame: frame)
    monkeypatch.setattr(_Batch, "_read", lambda self, table: self.written[table.name])
    batch.divide({0: 1, 1: 1})
    assert [(len(part.sets), part.folder) for part in batch.parts] == [(2, "")]
