"""Files that are turned into Parquet before they are parsed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from ldn_spark.delivery.files.blocks import PARQUET, DeliveredFile
from ldn_spark.delivery.files.layouts import Layout, header_problems, layout_of
from ldn_spark.delivery.files.readers import Scan, Scanned
from ldn_spark.delivery.files.tabular import blocks_of, open_parquet, row_groups, sha256_of
from ldn_spark.delivery.source.formats import Format
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import make_folder, written


def scan_converted(
    scan: Scan,
    form: Format,
    header: Sequence[str],
    convert: Callable[[Layout, Path], pa.Schema | None],
) -> Scanned:
    """Turn a file into Parquet.

    Args:
        scan: the file and what it is read with.
        form: its format.
        header: its column names.
        convert: writes the columns that a layout reads, and gives their types.

    Raises:
        DeliveryError: it cannot be read as the source declares.
    """
    path, copy = scan.path, scan.copy
    layout = layout_of(path, header, scan.layouts)
    if problems := list(header_problems(str(path), header, layout)):
        raise DeliveryError(problems)
    if copy is None:
        what = f"is {form.words}, and there is no place to turn it into Parquet"
        raise DeliveryError(Problem(str(path), what, "have it delivered as text or Parquet"))
    sha256 = sha256_of(path, lambda size: None)  # quick beside what follows
    make_folder(copy.parent)
    with written(copy) as draft:
        schema = convert(layout, draft)
    with open_parquet(copy) as file:
        groups = row_groups(file)
    delivered = DeliveredFile(
        path=str(copy),
        bytes=path.stat().st_size,
        sha256=sha256,
        header=tuple(header),
        lines=sum(groups),
        blocks=blocks_of([("", 1, groups)], scan.block_rows),
        name=path.name,
        kind=layout.kind,
        reader=PARQUET,
    )
    return delivered, [f"{path.name}: holds no row"] * (not sum(groups)), schema
