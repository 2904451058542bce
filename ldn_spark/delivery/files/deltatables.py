"""The latest version of a Delta table: its files, and what of them the version holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import numpy as np
import pyarrow as pa

from ldn_spark.delivery.files.file_kinds import require_utf8_path
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.place import Place, is_url
from ldn_spark.shown import counted

_READ_FEATURES = {
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
}
_MAPPING = "delta.columnMapping.mode"
_PHYSICAL_NAME = "delta.columnMapping.physicalName"


@dataclass(frozen=True)
class DeltaFile:
    """A data file of a version.

    Attributes:
        name: its path in the table.
        path: where it is.
        constants: the partition columns, which stand in no data file.
        kept: which of its rows the version has; None for all.
    """

    name: str
    path: Place
    constants: Mapping[str, pa.Scalar]
    kept: np.ndarray | None


@dataclass(frozen=True)
class DeltaTable:
    """A version of a table.

    Attributes:
        version: its number.
        schema: its columns.
        physical_names: column: its name in the data files.
        files: its data files, by name.
    """

    version: int
    schema: pa.Schema
    physical_names: Mapping[str, str]
    files: tuple[DeltaFile, ...]


def is_delta(folder: Place) -> bool:
    """Whether a folder is a Delta table."""
    return (folder / "_delta_log").is_dir()


def open_delta(folder: Place) -> DeltaTable:
    """The latest version of a table.

    Raises:
        DeliveryError: it is no Delta table, its log is broken, or it uses what is not read here.
    """
    import deltalake
    from deltalake.exceptions import DeltaError

    if not is_delta(folder):
        raise DeliveryError(Problem(str(folder), "is no Delta table", "check the folder"))
    folder = folder.resolve()
    require_utf8_path(folder)
    try:
        table = deltalake.DeltaTable(str(folder))
        _require_known_features(folder, table)
        schema = pa.schema(table.schema().to_arrow())
        actions = pa.table(table.get_add_actions())
        kept = _kept_rows(table)
    except DeltaError:
        what, mend = "its log cannot be read", "copy the whole table or ask for it again"
        raise DeliveryError(Problem(str(folder), what, mend)) from None
    names = _physical_names(table)
    files = []
    for row in range(actions.num_rows):
        name = actions["path"][row].as_py()
        constants = {}
        if "partition" in actions.column_names:
            values = actions["partition"][row]
            constants = {column: values[column] for column in values.type.names}
        path = _place_of(folder, name)
        files.append(DeltaFile(name, path, constants, kept.get(_key(path))))
    missing = [file.name for file in files if not file.path.is_file()]
    if missing:
        what = f"{counted(len(missing))} of its files are missing"
        raise DeliveryError(Problem(str(folder), what, "copy the whole table"))
    files.sort(key=lambda file: file.name)
    return DeltaTable(table.version(), schema, names, tuple(files))


def _require_known_features(folder: Place, table: Any) -> None:
    protocol = table.protocol()
    unknown = sorted({*(protocol.reader_features or ())} - _READ_FEATURES)
    if table.metadata().configuration.get(_MAPPING, "none") == "id":
        unknown.append(f"{_MAPPING}=id")
    if unknown:
        raise DeliveryError(
            Problem(
                str(folder),
                f"is a Delta table with {', '.join(unknown)}, which is not read",
                "have it delivered as Parquet",
            )
        )


def _physical_names(table: Any) -> dict[str, str]:
    mapped = table.metadata().configuration.get(_MAPPING, "none") == "name"
    fields = json.loads(table.schema().to_json())["fields"]
    return {
        field["name"]: field["metadata"][_PHYSICAL_NAME] if mapped else field["name"]
        for field in fields
    }


def _kept_rows(table: Any) -> dict[str, np.ndarray]:
    """Of the files with a deletion vector: which rows are not deleted."""
    vectors = pa.RecordBatchReader.from_stream(table.deletion_vectors())
    kept: dict[str, np.ndarray] = {}
    for batch in vectors:
        paths = batch.column("filepath").to_pylist()
        for row, path in enumerate(paths):
            values = batch.column("selection_vector")[row].values
            kept[_key(path.removeprefix("file://"))] = values.to_numpy(zero_copy_only=False)
    return kept


def _place_of(folder: Place, name: str) -> Place:
    """Where a data file is; a table that was cloned names files of another one by their URL."""
    url = urlparse(name)
    if url.scheme == "" or (url.scheme == "file" and not is_url(folder)):
        return Path(unquote(url.path)) if url.scheme else folder / unquote(name)
    what = "has files in other places than its folder"
    raise DeliveryError(Problem(str(folder), what, "copy the table into one folder"))


def _key(path: Place | str) -> str:
    """A path without any percent-encoding, however often it was encoded."""
    text = str(path)
    while (plain := unquote(text)) != text:
        text = plain
    return text
