"""The figures drawn by copies of this process, each a part of them at the same time.

Drawing takes longer than all other publishing. The bytes are those of `all_figures`.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass

from ldn_spark.reporting.figures.draw import (
    WITHOUT_RESULTS,
    DrawnFigure,
    all_figures,
    draw_figures,
    figure_ids,
)
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition

Figures = tuple[DrawnFigure, ...]
Draw = Callable[[StudyDefinition, Results], Callable[[], Figures]]
"""Is given what to draw, and hands back what to call for the pictures."""

_SLOW = ("figure2", "figure3")
"""The curves and the forest plot take longest: a copy each."""


def draw_here(study: StudyDefinition, results: Results) -> Callable[[], Figures]:
    """Draw in this process, when the pictures are asked for."""
    return lambda: all_figures(study, results)


def draw_ahead(study: StudyDefinition) -> Figures:
    """The figures that need no results. A library's first figure takes longest."""
    return draw_figures(study, Results((), (), ()), WITHOUT_RESULTS)


def draw_by_copies(
    study: StudyDefinition, results: Results, *, ahead: Figures = ()
) -> Callable[[], Figures]:
    """Let copies begin with the slow figures; the others are drawn here when they are asked for.

    For a process with one thread: a copy of several could wait for ever for one that it lacks.

    Args:
        study, results: what is drawn.
        ahead: figures that were drawn before.
    """
    ids = figure_ids(study, results)
    copies = [_begin(study, results, name) for name in ids if name in _SLOW]
    left = [name for name in ids if name not in (*_SLOW, *(figure.id for figure in ahead))]

    def pictures() -> Figures:
        drawn = ahead + draw_figures(study, results, left)
        for copy in copies:
            drawn += copy.pictures(study, results)
        return tuple(sorted(drawn, key=lambda figure: ids.index(figure.id)))

    return pictures


@dataclass(frozen=True, slots=True)
class _Copy:
    pid: int
    pipe: int
    figure: str

    def pictures(self, study: StudyDefinition, results: Results) -> Figures:
        """What the copy drew; drawn here where it failed, so that the error is raised here."""
        with os.fdopen(self.pipe, "rb") as pipe:
            content = pipe.read()
        os.waitpid(self.pid, 0)
        return pickle.loads(content) if content else draw_figures(study, results, [self.figure])


def _begin(study: StudyDefinition, results: Results, figure: str) -> _Copy:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            content = pickle.dumps(draw_figures(study, results, [figure]))
            with os.fdopen(writer, "wb") as pipe:
                pipe.write(content)
        finally:
            os._exit(0)
    os.close(writer)
    return _Copy(pid, reader, figure)
