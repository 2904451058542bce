"""Where results may be written: told before any work is done."""

import pytest

from ldn_spark.errors import OutputExistsError, UsageError
from ldn_spark.runs.folder import require_place


@pytest.fixture
def lake(tmp_path):
    for name in ("dispensings/_delta_log", "_versions", "runs", "results"):
        (tmp_path / "lake" / name).mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    return tmp_path / "lake"


@pytest.mark.parametrize("name", ["dispensings", "dispensings/a/b", "_versions", "runs/x", "_new"])
def test_no_results_among_the_tables(lake, name):
    with pytest.raises(UsageError, match="of the lake stands there; choose a folder outside"):
        require_place(lake / "results" / ".." / name, lake)


@pytest.mark.parametrize("name", ["file", "file/a/b"])
def test_a_file_in_the_way(lake, name):
    with pytest.raises(OutputExistsError, match="file: is no folder") as caught:
        require_place(lake.parent / name, lake)
    assert caught.value.exit_code == 21


@pytest.mark.parametrize("name", ["lake", "lake/results", "lake/new/a", "elsewhere", "."])
def test_usual_places(lake, name):
    require_place(lake.parent / name, lake)
