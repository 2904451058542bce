"""Names of files that a terminal obeys or no text can hold: shown as escapes, or refused."""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.files.scanning import find_files, scan_files
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import DeliveryError
from ldn_spark.shown import is_shown
from ldn_spark.texts.documents import conf_folder

CANONICAL = load_source("canonical")
ROWS = b"pseudonym,dispensed_on,atc,ddd\np1,2013-02-01,N06AB03,1\n"
NAMES = {
    b"dispensings_\x1b[31m\x07.csv": r"dispensings_\x1b[31m\x07.csv",
    b"dispensings_l\xf8v.csv": r"dispensings_l\xf8v.csv",
    "dispensings_\u202evsc.csv".encode(): r"dispensings_\u202evsc.csv",
    "dispensings_\x9b2J\n.csv".encode(): r"dispensings_\x9b2J\n.csv",
}


def put(folder, name, content):
    path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("name", "shown"), NAMES.items())
def test_a_delivered_file_is_known_by_its_name_as_it_is_shown(tmp_path, name, shown):
    put(tmp_path, name, ROWS)
    put(tmp_path, name.replace(b".csv", b".csv.gz"), gzip.compress(ROWS * 2))
    put(tmp_path, name.replace(b".csv", b".zip"), b"PK\3\4")
    put(tmp_path, name.replace(b".csv", b"2.csv"), b"other,columns\n1,2\n")
    paths, warnings = find_files([tmp_path], CANONICAL)
    files, notes = scan_files(paths, CANONICAL, workspace=tmp_path / "plain")
    assert [file.name for file in files] == [shown, f"{shown}.gz"]
    assert len(warnings) == 2
    said = [*warnings, *notes, *(file.name for file in files)]
    assert all(is_shown(one) for text in said for one in text)
    "".join(said).encode()


def test_what_is_packed_in_a_library_needs_a_name_that_is_text(tmp_path):
    content = io.BytesIO()
    pq.write_table(pa.table({"pseudonym": ["p1"]}), content)
    path = put(tmp_path, b"l\xf8v.parquet", content.getvalue())
    parquet = CANONICAL.model_copy(update={"format": "parquet", "files": ("*.parquet",)})
    with pytest.raises(DeliveryError, match=r"l\\xf8v\.parquet: the path is not UTF-8.*rename it"):
        scan_files([path], parquet)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "ldn_2013", "--lake", "{}"),
        ("run", "ldn_2013", "--lake", "{}", "--out", "out"),
        ("run", "ldn_2013", "--lake", "lake", "--out", "{}"),
        ("ingest", "delivery", "--lake", "{}"),
        ("check", "delivery", "--lake", "{}"),
        ("quality", "--lake", "{}"),
        ("quality", "--lake", "lake", "--out", "{}"),
        ("simulate", "{}"),
    ],
    ids=" ".join,
)
def test_a_folder_of_ours_has_a_name_that_is_text(tmp_path, capsys, arguments):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xf8")
    assert run([argument.format(folder) for argument in arguments]) == 2
    assert r"\xf8: the path is not UTF-8; give the folder another name" in (
        capsys.readouterr().err.replace("\n", "")
    )
    assert not os.path.exists(folder)


@pytest.mark.parametrize("command", ["plan", "inspect", "audit", "codelist"])
def test_a_file_of_ours_may_have_any_name(tmp_path, capsys, command):
    name = b"a\x1b[2Jl\xf8v.yaml"
    study = (conf_folder() / "studies" / "ldn_2013.yaml").read_bytes()
    path = str(put(tmp_path, name, study.replace(b"title:", b"titel:")))
    lake = str(tmp_path / "lake")
    code = run(
        {
            "plan": ["plan", path, "--lake", lake],
            "inspect": ["inspect", path],
            "audit": ["audit", path, "--study", "ldn_2013"],
            "codelist": ["plan", "ldn_2013", "--lake", lake, "--codelist", f"ldn_products={path}"],
        }[command]
    )
    printed = capsys.readouterr()
    assert code in (0, 3, 10)
    text = printed.out + printed.err
    assert r"a\x1b[2Jl\xf8v.yaml" in text.replace("\n", "")
    assert all(is_shown(one) for one in text.replace("\n", ""))
