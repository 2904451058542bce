"""How a register delivers its files: declared per source, nothing guessed."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ldn_spark.study.documents import Document, find_document, read_document

REQUIRED_COLUMNS = ("pseudonym", "sex", "birth_year", "atc", "dispensed_on", "ddd")
OPTIONAL_COLUMNS = (
    "product_number",
    "packages",
    "reimbursement_icd",
    "reimbursement_icpc",
    "death_year",
    "death_month",
)
_DATE_PARTS = {"yyyy": r"(?P<y>\d{4})", "MM": r"(?P<m>\d{2})", "dd": r"(?P<d>\d{2})"}
_ENCODINGS = {"iso8859-1", "cp1252", "utf-8", "ascii", "utf-8-sig"}


def _known_encoding(name: str) -> str:
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    if known not in _ENCODINGS:
        raise ValueError(
            f"'{name}' is not an encoding this reads; write utf-8, iso-8859-1 or windows-1252"
        )
    return name


def _known_date_format(text: str) -> str:
    if any(text.count(part) != 1 for part in _DATE_PARTS):
        raise ValueError(
            f"'{text}' is not a date format; write yyyy, MM and dd once each, like yyyy.MM.dd"
        )
    return text


Character = Annotated[str, Field(min_length=1, max_length=1)]


class Source(Document):
    """The layout of one register's text files."""

    id: str
    title: str
    format: Literal["text"]
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    encoding: Annotated[str, AfterValidator(_known_encoding)]
    delimiter: Character
    quote: Character | None
    decimal_mark: Literal[",", "."]
    date_format: Annotated[str, AfterValidator(_known_date_format)]
    columns: dict[str, str]
    optional_columns: dict[str, str]
    ignored_columns: tuple[str, ...]
    sex_codes: dict[str, Literal["F", "M"]]
    product_number_width: Annotated[int, Field(ge=1, le=12)]

    @model_validator(mode="after")
    def _check(self) -> Source:
        missing = [name for name in REQUIRED_COLUMNS if name not in self.columns]
        if missing:
            raise ValueError(f"'columns' does not say where {', '.join(missing)} stand; add them")
        known = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
        for name in (*self.columns, *self.optional_columns):
            if name not in known:
                raise ValueError(f"there is no column '{name}'; known: {', '.join(known)}")
        return self

    @property
    def codec(self) -> str:
        """Python's name of the encoding."""
        return codecs.lookup(self.encoding).name.removesuffix("-sig")

    @property
    def date_pattern(self) -> re.Pattern[str]:
        """A pattern with groups y, m, d that a whole field must match."""
        pattern = re.escape(self.date_format)
        for part, group in _DATE_PARTS.items():
            pattern = pattern.replace(part, group)
        return re.compile(pattern, re.ASCII)


def load_source(name_or_path: str) -> Source:
    """A source by name (`norpd`) or path.

    Raises:
        ConfigError: there is none, or its file is wrong; all problems at once.
    """
    return read_document(find_document(name_or_path, "sources"), Source)
