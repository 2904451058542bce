"""The tables of a run as a Word document: real tables, with captions that Word can list.

Styles, page set-up, headers and footers are those of a template, where one is given.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ldn_spark.reporting.office.packed import repacked
from ldn_spark.reporting.office.run_tables import Export, is_wide, numbered_part
from ldn_spark.reporting.office.template import new_document
from ldn_spark.reporting.office.word_table import add_table
from ldn_spark.shown import escaped
from ldn_spark.texts.restricted import RESTRICTED

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section, _Header
    from docx.text.paragraph import Paragraph

    from ldn_spark.reporting.printed import PrintedTable

CAPTION, NOTE = "Caption", "Table Note"


def document(export: Export, template: bytes | None = None, name: str = "") -> bytes:
    """A DOCX file of every table; the same run gives the same bytes, whenever it is written.

    Args:
        export: what is exported.
        template: a Word document whose styles, page and headers are taken over; its text is not.
        name: of the template, for messages.

    Raises:
        UsageError: the template is no Word document.
    """
    made = new_document(template, name, title=export.study.title, note=RESTRICTED)
    _mark(made)
    _paragraph(made, RESTRICTED).runs[0].bold = True
    for text in export.about:
        _paragraph(made, text)
    lies = _is_landscape(made.sections[-1])
    upright = not lies
    for table in export.tables:
        wanted = is_wide(table) or not upright
        if wanted != lies:
            _turn(made)
            lies = wanted
        _add(made, table)
    stream = io.BytesIO()
    made.save(stream)
    return repacked(stream.getvalue())


def _add(made: Document, table: PrintedTable) -> None:
    """A table between its caption and its notes."""
    caption = made.add_paragraph(style=CAPTION)
    caption.paragraph_format.keep_with_next = True
    number, rest = numbered_part(table.number)
    if number:
        caption.add_run("Table ").bold = True
        _add_field(caption, number)
    caption.add_run(escaped(f"{rest}. ")).bold = True
    caption.add_run(escaped(f"{table.title} {table.caption}".strip())).bold = False
    section = made.sections[-1]
    add_table(made, table, section.page_width - section.left_margin - section.right_margin)
    for mark, text in _notes(table):
        note = made.add_paragraph(style=NOTE)
        if mark:
            note.add_run(mark).font.superscript = True
        note.add_run(escaped(f" {text}" if mark else text))
    made.add_paragraph(style=NOTE)


def _notes(table: PrintedTable) -> Iterator[tuple[str, str]]:
    yield from (("", note) for note in table.notes)
    yield from table.footnotes


def _add_field(paragraph: Paragraph, number: str) -> None:
    """A number that Word counts, so that a list of tables finds it; set to the table's own."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    told = OxmlElement("w:instrText")
    told.set(qn("xml:space"), "preserve")
    told.text = rf" SEQ Table \* ARABIC \r {number} "
    for content in (_field("begin"), told, _field("separate"), number, _field("end")):
        run = paragraph.add_run(content if isinstance(content, str) else "")
        run.bold = True
        if not isinstance(content, str):
            run._r.append(content)


def _field(step: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), step)
    return mark


def _paragraph(made: Document, text: str) -> Paragraph:
    return made.add_paragraph(escaped(text))


def _mark(made: Document) -> None:
    """The mark in every header of the only section, which those that are added take over."""
    section = made.sections[0]
    headers: list[_Header] = [section.header]
    if section.different_first_page_header_footer:
        headers.append(section.first_page_header)
    if made.settings.odd_and_even_pages_header_footer:
        headers.append(section.even_page_header)
    for header in headers:
        if header.is_linked_to_previous:
            header.is_linked_to_previous = False
            header.paragraphs[0].text = RESTRICTED
        else:
            header.add_paragraph(RESTRICTED)


def _is_landscape(section: Section) -> bool:
    return section.page_width > section.page_height


def _turn(made: Document) -> None:
    """A new section whose pages lie where those before stood, or stand."""
    from docx.enum.section import WD_ORIENT, WD_SECTION

    section = made.add_section(WD_SECTION.NEW_PAGE)
    section.page_width, section.page_height = section.page_height, section.page_width
    lies = _is_landscape(section)
    section.orientation = WD_ORIENT.LANDSCAPE if lies else WD_ORIENT.PORTRAIT
