"""How a register delivers its files: declared per source, nothing guessed."""

from __future__ import annotations

from pydantic import model_validator

from ldn_spark.delivery.source.checks import contradictions
from ldn_spark.delivery.source.keys import SourceKeys
from ldn_spark.texts.documents import find_document, read_document
from ldn_spark.texts.faults import refuse


class Source(SourceKeys):
    """The layout of one register's files."""

    @model_validator(mode="after")
    def _check(self) -> Source:
        refuse(contradictions(self))
        return self


def load_source(name_or_path: str) -> Source:
    """A source by name (`norpd`) or path.

    Raises:
        ConfigError: there is none, or its file is wrong; all problems at once.
    """
    return read_document(find_document(name_or_path, "sources"), Source)
