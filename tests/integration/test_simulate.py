"""A simulated delivery: the same bytes from every engine and cut, whole or not there at all."""

import hashlib
import itertools
import json

import pytest

from ldn_spark.errors import OutputExistsError, ResourceError, UsageError
from ldn_spark.synthetic import registry
from ldn_spark.synthetic.delivery import HEADER, join_parts
from ldn_spark.synthetic.generator import Generator, Plan
from ldn_spark.synthetic.registry import simulate
from ldn_spark.synthetic.truth import Truth

pytestmark = pytest.mark.nightly("spark")

PEOPLE, SEED = 25_000, 4


def digests(folder):
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.txt")
    }


@pytest.fixture(scope="module")
def without_engine(tmp_path_factory):
    """The delivery, written block after block without any engine."""
    folder = tmp_path_factory.mktemp("without_engine")
    plan = Plan(PEOPLE, SEED, 2012, 2014, None, False, 1)
    generator = Generator(plan)
    for block in reversed(range(plan.blocks)):
        generator.write(block, folder)
    for year in plan.calendar.years:
        parts = [plan.part(folder, year, block) for block in range(plan.blocks)]
        join_parts(parts, folder / f"dispensings_{year}.txt")
    return digests(folder)


def test_the_bytes_do_not_depend_on_engine_or_waves(spark, tmp_path, without_engine, monkeypatch):
    monkeypatch.setattr(registry, "_blocks_in_a_wave", lambda _: 1)
    simulate(spark, tmp_path / "delivery", people=PEOPLE, seed=SEED)
    assert digests(tmp_path / "delivery") == without_engine


def test_a_delivery_and_its_truth(spark, tmp_path, without_engine, reports):
    out = tmp_path / "deep" / "delivery"
    truth = simulate(spark, out, people=PEOPLE, seed=SEED)
    assert digests(out) == without_engine
    assert Truth.read(out) == truth
    assert sorted(path.name for path in out.parent.iterdir()) == ["delivery"]
    assert not [path for path in out.iterdir() if path.name.startswith(".")]
    for file in truth.files:
        content = (out / file.name).read_bytes()
        assert content.startswith(HEADER)
        assert content.count(HEADER) == 1
        assert content.count(b"\n") == file.dispensings + 1
        assert len(content) == file.size
    assert sum(truth.dispensings.values()) == sum(file.dispensings for file in truth.files)
    assert truth.starters == {"LDNx1": 17, "LDNx2-3": 12, "LDNx4+": 24}
    assert (reports[0].done, reports[0].total) == (0, PEOPLE)
    simulating = [report.done for report in reports if report.stage == "simulating"]
    assert simulating == sorted(simulating)
    assert simulating[-1] == PEOPLE


def test_more_files_hold_the_same_lines(spark, tmp_path, without_engine):
    truth = simulate(spark, tmp_path / "d", people=PEOPLE, seed=SEED, files_per_year=2)
    assert [file.name for file in truth.files][:2] == [
        "dispensings_2012_1.txt",
        "dispensings_2012_2.txt",
    ]
    for year in (2012, 2013, 2014):
        first, second = sorted((tmp_path / "d").glob(f"*_{year}_*"))
        content = first.read_bytes() + second.read_bytes().removeprefix(HEADER)
        assert hashlib.sha256(content).hexdigest() == without_engine[f"dispensings_{year}.txt"]


def test_lines_are_as_the_register_delivers_them(spark, tmp_path):
    simulate(spark, tmp_path / "d", people=2_000, seed=1)
    lines = (tmp_path / "d" / "dispensings_2013.txt").read_text("iso-8859-1").splitlines()
    header, rows = lines[0].split(";"), [line.split(";") for line in lines[1:]]
    assert all(len(row) == len(header) for row in rows)
    columns = {name: [row[place] for row in rows] for place, name in enumerate(header)}
    assert set(columns["PasientKjonn"]) == {"1", "2"}
    assert all(day.startswith("2013.") and len(day) == 10 for day in columns["UtleveringsDato"])
    assert all(len(number) == 6 for number in columns["Varenr"])
    assert any("," in ddd for ddd in columns["OrdinasjonAntallDDD"])
    keys = columns["PasientLopeNr"]
    changes = sum(a != b for a, b in itertools.pairwise(keys))
    assert changes > 0.99 * len(keys)  # a person's lines do not stand together
    attributes = {}
    for key, sex, born in zip(keys, columns["PasientKjonn"], columns["PasientFodtAr"], strict=True):
        assert attributes.setdefault(key, (sex, born)) == (sex, born)


def test_the_same_simulation_is_found_again(spark, tmp_path):
    out = tmp_path / "d"
    truth = simulate(spark, out, people=2_000, seed=1)
    stamps = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert simulate(None, out, people=2_000, seed=1) == truth  # needs no engine any more
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == stamps
    with pytest.raises(OutputExistsError, match="holds another simulation"):
        simulate(spark, out, people=2_000, seed=2)
    (out / "dispensings_2013.txt").write_text("cut off")
    with pytest.raises(OutputExistsError, match="incomplete"):
        simulate(spark, out, people=2_000, seed=1)


@pytest.mark.parametrize("truth", [None, "{}", "[]", "no json", json.dumps({"files": [1]})])
def test_a_folder_of_something_else_is_left_alone(tmp_path, truth):
    (tmp_path / "mine.csv").write_text("mine")
    if truth is not None:
        (tmp_path / "truth.json").write_text(truth)
    with pytest.raises(OutputExistsError, match="is not empty"):
        simulate(None, tmp_path, people=2_000, seed=1)
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "d").write_text("a file")
    with pytest.raises(OutputExistsError):
        simulate(None, tmp_path / "d", people=2_000, seed=1)


def test_nothing_is_left_of_a_simulation_that_fails(spark, tmp_path, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "_finish", fail)
    with pytest.raises(KeyboardInterrupt):
        simulate(spark, tmp_path / "d", people=2_000, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_simulation_are_removed_and_others_kept(spark, tmp_path):
    host = registry.socket.gethostname()
    dead = tmp_path / f".d.simulating-{host}-999999999-abc"
    elsewhere = tmp_path / ".d.simulating-other-999999999-abc"
    for folder in (dead, elsewhere):
        folder.mkdir()
    simulate(spark, tmp_path / "d", people=2_000, seed=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [elsewhere.name, "d"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"people": 0}, "no country"),
        ({"people": 500}, "leave a stratum empty"),
        ({"people": 2_000, "starters": 2}, "leave a stratum empty"),
        ({"people": 2_000, "starters": 1_900}, "more than half"),
        ({"people": 2_000, "seed": -1}, "no seed"),
        ({"people": 2_000, "first_year": 2013}, "a year on both sides"),
        ({"people": 2_000, "last_year": 2013}, "a year on both sides"),
        ({"people": 2_000, "files_per_year": 2}, "cannot be made of 1 block"),
        ({"people": 10**9}, "pseudonyms"),
    ],
)
def test_what_cannot_be_simulated_is_said_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(UsageError, match=message):
        simulate(None, tmp_path / "d", **{"seed": 1, **arguments})
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_before_it_is_full(tmp_path, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(registry.shutil, "disk_usage", lambda _: Usage)
    with pytest.raises(ResourceError, match="are free"):
        simulate(None, tmp_path / "d", people=200_000, seed=1)
