"""The simulation of one block of people, and the task that runs it on an engine."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ldn_spark.synthetic.background import Background, Dispensings, together
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.delivery import LineWriter
from ldn_spark.synthetic.exposure import dispense_ldn
from ldn_spark.synthetic.formulary import Catalogue, load_medicines
from ldn_spark.synthetic.people import BLOCK, People, Roles, make_people
from ldn_spark.synthetic.starters import StarterModel, dispense_examined
from ldn_spark.synthetic.truth import VERSION

COUNTS = "block int, year int, people int, dispensings bigint, size bigint"
"""What a task returns, one row per block and year: people of the block with any dispensing in the
period, dispensings and bytes of the year's part."""

AT_ONCE = threading.BoundedSemaphore(os.cpu_count() or 1)
"""Blocks made at once in one process: an engine that runs every task as a thread of this process
would otherwise hold all blocks in memory."""


@dataclass(frozen=True)
class Plan:
    """Everything that decides what is written; sent to the tasks."""

    people: int
    seed: int
    first_year: int
    last_year: int
    starters: int | None
    null_effect: bool
    files_per_year: int

    @property
    def parameters(self) -> dict[str, Any]:
        """As stated in `truth.json`."""
        return {"version": VERSION, **self.__dict__}

    @property
    def blocks(self) -> int:
        """Number of blocks of people."""
        return math.ceil(self.people / BLOCK)

    @property
    def calendar(self) -> Calendar:
        """The simulated days."""
        return Calendar(self.first_year, self.last_year)

    @property
    def roles(self) -> Roles:
        """Who is dispensed LDN."""
        return Roles.of(self.people, self.starters)

    def part(self, folder: Path, year: int, block: int) -> Path:
        """The part of a year's delivery that one block writes."""
        return folder / f".part_{year}_{block:06d}"


class Generator:
    """A plan with its prepared tables: makes the people and dispensings of any block."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.calendar, self.roles = plan, plan.calendar, plan.roles
        self.catalogue = Catalogue(load_medicines())
        self.model = StarterModel.load(self.catalogue, null_effect=plan.null_effect)
        self._background = Background(self.catalogue, self.calendar)

    @cached_property
    def writer(self) -> LineWriter:
        """Writes this plan's lines."""
        return LineWriter(self.catalogue, self.calendar, self.plan.seed)

    def make(self, block: int) -> tuple[People, Dispensings]:
        """The people of a block, and all they are dispensed."""
        seed = self.plan.seed
        people = make_people(seed, block, self.roles, self.calendar)
        background = self._background.draw(seed, block, people)
        exposed, ldn = dispense_ldn(seed, block, people, self.catalogue, self.calendar)
        examined = dispense_examined(
            seed, block, exposed, self.model, self.catalogue, self.calendar
        )
        return people, together([background, ldn, examined])

    def write(self, block: int, folder: Path) -> list[tuple[int, ...]]:
        """Make and write a block; returns a row of `COUNTS` for each year."""
        people, dispensings = self.make(block)
        years = self.calendar.years
        paths = [self.plan.part(folder, year, block) for year in years]
        dispensed = len(np.unique(dispensings.person))
        written = self.writer.write_years(people, dispensings, paths)
        return [
            (block, year, dispensed, lines, size)
            for year, (lines, size) in zip(years, written, strict=True)
        ]


def make_blocks(
    plan: Plan, folder: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What a task does: make and write the blocks it is given, return their `COUNTS`."""
    generator = None
    types = (pa.int32(), pa.int32(), pa.int32(), pa.int64(), pa.int64())
    for batch in batches:
        for block in batch.column(0).to_pylist():
            with AT_ONCE:
                generator = generator or Generator(plan)
                rows = generator.write(block, Path(folder))
            columns = map(pa.array, zip(*rows, strict=True), types)
            yield pa.RecordBatch.from_arrays(list(columns), COUNTS.split()[::2])
