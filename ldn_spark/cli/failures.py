"""What an exception means to whoever called: an exit code of the list, and sentences."""

from __future__ import annotations

from dataclasses import dataclass

from ldn_spark.cli.interrupts import STOPPED, interrupted_code
from ldn_spark.errors import LdnSparkError, Problem

NO_THREAD = "can't start new thread"
"""What Python says where the machine has no memory, or no number, for another thread."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a command ends.

    Attributes:
        exit_code: of the list.
        kind: the name of the error's class.
        messages: one per problem.
    """

    exit_code: int
    kind: str
    messages: list[str]


def failure_of(error: BaseException) -> Failure | None:
    """What an exception means; None for a bug, which keeps its traceback."""
    if isinstance(error, LdnSparkError):
        messages = [str(problem) for problem in error.problems]
        return Failure(error.exit_code, type(error).__name__, messages)
    if isinstance(error, UnicodeEncodeError):
        if not any("\ud800" <= letter <= "\udfff" for letter in error.object):
            return None
        what, mend = "is no name in UTF-8, and cannot be handed to the engine", "rename it"
        return Failure(2, "UsageError", [str(Problem(error.object, what, mend))])
    if isinstance(error, (OSError, MemoryError)):
        reason = getattr(error, "strerror", None) or "out of memory"
        where = getattr(error, "filename", None) or "this machine"
        return Failure(30, "ResourceError", [str(Problem(str(where), reason))])
    if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "Abort":
        return Failure(interrupted_code(), "Interrupted", [STOPPED])
    if str(error) == NO_THREAD:
        what, mend = "has no memory or no number for another thread", "see ulimit -v and -u"
        return Failure(30, "ResourceError", [str(Problem("this machine", what, mend))])
    return None
