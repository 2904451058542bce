"""Where the time of a run goes: its start, each of its stages, and what making the files costs.

    python benchmarks/files.py LAKE --study ldn_2013

`ldn run` is measured as a whole process, by what its log says and when; a run that is not counted
comes first, medians of the others count. What the files cost is then taken in this process, one
part after the other, of the moments of one more run: what a run does in three processes at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from meter import Cost, measure
from results import MIB, environment, put, where

LDN = str(Path(sys.executable).with_name("ldn"))
TO_FOLDER = "from the moments to the folder"
_PUBLISH = "writing tables and figures"


def main() -> None:
    """Measure, print, and keep the table in RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lake", type=Path)
    parser.add_argument("--study", default="ldn_2013")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print the table, write nothing")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ldn-bench-") as scratch:
        out = Path(scratch)
        command = [LDN, "run", given.study, "--lake", str(given.lake), "--out", str(out)]
        command += ["--engine", "sail", "--log-format", "json", "--again"]
        costs = [measure(command) for _ in range(given.repeats + 1)][1:]
        publication = published(given.lake, given.study, out)
    taken = {
        "study": given.study,
        "command": f"python benchmarks/files.py LAKE --study {given.study} "
        f"--repeats {given.repeats}",
        "environment": environment(["sail"]),
        "runs": len(costs),
        "wall": statistics.median(cost.wall for cost in costs),
        "cpu": statistics.median(cost.cpu for cost in costs),
        "peak": statistics.median(cost.peak for cost in costs),
        "stages": middle_of([stages(cost) for cost in costs]),
        "parts": middle_of([parts(publication) for _ in range(given.repeats)]),
    }
    print(table(taken))
    if not given.dry:
        put(f"files-{given.study}", table(taken))


def stages(cost: Cost) -> dict[str, float]:
    """Seconds of a run by the times at which its log names a stage for the first time.

    Its start and its end are what the stages leave of the whole.
    """
    began: dict[str, float] = {}
    ended = 0.0
    for line in cost.log.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "progress":
            ended = time_of(event)
            began.setdefault(event["stage"], ended)
    moments = [*began.values(), ended]
    names = [TO_FOLDER if name == _PUBLISH else name for name in began]
    found = {
        name: after - before
        for name, before, after in zip(names, moments, moments[1:], strict=False)
    }
    return {**found, "start and end": cost.wall - sum(found.values())}


def time_of(event: dict[str, Any]) -> float:
    """When an event was said, in seconds."""
    return datetime.fromisoformat(event["ts"]).timestamp()


class Kept:
    """Takes the place of the process that makes the files, and keeps what it would be sent."""

    def __init__(self) -> None:
        self.publication: Any = None

    def check(self) -> None:
        """Nothing can have gone wrong."""

    def make(self, publication: Any) -> Callable[[], Any]:
        """Keep it, and make the files here."""
        from ldn_spark.reporting.publication import make_here

        self.publication = publication
        return make_here(publication)


def published(lake: Path, name: str, out: Path) -> Any:
    """What a run of the study hands to the making of its files."""
    from ldn_spark.engine.sessions import open_engine
    from ldn_spark.runs.pipeline import run_study
    from ldn_spark.study.load import load_study

    kept = Kept()
    with open_engine("sail") as spark:
        run_study(spark, load_study(name), lake, out, engine="sail", aside=kept)
    return kept.publication


def parts(publication: Any) -> dict[str, float]:
    """Processor seconds of each part of making the files, one after the other.

    What a run loads while the engine works is loaded before.
    """
    import scipy.special  # noqa: F401

    from ldn_spark.reporting.copies import here
    from ldn_spark.reporting.figures.draw import draw_figures
    from ldn_spark.reporting.figures.registry import figure_ids
    from ldn_spark.reporting.publication import analyse_moments, make

    found: dict[str, float] = {}

    @contextmanager
    def part(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        found[name] = time.process_time() - began

    with part("analysis"):
        results = analyse_moments(publication)
    study, drawn = publication.study, []
    for name in figure_ids(study, results):
        with part(name.replace("figure", "figure ")):
            drawn += draw_figures(study, results, [name])
    with part("all files but the figures"):
        make(publication, here, tuple(drawn))
    found["all files but the figures"] -= found["analysis"]  # which is done once more in it
    return found


def middle_of(found: list[dict[str, float]]) -> dict[str, float]:
    """The median of every name."""
    return {name: statistics.median(one[name] for one in found) for name in found[0]}


def table(taken: dict[str, Any]) -> str:
    """What was measured as Markdown."""

    def rows(of: dict[str, float]) -> list[str]:
        return [f"| {name} | {seconds:.2f} |" for name, seconds in of.items()]

    return "\n".join(
        [
            f"## Where the time of a run goes: `{taken['study']}`",
            f"Medians of {taken['runs']} runs after a warm-up: {taken['wall']:.2f} s, "
            f"{taken['cpu']:.2f} s of processor, {taken['peak'] / MIB:,.0f} MiB.",
            "",
            "| stage | wall, s |",
            "|---|---|",
            *rows(taken["stages"]),
            "",
            "| part of making the files, one after the other | processor, s |",
            "|---|---|",
            *rows(taken["parts"]),
            "",
            where(taken),
        ]
    )


if __name__ == "__main__":
    main()
