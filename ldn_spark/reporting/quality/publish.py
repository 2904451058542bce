"""Write a quality report into a folder."""

from __future__ import annotations

from pathlib import Path

from ldn_spark.quality.assessment import Assessment
from ldn_spark.reporting.quality.sheets import QUALITY_HTML, all_sheets
from ldn_spark.texts.csv_cells import csv_text
from ldn_spark.texts.restricted import marked_page


def publish_quality(found: Assessment, folder: Path) -> list[Path]:
    """Write the page, its figure and a CSV per table; the same assessment gives the same bytes.

    Returns:
        Every file written, in the order of writing.
    """
    from ldn_spark.reporting.quality.months import months_figure
    from ldn_spark.reporting.quality.page import quality_html

    sheets = all_sheets(found)
    contents: dict[str, str | bytes] = {
        f"{sheet.id}.csv": csv_text([column.name for column in sheet.columns], sheet.rows)
        for sheet in sheets
    }
    figure = None
    if found.months:
        figure = months_figure(found.months, invented=found.invented)
        contents |= {"months.svg": figure.svg, "months.png": figure.png}
    page = quality_html(found, {sheet.id: sheet for sheet in sheets}, figure)
    contents[QUALITY_HTML] = marked_page(page)
    folder.mkdir(parents=True)
    for name, content in contents.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return [folder / name for name in contents]
