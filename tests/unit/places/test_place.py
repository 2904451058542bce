"""A place as a user names it: absolute, with one meaning, or refused in one sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from ldn_spark.errors import UsageError
from ldn_spark.places import place as module
from ldn_spark.places.place import as_folder, as_place, back, is_url, is_url_text, is_within


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("lake", "{here}/lake"),
        ("a/../lake", "{here}/lake"),
        ("file:///data/lake", "/data/lake"),
        ("file:/data/lake", "/data/lake"),
        ("file://localhost/data/%C3%A6", "/data/æ"),
        ("FILE:///data", "/data"),
        ("s3://bucket", "s3://bucket/"),
        ("s3://bucket/a//lake/", "s3://bucket/a/lake"),
        ("S3A://bucket/lake", "s3://bucket/lake"),
        ("hdfs://namenode:8020/my lake", "hdfs://namenode:8020/my lake"),
        ("abfss://data@account.dfs.core.windows.net/lake", None),
        ("gs://bucket/lake", "gs://bucket/lake"),
        ("a:b", "{here}/a:b"),
    ],
)
def test_a_place_is_absolute_and_means_the_same_everywhere(text, means, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    place = as_place(text)
    if means is not None:
        assert str(place) == means.format(here=tmp_path)
    assert str(as_place(place)) == str(back(str(place))) == str(place)
    assert str(pickle.loads(pickle.dumps(place / "x"))) == f"{str(place).rstrip('/')}/x"
    assert is_url(place) == is_url_text(str(place))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ftp://host/lake", "'ftp:' is no place"),
        ("https://host/lake", "file://, s3://, hdfs://, abfss:// or gs://"),
        ("s3:/bucket/lake", "does not name a bucket"),
        ("s3:///lake", "does not name a bucket"),
        ("s3://bucket/../other", "holds '.' or '..'"),
        ("s3://key:hidden@bucket/lake", "AWS_ACCESS_KEY_ID"),
        ("ftp://user:hidden@host/lake", "is no place"),
        ("file://server/share/lake", "'server' is another machine"),
    ],
)
def test_what_is_no_place_is_told_in_one_sentence(text, told):
    with pytest.raises(UsageError) as refused:
        as_place(text)
    assert told in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_a_folder_of_ours_is_named_in_utf_8_and_a_delivered_file_may_not_be():
    with pytest.raises(UsageError, match="not UTF-8"):
        as_folder("lake\udcff")
    assert as_place("/data/l\udcff.csv").name == "l\udcff.csv"


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "s3fs" else object())
    with pytest.raises(UsageError, match=r"pip install 'ldn-spark\[s3\]'"):
        as_place("s3://bucket/lake")


@pytest.mark.parametrize(
    ("place", "other", "expected"),
    [
        ("/data/lake/x", "/data/lake", True),
        ("/data/lake", "/data/lake", True),
        ("/data/lake2", "/data/lake", False),
        ("s3://b/lake/x", "s3://b/lake", True),
        ("s3://b/lake2", "s3://b/lake", False),
        ("s3://b/data/lake/x", "/data/lake", False),
    ],
)
def test_within(place, other, expected):
    assert is_within(as_place(place), as_place(other)) is expected


def test_a_local_place_is_a_path():
    assert isinstance(as_place("lake"), Path)
