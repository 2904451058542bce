"""Make the report in another process, while this one waits for the engine.

The libraries of statistics, figures and pages take about as long to load as the embedded engine
takes for a whole registry, and none of it waits for the engine. A process that is started early
loads them; when the moments are there, it makes the files, with copies of its own for the slow
figures, and for what is published of every further pair of windows and exposure. The bytes are
those of `make_here`, which makes them in this process where the other cannot be started or is lost.

Two messages go to that process for every study, the study early and the publication later; one
comes back, the files or the fault that it met. A fault is raised here, with the traceback from
there, and ends that process.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:  # the sooner the process is started, the more of its loading costs no time
    from ldn_spark.reporting.publication import Made, Publication
    from ldn_spark.study.definition import StudyDefinition

_NEEDED = (
    "ldn_spark.estimates.analysis",
    "scipy.special",
    "ldn_spark.reporting.contents",
    "ldn_spark.reporting.moments_file",
    "ldn_spark.reporting.cautions",
    "ldn_spark.reporting.report",
    "ldn_spark.reporting.paragraphs",
    "concurrent.futures.process",
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

    def check(self) -> None:
        """Raise the fault that the other process has met by now, if any; does not wait."""
        if self._process is None or self._process.stdout is None:
            return
        said_something, _, _ = select.select([self._process.stdout], [], [], 0)
        if said_something and self._answer() is None:
            self._process = None

    def make(self, publication: Publication) -> Callable[[], Made]:
        """Begin to make the files of a prepared study, and hand back what to call for them."""
        self._send(publication)

        def answer() -> Made:
            made = self._answer()
            if made is not None:
                return made
            from ldn_spark.reporting.publication import make_here

            return make_here(publication)()

        return answer

    def _answer(self) -> Made | None:
        """The files; None where the other process is lost. Its fault is raised."""
        if self._process is None or self._process.stdout is None:
            return None
        try:
            found = pickle.load(self._process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def _send(self, message: StudyDefinition | Publication) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # it is gone; what it left as its answer is read all the same
                pickle.dump(message, self._process.stdin)
                self._process.stdin.flush()


@contextmanager
def making_aside() -> Iterator[Aside]:
    """A process that gets ready now and makes the files when it is asked; gone at the end."""
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # its faults come as its answer
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
        process.kill()  # its pool goes with it
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not sent can go nowhere
                pipe.close()


def main() -> None:
    """Read what to publish from standard input, and answer with the files' bytes or the fault."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is no file
    with answers:
        try:
            for made in _made(sys.stdin.buffer):
                pickle.dump(made, answers)
                answers.flush()
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is raised by who asked
            os.close(0)  # who still writes to us is not to wait while we write
            answers.write(_fault_content(fault))


def _made(messages: BinaryIO) -> Iterator[Made | None]:
    """What is asked for; None where a pool was lost, so that all is made by who asks."""
    for name in _NEEDED:
        import_module(name)
    from concurrent.futures.process import BrokenProcessPool

    from ldn_spark.reporting.copies import by_copies
    from ldn_spark.reporting.figures.draw import Figures, draw_ahead
    from ldn_spark.reporting.publication import Publication, make
    from ldn_spark.reporting.report import prepare_report

    ahead: dict[str, Figures] = {}
    for message in _messages(messages):
        if not isinstance(message, Publication):
            ahead[message.id] = draw_ahead(message)
            prepare_report()
            continue
        drawn = ahead.get(message.study.id, ())
        if message.provenance.get("invented"):
            drawn = ()  # they do not carry the mark
        try:
            yield make(message, by_copies, drawn)
        except BrokenProcessPool:
            yield None


def _messages(messages: BinaryIO) -> Iterator[StudyDefinition | Publication]:
    """What is said to this process, until whoever says it has ended."""
    while True:
        try:
            yield pickle.load(messages)
        except EOFError:
            return


def _fault_content(fault: Exception) -> bytes:
    """An exception with its traceback as a note, which a message can hold."""
    from traceback import format_exception

    note = f"In the process that makes the files:\n{''.join(format_exception(fault))}"
    try:
        fault.add_note(note)
        content = pickle.dumps(fault)
        pickle.loads(content)
    except Exception:  # noqa: BLE001 - an exception may refuse to be sent in any way
        stand_in = RuntimeError(f"{type(fault).__name__}: {fault}")
        stand_in.add_note(note)
        content = pickle.dumps(stand_in)
    return content


if __name__ == "__main__":
    import gc

    from ldn_spark.reporting.lifetime import end_with_parent

    end_with_parent()
    gc.disable()  # a short life
    main()
    sys.stdout.flush()
    os._exit(0)
