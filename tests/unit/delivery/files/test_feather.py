"""Feather files hold what Parquet holds, and a broken one is one clear error."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.feather as pf
import pytest

from ldn_spark.delivery.files.scanning import find_files
from ldn_spark.delivery.files.tabular import read_rows
from ldn_spark.delivery.guess.inspection import read_sample
from tests.unit.delivery.files.test_file_kinds import (
    CANONICAL,
    NAMES,
    NORPD,
    PARQUET,
    complaint,
    rows_of,
    scan,
    table,
    write_parquet,
)

FEATHER = NORPD.model_copy(update={"format": "feather", "files": ("*.feather", "*.arrow")})


def write_feather(folder, content, name="a.feather", **options):
    path = folder / name
    pf.write_feather(content, path, **options)
    return path


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
@pytest.mark.parametrize("chunk", [1, 1000])
def test_a_feather_file_is_read_as_parquet_is(tmp_path, reports, compression, chunk):
    path = write_feather(tmp_path, table(), compression=compression, chunksize=chunk)
    assert find_files([tmp_path], FEATHER)[0] == [path]
    file, warnings = scan(path, FEATHER, workspace=tmp_path / "workspace")
    assert (file.name, file.header, file.lines, warnings) == ("a.feather", NAMES, 3, [])
    assert file.bytes == path.stat().st_size
    assert all(0 <= one.done <= one.total == path.stat().st_size for one in reports)
    same, _ = scan(write_parquet(tmp_path, table()), PARQUET)
    assert rows_of(file) == rows_of(same)
    sample = read_sample(path)
    assert (sample.format, sample.pattern, sample.header, sample.rows) == (
        "feather",
        "*.feather",
        NAMES,
        3,
    )


@pytest.mark.parametrize("case", CANONICAL)
def test_the_text_of_a_value(tmp_path, case):
    column, texts, is_typed = CANONICAL[case]
    rows = table().take(pa.array([0] * len(column)))
    rows = rows.set_column(6, "OrdinasjonAntallDDD", column)
    file, _ = scan(write_feather(tmp_path, rows), FEATHER, workspace=tmp_path / "workspace")
    found, typed = rows_of(file, ["PasientLopeNr", "OrdinasjonAntallDDD"])
    assert (found["OrdinasjonAntallDDD"], bool(typed)) == (texts, is_typed)


def test_text_that_is_none_is_turned_away_by_row(tmp_path):
    raw = pa.array([b"N05", b"N\xe605", b"N\x0005"])
    bad = pa.Array.from_buffers(pa.string(), 3, raw.buffers())
    for column in (bad, pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int8()), bad)):
        path = write_feather(tmp_path, table(ATCKode=column))
        file, _ = scan(path, FEATHER, workspace=tmp_path / "workspace")
        lines = read_rows(file.path, file.blocks[0], list(NAMES))
        assert lines.faults == {1: "encoding", 2: "nul_byte"}


def _name_of_no_text(data):
    return data.replace(b"ATCKode", b"\xffTCKode")


def _indices_beyond(data):
    at = data.rindex(bytes([0, 1, 1, 0, 0, 0, 0, 0]))
    return data[:at] + bytes([0, 9, 1]) + data[at + 3 :]


BROKEN = {
    "0 bytes": (lambda data: b"", "is empty: 0 bytes"),
    "truncated": (lambda data: data[:-20], "is a Feather file without its end, or a damaged one"),
    "text": (lambda data: b"a;b\n", "is a Feather file without its end, or a damaged one"),
    "names that are no text": (_name_of_no_text, "is a Feather file without its end, or a dam"),
    "codes that stand for nothing": (_indices_beyond, "is damaged: its rows cannot be read"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_feather_file_is_one_clear_error(tmp_path, case):
    broken, message = BROKEN[case]
    codes = pa.array(["N05BB01", "N02BE01", "N02BE01"]).dictionary_encode()
    codes = codes.cast(pa.dictionary(pa.int8(), pa.string()))
    path = write_feather(tmp_path, table(ATCKode=codes), compression="uncompressed")
    path.write_bytes(broken(path.read_bytes()))
    told = complaint(path, FEATHER, tmp_path / "workspace")
    assert message in told
    assert "\n" not in told


REFUSED = {
    "a pseudonym as a float": ("PasientLopeNr", pa.array([1.0, 2.0, 3.0]), "every digit"),
    "a time of day": ("UtleveringsDato", pa.array([1, 2, 3], pa.timestamp("s")), "times of day"),
    "a list": ("ATCKode", pa.array([["a"], ["b"], []]), "which is not read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_column_of_another_type_is_refused_by_name(tmp_path, case):
    name, column, message = REFUSED[case]
    told = complaint(write_feather(tmp_path, table(**{name: column})), FEATHER, tmp_path / "w")
    assert message in told
    assert f"column {name}" in told
