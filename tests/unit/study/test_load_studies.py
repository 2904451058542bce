"""Studies that are to be run together: names, files and folders of them."""

from __future__ import annotations

import shutil

import pytest

from ldn_spark.errors import ConfigError, EmptyInputError, StudiesError, UsageError
from ldn_spark.study.load import load_studies, load_study
from ldn_spark.texts.documents import conf_folder

SHIPPED = conf_folder() / "studies"


def names(studies):
    return [study.definition.id for study in studies]


def test_names_files_and_folders(tmp_path):
    for name in ("ldn_ra", "ldn_ms"):
        shutil.copy(SHIPPED / f"{name}.yaml", tmp_path)
    (tmp_path / "notes.txt").write_text("no study")
    asked = ["ldn_2013", str(tmp_path), str(SHIPPED / "ldn_ibd.yaml")]
    assert names(load_studies(asked)) == ["ldn_2013", "ldn_ms", "ldn_ra", "ldn_ibd"]


def test_each_is_loaded_as_alone(tmp_path):
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("971001\n")
    given = {"ldn_products": numbers}
    both = load_studies(["ldn_2013", "ldn_ibd"], given)
    assert [one.hash for one in both] == [
        load_study(name, given).hash for name in ("ldn_2013", "ldn_ibd")
    ]


def test_a_study_twice(tmp_path):
    shutil.copy(SHIPPED / "ldn_ra.yaml", tmp_path / "again.yaml")
    with pytest.raises(UsageError, match=r"again\.yaml: its id 'ldn_ra' is that of .*ldn_ra\.yaml"):
        load_studies(["ldn_ra", str(tmp_path / "again.yaml")])


def test_a_folder_without_a_study(tmp_path):
    with pytest.raises(ConfigError, match="no study file"):
        load_studies([str(tmp_path)])


def test_a_folder_of_results_is_called_as_its_study(tmp_path, monkeypatch):
    (tmp_path / "ldn_2013" / "20260101T000000Z-00000000").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert names(load_studies(["ldn_2013"])) == ["ldn_2013"]


def test_a_codelist_that_none_of_them_uses(tmp_path):
    with pytest.raises(UsageError, match="none of these studies uses the codelist 'x'; they use: "):
        load_studies(["ldn_2013", "ldn_ibd"], {"x": tmp_path / "x.csv"})


def test_what_several_could_not_do_is_one_error():
    failed = [("a", EmptyInputError("nobody is left")), ("b", ConfigError("wrong"))]
    error = StudiesError(failed, [])
    assert error.exit_code == EmptyInputError.exit_code
    assert str(error) == "study a: nobody is left\nstudy b: wrong"
