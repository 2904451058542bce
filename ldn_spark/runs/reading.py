"""What a run reads of the lake's files, so that they can be looked at while the engine works."""

from __future__ import annotations

from collections.abc import Iterable

from ldn_spark import schemas
from ldn_spark.engine.waiting import Started
from ldn_spark.lake.checking import require_whole
from ldn_spark.lake.versions import LakeVersion
from ldn_spark.places.place import Place
from ldn_spark.study.atc.uses import EVERY_CODE, code_uses
from ldn_spark.study.codes import shortest_prefixes
from ldn_spark.study.reach import condition_looks
from ldn_spark.study.sets import StudySet

_READ = (
    schemas.DISPENSINGS,
    schemas.PERSONS,
    schemas.OBSERVATION_PERIODS,
    schemas.DISPENSING_PROFILE,
)


def delivered_codes(sets: Iterable[StudySet]) -> tuple[str, ...]:
    """Beginnings of all delivered codes that any look of these cohorts may read.

    A condition on reimbursement alone looks at every code; and where files are of several ATC
    indices, the codes that were altered between them are counted among the lines.
    """
    found: set[str] = set()
    for one in sets:
        of_any = any(not look.leaf.atc for look in condition_looks(one.definition))
        if of_any or len({part.file_ids for part in one.translation.parts}) > 1:
            return EVERY_CODE
        asked = shortest_prefixes(code for use in code_uses(one.definition) for code in use.codes)
        found.update(one.translation.asked_for(asked).delivered)
    return shortest_prefixes(found)


def begin_check(
    root: Place, version: LakeVersion, sets: Iterable[StudySet], *, of_all: bool = False
) -> Started[None]:
    """Look at the files that cohorts may be read from, or all dispensings, in a thread.

    To be waited for before anything that was read is trusted: it raises `EngineError`, with every
    damaged file, where there is one.
    """
    codes = EVERY_CODE if of_all else delivered_codes(sets)
    tables = {table.name for table in _READ}
    return Started(lambda: require_whole(root, version, tables, codes=codes))
