"""Read the shell's limits, and refuse those under which no engine can work."""

from __future__ import annotations

import os
import resource

from ldn_spark.errors import Problem, ResourceError

_GIB = 1 << 30
_ALWAYS, _PER_CORE = 6 * _GIB, _GIB // 4
"""Address space that the engines take before there are data: stacks and arenas of threads, mapped
libraries, Java's heap. It is much more than the memory in use, and with less an engine hangs or
aborts in the middle."""


def address_space_limit() -> int | None:
    """Bytes of address space that this process may have (ulimit -v, -d); None for any."""
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return min((limit for limit in limits if limit != resource.RLIM_INFINITY), default=None)


def require_address_space() -> None:
    """Say so at once where an engine could not even start its threads.

    Raises:
        ResourceError: the limit is below what an engine takes without data.
    """
    limit = address_space_limit()
    needed = _ALWAYS + _PER_CORE * len(os.sched_getaffinity(0))
    if limit is not None and limit < needed:
        what = (
            f"limits the address space to {limit / _GIB:.1f} GiB; an engine needs "
            f"{needed / _GIB:.1f} GiB for its threads and libraries, most of which is never used"
        )
        raise ResourceError(Problem("ulimit -v", what, "run it under: ulimit -v unlimited"))
