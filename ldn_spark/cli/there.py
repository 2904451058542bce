"""Results that a command finds there already, and needs not make again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldn_spark.runs.run import Question, Wanted


def find_there(
    out: Path,
    wanted: Sequence[Wanted],
    asked: Sequence[Question],
    run_id: str | None,
    *,
    others: bool = True,
) -> dict[str, Path]:
    """The folders that hold the results of studies already, by study; says so on standard error.

    Args:
        out: where results are.
        wanted: the studies, with what they are held against.
        asked: what a run of them would compute.
        run_id: the name of the run, where it is given.
        others: whether a run of another name serves too.

    Raises:
        OutputExistsError: a run of the given name holds something else.
    """
    from ldn_spark.cli.logs import log_notes, log_warnings
    from ldn_spark.papers.reading import read_published
    from ldn_spark.runs.served import find_served

    there = {}
    for one, question in zip(wanted, asked, strict=True):
        study = one.study.definition
        held = None if one.published is None else read_published(one.published, study).file
        served = find_served(out, question, held, run_id=run_id, others=others)
        mend = "the study is run again" if served.folder is None else "another run serves"
        log_warnings(f"{problem.where}: {problem.what}; {mend}" for problem in served.damaged)
        if served.folder is not None:
            there[study.id] = served.folder
    if there:
        what = ", ".join(there)
        mend = "; --again makes new ones" if others else ""
        log_notes([f"nothing to do for {what}: the results are there{mend}"])
    return there
