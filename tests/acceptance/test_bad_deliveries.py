"""Hand-made bad deliveries: each ends in a clear error or in a full account, the whole way through.

The cases stand in `tests/acceptance/bad_deliveries`, with their outcomes written by hand. Every
delivery goes through `ldn check` and `ldn ingest` as a user would give them, and whatever becomes
of it, lines add up, both commands say the same, and nothing personal is said.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.files import scanning as delivery_module
from ldn_spark.delivery.files.blocks import BLOCK_BYTES
from ldn_spark.engine import collect, sessions
from ldn_spark.errors import DeliveryError
from ldn_spark.ingest import check as check_module
from ldn_spark.ingest import ingest as ingest_module
from ldn_spark.ingest.landing import tasks
from ldn_spark.lake.versions import Lake, known_versions, read_version
from ldn_spark.schemas import (
    DISPENSINGS,
    OBSERVATION_PERIODS,
    PERSONS,
    REJECTED_DISPENSINGS,
)
from tests.acceptance.bad_deliveries import of_files, of_tables, of_values
from tests.acceptance.bad_deliveries.case import CANARY, Account, Case, Refused, Taken

CASES = {**of_values.CASES, **of_tables.CASES, **of_files.CASES}
ON_BOTH_ENGINES = [
    "B1 five encodings in one delivery, UTF-8 declared",
    "B4 returns, zero, unknown, a thousand million and more",
    "B16 every way to break a line, between good ones",
    "B17 overlapping deliveries with line keys",
    "F9 packed files that are cut off, damaged, empty, and hold nothing",
]
SMALL_BLOCKS = 200


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit code, its JSON events, and all of it."""

    code: int
    events: list[dict]
    said: str

    def event(self, name):
        """The only event of this name."""
        (found,) = [event for event in self.events if event["event"] == name]
        return found


@pytest.fixture
def ldn(spark, capsys, monkeypatch):
    """Runs a command on the session's engine; ingests cut files into small blocks."""

    @contextmanager
    def this_one(*_, **__):
        yield spark

    def say(command, case, delivery, lake, source_file):
        small = BLOCK_BYTES if case.large else SMALL_BLOCKS
        with monkeypatch.context() as patch:
            patch.setattr(sessions, "open_engine", this_one)
            patch.setattr(ingest_module, "ingest", partial(ingest_module.ingest, block_bytes=small))
            named = case.deliver(delivery)
            if case.meanwhile:
                parse_files = _after(case.meanwhile, delivery)
                patch.setattr(ingest_module, "parse_files", parse_files)
                patch.setattr(check_module, "parse_files", parse_files)
            arguments = [command, *named, "--lake", str(lake), "--source", str(source_file)]
            arguments += ["--log-format", "json"]
            arguments += [] if case.share is None else ["--max-rejected-share", str(case.share)]
            for what in case.replaces:
                arguments += ["--replaces", what]
            for name, file in case.lookups.items():
                arguments += ["--lookup", f"{name}={delivery / file}"]
            capsys.readouterr()
            code = run(arguments)
        said = capsys.readouterr()
        events = [json.loads(line) for line in said.err.splitlines()]
        return Answer(code, events, f"{said.out}\n{said.err}".replace(f"{delivery}/", ""))

    return say


def _after(meanwhile, delivery):
    """`parse_files`, when something has been done to the scanned files."""
    parse_files = ingest_module.parse_files

    def parse(*args, **kwargs):
        meanwhile(delivery)
        return parse_files(*args, **kwargs)

    return parse


@pytest.fixture(scope="module")
def lake_with(spark, tmp_path_factory):
    """A lake that has taken some files in; made once for all cases that begin with them."""
    made = {}

    def make(files, source):
        key = (source.id, *sorted(files.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("held")
            before = Case(files, Refused(()))
            ingest_module.ingest(spark, folder / "lake", before.deliver(folder / "d"), source)
            made[key] = folder / "lake"
        return made[key]

    return make


@pytest.fixture
def places(tmp_path, lake_with):
    """The delivery's folder, the lake as it is before, and the declared source, of a case."""

    def make(case):
        delivery, lake = tmp_path / "leveranse æ 1", tmp_path / "lake"
        delivery.mkdir()
        if case.held:
            shutil.copytree(lake_with(case.held, case.source), lake)
        source_file = tmp_path / "source.yaml"
        source_file.write_text(case.source.model_dump_json(), encoding="utf-8")
        return delivery, lake, source_file

    return make


@pytest.mark.nightly("spark")
@pytest.mark.parametrize("name", ON_BOTH_ENGINES)
def test_a_bad_delivery(spark, ldn, places, name):
    go_through(spark, ldn, places, CASES[name])


@pytest.mark.only_engine("sail")
@pytest.mark.parametrize("name", [name for name in CASES if name not in ON_BOTH_ENGINES])
def test_one_more_bad_delivery(spark, ldn, places, name):
    go_through(spark, ldn, places, CASES[name])


@pytest.mark.only_engine("sail")
def test_a_file_that_not_every_node_sees(ldn, places, monkeypatch):
    """It is where it was for the one who scanned it, and not where it is parsed."""
    case = CASES["F11 deleted between check and parsing"]
    monkeypatch.setattr(delivery_module, "_is_changed", lambda file: False)
    answer = ldn("ingest", case, *places(case))
    (told,) = answer.event("DeliveryError")["problems"]
    assert answer.code == 10
    assert "a.txt: is not seen by every node of the engine; put it where all of them" in told


@pytest.mark.only_engine("sail")
def test_a_parser_that_fails_names_its_file_and_line_and_no_value(ldn, places, monkeypatch):
    def fail(*_, **__):
        raise ValueError(CANARY)

    case = CASES["B14 one line"]
    monkeypatch.setattr(tasks, "parse_rows", fail)
    answer = ldn("ingest", case, *places(case))
    (told,) = answer.event("EngineError")["problems"]
    assert re.fullmatch(r"a\.txt: parsing the lines from line 2 failed with ValueError at .+", told)
    assert (answer.code, CANARY in answer.said) == (40, False)


def test_every_kind_of_bad_input_has_a_delivery():
    assert len(CASES) >= 50
    assert set(ON_BOTH_ENGINES) <= set(CASES)
    numbers = {name.split()[0] for name in CASES}
    assert numbers >= {*(f"B{number}" for number in range(1, 21)), "F9", "F11"}


def go_through(spark, ldn, places, case):
    """A check and an ingest of the delivery, and what must be true of both."""
    delivery, lake, source_file = places(case)
    before = _content(lake)
    checked = ldn("check", case, delivery, lake, source_file)
    assert _content(lake) == before, "a check changes nothing"
    shutil.rmtree(delivery)
    done = ldn("ingest", case, delivery, lake, source_file)
    secrets = {CANARY}
    if isinstance(case.outcome, Refused):
        require_refused(case.outcome, checked, done)
        assert _content(lake) == before, "the lake is unchanged"
        assert not any((lake / "_staging").glob("*")), "nothing is left behind"
    else:
        secrets |= require_taken(spark, case, lake, checked, done)
    require_silence(secrets, lake, checked, done)


def _content(lake):
    """Every file of a lake with its size and time; whether somebody held it does not matter."""
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in lake.rglob("*")
        if path.is_file() and path.name != "_lock"
    }


def require_refused(outcome, checked, done):
    """Both commands name every problem with its place, the fault and the mend."""
    error = done.event(outcome.error.__name__)
    assert done.code == checked.code == error["exit_code"] == outcome.error.exit_code
    told = error["problems"]
    expected = [*outcome.problems, *((words,) for words in outcome.rejected)]
    assert len(told) == len(expected), told
    for problem, words in zip(told, expected, strict=True):
        for word in words:
            assert word in problem
    if outcome.error is not DeliveryError:
        assert checked.event(outcome.error.__name__)["problems"] == told
        return
    said = checked.event("check")
    assert said["problems"] == told[: len(outcome.problems)]
    assert not outcome.rejected or said["rejected"] == told[len(outcome.problems) :]
    for file in said["files"]:
        require_sums(file)


def require_taken(spark, case, lake, checked, done):
    """Every line of every file is accounted for, and the lake holds what was accepted.

    Returns:
        The pseudonyms that it holds.
    """
    outcome: Taken = case.outcome
    assert (checked.code, done.code) == (0, 0), done.said
    number = known_versions(lake)[-1]
    record = json.loads((lake / "_versions" / f"{number:08d}.json").read_text(encoding="utf-8"))
    files = [file for file in record["files"] if file["version"] == number]
    assert number == (2 if case.held else 1)
    assert {file["name"]: _account(file) for file in files} == dict(outcome.files)
    for name in outcome.files:
        assert _unwrapped(name) in _unwrapped(done.said)
    said = checked.event("check")
    assert [_before_writing(file) for file in said["files"]] == [
        _before_writing(file) for file in files
    ]
    assert tuple(said["known"]) == outcome.known
    assert all(f"{name}: already in the lake" in done.said for name in outcome.known)
    warnings = [told for told in said["warnings"] if "holds no registry yet" not in told]
    assert len(warnings) == len(outcome.warnings), warnings
    for told, words in zip(warnings, outcome.warnings, strict=True):
        assert words in told
        assert _unwrapped(told) in _unwrapped(done.said)
    return require_content(spark, outcome, lake, files)


def require_content(spark, outcome, lake, files):
    """The lake's tables hold what the account says, and what the case says; the pseudonyms."""
    found = Lake(spark, lake)
    version = read_version(lake)
    assert (version.dispensings, version.persons) == (outcome.dispensings, outcome.persons)
    assert (version.sex_conflicts, version.birth_year_conflicts) == outcome.conflicts
    assert sum(file.superseded for file in version.files) == outcome.replaced
    persons, rows, rejected = (
        collect.rows(found.read(table, version))
        for table in (PERSONS, DISPENSINGS, REJECTED_DISPENSINGS)
    )
    assert (len(persons), len(rows)) == (outcome.persons, outcome.dispensings)
    names = {row["person_key"]: row["pseudonym"] for row in persons}
    assert len(names) == len(persons)
    of_file = Counter(row["file_id"] for row in rows)
    reasons = Counter((row["file_id"], row["reason"]) for row in rejected)
    for file in files:
        require_sums(file)
        if file["kind"] == "dispensings":
            assert of_file[file["file_id"]] == file["accepted"]
        assert file["rejected_by_reason"] == {
            reason: count for (of, reason), count in reasons.items() if of == file["file_id"]
        }
    assert "\N{REPLACEMENT CHARACTER}" not in str(persons)
    if outcome.rows is not None:
        assert sorted(_dispensing(row, names) for row in rows) == sorted(outcome.rows)
    if outcome.people is not None:
        columns = ("pseudonym", "sex", "birth_year", "died_on")
        assert sorted(_words(row, columns) for row in persons) == sorted(outcome.people)
    if outcome.periods is not None:
        periods = collect.rows(found.read(OBSERVATION_PERIODS, version))
        named = [row | {"person_key": names[row["person_key"]]} for row in periods]
        texts = sorted(_words(row, OBSERVATION_PERIODS.names) for row in named)
        assert texts == sorted(outcome.periods)
    if outcome.rejections is not None:
        columns = ("file", "line", "column", "reason")
        ours = [row for row in rejected if row["file_id"] in {file["file_id"] for file in files}]
        ours.sort(key=lambda row: (row["file"], row["line"]))
        assert tuple(_words(row, columns) for row in ours) == outcome.rejections
    return set(names.values())


def require_sums(file):
    """The lines of a file add up."""
    assert file["lines"] == file["accepted"] + file["rejected"]
    assert sum(file["rejected_by_reason"].values()) == file["rejected"]
    assert file["repaired"] <= min(file["accepted"], sum(file["repaired_by_reason"].values()))
    for counts in (file["repaired_by_reason"], file["noted_by_reason"]):
        assert all(0 < count <= file["accepted"] for count in counts.values())


def require_silence(secrets, lake, *answers):
    """No pseudonym and no text of a row in what is said, recorded or logged."""
    texts = [answer.said for answer in answers]
    texts += [path.read_text(encoding="utf-8") for path in lake.rglob("*.json")]
    for text in texts:
        lower = text.lower()
        assert "traceback" not in lower
        assert not [secret for secret in secrets if secret.lower() in lower]


def _account(file):
    return Account(
        file["lines"],
        file["accepted"],
        file["rejected_by_reason"],
        file["repaired"],
        file["repaired_by_reason"],
        file["noted_by_reason"],
    )


def _before_writing(file):
    """What is known of a file before it is written into a lake."""
    later = {"version": 0, "first_dispensed_on": "", "last_dispensed_on": "", "lookups": {}}
    return file | later


def _unwrapped(text):
    """Without the blanks that a narrow screen turns into line ends."""
    return re.sub(r"\s+", "", text)


def _dispensing(row, names):
    ddd = "-" if row["ddd"] is None else f"{row['ddd'].normalize() + 0:f}"
    product = row["product_number"] or "-"
    return f"{names[row['person_key']]} {row['atc']} {product} {row['dispensed_on']} {ddd}"


def _words(row, columns):
    return " ".join("-" if row[name] is None else str(row[name]) for name in columns)
