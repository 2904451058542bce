"""The part of `docs/estimates.md` that says of which quantity each column of a printed CSV is.

`python -m ldn_spark.reporting.columns_page docs/estimates.md` writes the whole page anew, the
catalogue of quantities with it; the text around what is made stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ldn_spark.catalogue import page as catalogue_page
from ldn_spark.catalogue.lookup import anchor
from ldn_spark.estimates.results import Results
from ldn_spark.reporting.cells import View
from ldn_spark.reporting.contrast_tables import did_table
from ldn_spark.reporting.exposure_tables import exposure_tables
from ldn_spark.reporting.outcome_tables import dispenses_table
from ldn_spark.reporting.printed import Name, PrintedTable
from ldn_spark.reporting.tables import all_tables
from ldn_spark.reporting.units import DISPENSES
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.exposures import OtherExposure
from ldn_spark.study.load import load_study
from ldn_spark.texts.text_files import read_text

BEGIN, END = "<!-- made of the printed tables -->", "<!-- end of the printed tables -->"
EXAMPLE = "ldn_2013"
"""A study that prints every table of one exposure."""
_ANOTHER = OtherExposure(id="another", name="another drug", abbreviation="other", atc=("N06AB",))


def renewed(page: str) -> str:
    """A page with the catalogue and the columns of the printed tables between their marks.

    Raises:
        ValueError: it lacks a mark.
    """
    study = load_study(EXAMPLE).definition
    made = "".join(_section(study, table) for table in every_table(study))
    return catalogue_page.between(catalogue_page.renewed(page), BEGIN, END, made)


def every_table(study: StudyDefinition) -> tuple[PrintedTable, ...]:
    """The tables that a study can print, without any number."""
    nothing = Results((), (), ())
    by_id = {table.id: table for table in all_tables(study, nothing)}
    view = View(nothing)
    several = study.model_copy(update={"exposures": (_ANOTHER,)})
    for table in (
        dispenses_table(study, view, outcomes=study.outcomes),
        did_table(study, view, unit=DISPENSES, outcomes=study.outcomes),
        *exposure_tables(several, replace(nothing, others={_ANOTHER.id: nothing})),
    ):
        by_id.setdefault(table.id, table)
    return tuple(table for table in by_id.values() if any(columns_of(table)))


def _section(study: StudyDefinition, table: PrintedTable) -> str:
    lines = [
        f"\n### `tables/{table.id}.csv`",
        "| column | row | quantity |",
        "|---|---|---|",
        *dict.fromkeys(
            f"| `{general(study, column)}` | {f'`{row}`' if row else ''} | {_link(name)} |"
            for column, row, name in columns_of(table)
        ),
    ]
    return "\n".join(lines) + "\n"


def columns_of(table: PrintedTable) -> Iterator[tuple[str, str, Name]]:
    """Column, row and quantity; the row is empty where a column is of one quantity in all rows."""
    for at, (column, of) in enumerate(zip(table.columns, table.of_columns, strict=True)):
        if of:
            yield from ((name, "", one) for name, one in zip(column.names, of, strict=True))
            continue
        for row in table.rows():
            pairs = zip(column.names, row.cells[at].of, strict=False)  # an empty cell is of nothing
            yield from ((name, row.key, one) for name, one in pairs)


def general(study: StudyDefinition, column: str) -> str:
    """A column's name with STRATUM and CONTRAST in the place of a study's own ids."""
    for one in study.contrasts:
        column = column.replace(one.id, "CONTRAST")
    for level in study.strata.levels:
        column = column.replace(level.id, "STRATUM")
    return column


def _link(name: Name) -> str:
    at = anchor(*name)
    return f"[`{at}`](#{at})"


def main(path: Path) -> None:
    """Write what is made into a page."""
    text = renewed(read_text(path))
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
