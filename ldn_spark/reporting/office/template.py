"""An empty Word document to write into: the library's own, or one with the styles of a template.

What a template says of people and machines is left behind: authors, company, comments, paths.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile
from zlib import error as ZlibError

from ldn_spark.errors import Problem, UsageError
from ldn_spark.reporting.office.packed import CREATED

if TYPE_CHECKING:
    from docx.document import Document

_PROPERTIES = re.compile(r"/(extended-properties|custom-properties|thumbnail)$")
_OF_PEOPLE = re.compile(r"/(comments\w*|people|attachedTemplate|customXml)$")
_UNREADABLE = (
    BadZipFile,
    ZlibError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
)
"""What libraries raise of archives that are damaged, encrypted, or of something else."""
_POINTS = {"Caption": 9, "Table Text": 8, "Table Note": 8}
"""Styles that are made where a template has none of that name, and their size."""


def new_document(template: bytes | None, name: str, *, title: str, note: str) -> Document:
    """A document without text, with the styles that tables are written in.

    Args:
        template: a Word document; None for the library's own.
        name: of the template, for messages.
        title: of the document.
        note: stands among the document's properties.

    Raises:
        UsageError: the template is no Word document.
    """
    made = _opened(template, name)
    _empty(made)
    _forget(made)
    said = made.core_properties
    for text in ("author", "last_modified_by", "category", "keywords", "subject", "version"):
        setattr(said, text, "")
    said.title, said.comments, said.revision = title[:255], note, 1
    said.created = said.modified = CREATED
    _add_styles(made, name)
    return made


def _opened(template: bytes | None, name: str) -> Document:
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    if template is None:
        return _on_a4(docx.Document())
    try:
        made = docx.Document(io.BytesIO(template))
        if made.element.body is None or not made.sections:
            raise ValueError("it has no page")
        return made
    except (*_UNREADABLE, OpcError, LxmlError):
        mend = "save it as a Word document (.docx), not as a template (.dotx) or an older kind"
        raise UsageError(Problem(name, "is no Word document that can be read", mend)) from None


def _on_a4(made: Document) -> Document:
    from docx.shared import Mm

    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin = section.bottom_margin = Mm(20)
    return made


def _empty(made: Document) -> None:
    """Take the text away; the last section stays, with the page, its headers and footers."""
    from docx.oxml.ns import qn

    body = made.element.body
    for child in list(body):
        if child.tag != qn("w:sectPr"):
            body.remove(child)


def _forget(made: Document) -> None:
    """Parts that name people, machines or times: left out by dropping what leads to them."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    package = made.part.package
    _drop(package.rels, _PROPERTIES)
    for child in list(made.core_properties._element):
        if child.tag.rpartition("}")[2] in ("lastPrinted", "identifier", "contentStatus"):
            made.core_properties._element.remove(child)
    _drop(made.part.rels, _OF_PEOPLE)
    settings = made.settings
    _drop(made.part.part_related_by(RELATIONSHIP_TYPE.SETTINGS).rels, _OF_PEOPLE)
    for child in list(settings.element):
        if child.tag.rpartition("}")[2] in ("attachedTemplate", "rsids", "docVars", "mailMerge"):
            settings.element.remove(child)


def _drop(relations: Any, kinds: re.Pattern[str]) -> None:
    for key in [key for key, one in relations.items() if kinds.search(one.reltype)]:
        del relations[key]


def _add_styles(made: Document, template: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt

    styles = made.styles
    for name, points in _POINTS.items():
        if name in styles:
            if styles[name].type != WD_STYLE_TYPE.PARAGRAPH:
                mend = "rename it in the template"
                raise UsageError(Problem(template, f"{name} is no style of paragraphs", mend))
            continue
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.font.size = Pt(points)
        style.paragraph_format.space_before = Pt(0)
        style.paragraph_format.space_after = Pt(2 if name != "Table Text" else 0)
