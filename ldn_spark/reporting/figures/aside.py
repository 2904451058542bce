"""The figures drawn aside: by two processes, while this one waits for the engine.

matplotlib takes about as long to load and to draw as the embedded engine takes for a whole
registry, and none of it waits for the engine. A process that is started early loads it; when the
results are there, it and a copy of itself draw half of the figures each. The bytes are those of
`all_figures`, which draws in this process where the other cannot be started or is lost.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from ldn_spark.reporting.figures.draw import DrawnFigure, all_figures, draw_figures, figure_ids
from ldn_spark.results import Results
from ldn_spark.study.definition import StudyDefinition

Figures = tuple[DrawnFigure, ...]
Draw = Callable[[StudyDefinition, Results], Callable[[], Figures]]
"""Is given what to draw, and hands back what to call for the pictures."""


def draw_here(study: StudyDefinition, results: Results) -> Callable[[], Figures]:
    """Draw in this process, when the pictures are asked for."""
    return lambda: all_figures(study, results)


@contextmanager
def drawing_aside() -> Iterator[Draw]:
    """A process that gets ready now and draws when it is asked; gone at the end."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a fault comes to light when it is drawn here instead
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for this process, which then ends that one
        )
    except OSError:
        yield draw_here
        return
    try:
        yield lambda study, results: _ask(process, study, results)
    finally:
        process.kill()
        process.communicate()


def _ask(
    process: subprocess.Popen[bytes], study: StudyDefinition, results: Results
) -> Callable[[], Figures]:
    assert process.stdin is not None
    assert process.stdout is not None
    answers = process.stdout
    try:
        pickle.dump((study, results), process.stdin)
        process.stdin.flush()
    except OSError:
        return draw_here(study, results)

    def answer() -> Figures:
        try:
            return pickle.load(answers)
        except (OSError, EOFError, pickle.UnpicklingError):
            return all_figures(study, results)

    return answer


def main() -> None:
    """Load matplotlib, read what to draw from standard input, write the pictures to the output."""
    gc.disable()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is no picture
    _load()
    try:
        study, results = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    with answers:
        pickle.dump(_draw_by_two(study, results), answers)


def _load() -> None:
    """Everything that drawing imports at its first use."""
    for name in (
        "matplotlib.figure",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_svg",
        "PIL.PngImagePlugin",
    ):
        import_module(name)


def _draw_by_two(study: StudyDefinition, results: Results) -> Figures:
    """Draw every other figure here, the others in a copy of this process."""
    ids = figure_ids(study, results)
    here, there = ids[1::2], ids[::2]  # the curves and the forest plot take longest
    reader, writer = os.pipe()
    copy = os.fork()
    if copy == 0:
        try:
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(draw_figures(study, results, there), pipe)
        finally:
            os._exit(0)
    os.close(writer)
    drawn = draw_figures(study, results, here)
    with os.fdopen(reader, "rb") as pipe:
        drawn += pickle.load(pipe)
    os.waitpid(copy, 0)
    return tuple(sorted(drawn, key=lambda figure: ids.index(figure.id)))


if __name__ == "__main__":
    main()
