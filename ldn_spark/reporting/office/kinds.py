"""The formats of an export: how its files end, and who writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ldn_spark.reporting.office.latex import latex
from ldn_spark.reporting.office.run_tables import Export
from ldn_spark.reporting.office.statistical import spss, stata
from ldn_spark.reporting.office.word import document
from ldn_spark.reporting.office.xlsx import workbook


@dataclass(frozen=True, slots=True)
class Kind:
    """A format: the ending of its files, and what makes the bytes of one."""

    ending: str
    write: Callable[[Export], bytes]


KINDS = {
    "xlsx": Kind(".xlsx", workbook),
    "docx": Kind(".docx", document),
    "latex": Kind(".tex", latex),
    "stata": Kind(".dta", stata),
    "spss": Kind(".sav", spss),
}
