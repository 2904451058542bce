"""In which ATC index delivered codes are written: as the files declare it, or as a run says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ldn_spark.errors import Problem, UsageError
from ldn_spark.shown import shown
from ldn_spark.study.atc.translation import AT_DISPENSING, AtcVersion

OPTION = "--atc-version"


@dataclass(frozen=True, slots=True)
class StatedVersions:
    """What a run says of the codes.

    Attributes:
        otherwise: of every file that declares nothing.
        by_file: patterns of file names with a version, whatever these files declare; the last
            pattern that fits counts.
    """

    otherwise: AtcVersion = None
    by_file: tuple[tuple[str, AtcVersion], ...] = ()

    @property
    def texts(self) -> list[str]:
        """The arguments that say this."""
        first = [] if self.otherwise is None else [str(self.otherwise)]
        return first + [f"{pattern}={version}" for pattern, version in self.by_file]

    def versions(self, files: Mapping[int, tuple[str, AtcVersion]]) -> dict[int, AtcVersion]:
        """The version of every file.

        Args:
            files: by id, the name of a file and what it declares.

        Raises:
            UsageError: a pattern fits no file, or nothing is left for `otherwise` to say.
        """
        problems = [
            Problem(OPTION, f"no file of the lake is called {pattern}", "check the name")
            for pattern, _ in self.by_file
            if not any(fnmatchcase(name, pattern) for name, _ in files.values())
        ]
        known = {version for _, version in files.values()}
        if self.otherwise is not None and files and known.isdisjoint({None, self.otherwise}):
            says = ", ".join(sorted(map(str, known)))
            what = f"every file declares its ATC version ({says}); {self.otherwise} is for others"
            mend = f"name the files that declare it wrongly: {OPTION} NAME={self.otherwise}"
            problems.append(Problem(OPTION, what, mend))
        if problems:
            raise UsageError(problems)
        return {number: self._of(*file) for number, file in files.items()}

    def _of(self, name: str, declared: AtcVersion) -> AtcVersion:
        found = self.otherwise if declared is None else declared
        for pattern, stated in self.by_file:
            if fnmatchcase(name, pattern):
                found = stated
        return found


NOTHING_STATED = StatedVersions()


def stated_versions(given: Iterable[str] | None) -> StatedVersions:
    """`YEAR`, `at_dispensing` and `NAME=YEAR` arguments.

    Raises:
        UsageError: one is not of that form, or two say what holds for every other file.

    >>> stated_versions(["2024", "disp_2012*=2013"])
    StatedVersions(otherwise=2024, by_file=(('disp_2012*', 2013),))
    """
    otherwise: AtcVersion = None
    by_file = []
    for item in given or ():
        name, equals, text = item.rpartition("=")
        version = AT_DISPENSING if text == AT_DISPENSING else _year(text)
        if version is None or (equals and not name):
            what = f"'{item}' is neither a year nor NAME=YEAR"
            raise UsageError(Problem(OPTION, what, f"write 2024, {AT_DISPENSING} or FILE=2013"))
        if equals:
            by_file.append((shown(name), version))
        elif otherwise is not None:
            raise UsageError(Problem(OPTION, f"both {otherwise} and {version}", "say one of them"))
        else:
            otherwise = version
    return StatedVersions(otherwise, tuple(by_file))


def _year(text: str) -> int | None:
    is_year = len(text) == 4 and text.isascii() and text.isdigit()
    return int(text) if is_year else None
