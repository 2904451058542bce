"""What is written down of a call that runs studies: an entry of the lake's ledger, as it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ldn_spark.cli.failures import Failure, failure_of
from ldn_spark.errors import LdnSparkError, StudiesError

if TYPE_CHECKING:
    from ldn_spark.lake.ledger import Entry, Outcome, StudyEntry
    from ldn_spark.places.place import Place
    from ldn_spark.runs.run import Question

_REFUSED = range(2, 22)
"""Exit codes of what is refused by a rule."""
_STOPPED = (130, 143)


@dataclass
class Call:
    """What is known so far of a call; whoever works on it adds what it learns.

    Attributes:
        command: `run`, or the stage that is run alone.
        lake: what is read.
        named: the studies as they were typed.
        run_id: the name of the run, where it is given.
        engine: its name, once it is chosen.
        asked: what is computed, once the studies and the version of the lake are read.
        there: folders of results that were there already, by study.
        made: those that the call has made.
    """

    command: str
    lake: Place
    named: Sequence[str]
    run_id: str | None
    engine: str | None = None
    asked: Sequence[Question] = ()
    there: Mapping[str, Place] = field(default_factory=dict)
    made: Mapping[str, Place] = field(default_factory=dict)


@contextmanager
def in_ledger(
    command: str,
    lake: Place,
    named: Sequence[str] | None,
    run_id: str | None,
    *,
    ends_run: bool = True,
) -> Iterator[Call]:
    """Write down in the lake how the block ends, whatever it ends with.

    A ledger that cannot be written to is a warning: it changes no exit code.

    Args:
        command: `run`, or the stage that is run alone.
        lake: what is read.
        named: the studies as they were typed.
        run_id: the name of the run, where it is given.
        ends_run: whether a run has ended with it; otherwise only a failure is written down.
    """
    call = Call(command, lake, named or (), run_id)
    began, clock = datetime.now(UTC), time.monotonic()
    try:
        yield call
    except BaseException as error:
        _write(call, began, time.monotonic() - clock, error)
        raise
    if ends_run:
        _write(call, began, time.monotonic() - clock, None)


def _write(call: Call, began: datetime, seconds: float, error: BaseException | None) -> None:
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.lake.ledger import LEDGER, write_entry

    try:
        write_entry(call.lake, _entry(call, began, seconds, error))
    except Exception as fault:  # noqa: BLE001  # any library of a store
        reason = getattr(fault, "strerror", None) or type(fault).__name__
        what = "how this run ended could not be written down"
        log_warnings([f"{call.lake / LEDGER}: {what}: {reason}"])


def _entry(call: Call, began: datetime, seconds: float, error: BaseException | None) -> Entry:
    from ldn_spark.lake.ledger import Entry
    from ldn_spark.runs.software import software

    known = software()
    return Entry(
        command=call.command,
        began=began.isoformat(timespec="microseconds"),
        seconds=round(seconds, 3),
        exit_code=0 if error is None else _failure(error).exit_code,
        lake_version=call.asked[0].version.number if call.asked else None,
        ldn_spark=known["ldn_spark"],
        source_sha256=known["source_sha256"],
        engine=call.engine,
        studies=list(_studies(call, error)),
    )


def _studies(call: Call, error: BaseException | None) -> Iterator[StudyEntry]:
    from ldn_spark.lake.ledger import StudyEntry
    from ldn_spark.runs.run import key_of
    from ldn_spark.shown import shown

    failed, made = {}, dict(call.made)
    if isinstance(error, StudiesError):
        failed = dict(error.failed)
        made |= {folder.parent.name: folder for folder in error.folders}
    if not call.asked:
        outcome, why = _outcome(error)
        for name in call.named or ("",):
            yield StudyEntry(
                id=shown(name),
                hash=None,
                key=None,
                run_id=call.run_id,
                outcome=outcome,
                why=why,
                folder=None,
            )
    for one in call.asked:
        name, key = one.study.definition.id, None
        with suppress(LdnSparkError):  # the codes cannot be read, which is why the call failed
            key = key_of(one)
        folder = call.there.get(name) or made.get(name)
        outcome, why = _outcome(failed.get(name, error))
        if folder is not None:
            outcome, why = "nothing to do" if name in call.there else "done", ""
        yield StudyEntry(
            id=name,
            hash=one.study.hash,
            key=key,
            run_id=call.run_id if folder is None else folder.name,
            outcome=outcome,
            why=why,
            folder=None if folder is None else shown(str(folder)),
        )


def _outcome(error: BaseException | None) -> tuple[Outcome, str]:
    """How a study without results ended, in a word and a sentence."""
    if error is None:
        return "done", ""
    failure = _failure(error)
    first, *others = failure.messages
    why = f"{first} (and {len(others)} more)" if others else first
    if failure.exit_code in _STOPPED:
        return "stopped", why
    return "refused" if failure.exit_code in _REFUSED else "failed", why


def _failure(error: BaseException) -> Failure:
    """What a call ends with; of a bug only its kind, because its message may hold anything."""
    return failure_of(error) or Failure(
        1, "bug", [f"a fault of the software: {type(error).__name__}"]
    )
