"""A person who is erased is in no byte of a lake, and the others' results are as if never there."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from ldn_spark.cli.app import run as ldn
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.erasure import persons
from ldn_spark.erasure.persons import erase_persons, plan_erasure
from ldn_spark.erasure.pseudonyms import Named, read_pseudonyms
from ldn_spark.erasure.records import check_record
from ldn_spark.errors import ConflictError, EngineError, LdnSparkError, ResultsError
from ldn_spark.ingest.ingest import ingest
from ldn_spark.ingest.landing.person_keys import person_keys
from ldn_spark.lake import pruning
from ldn_spark.lake.readers import reading
from ldn_spark.lake.verify import verify_lake
from ldn_spark.lake.versions import known_versions, only_writer, read_version
from ldn_spark.places.files import files_below
from ldn_spark.schemas import LAKE_TABLES
from tests.integration.commands import ldn as ldn_command

CANARY = "INVENTED-CANARY-4711"
DDD, PRODUCT, ATC = Decimal("1234.567891"), "987654", "V99XX99"
HEADER = "pseudonym,sex,birth_year,atc,product_number,dispensed_on,ddd"
CANONICAL = load_source("canonical")


def named(*pseudonyms):
    return Named(frozenset(pseudonyms), len(pseudonyms), "")


def needles():
    """What tells the canary, in every form in which files hold it."""
    (key,) = person_keys(pa.array([CANARY])).to_pylist()
    unscaled = int(DDD * 10**6)
    texts = (CANARY, PRODUCT, ATC, str(key), str(DDD), str(DDD).replace(".", ","), str(unscaled))
    found = [text.encode(code) for text in texts for code in ("utf-8", "utf-16-le")]
    numbers = (struct.pack(order + "q", one) for one in (key, unscaled) for order in "<>")
    return [*found, *numbers]


def layers(file):
    """The bytes of a file, of what is packed in it, and of what its Parquet pages decode to."""
    content = file.read_bytes()
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    at = content.find(b"\x28\xb5\x2f\xfd")
    while at >= 0:  # every Zstandard frame: pages, dictionary pages too
        with suppress(OSError):
            yield pa.CompressedInputStream(pa.BufferReader(content[at:]), "zstd").read(1 << 26)
        at = content.find(b"\x28\xb5\x2f\xfd", at + 1)
    if file.suffix == ".parquet":
        rows = pq.ParquetFile(file).read()
        for column in rows.columns:
            yield "\n".join(map(str, column.to_pylist())).encode()
    if file.suffix == ".arrow":
        yield str(pa.ipc.open_file(content).read_all().to_pylist()).encode()


def places_of_the_canary(root):
    wanted = needles()
    return {
        str(file.relative_to(root))
        for file in files_below(root)
        for layer in layers(file)
        if any(needle in layer for needle in wanted)
    }


@pytest.fixture(scope="module")
def small(spark, tmp_path_factory):
    """Two versions: the canary alone in a year, in files of persons, corrected once."""
    folder = tmp_path_factory.mktemp("erasure")
    first = [f"INVENTED-{n},F,1951,N02AA0{n},058719,2012-03-0{n},{n}.5" for n in range(1, 6)]
    first += [f"{CANARY},M,1950,{ATC},{PRODUCT},2019-07-01,{DDD}", f"{CANARY},M,1950,bad,,2012,1"]
    second = [
        "INVENTED-1,F,1951,N02AA01,058719,2013-03-01,1",
        f"{CANARY},M,1950,N02AA01,,2013-03-02,1",
    ]
    periods = "pseudonym,observed_from,observed_to\n" + "".join(
        f"{one},2010-01-01,2020-01-01\n" for one in (CANARY, "INVENTED-1")
    )
    for name, lines in (("dispensings_a.csv", first), ("dispensings_b.csv", second)):
        (folder / name).write_text("\n".join([HEADER, *lines, ""]))
    (folder / "observation_periods.csv").write_text(periods)
    root = folder / "lake"
    ingest(
        spark, root, [folder / "dispensings_a.csv", folder / "observation_periods.csv"], CANONICAL
    )
    ingest(spark, root, [folder / "dispensings_b.csv"], CANONICAL)
    return root


@pytest.fixture
def lake(small, tmp_path):
    return shutil.copytree(small, tmp_path / "lake")


def rows(root):
    """What the tables of the latest version hold, as another library reads them."""
    version = read_version(root)
    return {
        table.name: sorted(
            map(
                str,
                DeltaTable(str(root / table.name), version=version.tables[table.name])
                .to_pyarrow_table()
                .select(table.names)
                .to_pylist(),
            )
        )
        for table in LAKE_TABLES
    }


@pytest.fixture(scope="module")
def without(spark, small, tmp_path_factory):
    """What a lake holds of the same deliveries without the lines of the canary."""
    folder = tmp_path_factory.mktemp("without")
    for name in ("dispensings_a.csv", "observation_periods.csv", "dispensings_b.csv"):
        lines = (small.parent / name).read_text().splitlines(keepends=True)
        kept = [line for line in lines if CANARY not in line]
        (folder / name).write_text("".join(kept))
    root = folder / "lake"
    ingest(
        spark, root, [folder / "dispensings_a.csv", folder / "observation_periods.csv"], CANONICAL
    )
    ingest(spark, root, [folder / "dispensings_b.csv"], CANONICAL)
    return root


def test_the_tables_are_those_of_a_lake_that_never_knew_them(small, lake, without, spark):
    assert {name.split("/")[0] for name in places_of_the_canary(lake)} >= {
        "dispensings",
        "persons",
        "person_statements",
        "observation_periods",
        "dispensing_profile",
    }
    (lake / "_staging" / "killed").mkdir(parents=True)
    (lake / "_staging" / "killed" / "part.csv").write_text(CANARY)
    (lake / "quality" / "1").mkdir(parents=True)
    (lake / "quality" / "1" / "amounts.csv").write_text(str(DDD))
    plan = plan_erasure(lake, named(CANARY, "nobody"))
    assert known_versions(lake) == [1, 2]
    done = erase_persons(lake, named(CANARY, "nobody"))
    assert (done.found, done.named, done.version, done.versions) == (1, 2, 3, (1, 2))
    assert (plan.rows, plan.runs) == (done.rows, done.runs)
    assert set(done.deliveries) == {"dispensings_a.csv", "dispensings_b.csv"}
    assert not places_of_the_canary(lake)
    assert not list((lake / "dispensings").glob("year=2019"))
    assert not verify_lake(lake).problems
    held, expected = rows(lake), rows(without)
    rejected = held.pop("rejected_dispensings"), expected.pop("rejected_dispensings")
    assert held == expected
    assert (len(rejected[0]), len(rejected[1])) == (1, 0)  # a line number alone, of nobody's
    now, never = read_version(lake), read_version(without)
    for name in ("persons", "dispensings", "years", "noted", "first_dispensed_on", "sex_conflicts"):
        assert getattr(now, name) == getattr(never, name), name
    for one, other in zip(now.files, never.files, strict=True):
        assert one.accepted == other.accepted or one.kind != "dispensings"
        assert (one.first_dispensed_on, one.last_dispensed_on) == (
            other.first_dispensed_on,
            other.last_dispensed_on,
        )
    record = json.loads(done.record.read_text())
    assert (record["found"], record["unknown"], record["rows_found"]) == (1, 1, 0)
    again = erase_persons(lake, named(CANARY, "nobody"))
    assert again.is_nothing
    assert known_versions(lake) == [3]


def test_nobody_comes_back_with_a_later_delivery(small, lake, spark):
    erase_persons(lake, named(CANARY))
    text = (small.parent / "dispensings_b.csv").read_text()
    later = lake.parent / "dispensings_c.csv"
    later.write_text(
        text.replace("2013", "2014") + "INVENTED-9,F,1951,N02AA01,058719,2014-03-01,1\n"
    )
    periods = lake.parent / "observation_periods.csv"
    periods.write_text((small.parent / periods.name).read_text() + f" {CANARY} ,2021-01-01,\n")
    done = ingest(spark, lake, [later, periods], CANONICAL)
    assert {file.name: file.left_out for file in done.files} == {
        "dispensings_c.csv": 1,
        "observation_periods.csv": 2,
    }
    assert any("3 lines of erased persons left out" in line for line in done.warnings)
    assert not places_of_the_canary(lake)
    assert not verify_lake(lake).problems
    forgetful = shutil.copytree(small, lake.parent / "forgetful")
    erase_persons(forgetful, named(CANARY), forget=True)
    done = ingest(spark, forgetful, [later], CANONICAL)
    assert [file.left_out for file in done.files] == [0]
    assert places_of_the_canary(forgetful)
    erase_persons(forgetful, named(CANARY), forget=True)
    assert not places_of_the_canary(forgetful)


class KilledError(BaseException):
    """What no handler of ours takes."""


def steps_of(lake, monkeypatch):
    seen = []
    monkeypatch.setattr(persons, "reached", seen.append)
    monkeypatch.setattr(pruning, "reached", seen.append)
    erase_persons(lake, named(CANARY))
    return list(dict.fromkeys(seen))


@pytest.mark.only_engine("sail")
def test_killed_at_every_step(small, without, tmp_path, monkeypatch):
    old = rows(small)
    steps = steps_of(shutil.copytree(small, tmp_path / "whole"), monkeypatch)
    new = rows(tmp_path / "whole")
    assert len(steps) > 12
    for step in steps:
        lake = shutil.copytree(small, tmp_path / step)

        def kill(at, step=step):
            if at == step:
                raise KilledError

        monkeypatch.setattr(persons, "reached", kill)
        monkeypatch.setattr(pruning, "reached", kill)
        with pytest.raises(KilledError):
            erase_persons(lake, named(CANARY))
        assert not verify_lake(lake).problems, step
        assert rows(lake) in (old, new)
        monkeypatch.setattr(persons, "reached", lambda _: None)
        monkeypatch.setattr(pruning, "reached", lambda _: None)
        erase_persons(lake, named(CANARY))
        assert rows(lake) == new
        assert not places_of_the_canary(lake), step
        assert not verify_lake(lake).problems, step
        assert len(list((lake / "_erasures").glob("*.json"))) >= 1


@pytest.mark.only_engine("sail")
def test_what_is_refused(lake):
    with reading(lake, 2), pytest.raises(ConflictError, match="reads it"):
        erase_persons(lake, named(CANARY))
    with only_writer(lake), pytest.raises(ConflictError):
        erase_persons(lake, named(CANARY))
    for file in (lake / "persons").glob("*.parquet"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with pytest.raises(EngineError, match="damaged"):
        plan_erasure(lake, named(CANARY))
    assert known_versions(lake) == [1, 2]


@pytest.mark.only_engine("sail")
def test_no_record_of_a_chain_can_be_taken_away(lake):
    first = erase_persons(lake, named(CANARY), key=b"k" * 32).record
    erase_persons(lake, named("INVENTED-1"))
    assert not verify_lake(lake).problems
    content = first.read_bytes()
    first.unlink()
    assert ["names another record before it" in str(one) for one in verify_lake(lake).problems] == [
        True
    ]
    first.write_bytes(content)
    assert check_record(first, b"k" * 32)["found"] == 1
    for key in (b"another key of ours", None):
        first.write_bytes(content if key else content.replace(b'"found": 1', b'"found": 2'))
        with pytest.raises(ResultsError):
            check_record(first, key)


@pytest.mark.only_engine("sail")
def test_a_whole_lake(lake, capsys, monkeypatch, tmp_path):
    from ldn_spark.erasure import whole

    (lake / "notes.txt").write_text("mine")
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    assert ldn(["erase", str(lake), "--all"]) == 0
    assert known_versions(lake) == [1, 2]
    files = {str(file.relative_to(lake)) for file in files_below(lake)} - {"notes.txt", "_lock"}

    def kill(step):
        if step == "persons":
            raise KilledError

    monkeypatch.setattr(whole, "reached", kill)
    with pytest.raises(KilledError):
        whole.erase_whole(lake)
    monkeypatch.setattr(whole, "reached", lambda _: None)
    assert ldn(["erase", str(lake), "--all", "--apply", "--sign-with", str(key)]) == 0
    assert [file.name for file in lake.iterdir()] == ["notes.txt"]
    record = tmp_path / "lake.erased.json"
    said = json.loads(record.read_text())
    assert {name for name in said["inventory"] if not name.startswith("_lock")} == files
    assert (said["state"], said["files_left"], said["not_of_the_lake"]) == (
        "done",
        0,
        ["notes.txt"],
    )
    check = ["erase", str(lake), "--check", str(record)]
    assert ldn([*check, "--sign-with", str(key)]) == 0
    key.write_bytes(b"another key of thirty-two bytes!")
    assert ldn([*check, "--sign-with", str(key)]) == 3
    record.write_text(record.read_text().replace("done", "gone"))
    assert ldn(check) == 3
    assert ldn(["erase", str(tmp_path / "none"), "--all", "--apply"]) == 10


SAYING_WHAT_WAS_DELIVERED = {"manifest.json", "moments.json", "report.html"}
"""Files that name versions, and checksums and lines of the delivered files."""


def results(folder):
    """Name and bytes of every other result file."""
    found = {str(file.relative_to(folder)): file.read_bytes() for file in files_below(folder)}
    return {name: one for name, one in found.items() if name not in SAYING_WHAT_WAS_DELIVERED}


@pytest.mark.own_engine
def test_a_study_says_what_it_would_have_said_without_them(every_command, engine, tmp_path):
    delivery, lake, out = tmp_path / "delivery", tmp_path / "lake", tmp_path / "out"
    shutil.copytree(every_command.delivery, delivery)
    who, lines = None, {}
    for file in sorted(delivery.glob("dispensings_*.txt")):
        lines[file] = file.read_text(encoding="iso-8859-1").splitlines()
        found = (one for one in lines[file] if "2013." in one and ";N07BB04;000971;" in one)
        who = who or next(found, "").partition(";")[0] or None
    assert who, "nobody is in the cohort"
    for file, those in lines.items():  # the canary is dispensed what somebody of the cohort is
        more = [one.replace(who, CANARY) for one in those if one.startswith(f"{who};")]
        fields = more[0].split(";")
        fields[6], fields[7], fields[9] = ATC, PRODUCT, str(DDD).replace(".", ",")
        text = "\n".join([*those, *more, ";".join(fields), ""])
        file.write_text(text, encoding="iso-8859-1")
    options = ["--engine", engine]
    ldn_command("ingest", delivery, "--lake", lake, *options)
    ldn_command("quality", "--lake", lake, "--study", "ldn_2013", *options)
    run = ["run", "ldn_2013", "--lake", lake, "--out", out, *options]
    before = Path(ldn_command(*run).stdout.splitlines()[-1])
    assert any(name.startswith("runs/") for name in places_of_the_canary(lake))
    (tmp_path / "who.csv").write_text(f"PasientLopeNr\n{CANARY}\n{CANARY}\nunknown\n")
    (tmp_path / "key").write_bytes(b"k" * 32)
    erase = ["erase", lake, "--pseudonyms", tmp_path / "who.csv", "--sign-with", tmp_path / "key"]
    planned = ldn_command(*erase).stdout
    assert str(before) in planned
    done = ldn_command(*erase, "--apply")
    assert "1 in the lake, 1 unknown" in done.stdout
    assert CANARY not in planned + done.stdout + done.stderr
    assert not places_of_the_canary(lake)
    assert "data pruned" in ldn_command("runs", lake).stdout
    assert "persons were erased" in ldn_command("runs", lake, "--stale").stdout
    after = Path(ldn_command(*run).stdout.splitlines()[-1])
    (never,) = (every_command.out / "ldn_2013").glob("2*")
    expected = results(never)
    found = results(after)
    assert after != before
    assert [name for name in found if found[name] != expected[name]] == []
    assert results(before) != found
    assert not places_of_the_canary(tmp_path / "lake")
    ldn_command("verify", lake)


FILES = {
    "lines": b"P1\nP2\n\nP2\nP3",
    "windows": b"\xef\xbb\xbfP1\r\n P2 \r\nP3\r\n",
    "utf-16": "P1\nP2\nP3".encode("utf-16"),
    "header": b"PasientLopeNr\nP1\nP2\nP3\n",
    "csv": b'reason;pseudonym\nwish;"P1"\nwish;P2\nlaw;P3\n',
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.only_engine("sail")
def test_files_that_name_persons(tmp_path, kind):
    (tmp_path / "file").write_bytes(FILES[kind])
    found = read_pseudonyms(tmp_path / "file")
    assert found.pseudonyms == {"P1", "P2", "P3"}
    assert found.lines == (4 if kind == "lines" else 3)


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        (b"", 11, None),
        (b"\n \n", 11, None),
        (b"pseudonym\n", 11, None),
        (b"a;b\nSECRET;1\n", 3, None),
        (b"a;b\nSECRET;1\n", 3, "c"),
        (b"\xff\xfeS", 3, None),
        (b"SECRET\0", 3, None),
        (None, 3, None),
    ],
)
@pytest.mark.only_engine("sail")
def test_files_that_name_nobody(tmp_path, content, code, column):
    if content is not None:
        (tmp_path / "file").write_bytes(content)
    with pytest.raises(LdnSparkError) as caught:
        read_pseudonyms(tmp_path / "file", column)
    assert caught.value.exit_code == code
    assert "SECRET" not in str(caught.value)
