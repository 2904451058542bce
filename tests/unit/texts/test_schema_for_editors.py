"""The JSON schemas: true to what is read, a word on every key, found from wherever a file lies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from ldn_spark.cli.app import run
from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import ConfigError
from ldn_spark.release.policy import load_policy
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import conf_folder
from ldn_spark.texts.yamltree import plain, read_tree

KINDS = {"study": "studies", "source": "sources", "policy": "policies"}
LOAD = {"study": load_study, "source": load_source, "policy": load_policy}
SHIPPED = [
    (kind, path)
    for kind, folder in KINDS.items()
    for path in sorted((conf_folder() / folder).glob("*.yaml"))
]


def schema_of(kind):
    return json.loads((conf_folder() / KINDS[kind] / f"{kind}.schema.json").read_text("utf-8"))


def faults(kind, path):
    """What an editor would underline."""
    from jsonschema import Draft7Validator

    content = json.loads(json.dumps(plain(read_tree(path)[0])))
    checker = Draft7Validator.FORMAT_CHECKER
    return list(Draft7Validator(schema_of(kind), format_checker=checker).iter_errors(content))


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=[path.stem for _, path in SHIPPED])
def test_every_shipped_file_validates(kind, path):
    assert not faults(kind, path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_has_a_word_for_whoever_hovers_over_it(kind):
    schema = schema_of(kind)
    parts = {"": schema} | schema["$defs"]
    bare = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, value in part.get("properties", {}).items()
        if len(value.get("description", "")) < 5
    ]
    assert not bare
    assert len(parts) > 5


TYPOS = {
    "study": [
        ("power: 0.8", "powr: 0.8"),
        ("exposure:", "exposre:"),
        ("returns: cancel", "returns: cancle"),
        ("atc: [N07BB04]", "atc: N07BB04"),
        ("atc: [N07BB04]", "atc: [N07BB4]"),
        ("atc: [N05CF]", "atc: []"),
        ("first: 2013-01-01", "first: 2013-02-30"),
        ("first: 2013-01-01", "first: 01.01.2013"),
        ("first: 2013-01-01", "first: 0"),
        ("washout_days: none", "washout_days: nobody"),
        ("washout_days: none", "washout_days: 999999"),
        ("before: [-365, -1]", "before: [-365]"),
        ("before: [-365, -1]", "before: [-999999, -1]"),
        ("before: [-365, -1]", "before: {first: -365, last: -1}"),
        ("at_least: 1, at_most: 1", "at_least: one, at_most: 1"),
        ("id: N05B,", "id: 5 B,"),
        ("id: N05B,", "id: overall,"),
        ("label: LDN×1,", 'label: "=LDN",'),
        ("may_be_empty: false", "may_be_empty: no"),
        ("role: total", "role: all"),
        ("atc_version: 2013", "atc_version: 13"),
        ("atc_version: 2013", "atc_version: 2013.5"),
        ("tango", "tanga"),
        ("confidence_level: 0.95", "confidence_level: 95"),
        ("eligibility: []", "eligibility: [{id: a, label: b, keep_if: {sex: F, age: null}}]"),
        ("eligibility: []", "eligibility: [{id: a, label: b, keep_if: {sx: F}}]"),
        (
            "eligibility: []",
            "eligibility: [{id: a, label: b, keep_if: "
            "{dispensed: {at_least: 1, counting: one_a_day, days: [-9, -1]}}}]",
        ),
        ("curve_outcomes: [N03A", "curve_outcomes: [3"),
        ("contrasts:", "contrast:"),
    ],
    "source": [
        ("format: text", "format: csv"),
        ('delimiter: ";"', 'delimiter: ";;"'),
        ('delimiter: ";"', "delimiter: ø"),
        ('decimal_mark: ","', "decimal_mark: comma"),
        ("  atc: ATCKode\n", "  act: ATCKode\n"),
        ("  atc: ATCKode\n", "  atc: [ATCKode]\n"),
        ("files: ", "file: "),
        ("id: norpd", "id: nor pd"),
        ("id: norpd", "id: norpd\nlookups: [{name: A, key: k, gives: [x]}]"),
        ("id: norpd", "id: norpd\nbase_date: 1.1.1970"),
        ("id: norpd", "id: norpd\ncomputed: {ddd: {multiply: [a]}}"),
        ("id: norpd", "id: norpd\nrepeated_lines: drop"),
        ("id: norpd", "id: norpd\natc_version: now"),
        ("id: norpd", "id: norpd\npersons: {files: [p], columns: {atc: x}}"),
        ("id: norpd", "id: norpd\nmissing_values: NA"),
        ("id: norpd", "id: norpd\nmissing_values: [9]"),
    ],
}
CASES = [(kind, *typo) for kind, typos in TYPOS.items() for typo in typos]


@pytest.mark.parametrize(("kind", "old", "new"), CASES, ids=[f"{k}: {n}" for k, _, n in CASES])
def test_a_typo_is_seen_by_the_editor_and_by_the_reader(tmp_path, kind, old, new):
    shipped = conf_folder() / KINDS[kind] / {"study": "ldn_2013", "source": "norpd"}[kind]
    text = shipped.with_suffix(".yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "typo.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert faults(kind, path)
    with pytest.raises(ConfigError):
        LOAD[kind](str(path))


READ = {
    "study": [
        ("first: 2013-01-01", 'first: "2013-01-01"'),
        ("washout_days: none", "washout_days: 365"),
        ("products: ldn_products ", "products: null "),
        ("subgroups: []", "subgroups: [{id: w, label: Women, keep_if: {sex: F}}]"),
        (
            "eligibility: []",
            "eligibility: [{id: a, label: b, keep_if: {any: [{age: {at_least: 18, at_most: null}}, "
            "{not: {dispensed: {atc: [N02A], reimbursement_icd: [], at_least: 1, period: null, "
            "counting: one_a_day, days: [-9, -1]}}}]}}]",
        ),
    ],
    "source": [
        ("id: norpd", "id: norpd\natc_version: at_dispensing"),
        ("id: norpd", 'id: norpd\nmissing_values: ["NA", "."]'),
        (
            "id: norpd",
            'id: norpd\nmissing_values: {values: ["NA"], columns: {PasientKjonn: ["9"]}}',
        ),
        ("id: norpd", 'id: norpd\nquote: null\npersons: {files: ["p*"], columns: {pseudonym: x}}'),
    ],
}
READ_CASES = [(kind, *change) for kind, changes in READ.items() for change in changes]


@pytest.mark.parametrize(("kind", "old", "new"), READ_CASES, ids=[n for *_, n in READ_CASES])
def test_what_is_read_is_not_underlined(tmp_path, kind, old, new):
    shipped = conf_folder() / KINDS[kind] / {"study": "ldn_2013", "source": "norpd"}[kind]
    text = shipped.with_suffix(".yaml").read_text(encoding="utf-8")
    assert old in text
    if new.startswith("id: norpd\nquote"):
        text = re.sub(r"(?m)^quote:.*\n", "", text)
    path = tmp_path / "other.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert LOAD[kind](str(path))
    assert not faults(kind, path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_copied_file_finds_its_schema(tmp_path, capsys, kind, end):
    folder = tmp_path / "my own åæ"
    folder.mkdir()
    name = {"study": "ldn_2013", "source": "norpd", "policy": "ssb"}[kind]
    text = (conf_folder() / KINDS[kind] / f"{name}.yaml").read_text(encoding="utf-8")
    copy, bare = folder / "copy.yaml", folder / "bare.yaml"
    copy.write_text(text, encoding="utf-8", newline=end)
    bare.write_text(text.partition("\n")[2], encoding="utf-8", newline=end)
    for path in (copy, bare):
        for _ in range(2):  # once more changes nothing
            assert run(["schema", kind, "--into", str(path)]) == 0
        lines = path.read_bytes().decode().split(end)
        address = urlparse(lines[0].partition("$schema=")[2])
        assert address.scheme == "file"
        with open(unquote(address.path), encoding="utf-8") as file:
            assert json.load(file) == schema_of(kind)
        assert lines[1:] == text.split("\n")[1:]
        assert LOAD[kind](str(path))
    capsys.readouterr()
    assert run(["schema", kind, "--path"]) == 0
    printed = Path(capsys.readouterr().out.strip())
    assert json.loads(printed.read_text(encoding="utf-8")) == schema_of(kind)
