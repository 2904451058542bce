"""Tables of a run: there wholly or not at all, and never read when they are not as written."""

import shutil

import pyarrow as pa
import pytest

from ldn_spark.errors import EngineError, UsageError
from ldn_spark.lake.run_tables import is_run_table, read_run_rows, write_run_rows
from ldn_spark.schemas import COHORT_MOMENTS, PARTS

ROWS = [{"set": number, "part": number // 3} for number in range(100)]


def written(folder, rows=ROWS):
    write_run_rows(pa.Table.from_pylist(rows), folder, PARTS)
    (file,) = folder.rglob("*.parquet")
    return file


def test_rows_come_back(tmp_path):
    written(tmp_path)
    assert read_run_rows(tmp_path, PARTS) == ROWS
    written(tmp_path, ROWS[:1])  # and nothing of the earlier attempt stays
    assert read_run_rows(tmp_path, PARTS) == ROWS[:1]
    assert not is_run_table(tmp_path, COHORT_MOMENTS)
    with pytest.raises(UsageError, match="the table cohort_moments is not there"):
        read_run_rows(tmp_path, COHORT_MOMENTS)


def test_what_a_killed_attempt_left_is_not_read(tmp_path):
    file = written(tmp_path / "other")
    shutil.copytree(file.parent, tmp_path / "run" / PARTS.name / "killed")
    assert not is_run_table(tmp_path / "run", PARTS)
    written(tmp_path / "run")
    assert len(list((tmp_path / "run").rglob("*.parquet"))) == 1


def test_every_flipped_bit_is_found(tmp_path):
    file = written(tmp_path)
    whole = file.read_bytes()
    for number in range(40):
        place = number * len(whole) // 40
        flipped = bytes([whole[place] ^ 1 << number % 8])
        file.write_bytes(whole[:place] + flipped + whole[place + 1 :])
        with pytest.raises(EngineError, match=f"{file.name}: is damaged"):
            read_run_rows(tmp_path, PARTS)
    file.write_bytes(whole)
    assert read_run_rows(tmp_path, PARTS) == ROWS


@pytest.mark.parametrize("content", [None, b"", b"PAR1"])
def test_a_file_is_gone_or_cut(tmp_path, content):
    file = written(tmp_path)
    file.unlink() if content is None else file.write_bytes(content)
    what = "is gone" if content is None else f"has {len(content)} bytes where"
    with pytest.raises(EngineError, match=what):
        read_run_rows(tmp_path, PARTS)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"files": 1}', b'{"files": [{}]}'])
def test_a_damaged_record(tmp_path, content):
    written(tmp_path)
    (tmp_path / "parts.json").write_bytes(content)
    with pytest.raises(EngineError, match=r"parts\.json: is damaged"):
        read_run_rows(tmp_path, PARTS)
