"""The cohort among a background that is not in it, delivered as the registry delivers."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ldn_spark.errors import ConfigError, OutputExistsError, Problem, UsageError
from ldn_spark.invented import SENTENCE
from ldn_spark.papers.reading import read_published
from ldn_spark.papers.replicate.cohort import Cohort, check
from ldn_spark.papers.replicate.dates import (
    CohortCatalogue,
    calendar_of,
    dispense_cohort,
    index_days,
)
from ldn_spark.papers.replicate.keeping import VERSION as SOLVER_VERSION
from ldn_spark.papers.replicate.keeping import checksum, find_cohort
from ldn_spark.papers.replicate.leaves import find_leaves
from ldn_spark.papers.values import Published
from ldn_spark.progress import Progress, report
from ldn_spark.shown import numbered
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.synthetic import registry
from ldn_spark.synthetic.background import Background, Dispensings, together
from ldn_spark.synthetic.calendar import Calendar
from ldn_spark.synthetic.delivery import LineWriter, join_parts
from ldn_spark.synthetic.exposure import INDEX_YEAR
from ldn_spark.synthetic.formulary import Catalogue, load_medicines
from ldn_spark.synthetic.generator import Plan
from ldn_spark.synthetic.people import People, Role, Roles
from ldn_spark.synthetic.truth import TRUTH_FILE
from ldn_spark.synthetic.truth import VERSION as REGISTRY_VERSION

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

VERSION = 1  # of the bytes a seed stands for, the registry's aside
COHORT_BLOCK = 1 << 40
"""Block number of the cohort's random background: no country has so many blocks."""


@dataclass(frozen=True)
class BackgroundPlan(Plan):
    """A registry in which nobody starts in the index year; others stop before it or start later."""

    @property
    def roles(self) -> Roles:
        """Who is dispensed LDN: nobody of the index year."""
        usual = Roles.of(self.people, None)
        return Roles(self.people, (0, 0, 0), max(usual.stopped_before, 5), max(usual.later, 20))


def simulate_published(
    spark: SparkSession,
    out: Path,
    *,
    published: Path,
    study: StudyDefinition,
    people: int,
    seed: int,
) -> None:
    """Write a delivery of which the study prints what is published, and its `truth.json`.

    The cohort's tables are the same with every seed; dates, products and everybody else differ.
    The folder appears complete or not at all. When it holds the same simulation already, nothing
    is written.

    Args:
        spark: a session of either engine; its tasks must see the folder under the same path.
        published: the published values of the study.
        study: its definition; it may not have further conditions of eligibility.
        people: everybody in the registry, the cohort among them.
        seed: 0 or more.

    Raises:
        ConfigError: the published values or the study cannot be worked with.
        UsageError: fewer people than twice the cohort.
        OutputExistsError: `out` holds something else.
        ResourceError: the disk is too small, or the folder cannot be made.
    """
    values = read_published(published, study)
    _require_plain(study)
    parameters = {
        "version": [REGISTRY_VERSION, VERSION, SOLVER_VERSION],
        "study": study.id,
        "published": hashlib.sha256(published.read_bytes()).hexdigest(),
        "cohort": checksum(study, values),
        "people": people,
        "seed": seed,
    }
    if _is_there(out, parameters):
        report(Progress("simulating", people, people, "people", {"already there": 1}))
        return
    cohort = find_cohort(study, values)
    plan = _plan(study, cohort, people, seed)
    registry.require_space(out, plan)
    registry.remove_leftovers(out)
    with tempfile.TemporaryDirectory(prefix=registry.hidden_prefix(out), dir=out.parent) as name:
        folder = Path(name, "delivery")
        folder.mkdir()
        rows = registry.write_blocks(spark, plan, folder)
        rows += _write_cohort(study, cohort, plan, folder)
        files = _join(plan, folder, rows)
        truth = _truth(parameters, study, cohort, values, plan, files)
        (folder / TRUTH_FILE).write_text(
            json.dumps({"note": SENTENCE, **truth}, indent=2, ensure_ascii=False) + "\n",
            encoding="utf-8",
        )
        registry.publish(folder, out)


def _require_plain(study: StudyDefinition) -> None:
    """Only what the construction knows how to satisfy."""
    if study.eligibility:
        what = "a published cohort cannot be built for a study with conditions of eligibility"
        raise ConfigError(Problem(f"{study.id}: eligibility", what, "leave them out"))
    if study.exposure.index_event.first.year != INDEX_YEAR:
        what = f"the simulated registry is made for index dates in {INDEX_YEAR}"
        raise ConfigError(Problem(f"{study.id}: exposure.index_event", what, "change the year"))


def _is_there(out: Path, parameters: dict[str, Any]) -> bool:
    """Whether a folder holds this very simulation; an error when it holds something else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    try:
        truth = json.loads((out / TRUTH_FILE).read_text(encoding="utf-8"))
        same = truth["parameters"] == parameters and all(
            (out / file["name"]).stat().st_size == file["size"] for file in truth["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        same = False
    if not same:
        what = "holds another simulation, an incomplete one or other files"
        mend = "remove the folder or name another"
        raise OutputExistsError(Problem(str(out), what, mend))
    return True


def _plan(study: StudyDefinition, cohort: Cohort, people: int, seed: int) -> BackgroundPlan:
    others = people - len(cohort)
    if others < len(cohort):
        what = (
            f"{numbered(people, 'person is', 'people are')} too few for a cohort of {len(cohort)}"
        )
        raise UsageError(Problem("--people", what, f"give {2 * len(cohort)} or more"))
    if not 0 <= seed < 2**63:
        raise UsageError(Problem("--seed", f"{seed} is no seed", "give a number from 0 on"))
    calendar = calendar_of(study)
    years = min(calendar.first_year, INDEX_YEAR - 1), max(calendar.last_year, INDEX_YEAR + 1)
    return BackgroundPlan(others, seed, *years, None, False, registry.usual_files(others))


def _write_cohort(
    study: StudyDefinition, cohort: Cohort, plan: Plan, folder: Path
) -> list[tuple[int, ...]]:
    """Write the cohort as one more block; returns a row of counts for each year."""
    catalogue = Catalogue(load_medicines())
    calendar, leaves = plan.calendar, find_leaves(study)
    most = int(max(cohort.before.max(), cohort.after.max()))
    texts = CohortCatalogue.of(catalogue, leaves, most)
    index = index_days(study, cohort, calendar, plan.seed)
    people = _people(cohort, index, plan, calendar)
    others = _other_dispensings(study, catalogue, calendar, people, plan.seed)
    own = dispense_cohort(study, cohort, index, texts, catalogue, calendar, plan.seed)
    writer = LineWriter(texts, calendar, plan.seed)  # type: ignore[arg-type]
    dispensings = together([own, others])
    paths = [plan.part(folder, year, plan.blocks) for year in calendar.years]
    written = writer.write_years(people, dispensings, paths)
    dispensed = len(np.unique(dispensings.person))
    return [
        (plan.blocks, year, dispensed, lines, size)
        for year, (lines, size) in zip(calendar.years, written, strict=True)
    ]


def _people(cohort: Cohort, index: np.ndarray, plan: Plan, calendar: Calendar) -> People:
    """The cohort as people of the registry, numbered after everybody else."""
    size = len(cohort)
    dates = calendar.dates()
    year = np.array([day.year for day in dates])[index]
    age = np.clip(cohort.age + calendar.first_year + len(calendar.years) // 2 - year, 0, 99)
    return People(
        number=plan.people + np.arange(size),
        woman=cohort.woman,
        birth_year=year - cohort.age,
        enters=np.full(size, -1),
        leaves=np.full(size, calendar.days),
        death_month=np.zeros(size, dtype=np.int64),
        role=np.full(size, int(Role.MANY)),
        continuing=np.zeros(size, dtype=bool),
        band=age // 10,
    )


def _other_dispensings(
    study: StudyDefinition, catalogue: Catalogue, calendar: Calendar, people: People, seed: int
) -> Dispensings:
    """What the cohort is dispensed of medicines that no outcome holds."""
    drawn = Background(catalogue, calendar).draw(seed, COHORT_BLOCK, people)
    examined = tuple(map(str, study.outcome_prefixes))
    free = np.array(
        [not text.decode("iso-8859-1").startswith(examined) for text in catalogue.product_texts]
    )
    medicine = catalogue.ldn_medicine
    first = int(catalogue.first_product[medicine])
    free[first : first + int(catalogue.products[medicine])] = False
    return drawn.where(free[drawn.product])


def _join(plan: Plan, folder: Path, rows: list[tuple[int, ...]]) -> list[dict[str, Any]]:
    """Delivered files of the parts of all blocks; the cohort is in the first of each year."""
    files: list[dict[str, Any]] = []
    lines = {(row[1], row[0]): row[3] for row in rows}
    places = [(year, place) for year in plan.calendar.years for place in range(plan.files_per_year)]
    for year, place in places:
        blocks = [*registry.share_of_blocks(plan, place), *([plan.blocks] if place == 0 else [])]
        target = folder / registry.file_name(plan, year, place)
        join_parts([plan.part(folder, year, block) for block in blocks], target)
        count = sum(lines[year, block] for block in blocks)
        files.append(
            {
                "name": target.name,
                "year": year,
                "dispensings": count,
                "size": target.stat().st_size,
            }
        )
        report(Progress("delivering", len(files), len(places), "files"))
    return files


def _truth(
    parameters: dict[str, Any],
    study: StudyDefinition,
    cohort: Cohort,
    values: Published,
    plan: Plan,
    files: list[dict[str, Any]],
) -> dict[str, Any]:
    """What was simulated, and every published value a study of it prints otherwise."""
    levels = [level.id for level in study.strata.levels]
    return {
        "parameters": parameters,
        "people": {"all": plan.people + len(cohort), "cohort": len(cohort)},
        "starters": {
            level: int((cohort.stratum == place).sum()) for place, level in enumerate(levels)
        },
        "stopped_before": plan.roles.stopped_before,
        "later": plan.roles.later,
        "dispensings": {
            str(year): sum(file["dispensings"] for file in files if file["year"] == year)
            for year in plan.calendar.years
        },
        "files": files,
        "published_values": _met(study, cohort, values),
    }


def _met(study: StudyDefinition, cohort: Cohort, values: Published) -> dict[str, Any]:
    """How many published values a study of the cohort prints, and which it does not."""
    compared = check(cohort, study, values)
    return {
        "all": len(compared.rows),
        "met": compared.total["equal"],
        "not_met": [
            {
                "name": row.published.name,
                "published": row.published.text,
                "computed": row.computed,
                "why": row.reason,
            }
            for row in compared.unequal
        ],
    }
