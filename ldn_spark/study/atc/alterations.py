"""The table of ATC alterations: which code became which, and in the ATC index of which year.

`conf/codelists/atc_alterations.csv` holds the ones that the studies here need; WHO's whole list
replaces it with `--codelist atc_alterations=FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, model_validator

from ldn_spark.errors import Problem
from ldn_spark.study.codelists import no_such_list
from ldn_spark.study.codes import parse_atc
from ldn_spark.texts.csv_files import CsvRow, Fault, read_rows, refuse, typed_rows
from ldn_spark.texts.documents import conf_folder

NAME = "atc_alterations"
"""The name of the table as a codelist."""

# how WHO's own list calls them
_ALIASES = {
    "previous_atc_code": "previous_code",
    "new_atc_code": "new_code",
    "year_changed": "year",
    "year_of_change": "year",
    "substance_name": "substance",
    "atc_level_name": "substance",
}
_KINDS = {"split", "joined"}
_DECISIONS = {"", "move", "stay"}
_WRITTEN = re.compile(
    r"(?P<code>[A-Z](?:\d{2}(?:[A-Z](?:[A-Z](?:\d{2})?)?)?)?)(?P<footnote>\s*\d+\)|\s+\d+)?",
    re.IGNORECASE | re.ASCII,
)
_DELETED = "deleted"
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


@dataclass(frozen=True, slots=True)
class Alteration:
    """One row: what had `previous` in the index of the year before has `new` from `year` on.

    A code of a higher level moves everything below it, the endings kept.

    Attributes:
        previous, new: codes of the same level.
        year: the ATC index in which the new code is in force first.
        substance: for people.
        line: of the file.
        split: only some products moved; the previous code stays in force for the others.
        joined: the new code was in force before, for something else.
        decision: where the ATC code alone does not tell what moved: `move` takes everything as
            moved, `stay` leaves the codes as they are, empty leaves it open.
    """

    previous: str
    new: str
    year: int
    substance: str = ""
    line: int = 0
    split: bool = False
    joined: bool = False
    decision: Literal["", "move", "stay"] = ""

    @property
    def content(self) -> tuple[str | int | bool, ...]:
        """What decides a number, for the study's hash."""
        return (self.previous, self.new, self.year, self.split, self.joined, self.decision)


@dataclass(frozen=True, slots=True)
class Alterations:
    """The rows of a table, in the order of the file, and where it was read."""

    rows: tuple[Alteration, ...] = ()
    source: str = ""

    def where(self, row: Alteration) -> str:
        """The file and line of a row, for messages."""
        return f"{self.source} line {row.line}"


NO_ALTERATIONS = Alterations()


def read_alterations(path: Path | None = None) -> Alterations:
    """Read `conf/codelists/atc_alterations.csv`, or the file that replaces it for this run.

    A CSV with a header: `previous_code`, `new_code` and `year`, and if wanted `substance`, `kind`
    (empty, `split`, `joined` or `split joined`) and `decision` (empty, `move` or `stay`). WHO's
    own headings do as well. The mark of a footnote after a code stands for a note that this
    cannot read, so such a row counts as `split joined` until `kind` says what it is. A code that
    was deleted without a successor is left aside: it has no other code to be read as.

    Raises:
        ConfigError: the file is missing, or lines are malformed; all of them at once.
    """
    path = path or conf_folder() / "codelists" / f"{NAME}.csv"
    lines = read_rows(path, comments=True, missing=no_such_list(NAME, path))
    if not lines:
        return Alterations((), str(path))
    rows: dict[tuple[str, str, int], Alteration] = {}
    problems: list[Problem] = []
    for line, row in typed_rows(
        path, lines, _Row, problems, heading=_column_name, passed_over=_is_deleted
    ):
        rows.setdefault((row.previous, row.new, row.year), row.alteration(line))
    refuse(path, problems)
    return Alterations(tuple(rows.values()), str(path))


def _column_name(heading: str) -> str:
    name = re.sub(r"\W+", "_", heading.lower()).strip("_")
    return _ALIASES.get(name, name)


def _is_deleted(cells: Mapping[str, str]) -> bool:
    return cells.get("new_code", "").lower() == _DELETED


def _code(text: str) -> tuple[str, bool]:
    """A code, and whether the mark of a footnote follows it.

    >>> _code("L04AX03 2)"), _code("L04AX032)"), _code("n02bf01")
    (('L04AX03', True), ('L04AX03', True), ('N02BF01', False))
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return parse_atc(text.upper()), False
    return parse_atc(found["code"].upper()), found["footnote"] is not None


def _year(text: str) -> int:
    if not re.fullmatch(r"\d{4}", text, re.ASCII) or not _FIRST_YEAR <= int(text) <= _LAST_YEAR:
        raise ValueError(f"'{text}' is not the year of an ATC index; write four digits, like 2023")
    return int(text)


def _kind(text: str) -> frozenset[str]:
    kind = frozenset(re.split(r"[\s+,]+", text.lower())) - {""}
    if not kind <= _KINDS:
        raise Fault("'kind' is neither split nor joined", "write split, joined, both or nothing")
    return kind


def _decision(text: str) -> str:
    if text.lower() not in _DECISIONS:
        raise Fault("'decision' is neither move nor stay", "write one of them or nothing")
    return text.lower()


_Code = Annotated[tuple[str, bool], BeforeValidator(_code)]


class _Row(CsvRow):
    previous_code: _Code
    new_code: _Code
    year: Annotated[int, BeforeValidator(_year)]
    substance: str = ""
    kind: Annotated[frozenset[str], BeforeValidator(_kind)] = frozenset()
    decision: Annotated[Literal["", "move", "stay"], BeforeValidator(_decision)] = ""

    @property
    def previous(self) -> str:
        return self.previous_code[0]

    @property
    def new(self) -> str:
        return self.new_code[0]

    @model_validator(mode="after")
    def _two_codes_of_a_level(self) -> _Row:
        if len(self.previous) != len(self.new):
            what = f"{self.previous} and {self.new} are codes of different levels"
            raise Fault(what, "write one line for every code that moved")
        if self.previous == self.new:
            raise Fault(f"{self.previous} becomes itself", "remove the line")
        return self

    def alteration(self, line: int) -> Alteration:
        """What the row says; with the mark of a footnote and no kind it may be of either."""
        unsure = (self.previous_code[1] or self.new_code[1]) and not self.kind
        return Alteration(
            previous=self.previous,
            new=self.new,
            year=self.year,
            substance=self.substance,
            line=line,
            split=unsure or "split" in self.kind,
            joined=unsure or "joined" in self.kind,
            decision=self.decision,
        )


def described(row: Alteration) -> str:
    """`N03AX12 → N02BF01 (2023)`, as messages and reports say it."""
    return f"{row.previous} → {row.new} ({row.year})"


def substances(rows: Iterable[Alteration]) -> str:
    """The names of what rows are about, each once."""
    return ", ".join(dict.fromkeys(row.substance for row in rows if row.substance))


def hash_content(rows: Sequence[Alteration]) -> list[list[str | int | bool]]:
    """What of these rows decides a number, in an order that does not depend on the file's."""
    return [list(content) for content in sorted(row.content for row in rows)]
