"""Delivered files of every kind, whole and broken: inspected, scanned and parsed without an engine.

Every line must end as accepted or as rejected, and what is refused names the file.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from io import BytesIO
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from mutations import DATES, NUMBERS, TEXTS, Mutation

from ldn_spark.delivery.files.lines import wanted_columns
from ldn_spark.delivery.files.scanning import scan_files
from ldn_spark.delivery.files.tabular import damaged
from ldn_spark.delivery.guess.inspection import read_sample
from ldn_spark.delivery.guess.presets import known_sources
from ldn_spark.delivery.guess.proposal import propose
from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.delivery.values.parsing import parse_rows
from ldn_spark.delivery.values.rules import rules_of
from ldn_spark.errors import ConfigError, DeliveryError, Problem
from ldn_spark.ingest.landing.tasks import BlockTask, UnreadError, read_lines
from ldn_spark.shown import is_shown

_HEADER = "pseudonym,dispensed_on,atc,ddd,sex,birth_year,product_number,note"
_BLOCK_BYTES = 500
_ROWS = 40
_OF_A_PAGE = 5 << 30
"""The library makes room for what a page says it unpacks to, at most 2 GiB of each of two."""


@dataclass(frozen=True)
class Delivered:
    """A kind of delivered file.

    Attributes:
        good: files that are right.
        ways: how their bytes go wrong.
        read: does with a file what `ldn inspect` and `ldn check` do.
        memory: by how much all of them may raise the peak of the process, in bytes.
    """

    good: Callable[[], list[bytes]]
    ways: list[Mutation]
    read: Callable[[Path], None]
    memory: int = 400 << 20


def _columns() -> dict[str, list[str]]:
    rows = [
        (f"p{n % 9}", f"2013-0{n % 9 + 1}-11", "N06AB03", f"{n}.5", "FM"[n % 2], str(1950 + n))
        for n in range(_ROWS)
    ]
    rows = [(*row, f"{n:06d}", "bl, å" if n % 7 == 0 else "x") for n, row in enumerate(rows)]
    return dict(zip(_HEADER.split(","), map(list, zip(*rows, strict=True)), strict=True))


@lru_cache
def _text(quoted: bool = True) -> str:
    rows = zip(*_columns().values(), strict=True)
    lines = [[f'"{cell}"' if quoted and "," in cell else cell for cell in row] for row in rows]
    return "\n".join([_HEADER, *(",".join(line) for line in lines)]) + "\n"


def _texts() -> list[bytes]:
    plain = _text()
    return [plain.encode(), plain.replace("\n", "\r\n").encode("utf-8-sig"), plain.encode()[:-1]]


def _packed() -> list[bytes]:
    data = _text().encode()
    checked = zstandard.ZstdCompressor(write_checksum=True)
    return [
        gzip.compress(data, mtime=0),
        gzip.compress(data[:900], mtime=0),
        checked.compress(data),
    ]


def _parquet() -> list[bytes]:
    table = pa.table(_columns())
    typed = table.set_column(3, "ddd", table["ddd"].cast(pa.float64()))
    days = table["dispensed_on"].cast(pa.date32())
    made = []
    for rows, options in (
        (table, {}),
        (typed.set_column(1, "dispensed_on", days), {"compression": "zstd"}),
        (typed, {"write_page_checksum": True, "row_group_size": 10, "use_dictionary": False}),
    ):
        stream = BytesIO()
        pq.write_table(rows, stream, **options)
        made.append(stream.getvalue())
    return made


def _of_program(suffix: str) -> list[bytes]:
    import pandas as pd
    import pyreadstat

    frame = pd.DataFrame(_columns()).rename(columns={"dispensed_on": "disp_on"})
    frame = frame.rename(columns={"pseudonym": "pid", "birth_year": "yob", "product_number": "vnr"})
    frame["ddd"] = frame["ddd"].astype(float)
    frame["disp_on"] = pd.to_datetime(frame["disp_on"]).dt.date
    write = {"sav": "write_sav", "dta": "write_dta", "xpt": "write_xport"}[suffix]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        getattr(pyreadstat, write)(frame, path)
        return [path.read_bytes()]


@lru_cache
def _source(form: str, encoding: str = "utf-8") -> Source:
    declared = load_source("canonical").model_dump(mode="json")
    declared |= {"format": form, "encoding": encoding, "files": ["*"]}
    if form not in ("text", "parquet"):
        declared["columns"] = {
            "pseudonym": "pid", "atc": "atc", "dispensed_on": "disp_on", "ddd": "ddd"
        }  # fmt: skip
        declared["optional_columns"] = {"sex": "sex", "birth_year": "yob", "product_number": "vnr"}
    return Source.model_validate(declared)


@lru_cache
def _known() -> list[Source]:
    return known_sources()


def read_delivered(path: Path, source: Source) -> None:
    """Inspect a file; scan and parse it by a source. What both refuse is raised in one error."""
    problems: list[Problem] = []
    for step in (_inspect, partial(_check, source=source)):
        try:
            step(path)
        except DeliveryError as error:
            problems += error.problems
    if problems:
        raise DeliveryError(problems)


def _inspect(path: Path) -> None:
    text = propose(read_sample(path), _known())
    assert all(map(is_shown, text.replace("\n", ""))), "a terminal obeys the proposal"
    proposal = path.with_name("proposal.yaml")
    proposal.write_text(text, encoding="utf-8")
    try:
        load_source(str(proposal))
    except ConfigError:
        assert "# As proposed" not in text, "the proposal is complete and is refused"


def _check(path: Path, source: Source) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (file,), warnings = scan_files(
            [path], source, workspace=Path(folder), block_bytes=_BLOCK_BYTES, block_rows=15
        )
        assert all(map(is_shown, "".join(warnings))), "a terminal obeys a warning"
        rules, ended = rules_of(source), 0
        for block in file.blocks:
            task = BlockTask(file.path, file.name, 1, file.header, block, file.kind, file.reader)
            try:
                lines = read_lines(task, wanted_columns(file.header, source), source)
            except UnreadError:  # which an ingest tells in these words
                raise DeliveryError(damaged(path)) from None
            parsed = parse_rows(lines, block.first_line, file.header, source, rules)
            ended += parsed.accepted.num_rows + parsed.rejected.num_rows
        assert ended == file.lines, f"{file.lines} lines, of which {ended} ended somewhere"


def mutate_delivered(chance: Random, data: bytes) -> bytes:
    """What programs do to text on the way: other cells, marks, line ends, encodings, lengths."""
    kind = chance.randrange(6)
    at = chance.randrange(len(data) + 1)
    if kind == 0:
        new = chance.choice([b"\0", b"\r", b'"', b'""', b",", b"\n", b"\xff", b"\x81", b"\xc2"])
        return data[:at] + new * chance.choice([1, 1, 2, 50]) + data[at:]
    if kind == 1:
        old = chance.choice([b",", b"\n", b'"', b"-", b"."])
        return data.replace(old, chance.choice([b";", b"\t", b"|", b"\r\n", b"\r", b"/", b" "]))
    if kind == 2:
        text = data.decode("utf-8", "replace")
        codec = chance.choice(["utf-16", "utf-16-be", "utf-32", "latin-1", "cp1252", "cp850"])
        return text.encode(codec, "replace")
    if kind == 3:
        return data[:at] + chance.choice([b"9", b"x", b"\xc3\xa5", b'"']) * 200_000 + data[at:]
    cells = [at for at, byte in enumerate(data) if byte in b",\n"] or [0, 0]
    begin = chance.choice(cells)
    end = min((at for at in cells if at > begin), default=len(data))
    nasty = chance.choice(chance.choice([NUMBERS, DATES, TEXTS]))
    return data[: begin + 1] + nasty.encode("utf-8", "surrogatepass") + data[end:]


def _kind(good: Callable[[], list[bytes]], ways: list[Mutation], *source: str) -> Delivered:
    return Delivered(lru_cache(good), ways, lambda path: read_delivered(path, _source(*source)))


DELIVERED = {
    "delivered_text.csv": _kind(_texts, [mutate_delivered], "text"),
    "delivered_utf16.csv": _kind(lambda: [_text().encode("utf-16")], [], "text", "utf-16"),
    "delivered_latin1.csv": _kind(
        lambda: [_text().encode("latin-1")], [mutate_delivered], "text", "iso-8859-1"
    ),
    "delivered_packed.gz": _kind(_packed, [], "text"),
    "delivered_parquet.parquet": replace(_kind(_parquet, [], "parquet"), memory=_OF_A_PAGE),
    "delivered_spss.sav": _kind(partial(_of_program, "sav"), [], "spss"),
    "delivered_stata.dta": _kind(partial(_of_program, "dta"), [], "stata"),
    "delivered_sas.xpt": _kind(partial(_of_program, "xpt"), [], "sas"),
}
"""Every kind by the name of its files."""

__all__ = ["DELIVERED", "mutate_delivered", "read_delivered"]
