"""A table of a further design, or of a further exposure, bears its name behind its own."""

from __future__ import annotations

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
    """The name of a table, or of a contrast, of a further exposure; that of a design is in it.

    An id holds neither of the signs, so that no design is taken for an exposure.

    >>> with_exposure("users", "ssri"), with_exposure("users@gap30", "ssri")
    ('users@exposure:ssri', 'users@gap30@exposure:ssri')
    """
    return f"{name}{OF_EXPOSURE}{exposure}"


def without_exposure(name: str) -> tuple[str, str]:
    """A name as the study of that exposure alone has it, and the exposure; the own one is empty.

    >>> without_exposure("users@gap30@exposure:ssri"), without_exposure("users@gap30")
    (('users@gap30', 'ssri'), ('users@gap30', ''))
    """
    before, _, exposure = name.partition(OF_EXPOSURE)
    return before, exposure
