"""The studies that a run is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ldn_spark.cli.named_files import named_files
from ldn_spark.errors import Problem, UsageError

if TYPE_CHECKING:
    from ldn_spark.runs.run import Wanted


def wanted_studies(
    names: Sequence[str], codelists: Sequence[str] | None, published: str | None
) -> list[Wanted]:
    """The studies of these names, files and folders, and what they are held against.

    Raises:
        ConfigError: a study or a codelist is wrong.
        UsageError: an option fits none of the studies, or published values are given for several.
    """
    from ldn_spark.papers.reading import find_published
    from ldn_spark.runs.run import Wanted
    from ldn_spark.study.load import load_studies

    studies = load_studies(names, named_files(codelists))
    require_one_study(published, len(studies))
    values = None if published is None else find_published(published)
    return [Wanted(study, values) for study in studies]


def require_one_study(published: str | None, studies: int) -> None:
    """Refuse published values for several studies: they are of one.

    Raises:
        UsageError: they are given, and there is more than one study.
    """
    if published is not None and studies > 1:
        what = f"published values are of one study, and {studies} are to be run"
        raise UsageError(Problem("--published", what, "run that study alone"))
