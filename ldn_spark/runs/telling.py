"""How far a run is, told stage by stage, and part by part where its cohorts are worked off so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from ldn_spark.progress import Progress, report

_TITLES = {
    "check": "checking the codes",
    "cohort": "finding the cohort",
    "measure": "measuring outcomes",
    "summarise": "summing groups",
    "publish": "writing tables and figures",
}
STAGES = tuple(_TITLES)

Part = TypeVar("Part")


def begun(stage: str) -> Progress:
    """That a stage of a run begins, the stages before it being done."""
    return _progress(_TITLES[stage], STAGES.index(stage))


def ended() -> Progress:
    """That a run is done."""
    return _progress(_TITLES[STAGES[-1]], len(STAGES))


def told(parts: Sequence[Part], stage: str) -> Iterator[Part]:
    """The parts of a stage one after the other, each told when it begins; one alone is not."""
    for number, part in enumerate(parts, start=1):
        if len(parts) > 1:
            title = f"{_TITLES[stage]}, part {number} of {len(parts)}"
            report(_progress(title, STAGES.index(stage)))
        yield part


def _progress(title: str, done: int) -> Progress:
    return Progress(title, done, len(STAGES), "stages")
