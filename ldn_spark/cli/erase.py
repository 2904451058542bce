"""`ldn erase`: persons, or a whole lake, with a record that names nobody."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from ldn_spark.cli.options import (
    Apply,
    AsJson,
    CheckRecord,
    ErasureRecord,
    Forget,
    LakeArgument,
    LogFormat,
    PseudonymsColumn,
    PseudonymsFile,
    SignWith,
    WholeLake,
)
from ldn_spark.cli.reporters import progress_shown

if TYPE_CHECKING:
    from ldn_spark.erasure.persons import ErasurePlan
    from ldn_spark.erasure.whole import WholeErasure
    from ldn_spark.places.place import Place


def erase(
    lake: LakeArgument,
    pseudonyms: PseudonymsFile,
    column: PseudonymsColumn,
    everything: WholeLake,
    apply: Apply,
    forget: Forget,
    sign_with: SignWith,
    record: ErasureRecord,
    check: CheckRecord,
    as_json: AsJson,
    log_format: LogFormat,
) -> None:
    """Say what an erasure would remove; with `--apply`, erase. No engine is started.

    `--pseudonyms FILE`: the persons go from every table; the earlier versions and the tables of all
    runs go with them, and later deliveries are taken in without them. `--all`: the lake goes, with
    an inventory before and proof after. Delivered files, folders of results, backups and copies
    lie outside the lake and stay; what is known of them is named. Pseudonyms stand in no message,
    log or record. Exit code 0 also where nobody is found, 11 for an empty file, 20 while somebody
    reads or writes the lake, 40 where it is damaged: nothing is changed then.
    """
    from ldn_spark.erasure.records import check_record, read_key
    from ldn_spark.errors import Problem, UsageError
    from ldn_spark.places.stores import prepare_stores, require_stores, told_of_stores

    if sum((pseudonyms is not None, everything, check is not None)) != 1:
        what = "one of them says what is erased"
        mend = "give --pseudonyms FILE, --all, or --check RECORD"
        raise UsageError(Problem("--pseudonyms, --all, --check", what, mend))
    for option, given, only, fits in (
        ("--record", record is not None, "--all", everything),
        ("--forget", forget, "--pseudonyms", pseudonyms is not None),
        ("--column", column is not None, "--pseudonyms", pseudonyms is not None),
    ):
        if given and not fits:
            raise UsageError(Problem(option, f"means nothing without {only}", "leave it out"))
    prepare_stores([lake])
    require_stores([lake])
    key = None if sign_with is None else read_key(sign_with)
    if check is not None:
        said = check_record(check, key)
        signed = "signed with this key" if key else "not held against a key"
        typer.echo(f"{said['record']} of {said['lake']}: as it was written, {signed}")
        return
    with told_of_stores(str(lake)), progress_shown(log_format):
        if everything:
            _erase_all(lake, record, key, apply=apply, as_json=as_json)
        else:
            assert pseudonyms is not None
            _erase_persons(
                lake, pseudonyms, column, key, apply=apply, forget=forget, as_json=as_json
            )


def _erase_persons(
    lake: Place,
    file: Place,
    column: str | None,
    key: bytes | None,
    *,
    apply: bool,
    forget: bool,
    as_json: bool,
) -> None:
    from ldn_spark.engine.rights import keep_as
    from ldn_spark.erasure.persons import erase_persons, plan_erasure
    from ldn_spark.erasure.pseudonyms import read_pseudonyms
    from ldn_spark.lake.faults import translated_faults

    keep_as(lake)
    with translated_faults("erasing persons", lake):
        named = read_pseudonyms(file, column)
        if apply:
            plan = erase_persons(lake, named, key=key, forget=forget)
        else:
            plan = plan_erasure(lake, named, forget=forget)
    if as_json:
        said: dict[str, Any] = {"applied": apply, **asdict(plan)}
        said["record"] = None if plan.record is None else str(plan.record)
        typer.echo(json.dumps(said, indent=2))
    else:
        _print_persons(plan, done=apply, forget=forget, is_signed=key is not None)


def _print_persons(plan: ErasurePlan, *, done: bool, forget: bool, is_signed: bool) -> None:
    from ldn_spark.shown import counted, numbered

    say = _console()
    unknown = plan.named - plan.found
    say(
        f"{numbered(plan.lines, 'line')}, {numbered(plan.named, 'pseudonym')}: "
        f"{counted(plan.found)} in the lake, {counted(unknown)} unknown to it."
    )
    if plan.is_nothing:
        say("Nothing to erase.")
        return
    for table, rows in sorted(plan.rows.items()):
        say(f"  {table}: {numbered(rows, 'row')}")
    if plan.version is not None:
        say(f"  version {plan.version} is the first without them")
    if plan.unfinished:
        say("  an erasure that was interrupted is ended")
    _list(say, "earlier versions that go with their data", map(str, plan.versions))
    _list(say, "runs whose tables in the lake go", plan.runs)
    _list(say, "results made before the erasure; they stay and count the persons", plan.results)
    _list(say, "delivered files that hold them; they lie outside the lake", plan.deliveries)
    if plan.version is not None or plan.unlisted:
        later = "may bring them back" if forget else "are taken in without them (keyed hashes stay)"
        say(f"  later deliveries {later}")
    say("  backups, copies and delivered files must be erased by who keeps them")
    if not done:
        say("Nothing is changed; do it with --apply.")
    elif plan.record is not None:
        say(f"Erased. The record{'' if is_signed else ', not signed'}: {plan.record}")


def _list(say: Any, head: str, items: Any) -> None:
    from ldn_spark.shown import shown

    found = list(items)
    if found:
        say(f"  {head}:")
        for one in found:
            say(f"    {shown(one)}")


def _console() -> Any:
    from ldn_spark.cli.consoles import standard_output

    console = standard_output()
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def _erase_all(
    lake: Place, record: Place | None, key: bytes | None, *, apply: bool, as_json: bool
) -> None:
    from ldn_spark.engine.rights import keep_as
    from ldn_spark.erasure.whole import erase_whole, plan_whole
    from ldn_spark.lake.faults import translated_faults

    keep_as(lake)
    with translated_faults("erasing the lake"):
        found = erase_whole(lake, record, key=key) if apply else plan_whole(lake, record)
    if as_json:
        said = {
            "applied": apply,
            "files": len(found.inventory),
            "bytes": found.bytes,
            "stays": list(found.stays),
            "record": str(found.record),
        }
        typer.echo(json.dumps(said, indent=2))
    else:
        _print_all(found, done=apply, is_signed=key is not None)


def _print_all(found: WholeErasure, *, done: bool, is_signed: bool) -> None:
    from ldn_spark.shown import numbered

    say = _console()
    files = f"{numbered(len(found.inventory), 'file')}, {numbered(found.bytes, 'byte')}"
    _list(say, "in the folder, and not the lake's; it stays", found.stays)
    if done:
        say(f"Erased: {files}; none is left.")
        say(f"The record{'' if is_signed else ', not signed'}: {found.record}")
    else:
        say(f"Would erase the whole lake: {files}; the record would be {found.record}.")
        say("Delivered files, folders of results, backups and copies stay where they are.")
        say("Nothing is changed; do it with --apply.")
