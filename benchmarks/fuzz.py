"""Broken settings, lists and published tables by the thousand: each ends in a clear message.

    python benchmarks/fuzz.py --inputs 10000 --seed 1 --keep /tmp/found

Every input is a good file after seeded changes (`mutations.py`). It must be read, or be refused
with an exit code of the list and messages that name its place; in a second or so, in little memory,
without a traceback and without a character that a terminal obeys. What breaks this is kept with
its traceback. The suite runs five hundred of them (tests/unit/test_fuzz.py), a night ten thousand.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from random import Random

from delivered import DELIVERED
from mutations import Mutation, mutate_csv, mutate_yaml, mutated, vary_yaml

from ldn_spark.cli.logs import heard, log_error
from ldn_spark.errors import LdnSparkError
from ldn_spark.shown import is_shown
from ldn_spark.texts.documents import conf_folder

SECONDS = 20
"""What one input may take at most; on a busy machine most of it is waiting."""
MEMORY = 400 << 20
"""As a rule."""
EXIT_CODES = {0, 2, 3, 10, 11, 12, 20, 21, 30, 40}


class Broken(Exception):
    """An input was refused without saying what is wrong and where."""


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        name: of the input's file.
        good: files that are right, to begin with.
        ways: how their content goes wrong.
        read: reads a file as a command does and uses what it read; raises as a command does.
        memory: by how much all inputs may raise the peak of the process, in bytes.
    """

    name: str
    good: Callable[[], list[bytes]]
    ways: list[Mutation]
    read: Callable[[Path], None]
    memory: int = MEMORY


@dataclass(frozen=True)
class Failure:
    """An input that broke the rule.

    Attributes:
        kind, seed: which; the same pair gives the same bytes.
        content: the input.
        what: the traceback.
    """

    kind: str
    seed: str
    content: bytes
    what: str


def _without_comments(path: Path) -> bytes:
    """A shipped file, short enough that most changes hit something."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line.partition(" #")[0].rstrip() for line in lines if not line.lstrip().startswith("#")]
    return ("\n".join(line for line in kept if line) + "\n").encode()


def _shipped(folder: str, *names: str) -> Callable[[], list[bytes]]:
    return lambda: [_without_comments(conf_folder() / folder / f"{name}.yaml") for name in names]


def _first_lines(path: str, number: int) -> bytes:
    lines = (conf_folder() / path).read_bytes().splitlines(keepends=True)
    return b"".join(lines[:number])


def read_study(path: Path) -> None:
    """Load a study; say it in words; make its earliest and latest day; write and read it again."""
    from ldn_spark.papers.audit.checks_design import first_observation, last_observation
    from ldn_spark.reporting.methods import methods
    from ldn_spark.study.definition import StudyDefinition
    from ldn_spark.study.load import load_study

    study = load_study(str(path)).definition
    assert methods(study)
    assert first_observation(study) < last_observation(study)
    again = StudyDefinition.model_validate(study.model_dump(mode="json", by_alias=True))
    assert again == study


@lru_cache
def _sample():
    from ldn_spark.delivery.guess.inspection import read_sample

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "dispensings.csv"
        rows = [
            f"p{n},N06AB03,2013-0{n % 9 + 1}-11,{n}.5,{'FM'[n % 2]},19{n + 50}" for n in range(9)
        ]
        file.write_text("\n".join(["pseudonym,atc,dispensed_on,ddd,sex,birth_year", *rows]) + "\n")
        return read_sample(file)


def read_source(path: Path) -> None:
    """Load a source, and hold a file against it."""
    from ldn_spark.delivery.files.layouts import layouts_of
    from ldn_spark.delivery.guess.presets import rank_sources
    from ldn_spark.delivery.source.sources import load_source

    source = load_source(str(path))
    for layout in layouts_of(source):
        assert layout.fits_name(Path("x.csv")) in (True, False)
    assert list(path.parent.glob(source.files[0])) is not None
    rank_sources(_sample(), [source])


def read_codelist(path: Path) -> None:
    """Load a study with the list in the place of its own."""
    from ldn_spark.study.load import load_study

    assert load_study("ldn_2013", {"ldn_products": path}).exposure_products


def read_alterations(path: Path) -> None:
    """Load a study with the list as the table of alterations."""
    from ldn_spark.study.load import load_study

    assert load_study("ldn_2013", {"atc_alterations": path}).hash


def read_lookup(path: Path) -> None:
    """Read the file of a lookup."""
    from ldn_spark.delivery.source.declared import Lookup
    from ldn_spark.delivery.values.lookups import read_lookup as read

    read(Lookup(name="packs", key="code", gives=("ddd", "note")), path)


@lru_cache
def _paper():
    from ldn_spark.study.load import load_study

    return load_study("ldn_2013").definition


def read_published(path: Path) -> None:
    """Read published values, and look for contradictions among them."""
    from ldn_spark.papers.audit.auditing import audit
    from ldn_spark.papers.reading import read_published as read

    audit(read(path, _paper()), _paper())


_AS_AUTHORS = [mutate_yaml, vary_yaml, vary_yaml]
_LOOKUP = b"code,ddd,note\n000981,1.5,\n123456,2,a\n000017,0.25,b c\n"
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "study.yaml",
            _shipped("studies", "ldn_2013", "ldn_ibd"),
            _AS_AUTHORS,
            read_study,
        ),
        Kind(
            "source.yaml",
            _shipped("sources", "canonical", "spdr", "omop"),
            _AS_AUTHORS,
            read_source,
        ),
        Kind(
            "codelist.csv",
            lambda: [_first_lines("codelists/ldn_products.csv", 12), b"000981\n123456\n"],
            [mutate_csv],
            read_codelist,
        ),
        Kind(
            "alterations.csv",
            lambda: [_first_lines("codelists/atc_alterations.csv", 12)],
            [mutate_csv],
            read_alterations,
        ),
        Kind("lookup.csv", lambda: [_LOOKUP], [mutate_csv], read_lookup),
        Kind(
            "published.csv",
            lambda: [_first_lines("studies/ldn_2013_published.csv", 40)],
            [mutate_csv],
            read_published,
        ),
    )
}

KINDS |= {
    name: Kind(name, one.good, one.ways, one.read, one.memory) for name, one in DELIVERED.items()
}


def make(kind: Kind, seed: str) -> bytes:
    """The input of a seed."""
    chance = Random(f"{kind.name} {seed}")
    return mutated(chance, chance.choice(kind.good()), kind.ways)


def end_of(kind: Kind, content: bytes, folder: Path) -> str:
    """Read one input: `read`, or the exit code of its refusal.

    Raises:
        Broken: it was refused without a place, or with characters that a terminal obeys.
        Exception: whatever is no message; TimeoutError when it took too long.
    """
    path = folder / kind.name
    path.write_bytes(content)
    try:
        with _in_time():
            kind.read(path)
    except LdnSparkError as error:
        _check_message(path, error)
        return str(error.exit_code)
    return "read"


def _check_message(path: Path, error: LdnSparkError) -> None:
    shown = io.StringIO()
    with contextlib.redirect_stderr(shown), heard():
        log_error(error.exit_code, "", [str(problem) for problem in error.problems])
    text = shown.getvalue()
    if error.exit_code not in EXIT_CODES - {0}:
        raise Broken(f"the exit code {error.exit_code} is not in the list")
    for problem in error.problems:
        if str(path) not in problem.where or not problem.what:
            raise Broken(f"no place or no fault: {problem}")
    if "Traceback" in text or not all(is_shown(one) for one in text.replace("\n", "")):
        raise Broken("the message holds what a terminal obeys")
    if max(map(len, text.splitlines())) > 3 * 2_000:
        raise Broken("the message is too long to be read")


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    def late(number: int, frame: object) -> None:
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzz(kind: Kind, seeds: Iterable[str]) -> tuple[Counter[str], list[Failure]]:
    """Read an input for every seed; how they ended, and what broke the rule."""
    ended: Counter[str] = Counter()
    failures = []
    peak = _peak()
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            content = make(kind, seed)
            try:
                end = end_of(kind, content, Path(folder))
            except Exception:  # noqa: BLE001
                failures.append(Failure(kind.name, seed, content, traceback.format_exc()))
                end = "broken"
            ended[end] += 1
    if _peak() - peak > kind.memory:
        what = f"the memory rose by {(_peak() - peak) >> 20} MiB"
        failures.append(Failure(kind.name, "all", b"", what))
    return ended, failures


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _keep(failure: Failure, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem, _, suffix = failure.kind.partition(".")
    (folder / f"{stem}-{failure.seed}.{suffix}").write_bytes(failure.content)
    (folder / f"{stem}-{failure.seed}.txt").write_text(failure.what, encoding="utf-8")


def main() -> int:
    """Fuzz every kind; 1 where anything broke the rule."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=10_000, help="of all kinds together")
    parser.add_argument("--seed", default="1", help="another one gives other inputs")
    parser.add_argument("--kind", choices=sorted(KINDS), action="append", help="only these")
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"), help="for what broke the rule")
    asked = parser.parse_args()
    kinds = [KINDS[name] for name in asked.kind or KINDS]
    broken = 0
    for kind in kinds:
        seeds = [f"{asked.seed}-{number}" for number in range(asked.inputs // len(kinds))]
        ended, failures = fuzz(kind, seeds)
        told = ", ".join(f"{end} {number:,}" for end, number in sorted(ended.items()))
        print(f"{kind.name}: {told}", flush=True)
        for failure in failures:
            _keep(failure, asked.keep)
        broken += len(failures)
    if broken:
        print(f"{broken:,} broke the rule; they are in {asked.keep}", file=sys.stderr)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
