"""What is published is made aside: by another process, while this one waits for the engine.

The libraries of statistics, figures and pages take about as long to load as the embedded engine
takes for a whole registry, and none of it waits for the engine. A process that is started early
loads them; when the moments are there, it and copies of itself make the files. The bytes are those
of `make_here`, which makes them in this process where the other cannot be started or is lost.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the sooner the process is started, the more of its loading costs no time
    from ldn_spark.reporting.publication import Made, Publication
    from ldn_spark.study.definition import StudyDefinition

_NEEDED = (
    "ldn_spark.analysis",
    "ldn_spark.reporting.publish",
    "ldn_spark.reporting.report",
    "ldn_spark.reporting.paragraphs",
    "jinja2",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "PIL.PngImagePlugin",
)
"""Everything that making imports at its first use."""


class Aside:
    """Makes what is published; in this process where there is no other or it is lost."""

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        self._process = process

    def prepare(self, study: StudyDefinition) -> None:
        """Say early what will be published, so that what needs no results is made meanwhile."""
        self._send(study)

    def make(self, publication: Publication) -> Callable[[], Made]:
        """Begin to make the files of a prepared study, and hand back what to call for them."""
        self._send(publication)

        def answer() -> Made:
            try:
                if self._process is not None and self._process.stdout is not None:
                    return pickle.load(self._process.stdout)
            except (OSError, EOFError, pickle.UnpicklingError):
                pass
            from ldn_spark.reporting.publication import make_here

            return make_here(publication)()

        return answer

    def _send(self, message: StudyDefinition | Publication) -> None:
        if self._process is None or self._process.stdin is None:
            return
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            self._process = None


@contextmanager
def making_aside() -> Iterator[Aside]:
    """A process that gets ready now and makes the files when it is asked; gone at the end."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a fault comes to light when it is made here instead
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is for this process, which then ends that one
        )
    except OSError:
        yield Aside(None)
        return
    try:
        yield Aside(process)
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Load the libraries, read what to publish from standard input, write the files' bytes."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is no file
    for name in _NEEDED:
        import_module(name)
    from ldn_spark.reporting.figures.copies import Figures, draw_ahead, draw_by_copies
    from ldn_spark.reporting.publication import Publication, make
    from ldn_spark.reporting.report import page_template

    ahead: Figures = ()
    try:
        message = pickle.load(sys.stdin.buffer)
        if not isinstance(message, Publication):
            ahead = draw_ahead(message)
            page_template()
            message = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    with answers:
        pickle.dump(make(message, partial(draw_by_copies, ahead=ahead)), answers)


if __name__ == "__main__":
    import gc

    gc.disable()  # a short life
    main()
