"""The slow figures drawn by a pool of copies of this process, at the same time as the others.

Drawing takes longer than all other publishing. The bytes are those of `all_figures`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ldn_spark.estimates.results import Results
from ldn_spark.reporting.figures.draw import (
    DrawnFigure,
    all_figures,
    draw_figures,
)
from ldn_spark.reporting.figures.registry import FIGURES, figure_ids
from ldn_spark.reporting.lifetime import end_with_parent
from ldn_spark.study.definition import StudyDefinition

Figures = tuple[DrawnFigure, ...]
Draw = Callable[[StudyDefinition, Results], Callable[[], Figures]]
"""Is given what to draw, and hands back what to call for the pictures."""


def draw_here(study: StudyDefinition, results: Results) -> Callable[[], Figures]:
    """Draw in this process, when the pictures are asked for."""
    return lambda: all_figures(study, results)


def draw_ahead(study: StudyDefinition) -> Figures:
    """The figures that need no results. A library's first figure takes longest."""
    ids = [name for name, figure in FIGURES.items() if not figure.needs_results]
    return draw_figures(study, Results((), (), ()), ids)


def draw_by_copies(
    study: StudyDefinition, results: Results, *, ahead: Figures = ()
) -> Callable[[], Figures]:
    """Let copies begin with the slow figures; the others are drawn here when they are asked for.

    For a process with one thread: a copy of several could wait for ever for one that it lacks.
    What goes wrong in a copy is raised where the pictures are asked for.

    Args:
        study, results: what is drawn.
        ahead: figures that were drawn before.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    ids = figure_ids(study, results)
    slow = [name for name in ids if FIGURES[name].is_slow]
    left = [name for name in ids if name not in (*slow, *(figure.id for figure in ahead))]
    try:
        pool = ProcessPoolExecutor(
            max(1, len(slow)), get_context("fork"), _begin, (os.getpid(), study, results)
        )
        copies = [pool.submit(_draw, name) for name in slow]
    except (OSError, ImportError, NotImplementedError):  # no room for a process or a semaphore
        copies, left = [], [*left, *slow]

    def pictures() -> Figures:
        drawn = [*ahead, *draw_figures(study, results, left)]
        for copy in copies:
            drawn += copy.result()
        return tuple(sorted(drawn, key=lambda figure: ids.index(figure.id)))

    return pictures


_given: list[tuple[StudyDefinition, Results]] = []
"""What a copy draws: it has this already when it is forked, so that nothing is sent."""


def _begin(parent: int, study: StudyDefinition, results: Results) -> None:
    end_with_parent(parent)
    _given.append((study, results))


def _draw(name: str) -> Figures:
    return draw_figures(*_given[-1], [name])
