"""The table of ATC alterations: which code became which, and in the ATC index of which year.

`conf/codelists/atc_alterations.csv` holds the ones that the studies here need; WHO's whole list
replaces it with `--codelist atc_alterations=FILE`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ldn_spark.csv_files import read_rows
from ldn_spark.errors import ConfigError, Problem
from ldn_spark.study.codelists import no_such_list
from ldn_spark.study.codes import parse_atc
from ldn_spark.study.documents import conf_folder

NAME = "atc_alterations"
"""The name of the table as a codelist."""

REQUIRED_COLUMNS = ("previous_code", "new_code", "year")
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
    header = [_column_name(name) for name in lines[0].fields]
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        what = f"the header has no column {', '.join(missing)}"
        mend = f"name the columns {', '.join(REQUIRED_COLUMNS)}, substance"
        raise ConfigError(Problem(f"{path} line {lines[0].line}", what, mend))
    rows: dict[tuple[str, str, int], Alteration] = {}
    problems: list[Problem] = []
    for line in lines[1:]:
        try:
            row = _row(dict(zip(header, line.fields, strict=False)), line.line)
        except ValueError as error:
            what, _, mend = str(error).partition("; ")
            problems.append(Problem(f"{path} line {line.line}", what, mend))
            continue
        if row is not None:
            rows.setdefault((row.previous, row.new, row.year), row)
    if problems:
        raise ConfigError(problems)
    return Alterations(tuple(rows.values()), str(path))


def _column_name(heading: str) -> str:
    name = re.sub(r"\W+", "_", heading.lower()).strip("_")
    return _ALIASES.get(name, name)


def _row(fields: Mapping[str, str], line: int) -> Alteration | None:
    """A row of the table; None for a code that was deleted.

    Raises:
        ValueError: a field is malformed, or the two codes do not go together.
    """
    codes = [fields.get(name, "") for name in ("previous_code", "new_code")]
    if codes[1].lower() == _DELETED:
        return None
    (previous, noted), (new, noted_too) = (_code(code) for code in codes)
    if len(previous) != len(new):
        raise ValueError(
            f"{previous} and {new} are codes of different levels; write one line for every code "
            "that moved"
        )
    if previous == new:
        raise ValueError(f"{previous} becomes itself; remove the line")
    kind = set(re.split(r"[\s+,]+", fields.get("kind", "").lower())) - {""}
    if not kind <= _KINDS:
        raise ValueError("'kind' is neither split nor joined; write split, joined, both or nothing")
    decision = fields.get("decision", "").lower()
    if decision not in _DECISIONS:
        raise ValueError("'decision' is neither move nor stay; write one of them or nothing")
    unsure = (noted or noted_too) and not kind
    return Alteration(
        previous=previous,
        new=new,
        year=_year(fields.get("year", "")),
        substance=fields.get("substance", ""),
        line=line,
        split=unsure or "split" in kind,
        joined=unsure or "joined" in kind,
        decision=decision,  # type: ignore[arg-type]
    )


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


def described(row: Alteration) -> str:
    """`N03AX12 → N02BF01 (2023)`, as messages and reports say it."""
    return f"{row.previous} → {row.new} ({row.year})"


def substances(rows: Iterable[Alteration]) -> str:
    """The names of what rows are about, each once."""
    return ", ".join(dict.fromkeys(row.substance for row in rows if row.substance))


def hash_content(rows: Sequence[Alteration]) -> list[list[str | int | bool]]:
    """What of these rows decides a number, in an order that does not depend on the file's."""
    return [list(content) for content in sorted(row.content for row in rows)]
