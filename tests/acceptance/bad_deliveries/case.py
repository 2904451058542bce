"""What a case says: the delivery, how it is declared, and the outcome, written by hand.

Every pseudonym and every product name holds `CANARY`, or is as rare: none of it may show anywhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ldn_spark.delivery.source.sources import Source, load_source
from ldn_spark.errors import DeliveryError
from tests.unit.delivery.deliveries import like

CANARY = "kanari"
NORPD, CANONICAL = load_source("norpd"), load_source("canonical")
PARQUET = like(format="parquet", files=["*.parquet"])
P1, P2, P3 = "kanari01", "kanari02", "kanari03"
ATC, DATE, DDD = "ATCKode", "UtleveringsDato", "OrdinasjonAntallDDD"
COLUMNS = {
    "pid": "PasientLopeNr",
    "sex": "PasientKjonn",
    "born": "PasientFodtAr",
    "atc": ATC,
    "product": "Varenr",
    "name": "Varenavn",
    "day": DATE,
    "ddd": DDD,
}
HEADER = ";".join(COLUMNS.values())
_GOOD = {"pid": P1, "sex": "2", "born": "1951", "atc": "N05BB01", "product": "058719"}
_GOOD |= {"name": "kanarivare", "day": "2012.02.25", "ddd": "62,5"}


def row(pid: str = P1, *more: str, **fields: str) -> str:
    """A good line with some fields replaced, and further fields."""
    return ";".join([*(_GOOD | {"pid": pid} | fields).values(), *more])


GOOD = row()


def text(*lines: str, header: str = HEADER, encoding: str = "iso-8859-1", end: str = "\n") -> bytes:
    """A delivered text file."""
    return end.join([header, *lines, ""]).encode(encoding)


def parquet(**columns: pa.Array) -> bytes:
    """A delivered Parquet file: a good row for each value, with some columns replaced."""
    rows = max((len(column) for column in columns.values()), default=1)
    table = {
        delivered: columns.get(name, pa.array([_GOOD[name]] * rows))
        for name, delivered in COLUMNS.items()
        if name != "name"
    }
    content = io.BytesIO()
    pq.write_table(pa.table(table), content)
    return content.getvalue()


@dataclass(frozen=True)
class Account:
    """What becomes of the lines of one file.

    Attributes:
        lines, accepted: how many; all others are rejected.
        rejected: the reasons.
        mended: accepted lines with something mended.
        repaired: what was mended.
        noted: what a person may want to know.
    """

    lines: int
    accepted: int
    rejected: Mapping[str, int] = field(default_factory=dict)
    mended: int = 0
    repaired: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """A full account.

    Attributes:
        files: the account of every new file by name.
        dispensings, persons: how many the lake holds afterwards.
        rows: its dispensings as "pseudonym code product-number day ddd", where a case looks at
            them; `-` is unknown.
        people: its persons as "pseudonym sex birth-year day-of-death", likewise.
        periods: its observation periods as "pseudonym from to", likewise.
        rejections: the rejected lines as "file line column reason", likewise.
        warnings: words of each warning.
        known: names of files whose content was there already.
        conflicts: persons with contradictory sexes, and birth years.
        replaced: dispensings that left the lake.
    """

    files: Mapping[str, Account]
    dispensings: int
    persons: int
    rows: tuple[str, ...] | None = None
    people: tuple[str, ...] | None = None
    periods: tuple[str, ...] | None = None
    rejections: tuple[str, ...] | None = None
    warnings: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    conflicts: tuple[int, int] = (0, 0)
    replaced: int = 0


@dataclass(frozen=True)
class Refused:
    """A clear error; the lake stays as it is.

    Attributes:
        problems: of each problem, in order, the words that must stand in it: place, fault, mend.
        error: its kind.
        rejected: words of the first rejected lines that the error tells too.
    """

    problems: tuple[tuple[str, ...], ...]
    error: type[Exception] = DeliveryError
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A delivery.

    Attributes:
        files: their content by name; or what makes them, given their path.
        outcome: what must become of it.
        source: how it is declared.
        named: what of the folder is delivered; the folder itself when empty.
        held: the files that the lake took in before, one delivery.
        replaces, share, lookups: options of the command; lookups are files of the delivery.
        meanwhile: done to the folder when the files are scanned and not yet parsed.
        large: whether it is parsed in large blocks.
    """

    files: Mapping[str, bytes | Callable[[Path], object]]
    outcome: Taken | Refused
    source: Source = NORPD
    named: tuple[str, ...] = ()
    held: Mapping[str, bytes] = field(default_factory=dict)
    replaces: tuple[str, ...] = ()
    share: float | None = None
    lookups: Mapping[str, str] = field(default_factory=dict)
    meanwhile: Callable[[Path], object] | None = None
    large: bool = False

    def deliver(self, folder: Path) -> list[str]:
        """Write the files; what is named on the command line."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            else:
                path.write_bytes(content)
        return [str(folder / name) for name in self.named] or [str(folder)]


FIRST = {
    "first.txt": text(
        row(P1, day="2012.02.28", ddd="1"),
        row(P1, day="2012.02.29", ddd="2"),
        row(P2, day="2012.03.01", ddd="3"),
        row(P3, day="2013.02.28", ddd="4"),
    )
}
"""What a lake holds before many of the deliveries come."""
