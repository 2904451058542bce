"""The page of a quality report: one HTML file that needs nothing but itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ldn_spark.invented import SENTENCE
from ldn_spark.quality.amounts import DDD_RULES, PRESENCE_RULES, RULES, Rule
from ldn_spark.quality.assessment import Assessment, StudyQuality
from ldn_spark.quality.atc import AtcRow, beneath
from ldn_spark.quality.coverage import COVERAGE_RULE
from ldn_spark.quality.hits import HITS_RULE
from ldn_spark.quality.masking import FEWEST_SHOWN, shown
from ldn_spark.quality.volume import VOLUME_RULE
from ldn_spark.reporting.figures.draw import DrawnFigure
from ldn_spark.reporting.formats import fixed, pretty
from ldn_spark.reporting.quality.findings import findings, flagged_codes
from ldn_spark.reporting.quality.numbers import printed, share
from ldn_spark.reporting.quality.sheets import (
    NOTHING_FOUND,
    Column,
    Sheet,
    atc_sheet,
    explain,
)
from ldn_spark.shown import counted, numbered
from ldn_spark.texts.pages import fill, style

if TYPE_CHECKING:
    from markupsafe import Markup

TEMPLATE, LISTING = "reporting/quality/quality.html.j2", "reporting/quality/listing.html.j2"
STYLE = "reporting/quality/quality.css"
MOST_CODES = 40
"""Flagged codes on the page; the CSV has all of them."""
ANATOMICAL_GROUPS = {
    "A": "Alimentary tract and metabolism",
    "B": "Blood and blood forming organs",
    "C": "Cardiovascular system",
    "D": "Dermatologicals",
    "G": "Genito-urinary system and sex hormones",
    "H": "Systemic hormonal preparations",
    "J": "Antiinfectives for systemic use",
    "L": "Antineoplastic and immunomodulating agents",
    "M": "Musculo-skeletal system",
    "N": "Nervous system",
    "P": "Antiparasitic products",
    "R": "Respiratory system",
    "S": "Sensory organs",
    "V": "Various",
}
"""The first level of the ATC classification (WHO)."""

_AMOUNTS = (
    "atc", "dispensings", "missing_percent", "ddd_zero", "ddd_negative", "ddd_huge", "ddd_mean",
    "ddd_smallest", "ddd_largest", "flags",
)  # fmt: skip
_PRESENCE = ("atc", "dispensings", "first_month", "last_month", "flags")
_DECIMALS = {"ddd_mean": 2, "missing_percent": 1, "usual": 0}
_TITLES = {"atc": "ATC codes", "accounting": "Lines by file and reason", "files": "Delivered files"}
_KINDS = {"dispensings": "dispensings", "observation_periods": "observation periods"}


@dataclass(frozen=True, slots=True)
class CodesOfStudy:
    """What the codes of one study find: those that find nothing, and all of them."""

    id: str
    title: str
    empty: Sheet
    all: Sheet


def quality_html(found: Assessment, sheets: Mapping[str, Sheet], figure: DrawnFigure | None) -> str:
    """Fill the template. Every text is escaped.

    Args:
        found: what is said.
        sheets: the tables by id, as in the CSVs.
        figure: dispensings per month; None for no dispensing.
    """
    page = fill(
        TEMPLATE,
        version=found.version,
        invented=SENTENCE if found.invented else "",
        style=style("reporting/report.css", STYLE),
        facts=_facts(found),
        findings=findings(found),
        files=_files(found),
        reasons=_reasons(found),
        accounting=sheets["accounting"].only("file", "count_of", "reason", "lines"),
        figure=figure,
        months=sheets["months"].where("flag", bool),
        groups=atc_sheet([row for row in found.atc if row.level < 2 and row.kind != "code"]),
        amounts=_AMOUNTS,
        presence=_PRESENCE,
        wrong=_flagged(found.atc, DDD_RULES),
        partial=_flagged(found.atc, PRESENCE_RULES),
        atc=_by_group(found.atc),
        people=sheets["persons"],
        coverage=sheets["coverage"],
        observed=any(study.coverage.observed is not None for study in found.studies),
        codes=[_codes(study, sheets["codes"]) for study in found.studies],
        repeated=sheets.get("repeated_lines"),
        rules={"volume": VOLUME_RULE, "coverage": COVERAGE_RULE, "hits": HITS_RULE},
        ddd_rules=DDD_RULES,
        presence_rules=PRESENCE_RULES,
        fewest=FEWEST_SHOWN,
        most=MOST_CODES,
        names=list(sheets),
        count=counted,
        listing=listing,
    )
    return page.rstrip() + "\n"


def _facts(found: Assessment) -> list[tuple[str, str]]:
    lines, rejected = (sum(getattr(f, name) for f in found.files) for name in ("lines", "rejected"))
    facts = [
        ("dispensings", counted(found.whole.dispensings if found.whole else 0)),
        ("persons", printed(shown(found.people.persons))),
        (f"of {numbered(lines, 'delivered line')} rejected", f"{share(rejected, lines) or '0'} %"),
    ]
    if found.extract and found.whole:
        ends = found.extract.first, found.extract.last
        span = [f"{day:%Y\N{NON-BREAKING HYPHEN}%m}" for day in ends]
        facts.append((f"months from {span[0]} to {span[1]}", counted(len(found.months))))
        missing = share(found.whole.ddd_missing, found.whole.dispensings)
        facts.append(("of the dispensings without DDD", f"{missing} %"))
    return facts


def _files(found: Assessment) -> Sheet:
    columns = [
        Column("file", "Delivered file", number=False),
        Column("holds", "Holds", number=False),
    ]
    columns += [Column(name, name.capitalize()) for name in ("lines", "accepted", "rejected")]
    columns += [Column("share", "Rejected, %"), Column("repaired", "Repaired")]
    replaced = any(file.superseded for file in found.files)
    columns += [Column("replaced", "Replaced")] * replaced
    left_out = any(file.left_out for file in found.files)
    columns += [Column("left_out", "Left out")] * left_out
    rows = []
    for file in found.files:
        numbers = (file.lines, file.accepted, file.rejected)
        row = (file.name, _KINDS.get(file.kind, file.kind), *map(str, numbers),
               share(file.rejected, file.lines), str(file.repaired))  # fmt: skip
        row += (str(file.superseded),) * replaced + (str(file.left_out),) * left_out
        rows.append(row)
    return Sheet("files", tuple(columns), tuple(rows))


def _reasons(found: Assessment) -> Sheet:
    """Lines and files by kind and reason, over all files; the most frequent first."""
    lines: Counter[tuple[str, str]] = Counter()
    in_files: Counter[tuple[str, str]] = Counter()
    for file in found.files:
        lines.update(file.reasons)
        in_files.update(file.reasons.keys())
    order = ("rejected", "repaired", "noted")
    rows = [
        (kind, reason, explain(found, reason), str(number), str(in_files[kind, reason]))
        for (kind, reason), number in sorted(
            lines.items(), key=lambda item: (order.index(item[0][0]), -item[1], item[0])
        )
    ]
    columns = (
        Column("kind", "Lines are", number=False),
        Column("reason", "Reason", number=False),
        Column("explanation", "In words", number=False),
        Column("lines", "Lines"),
        Column("files", "Files"),
    )
    return Sheet("reasons", columns, tuple(rows))


def _flagged(rows: Sequence[AtcRow], rules: Sequence[Rule]) -> tuple[Sheet, int]:
    """The most dispensed flagged codes, and how many more there are."""
    chosen = flagged_codes(rows, rules)
    return atc_sheet(chosen[:MOST_CODES]), max(0, len(chosen) - MOST_CODES)


def _by_group(rows: tuple[AtcRow, ...]) -> list[tuple[str, str, Sheet]]:
    groups = [row.atc for row in rows if row.level == 1 and row.kind == "group"]
    return [
        (group, ANATOMICAL_GROUPS.get(group, ""), atc_sheet(_told_once(beneath(rows, group))))
        for group in groups
    ]


def _told_once(rows: Iterable[AtcRow]) -> list[AtcRow]:
    """The rows without groups of a single code, which say what the code's row says."""
    return [row for row in rows if row.kind != "group" or row.codes > 1]


def _codes(study: StudyQuality, codes: Sheet) -> CodesOfStudy:
    own = codes.where("study", lambda text: text == study.id)
    own = own.only("part", "id", "code", "first_year", "last_year", "dispensings", "remark")
    empty = own.where("remark", lambda text: text == NOTHING_FOUND)
    return CodesOfStudy(study.id, study.title, empty.only("part", "id", "code"), own)


def listing(sheet: Sheet, *names: str) -> Markup:
    """A sheet as an HTML table, which scrolls by itself; the named columns, or all of them."""
    if sheet.id == "atc":
        sheet = _labelled(sheet)
    part = sheet.only(*names) if names else sheet
    rows = [
        (_class(sheet, whole), [_cell(*pair) for pair in zip(part.columns, row, strict=True)])
        for whole, row in zip(sheet.rows, part.rows, strict=True)
    ]
    label = _TITLES.get(sheet.id, sheet.id.replace("_", " ").capitalize())
    return fill(LISTING, label=label, columns=part.columns, rows=rows)


def _class(sheet: Sheet, row: tuple[str, ...]) -> str:
    """How a row of the ATC table is set off: by its level and kind."""
    if sheet.id != "atc":
        return ""
    level, kind = row[1], row[2]
    return f"l{level} {kind}"


def _labelled(atc: Sheet) -> Sheet:
    """The ATC table with what a row stands for beside its code."""
    return replace(atc, rows=tuple((_label(row), *row[1:]) for row in atc.rows))


def _label(row: tuple[str, ...]) -> str:
    code, level, kind, codes = row[:4]
    if kind == "other":
        return f"{code} {numbered(int(codes), 'other code')}".strip()
    if kind == "code":
        return code if level == "5" else f"{code} itself"
    return f"{code} {ANATOMICAL_GROUPS.get(code, '')}".strip() or "All codes"


def _cell(column: Column, text: str) -> str:
    if column.name == "flags":
        return ", ".join(RULES[flag].label for flag in text.split())
    if column.name in _DECIMALS and text:
        return pretty(fixed(Decimal(text), _DECIMALS[column.name]))
    return printed(text) if column.number else text
