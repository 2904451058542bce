"""A table of a further design, or of a further exposure, bears its name behind its own."""

from __future__ import annotations

from ldn_spark.study.ids import STUDY

OF_DESIGN = "@"
OF_EXPOSURE = "@exposure:"


def table_of(table: str, design: str) -> str:
    """The name of a table of a further design.

    >>> table_of("users", "gap30")
    'users@gap30'
    """
    return f"{table}{OF_DESIGN}{design}"


def table_and_design(table: str) -> tuple[str, str]:
    """A table's name, and its design, whatever the exposure; the study's own pair has none.

    >>> table_and_design("users@gap30"), table_and_design("ddd@exposure:ssri")
    (('users', 'gap30'), ('ddd', ''))
    """
    name, _, design = table.partition(OF_EXPOSURE)[0].partition(OF_DESIGN)
    return name, design


def with_exposure(name: str, exposure: str) -> str:
    """The name in files of a table of one of the exposures.

    That of a design stands before it; an id holds neither of the signs, so that no design is taken
    for an exposure.

    >>> with_exposure("users", "study"), with_exposure("users", "ssri")
    ('users', 'users@exposure:ssri')
    >>> with_exposure("users@gap30", "ssri")
    'users@gap30@exposure:ssri'
    """
    return name if exposure == STUDY else f"{name}{OF_EXPOSURE}{exposure}"


def without_exposure(name: str) -> tuple[str, str]:
    """A name as the study of that exposure alone has it, and the exposure.

    >>> without_exposure("users@gap30@exposure:ssri"), without_exposure("users@gap30")
    (('users@gap30', 'ssri'), ('users@gap30', 'study'))
    """
    before, sign, exposure = name.partition(OF_EXPOSURE)
    return before, exposure if sign else STUDY
