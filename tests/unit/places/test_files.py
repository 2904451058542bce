"""Whole files, files once, stamps, trees and holding: alike on a disk and in a store."""

from __future__ import annotations

import io
import threading
import uuid
from pathlib import Path

import pytest
from upath import UPath

from ldn_spark.places import files, holding
from ldn_spark.places.hadoop import _Reader
from ldn_spark.places.stores import prepare_stores, store_fault


@pytest.fixture(params=["disk", "store"])
def folder(request, tmp_path):
    return tmp_path if request.param == "disk" else UPath(f"memory://{uuid.uuid4().hex}/lake")


def test_a_file_is_whole_and_replaced(folder):
    files.make_folder(folder)
    files.put(folder / "a", b"one")
    before = files.stamp(folder / "a")
    files.put(folder / "a", b"other")
    assert (folder / "a").read_bytes() == b"other"
    assert before[0] == 3
    assert files.stamp(folder / "a") != before
    assert [path.name for path in files.files_below(folder)] == ["a"]


def test_of_many_writers_of_a_name_one_wins(folder):
    target, won, lost = folder / "versions" / "1.json", [], []

    def write(number: int) -> None:
        try:
            files.put_if_absent(target, str(number).encode())
            won.append(number)
        except FileExistsError:
            lost.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7) or isinstance(folder, UPath)  # fsspec's memory races
    with pytest.raises(FileExistsError):
        files.put_if_absent(target, b"late")
    assert target.read_bytes() != b"late"
    assert [path.name for path in files.files_below(folder)] == ["1.json"]


def test_a_written_file_appears_when_it_is_whole(folder):
    files.make_folder(folder)
    with files.written(folder / "a") as draft:
        draft.write_bytes(b"content")
        assert not (folder / "a").exists()
    assert files.opened(folder / "a").read() == files.streamed(folder / "a").read() == b"content"
    with files.local_copy(folder / "a") as copy:
        assert (isinstance(copy, Path), copy.name, copy.read_bytes()) == (True, "a", b"content")
    with pytest.raises(ZeroDivisionError), files.written(folder / "b") as draft:
        draft.write_bytes(b"half"[: 1 // 0])
    assert [path.name for path in files.files_below(folder)] == ["a"]


def test_a_tree_is_deleted_whether_it_is_there_or_not(folder):
    for name in ("a", "b"):
        files.put_if_absent(folder / "run" / "tables" / name, b"x")
    assert files.has_file(folder / "run" / "tables", "[ab]")
    files.delete_tree(folder / "run")
    files.delete_tree(folder / "run")
    files.delete(folder / "nothing")
    assert files.files_below(folder / "run") == []
    assert not files.has_file(folder / "run" / "tables", "*")


def test_a_folder_is_put_with_its_last_file_last_and_once(folder, tmp_path):
    made = tmp_path / "made"
    for name in ("manifest.json", "tables/1.csv", "report.html"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(name.encode())
    place = UPath(f"memory://{uuid.uuid4().hex}/run")
    files.upload(made, place, last="manifest.json")
    names = [str(path.relative_to(place)) for path in files.files_below(place)]
    assert names == ["manifest.json", "report.html", "tables/1.csv"]
    with pytest.raises(FileExistsError):
        files.upload(made, place, last="manifest.json")


def test_a_place_is_held_by_one_writer_at_a_time(folder):
    with holding.held(folder), pytest.raises(holding.HeldError), holding.held(folder):
        pass
    with holding.held(folder):
        pass


def test_a_lease_in_a_store_ends_by_itself_and_is_prolonged(monkeypatch):
    folder = UPath(f"memory://{uuid.uuid4().hex}/lake")
    files.put(folder / "_leases" / "00000001.json", holding._until(0.4))  # of a killed writer
    with pytest.raises(holding.HeldError) as held, holding.held(folder):
        pass
    assert 0 < held.value.seconds <= 0.4
    clock = holding.time.time
    monkeypatch.setattr(holding.time, "time", lambda: clock() + 1)
    with holding.held(folder, lease=0.3):
        threading.Event().wait(0.5)
        with pytest.raises(holding.HeldError), holding.held(folder):
            pass
    with holding.held(folder):
        names = [path.name for path in files.files_below(folder)]
    assert names == ["00000003.json"]


def test_a_file_of_hdfs_is_read_here_and_there():
    """The reader of its library does not say where it has gone."""

    class Reader(io.BytesIO):
        def seek(self, offset, whence=0):
            super().seek(offset, whence)

        def __len__(self):
            return len(self.getvalue())

    with io.BufferedReader(_Reader(Reader(bytes(range(100)))), 7) as stream:
        assert stream.seek(-3, io.SEEK_END) == 97
        assert (stream.read(), stream.seek(5), stream.read(2)) == (b"abc", 5, b"\x05\x06")
        assert stream.read() == bytes(range(7, 100))


def test_all_libraries_are_told_the_same_of_a_store(monkeypatch):
    for name in ("AWS_ENDPOINT", "AWS_ALLOW_HTTP", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setattr("ldn_spark.places.stores._asked", set())
    prepare_stores(["/data/lake", None])
    assert not files.os.environ["AWS_ENDPOINT"]
    prepare_stores(["s3://bucket/lake"])
    told = {name: files.os.environ[name] for name in ("AWS_ENDPOINT", "AWS_ALLOW_HTTP")}
    assert told == {"AWS_ENDPOINT": "http://127.0.0.1:9", "AWS_ALLOW_HTTP": "true"}
    assert files.os.environ["AWS_REGION"] == "us-east-1"


def test_what_a_store_refuses_is_one_sentence_without_a_secret():
    for error, told in (
        (PermissionError("Access Denied"), "the store refuses it"),
        (FileNotFoundError("The specified bucket does not exist"), "there is no such bucket"),
        (OSError("Connect call failed ('127.0.0.1', 9)"), "the store cannot be reached"),
        (type("NoCredentialsError", (Exception,), {})(), "there are no credentials for it"),
    ):
        assert told in str(store_fault("s3://bucket/lake", error))
    assert store_fault("/data/lake", PermissionError("denied")) is None
    assert store_fault("s3://bucket/lake", ValueError("a row: secret")) is None
