"""Errors a user can mend, one class and one exit code per kind.

Every user error carries all its problems at once, each with the place, the fault and the mend.
Anything that is not a `LdnSparkError` is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ldn_spark.shown import shown


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with what the user gave us.

    `where` is a file with line and column, a key of a study file or an option; `what` is the
    fault; `mend` is what to do about it. None of them may hold a value of a patient's row.
    """

    where: str
    what: str
    mend: str = ""

    def within(self, place: str) -> Problem:
        """The problem as one of a larger place.

        >>> Problem("windows", "they overlap").within("study a").where
        'study a: windows'
        """
        return replace(self, where=f"{place}: {self.where}" if self.where else place)

    def __str__(self) -> str:
        """The problem on one line; what a terminal would obey is escaped.

        >>> str(Problem("ldn.yaml: windows", "the windows overlap", "end 'before' at day -1"))
        "ldn.yaml: windows: the windows overlap; end 'before' at day -1"
        """
        where = shown(self.where)
        what, mend = (shown(text, keep="\n\t") for text in (self.what, self.mend))
        text = f"{where}: {what}" if where else what
        return f"{text}; {mend}" if mend else text


class LdnSparkError(Exception):
    """A failure that is not a bug: shown as one clear message, without a traceback."""

    exit_code = 40

    def __init__(self, problems: str | Problem | Iterable[Problem]) -> None:
        if isinstance(problems, str):
            problems = (Problem("", problems),)
        elif isinstance(problems, Problem):
            problems = (problems,)
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        """Problems stay apart when an error is sent from one process to another."""
        return type(self), (self.problems,), self.__dict__


class UsageError(LdnSparkError):
    """The command line asks for something that does not exist or makes no sense."""

    exit_code = 2


class ConfigError(LdnSparkError):
    """A study file, source file or codelist is wrong."""

    exit_code = 3


class ResultsError(LdnSparkError):
    """The folder of a finished run is not as the run wrote it, or there is no run."""

    exit_code = 3


class DeliveryError(LdnSparkError):
    """A delivered file cannot be taken in: missing, unreadable, or turned away whole."""

    exit_code = 10


class EmptyInputError(LdnSparkError):
    """There is nothing to work on: an empty lake, or no person who satisfies the study."""

    exit_code = 11


class QualityGateError(LdnSparkError):
    """The data contradict the study: a code list finds nothing, the extract is too short."""

    exit_code = 12


class DriftError(LdnSparkError):
    """Numbers of a run, which is published, moved by more than somebody wants to hear of."""

    exit_code = 12


class ConflictError(LdnSparkError):
    """Another process is writing the same thing; trying again later may succeed."""

    exit_code = 20


class OutputExistsError(LdnSparkError):
    """The output is there already and belongs to something else."""

    exit_code = 21


class ResourceError(LdnSparkError):
    """The machine ran out of something: memory, disk, permission."""

    exit_code = 30


class EngineError(LdnSparkError):
    """The engine cannot start or failed inside: Java, jars, versions."""

    exit_code = 40


class StudiesError(LdnSparkError):
    """Some of several studies that were to be run together could not be run.

    Attributes:
        exit_code: that of the first of them.
        failed: what went wrong, study by study.
        folders: the results of the others.
    """

    def __init__(
        self, failed: Sequence[tuple[str, LdnSparkError]], folders: Sequence[Path]
    ) -> None:
        super().__init__(
            problem.within(f"study {name}") for name, error in failed for problem in error.problems
        )
        self.exit_code = failed[0][1].exit_code
        self.failed = tuple(failed)
        self.folders = tuple(folders)

    def __reduce__(self) -> tuple[Any, ...]:
        """Sent to another process it is a failure like any other."""
        return LdnSparkError, (self.problems,), self.__dict__
