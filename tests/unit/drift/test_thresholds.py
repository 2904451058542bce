"""Files of thresholds: the shipped one is read, and what is wrong is named with line and key."""

from __future__ import annotations

import pytest

from ldn_spark.drift.thresholds import Thresholds, read_thresholds
from ldn_spark.errors import ConfigError
from ldn_spark.texts.documents import conf_folder

WRONG = {
    "percent: 1": "line 1: percent: unknown key",
    "persons: {raise: 1}": "line 1: persons.raise: unknown key; did you mean 'rise'?",
    "lines: {fall: 1}\npersons: {fall: -1}": "line 2: persons.fall: -1 is too small",
    "persons: {fall: much}": "line 1: persons.fall: the text 'much' stands where a number belongs",
    "persons: {fall: true}": "line 1: persons.fall: true stands where a number belongs",
    "persons: {fall: .inf}": "is not a number that everyone reads alike",
    "persons: 5": "line 1: persons: 5 stands where `key: value` lines belongs",
    "persons: {at_least: 5}": "line 1: persons: limits nothing; name `fall`, `rise` or both",
    "estimates: {at_least: 5}": "limits nothing; name `half_widths`, `lost` or both",
    "estimates: {lost: 1.5}": "line 1: estimates.lost: 1.5 stands where a whole number belongs",
    "persons:": "limits nothing; name any of lines, dispensings",
    "persons: {fall: 1": "is not valid YAML",
    "": "is empty",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named(text, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_thresholds(str(file))
    assert WRONG[text] in str(caught.value)
    assert str(file) in str(caught.value)


def test_every_key_of_the_shipped_thresholds_is_there():
    for file in (conf_folder() / "thresholds").glob("*.yaml"):
        found = read_thresholds(file.stem)
        assert all(getattr(found, name) for name in Thresholds.model_fields)


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(ConfigError, match="of that name; did you mean 'nightly'"):
        read_thresholds("nigthly")
