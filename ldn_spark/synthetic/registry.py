"""Simulate a delivery of an invented Nordic prescription registry, with its truth beside it.

Blocks of people are made by tasks on the engine; each task writes its own part of every year's
file. What is written depends on (people, seed, years, starters, null effect, files a year) alone:
not on the engine, the number of tasks or their order.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ldn_spark.engine import collect
from ldn_spark.engine.rights import with_umask
from ldn_spark.errors import OutputExistsError, Problem, ResourceError, UsageError
from ldn_spark.invented import write_marker
from ldn_spark.progress import Progress, report
from ldn_spark.shown import counted, numbered
from ldn_spark.synthetic.delivery import join_parts
from ldn_spark.synthetic.exposure import INDEX_YEAR
from ldn_spark.synthetic.generator import COUNTS, Generator, Plan, make_blocks
from ldn_spark.synthetic.people import BLOCK, Roles
from ldn_spark.synthetic.truth import DeliveredFile, Truth, state_truth

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ONE_FILE_A_YEAR = 1_000_000  # up to so many people
PEOPLE_PER_FILE = 100_000  # of more people
REPORTS = 20  # how often progress is reported, about
BYTES_PER_PERSON_YEAR = 800


def simulate(
    spark: SparkSession,
    out: Path,
    *,
    people: int,
    seed: int,
    first_year: int = 2012,
    last_year: int = 2014,
    starters: int | None = None,
    null_effect: bool = False,
    files_per_year: int | None = None,
) -> Truth:
    """Write a simulated delivery and its `truth.json` into the folder `out`.

    The folder appears complete or not at all. When it holds the same simulation already, that is
    returned and nothing is written.

    Args:
        spark: a session of either engine; its tasks must see the folder under the same path.
        people: everybody who lives in the country at some time; 5.3 million is nationwide.
        seed: 0 or more; another seed, another country with the same truth.
        first_year, last_year: years delivered; must hold 2012 to 2014.
        starters: people who start LDN in 2013; None = 11,247 per 5.3 million people.
        null_effect: plant no change at all, so that every true change is zero.
        files_per_year: None = one up to a million people, beyond one per 100,000 people.

    Raises:
        UsageError: the parameters do not make a country with starters in every stratum.
        OutputExistsError: `out` holds something else.
        ResourceError: the disk is too small, or the folder cannot be made.
    """
    plan = _plan(people, seed, first_year, last_year, starters, null_effect, files_per_year)
    existing = _existing(out, plan)
    if existing is not None:
        report(Progress("simulating", people, people, "people", {"already there": 1}))
        return existing
    require_space(out, plan)
    remove_leftovers(out)
    with tempfile.TemporaryDirectory(prefix=hidden_prefix(out), dir=out.parent) as name:
        folder = Path(name, "delivery")
        folder.mkdir()
        rows = write_blocks(spark, plan, folder)
        truth = _finish(plan, folder, rows)
        publish(folder, out)
    return truth


def _plan(
    people: int,
    seed: int,
    first_year: int,
    last_year: int,
    starters: int | None,
    null_effect: bool,
    files_per_year: int | None,
) -> Plan:
    """The plan, after every parameter has been checked."""
    problems = []
    if seed < 0 or seed >= 2**63:
        problems.append(Problem("--seed", f"{seed} is no seed", "give a number from 0 on"))
    if people >= 90_000_000:
        problems.append(Problem("--people", "more people than pseudonyms", "stay below 90 million"))
    if first_year >= INDEX_YEAR or last_year <= INDEX_YEAR or last_year - first_year > 19:
        problems.append(
            Problem(
                "years",
                f"{first_year} to {last_year} do not hold {INDEX_YEAR} with a year on both sides",
                f"let them begin by {INDEX_YEAR - 1} and end in {INDEX_YEAR + 1} or later",
            )
        )
    problems += _role_problems(people, starters)
    if problems:
        raise UsageError(problems)
    blocks = math.ceil(people / BLOCK)
    files = usual_files(people) if files_per_year is None else files_per_year
    if not 1 <= files <= blocks:
        raise UsageError(
            Problem(
                "--files-per-year",
                f"{files} files cannot be made of {blocks} blocks of {BLOCK} people",
                f"give 1 to {blocks}",
            )
        )
    return Plan(people, seed, first_year, last_year, starters, null_effect, files)


def usual_files(people: int) -> int:
    """How many files a year is delivered in."""
    return 1 if people <= ONE_FILE_A_YEAR else math.ceil(people / PEOPLE_PER_FILE)


def _role_problems(people: int, starters: int | None) -> Iterator[Problem]:
    if people < 1:
        yield Problem("--people", f"{people} people are no country", "give 5300000, say")
        return
    roles = Roles.of(people, starters)
    if min(roles.starters) < 1:
        yield Problem(
            "--people" if starters is None else "--starters",
            f"{numbered(sum(roles.starters), 'starter')} among "
            f"{numbered(people, 'person leaves', 'people leave')} a stratum empty",
            "give at least 2000 people, or more starters",
        )
    elif 2 * sum(roles.counts) > people:
        yield Problem(
            "--starters",
            f"naltrexone for {numbered(sum(roles.counts), 'person', 'people')} is for more than "
            f"half of {counted(people)}",
            "give more people or fewer starters",
        )


def _existing(out: Path, plan: Plan) -> Truth | None:
    """The truth of a folder that holds this very simulation; None when the folder is free."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        truth = Truth.read(out)
        complete = all((out / file.name).stat().st_size == file.size for file in truth.files)
    except (OSError, ValueError, KeyError, TypeError):
        truth, complete = None, False
    if truth is not None and complete and truth.parameters == plan.parameters:
        return truth
    what = "is not empty" if truth is None else "holds another simulation, or an incomplete one"
    raise OutputExistsError(Problem(str(out), what, "remove the folder or name another"))


def require_space(out: Path, plan: Plan) -> None:
    """Refuse to start where nothing may be written, or what the disk cannot hold."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResourceError(
            Problem(str(out.parent), f"cannot be made ({error.strerror})", "name another folder")
        ) from None
    needed = plan.people * len(plan.calendar.years) * BYTES_PER_PERSON_YEAR
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise ResourceError(
            Problem(
                str(out),
                f"the delivery takes about {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
                "free some space or simulate fewer people",
            )
        )


def hidden_prefix(out: Path) -> str:
    """How the hidden folder of a running simulation begins: who is writing, on which machine."""
    return f".{out.name}.simulating-{socket.gethostname()}-{os.getpid()}-"


def remove_leftovers(out: Path) -> None:
    """Remove the hidden folders that killed simulations of the same folder left on this machine."""
    pattern = re.compile(
        rf"\.{re.escape(out.name)}\.simulating-{re.escape(socket.gethostname())}-(\d+)-.*"
    )
    for folder in out.parent.iterdir():
        match = pattern.fullmatch(folder.name)
        if match and not _is_running(int(match[1])):
            shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    """Whether a process of this machine is alive."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _blocks_in_a_wave(plan: Plan) -> int:
    """Enough to keep every core busy, few enough for about `REPORTS` reports."""
    return max(4 * (os.cpu_count() or 1), math.ceil(plan.blocks / REPORTS))


def write_blocks(spark: SparkSession, plan: Plan, folder: Path) -> list[tuple[int, ...]]:
    """Have the engine write every block, in waves, so that progress can be told after each.

    What comes back are counts of invented people, a row per block and year.
    """
    wave = _blocks_in_a_wave(plan)
    task = partial(make_blocks, plan, str(folder.resolve()))
    rows: list[tuple[int, ...]] = []
    report(Progress("simulating", 0, plan.people, "people"))
    for first in range(0, plan.blocks, wave):
        stop = min(first + wave, plan.blocks)
        blocks = spark.range(first, stop, 1, numPartitions=stop - first)
        rows += [
            tuple(row.values()) for row in collect.rows(blocks.mapInArrow(with_umask(task), COUNTS))
        ]
        done = min(stop * BLOCK, plan.people)
        counts = {"dispensings": sum(row[3] for row in rows)}
        report(Progress("simulating", done, plan.people, "people", counts))
    return rows


def _finish(plan: Plan, folder: Path, rows: list[tuple[int, ...]]) -> Truth:
    """Make delivered files of the parts and write the truth beside them."""
    lines = {(row[1], row[0]): row[3] for row in rows}
    files: list[DeliveredFile] = []
    total = len(plan.calendar.years) * plan.files_per_year
    for year in plan.calendar.years:
        for place in range(plan.files_per_year):
            blocks = share_of_blocks(plan, place)
            target = folder / file_name(plan, year, place)
            join_parts([plan.part(folder, year, block) for block in blocks], target)
            dispensings = sum(lines[year, block] for block in blocks)
            files.append(DeliveredFile(target.name, dispensings, target.stat().st_size))
            report(Progress("delivering", len(files), total, "files"))
    generator = Generator(plan)
    truth = state_truth(
        plan.parameters,
        plan.roles,
        generator.model,
        generator.catalogue,
        dispensings={
            str(year): sum(row[3] for row in rows if row[1] == year) for year in plan.calendar.years
        },
        people_dispensed=sum(row[2] for row in rows if row[1] == plan.first_year),
        files=tuple(files),
    )
    truth.write(folder)
    return truth


def share_of_blocks(plan: Plan, place: int) -> range:
    """The blocks that make up one file of a year."""
    return range(
        place * plan.blocks // plan.files_per_year, (place + 1) * plan.blocks // plan.files_per_year
    )


def file_name(plan: Plan, year: int, place: int) -> str:
    """The name of one delivered file of a year."""
    if plan.files_per_year == 1:
        return f"dispensings_{year}.txt"
    return f"dispensings_{year}_{place + 1:0{len(str(plan.files_per_year))}d}.txt"


def publish(folder: Path, out: Path) -> None:
    """Show the finished folder under its name, all at once, marked as invented."""
    write_marker(folder)
    try:
        folder.rename(out)
    except OSError as error:
        raise OutputExistsError(
            Problem(str(out), f"appeared while simulating ({error.strerror})", "name another")
        ) from None
