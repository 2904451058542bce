"""What comes before any engine: limits, rights, and a network of our own."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ldn_spark.places.place import Place


def begin(engine: str | None, *places: Place | str | None, share_group: bool = False) -> str:
    """Choose the engine and see that nobody else can reach it or read what it writes.

    To be called before anything starts a thread: a thread cannot be moved out of the network.

    Args:
        engine: `sail` or `spark`; None for Sail where it is installed.
        places: what is read and written; whatever is named by a URL needs the network.
        share_group: whether the user's group may read what is written.

    Returns:
        The engine's name.

    Raises:
        ResourceError: the shell's limits are too small for any engine, or a store refuses us.
        UsageError: a URL is none that is read or written here.
    """
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.engine.limits import require_address_space
    from ldn_spark.engine.rights import keep_from_others
    from ldn_spark.engine.sessions import default_engine
    from ldn_spark.places.place import any_url, as_place
    from ldn_spark.places.stores import prepare_stores, require_stores

    named = [as_place(place) for place in places if place is not None]
    prepare_stores(named)
    require_address_space()
    keep_from_others(share_group=share_group)
    name = engine or default_engine()
    if name == "sail":
        from ldn_spark.engine.closed_door import OPEN_DOOR, can_be_shut
        from ldn_spark.engine.embedded import OpenDoorWarning
        from ldn_spark.engine.own_network import leave_network

        if (any_url(named) or not leave_network(map(Path, named))) and not can_be_shut():
            log_warnings([OPEN_DOOR])
            warnings.simplefilter("ignore", OpenDoorWarning)  # it has been said
    require_stores(named)
    return name


def begin_in_lake(
    engine: str | None, lake: Place, *places: Place | str | None, share_group: bool = False
) -> str:
    """As `begin`, for what reads or writes a lake; says whether others can read it."""
    from ldn_spark.cli.logs import log_warnings
    from ldn_spark.engine.rights import rights_warnings
    from ldn_spark.places.place import is_url, require_plain

    name = begin(engine, lake, *places, share_group=share_group)
    require_plain(lake)
    if not is_url(lake):
        log_warnings(rights_warnings(lake))
    return name
