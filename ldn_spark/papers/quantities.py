"""The names of published values and how each kind of number is printed.

The names are those of the catalogue of quantities, and so of `docs/estimates.md`; the table
`design` is derived from the study alone.
"""

from __future__ import annotations

from ldn_spark.catalogue.lookup import BY_NAME, need
from ldn_spark.catalogue.quantity import Kind
from ldn_spark.study.definition import OVERALL, StudyDefinition

SCALE = {Kind.SHARE: 100}
"""What a computed value is multiplied by before it is printed; 1 where not listed."""
TABLES = tuple(BY_NAME)
SHARE_OF = "share_of_"
"""`ddd ... share_of_<outcome>`: of the DDDs of that outcome, before and after together."""


def kind_of(table: str, quantity: str) -> Kind:
    """How a quantity of a table is printed.

    Raises:
        LookupError: the table has no such quantity.
    """
    if quantity.startswith(SHARE_OF):
        return Kind.SHARE
    return need(table, quantity).kind


def quantities(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """Every quantity of a table."""
    shares = [SHARE_OF + outcome.id for outcome in study.outcomes] if table == "ddd" else []
    return (*(one.name for one in BY_NAME[table].quantities), *shares)


def strata(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """What may stand as the stratum of a table: strata, contrasts, `overall`; also of subgroups."""
    of = {
        "stratum": (*(level.id for level in study.strata.levels), OVERALL),
        "contrast": tuple(contrast.id for contrast in study.contrasts),
        "overall": (OVERALL,),
    }
    names = tuple(name for per in BY_NAME[table].per for name in of[per])
    if not BY_NAME[table].in_estimates:
        return names
    return (*names, *(f"{group.id}/{name}" for group in study.subgroups for name in names))


def outcomes(table: str, study: StudyDefinition) -> tuple[str, ...]:
    """What may stand as the outcome of a table; nothing where the number is the stratum's own."""
    return tuple(one.id for one in study.outcomes) if BY_NAME[table].has_outcome else ("",)
