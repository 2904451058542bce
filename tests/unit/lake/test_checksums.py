"""Checksums of a lake's files: what they tell, and what is told without them."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from ldn_spark.cli.app import run as ldn
from ldn_spark.errors import EngineError
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.contents import commit_file, contents_of
from ldn_spark.lake.recording import with_sums
from ldn_spark.lake.sums import FileSum, sum_file
from ldn_spark.lake.versions import Lake, LakeVersion, publish_version, read_version


def written(lake, codes, number=1, before=None):
    """A version of a lake whose tables get a file more, with its checksums."""
    rows = pa.table({"year": [2012] * len(codes), "atc": codes, "ddd": range(len(codes))})
    write_deltalake(lake / "dispensings", rows, partition_by=["year"], mode="append")
    write_deltalake(lake / "persons", rows, mode="append")
    draft = LakeVersion(
        number, {"dispensings": number - 1, "persons": number - 1}, (), 1, 1, 0, 0, layout=2
    )
    version = with_sums(Lake(None, lake), draft, before)
    publish_version(lake, version)
    return version


@pytest.fixture
def lake(tmp_path):
    first = written(tmp_path, ["A01AA01", "N02AA01"])
    written(tmp_path, ["N05AA01", "N07BB04"], 2, first)
    return tmp_path


def file_of(lake, version, table="dispensings"):
    """The file that came with a version."""
    names = [{file.name for file in contents_of(lake / table, at).files} for at in (0, 1)]
    (name,) = names[0] if version == 1 else names[1] - names[0]
    return lake / table / name


def harm(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def said(lake, version=None, **read):
    try:
        require_whole(lake, read_version(lake, version), **read)
    except EngineError as error:
        return [f"{one.where}: {one.what}" for one in error.problems]
    return []


def test_sums_stand_in_the_record_as_they_were(lake):
    path = file_of(lake, 2)
    text = read_version(lake).sums["dispensings"][path.relative_to(lake / "dispensings").as_posix()]
    assert FileSum.parse(text) == sum_file(path)
    assert str(FileSum.parse(text)) == text


def test_a_whole_lake(lake, capsys):
    assert said(lake) == said(lake, 1) == []
    assert ldn(["verify", str(lake)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "2 versions, 2 tables, 0 runs, 4 data files" in out


@pytest.mark.parametrize(
    ("do", "what"),
    [
        (harm, "is damaged: it is not what was written"),
        (lambda path: path.unlink(), "is gone"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "bytes where"),
        (lambda path: path.write_bytes(b""), "has 0 bytes where"),
    ],
)
def test_a_file_that_is_not_what_was_written(lake, do, what):
    path = file_of(lake, 2)
    do(path)
    (one,) = said(lake)
    assert one.startswith(f"{path}: ")
    assert what in one
    assert said(lake, 1) == [], "it is of another version"
    assert said(lake, tables={"persons"}) == [], "it is of another table"
    assert ldn(["verify", str(lake)]) == 40


def test_files_of_other_codes_are_not_read(lake):
    harm(file_of(lake, 2))
    assert said(lake, codes=["A", "N02", "N02AA01"]) == []
    for code in ("N", "N05", "N05AA01", "N06", "N07BB04", "N07BB"):
        assert len(said(lake, codes=["A", code])) == 1, code
    assert said(lake, codes=["N07BB05", "N04", "P"]) == []


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("do", [harm, lambda path: path.write_text(""), lambda path: path.unlink()])
def test_the_commit_that_is_not_what_was_written(lake, number, do):
    path = commit_file(lake / "persons", number)
    do(path)
    (one,) = said(lake)
    assert one.startswith(f"{path}: is ")
    assert ldn(["verify", str(lake)]) == 40


def test_a_commit_with_other_numbers(lake):
    """It reads well: a file's minimum is another one, and engines would leave the file out."""
    path = commit_file(lake / "dispensings", 1)
    path.write_text(path.read_text().replace("N05AA01", "N06AA01"))
    assert said(lake) == [f"{path}: is damaged: it is not what was written"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_record_with_another_number(lake, capsys, number):
    path = lake / "_versions" / f"0000000{number}.json"
    path.write_text(path.read_text().replace('"persons": 1', '"persons": 2'))
    with pytest.raises(EngineError, match=f"{path}: the version record is damaged"):
        read_version(lake, number)
    assert ldn(["verify", str(lake)]) == 40
    assert str(path) in capsys.readouterr().err


def test_what_an_earlier_version_wrote_is_told_by_its_pages(lake, capsys):
    for number in (1, 2):
        path = lake / "_versions" / f"0000000{number}.json"
        content = json.loads(path.read_text())
        for key in ("sha256", "sums", "commits"):
            del content[key]
        path.write_text(json.dumps(content))
    assert read_version(lake).sums == {}
    assert said(lake) == []
    assert ldn(["verify", str(lake)]) == 0
    assert "4 files have no recorded checksum" in " ".join(capsys.readouterr().out.split())
    path = file_of(lake, 2)
    path.write_bytes(path.read_bytes()[:-9])
    assert ldn(["verify", str(lake)]) == 40
    assert str(path) in capsys.readouterr().err
    assert len(said(lake)) == 1, "its size is not what the log says"
    version = with_sums(Lake(None, lake), replace(read_version(lake), number=3), read_version(lake))
    assert {len(files) for files in version.sums.values()} == {2}
