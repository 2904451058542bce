"""What two runs were made of otherwise: study, data, software and call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ldn_spark.drift.snapshot import Change
from ldn_spark.runs.manifest_file import Delivered, Manifest
from ldn_spark.shown import counted, numbered

_NAMED = 12
"""Keys or files that are named; of more the number is said."""
_UNSAID = "not said"


def made_otherwise(old: Manifest, new: Manifest) -> tuple[Change, ...]:
    """Every difference in what two runs were made of, by kind; empty for none."""
    return tuple(
        change
        for found in (_study(old, new), _data(old, new), _software(old, new), _call(old, new))
        for change in found
        if change.old != change.new
    )


def _study(old: Manifest, new: Manifest) -> Iterator[Change]:
    yield Change("study", "study", old.study.id, new.study.id)
    yield Change("study", "study hash", old.study.hash[:8], new.study.hash[:8])
    if old.study.id == new.study.id:
        keys = list(_keys(old.study.definition, new.study.definition))
        if keys:
            yield Change("study", "study file", "", f"other {listed(keys)}")
    before, after = old.study.codelists, new.study.codelists
    for name in sorted(before.keys() | after.keys()):
        lists = (before.get(name), after.get(name))
        if lists[0] != lists[1]:
            come, gone = (set(lists[a] or ()) - set(lists[b] or ()) for a, b in ((1, 0), (0, 1)))
            words = f"{counted(len(come))} come, {counted(len(gone))} gone"
            yield Change("study", f"codelist {name}", "", words)


def _keys(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Where two study files differ: `exposure.index_event.last`, `outcomes.N05A.atc`.

    Items of lists go by their ids; lists without ids and values are told whole.
    """
    old, new = _by_id(old), _by_id(new)
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if old != new:
            yield path
        return
    for key in dict.fromkeys([*old, *new]):
        below = f"{path}.{key}" if path else str(key)
        if key in old and key in new:
            yield from _keys(old[key], new[key], below)
        else:
            yield below
    if isinstance(old, _Items) and list(old) != list(new) and old.keys() == new.keys():
        yield f"{path} (the order)"


class _Items(dict[str, Any]):
    """A list of things with ids, by these; unlike that of keys, their order may matter."""


def _by_id(value: Any) -> Any:
    """A list of things with ids by these, anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(x, dict) and "id" in x for x in value):
        found = _Items((str(one["id"]), one) for one in value)
        return found if len(found) == len(value) else value
    return value


def _data(old: Manifest, new: Manifest) -> Iterator[Change]:
    before, after = old.input, new.input
    yield Change("data", "lake version", str(before.lake_version), str(after.lake_version))
    sums = (before.data_sha256[:8] or _UNSAID, after.data_sha256[:8] or _UNSAID)
    yield Change("data", "data", *sums)
    files = [{(one.name, one.sha256): one for one in each.files} for each in (before, after)]
    come = [one for key, one in files[1].items() if key not in files[0]]
    gone = [one for key, one in files[0].items() if key not in files[1]]
    yield Change("data", "files taken in", "", listed([_file(one) for one in come]))
    yield Change("data", "files that are not there", "", listed([one.name for one in gone]))
    replaced = [
        f"{one.name} ({numbered(one.superseded - files[0][key].superseded, 'line')})"
        for key, one in files[1].items()
        if key in files[0] and one.superseded > files[0][key].superseded
    ]
    yield Change("data", "files of which lines were replaced", "", listed(replaced))


def _file(one: Delivered) -> str:
    version = f", version {one.version}" if one.version else ""
    return f"{one.name} ({numbered(one.lines, 'line')}{version})"


def _software(old: Manifest, new: Manifest) -> Iterator[Change]:
    before, after = old.software, new.software
    yield Change("software", "software", before.ldn_spark, after.ldn_spark)
    sources = (before.source_sha256[:8] or _UNSAID, after.source_sha256[:8] or _UNSAID)
    yield Change("software", "source", *sources)
    yield Change("software", "engine", before.engine or _UNSAID, after.engine or _UNSAID)
    for name in sorted({*before.packages, *after.packages}):
        versions = (before.packages.get(name) or "none", after.packages.get(name) or "none")
        yield Change("software", name, *versions)


def _call(old: Manifest, new: Manifest) -> Iterator[Change]:
    """The command but for the version of the lake, which is told with the data."""
    commands = (re.sub(r" --as-of \d+", "", one.command) for one in (old, new))
    yield Change("call", "command", *commands)


def listed(names: Sequence[str]) -> str:
    """Names one after the other; of many the first, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {counted(more)} more" if more > 0 else "")
