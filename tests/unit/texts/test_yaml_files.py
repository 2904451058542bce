"""What a YAML file may cost and mean: every fault has its place, and nothing takes long."""

from __future__ import annotations

import os
import re
import time

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.errors import ConfigError
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import conf_folder
from ldn_spark.texts.yamltree import MAX_BYTES, plain, read_tree

STUDY = (conf_folder() / "studies" / "ldn_2013.yaml").read_text(encoding="utf-8")
TITLE = next(line for line in STUDY.splitlines() if line.startswith("title: "))
BOMB = "".join(f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
CHAIN = "".join(f"k{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200))


def told(path, content, load=load_study):
    """The problems of a file, and that they are found in no time."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load(str(path))
    assert time.process_time() - began < 4
    return [str(problem) for problem in caught.value.problems]


FILES = {
    "alias bomb": (
        f"k0: &a0 [x]\n{BOMB}",
        r"line \d+, column \d+: more than 50\u202f000 values stand",
    ),
    "merge bomb": ("a: &a {<<: *a}\n", "the alias \\*a stands for itself"),
    "chain of aliases": (f"k0: &a0 [x]\n{CHAIN}", "nested more than 50 deep"),
    "alias of nothing": ("a: *b\n", r"line 1, column 4: there is no anchor &b before"),
    "brackets": ("a: " + "[" * 400 + "]" * 400, r"line 1, column \d+: is nested more than 50 deep"),
    "braces": ("a: " + "{b: " * 400, "is nested more than 50 deep"),
    "indentation": ("".join(" " * n + "a:\n" for n in range(400)), "is nested more than 50 deep"),
    "dashes": ("- " * 400, "is nested more than 50 deep"),
    "digits": ("a: " + "9" * 4301, "is a number of 4\u202f301 characters; write at most 18 digits"),
    "digits of a key": ("9" * 900 + ": a", "is no text"),
    "long text": ("a: " + "x" * 20_000, "is a text of more than 10\u202f000 characters"),
    "large": ("a: b\n" * (MAX_BYTES // 5 + 1), "is larger than 256 KiB"),
    "surrogate": ('a: "\\ud800"', "line 1, column 4: holds half of a character"),
    "pair of surrogates": ('a: "\\ud83d\\ude00"', "write the character itself"),
    "surrogate in a key": ('"\\ud800": a', "line 1, column 1: a key is no text"),
    "no character": ('a: "\\UFFFFFFFF"', "line 1: is not valid YAML: an escape stands for no"),
    "NUL": (b"a: b\nc: \0\n", "line 2, column 4: holds a NUL"),
    "escape character": ("a: b\nc: \x1b[2J\n", r"line 2, column 4: holds the character U\+001B"),
    "not UTF-8": (b"a: b\nc: \xff\n", "line 2: is not UTF-8 text"),
    "UTF-16": ("a: b".encode("utf-16"), "is not UTF-8 text, but UTF-16"),
    "no YAML": ("a: [b\n", r"line \d+, column 1: is not valid YAML"),
    "tab": ("a:\n\tb: c\n", r"line 2, column 1: is not valid YAML"),
    "reserved sign": ("a: @b\n", r"line 1, column 4: is not valid YAML"),
    "open quote": ('a: "b\n', "is not valid YAML"),
    "directive": ("%YAML 1.1\n---\na: b\n", "begins with a directive; leave out"),
    "bad directive": ("# a\n\n%YAML x\n---\na: b\n", "line 3, column 1: begins with a directive"),
    "unknown directive": ("%FOO bar\n---\na: b\n", "line 1, column 1: begins with a directive"),
    "tag directive": ("%TAG ! tag:x,2000:\n---\na: b\n", "begins with a directive"),
    "two documents": ("a: b\n---\na: b\n", "line 2, column 1: holds a second document"),
    "empty": ("", "is empty"),
    "comments alone": ("# nothing\n", "is empty"),
    "a list": ("- a\n", "holds no keys"),
    "a text": ("hello\n", "holds no keys"),
    "tag": ("a: !!python/object:os.system x\n", r"line 1, column 4: has the tag .*; leave the tag"),
    "binary": ("a: !!binary aGFsbG8=\n", "has the tag"),
    "set": ("a: !!set {b}\n", "has the tag"),
    "key twice": ("a: b\nc: d\na: e\n", "line 3, column 1: the key 'a' occurs twice"),
    "key of a list": ("? [a, b]\n: c\n", "line 1, column 3: a key is no text"),
    "key of a number": ("1: a\n", 'the key 1 is no text; write it in quotes: "1"'),
    "key of nothing": (": a\n", "the key that is empty is no text"),
    "merge of a text": ("<<: a\n", "merges something that has no keys"),
    "hexadecimal": ("a: 0x7dd\n", r'0x7dd is not a number .* or "0x7dd" where it is a text'),
    "octal": ("a: 0o17\n", "0o17 is not a number"),
    "zeros in front": ("a: 000981\n", 'or "000981" where it is a text'),
    "underscores": ("a: 1_000\n", "1_000 is not a number"),
    "infinite": ("a: .inf\n", r"\.inf is not a number"),
    "beyond a double": ("a: 1e999\n", "1e999 is not a number"),
}


@pytest.mark.parametrize("load", [load_study, load_source])
@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_such_file(tmp_path, kind, load):
    content, message = FILES[kind]
    path = tmp_path / "s.yaml"
    problems = told(path, content, load)
    assert any(re.search(message, problem) for problem in problems), problems
    assert all(problem.startswith(str(path)) and "\n" not in problem for problem in problems)


VALUES = [
    ("last: 2013-12-31", "last: 2013-06-31", r"last: there is no day 2013-06-31"),
    ("last: 2013-12-31", "last: 2013-13-01", r"there is no day"),
    ("last: 2013-12-31", "last: 9999-12-31", r"out of range; write a day from 1900-01-01 to 2100"),
    ("last: 2013-12-31", "last: 0000-00-00", r"there is no day"),
    ("last: 2013-12-31", "last: 2013-12-31T10:00:00", r"is not a date; write year-month-day"),
    ("last: 2013-12-31", "last: 20131231", r"'20131231' is not a date"),
    ("first: 2013-01-01", "first: 0", r"'0' is not a date"),
    ("first: 2013-01-01", "first: true", r"is not a date"),
    ("first: 2013-01-01", "first:", r"'nothing' is not a date"),
    ("first: 2013-01-01", "first: [2013-01-01]", r"is not a date"),
    ("washout_days: none", "washout_days: 999999", r"999999 is too large; write at most 36525"),
    ("washout_days: none", "washout_days: 0", r"0 is too small; write at least 1"),
    ("washout_days: none", "washout_days: 1.5", r"1.5 stands where a whole number or .* belongs"),
    ("washout_days: none", "washout_days: evr", r"did you mean 'ever'\?"),
    ("washout_days: none", "washout_days: null", r"null stands where a whole number"),
    ("[0, 364]\n  index", "[0, 9999999]\n  index", r"9999999 is too large; write at most 36525"),
    ("before: [-365, -1]", "before: [-999999, -1]", r"too small; write at least -36525"),
    ("before: [-365, -1]", "before: -365", r"write \[first, last\]"),
    ("before: [-365, -1]", "before: [-365.0, -1]", r"-365.0 stands where a whole number belongs"),
    ("before: [-365, -1]", "before: [yes, -1]", r"the text 'yes' stands where a whole number"),
    ("atc_version: 2013", "atc_version: 0", r"0 is too small; write at least 1970"),
    ("atc_version: 2013", "atc_version: 2013.0", r"2013.0 stands where a whole number belongs"),
    ("atc_version: 2013", "atc_version: true", r"true stands where a whole number belongs"),
    ("atc_version: 2013", 'atc_version: "2013"', r"the text '2013' stands where a whole number"),
    ("may_be_empty: false", "may_be_empty: yes", r"the text 'yes' stands where true or false"),
    ("may_be_empty: false", "may_be_empty: 0", r"0 stands where true or false belongs"),
    ("atc: [N07BB04]", "atc: N07BB04", r"atc: .*a list belongs; write a list: \[N07BB04\]"),
    ("atc: [N07BB04]", "atc: {N07BB04: 1}", r"a part with keys stands where a list belongs"),
    ("atc: [N07BB04]", "atc: [N٠٧BB04]", r"is not an ATC code"),
    ("eligibility: []", "eligibility: {a: b}", r"a part with keys stands where a list belongs"),
    ("eligibility: []", "eligibility: [a]", r"eligibility\[0\]: .*`key: value` lines"),
    (TITLE, "title: 12", r'title: 12 stands where a text belongs; write it in quotes: "12"'),
    (TITLE, "title:", r"title: nothing stands where a text belongs"),
    (TITLE, "title: ''", r"title: is empty; fill it in"),
    (TITLE, 'title: "a\\eb"', r"title: holds the character U\+001B"),
    (TITLE, 'title: "a\\x9b31mb"', r"title: holds the character U\+009B"),
    (TITLE, 'title: "a\\u202eb"', r"title: holds the character U\+202E"),
    (TITLE, "title: |\n  a\n  b", r"title: holds a line break; write it on one line"),
    (TITLE, f"title: {'a' * 501}", r"title: has 501 characters; write at most 500"),
    (TITLE, "title: =1+1", r"title: begins with =, a formula to a spreadsheet"),
    ("label: LDN×1,", 'label: "+1",', r"label: begins with \+"),
    ("label: LDN×1,", 'label: "-1",', r"label: begins with -"),
    ("label: LDN×1,", 'label: "@A1",', r"label: begins with @"),
    ("label: LDN×1,", 'label: "＝A1",', r"label: begins with ＝"),
    ("label: LDN×1,", 'label: " =A1",', r"label: begins or ends with a blank"),
    ("abbreviation: LDN", "abbreviation: =LDN", r"abbreviation: begins with ="),
    ("name: low dose", "name: -low dose", r"name: begins with -"),
    ("id: ldn_2013", "id: ../ldn", r"id: '../ldn' is not a usable id"),
    ("id: ldn_2013", f"id: {'a' * 65}", r"id: has 65 characters; write at most 64"),
    ("id: N05A,", "id: overall,", r"'overall' is the name of all of them together"),
    ("products: ldn_products ", "products: ../x ", r"products: '../x' is not a usable id"),
    ("confidence_level: 0.95", "confidence_level: .nan", r"\.nan is not a number"),
    ("confidence_level: 0.95", "confidence_level: 0.99999999999", r"too large; write at most 0.99"),
    ("at_most: null", "at_most: 99999999999999999", r"too large; write at most 1000000"),
]
AGES = "eligibility: [{id: a, label: b, keep_if: {age: {at_least: 50, at_most: 40}}}]"
CRITERIA = [
    (AGES, r"nobody is at least 50 and at most 40; swap them"),
    (AGES.replace("50", "999"), r"999 is too large; write at most 150"),
    (
        "eligibility: [{id: a, label: b, keep_if: {sexx: F}}]",
        r"keep_if.sexx: unknown key; did you mean 'sex'\?",
    ),
    ("eligibility: [{id: a, label: b, keep_if: {}}]", r"a condition is exactly one of all, any"),
    ("eligibility: [{id: a, label: b, keep_if: {sex: F, age: null}}]", r"exactly one of"),
    (
        "eligibility: [{id: a, label: b, keep_if: {dispensed: "
        "{reimbursement_icd: [''], at_least: 1, counting: one_a_day, days: [-9, -1]}}}]",
        r"reimbursement_icd\[0\]: '' begins no reimbursement code",
    ),
    (
        "eligibility: [{id: a, label: b, keep_if: {dispensed: "
        "{atc: [N], at_least: 1, counting: one_a_day, period: [1066-10-14, 2012-01-01]}}}]",
        r"1066-10-14 is out of range",
    ),
]
VALUES += [("eligibility: []", new, message) for new, message in CRITERIA]


@pytest.mark.parametrize(("old", "new", "message"), VALUES, ids=[n[:60] for _, n, _ in VALUES])
def test_a_value_that_cannot_be(tmp_path, old, new, message):
    assert old in STUDY
    problems = told(tmp_path / "s.yaml", STUDY.replace(old, new, 1))
    assert re.search(message, problems[0]), problems
    assert len(problems) == 1, problems


NORPD = (conf_folder() / "sources" / "norpd.yaml").read_text(encoding="utf-8")
SOURCE_VALUES = [
    ("id: norpd", "id: norpd\nbase_date: 2013-02-30", r"base_date: there is no day 2013-02-30"),
    ("id: norpd", "id: norpd\nbase_date: 0", r"base_date: '0' is not a date"),
    ("id: norpd", "id: norpd\natc_version: 12", r"atc_version: 12 is too small"),
    ("product_number_width: 6", "product_number_width: true", r"true stands where a whole number"),
    ("encoding: iso-8859-1", 'encoding: "utf\\0"', r"encoding: holds a NUL"),
    ("  atc: ATCKode", '  atc: "ATC\\eKode"', r"columns.atc: holds the character U\+001B"),
    ("  atc: ATCKode", "  atc: 7", r'columns.atc: 7 stands .*; write it in quotes: "7"'),
    ('sex_codes: {"1"', "sex_codes: {1", r'the key 1 is no text; write it in quotes: "1"'),
    ("id: norpd", "id: norpd\nlookups: [{name: a, key: NULL, gives: [b]}]", r'in quotes: "NULL"'),
    ("id: norpd", 'id: norpd\npersons: {files: ["/x"], columns: {}}', r"leads out of the folder"),
    ("id: norpd", 'id: norpd\npersons: {files: ["a**"], columns: {}}', r"'a\*\*' is no pattern"),
]


@pytest.mark.parametrize(("old", "new", "message"), SOURCE_VALUES, ids=lambda text: text[-40:])
def test_a_value_of_a_source_that_cannot_be(tmp_path, old, new, message):
    assert old in NORPD
    problems = told(tmp_path / "s.yaml", NORPD.replace(old, new, 1), load_source)
    assert re.search(message, problems[0]), problems


def test_all_faults_of_all_kinds_at_once(tmp_path):
    text = STUDY.replace("atc_version: 2013", "atc_version: 0x7dd").replace("0.8", "eight")
    text = text.replace("id: N05B,", "id: N05B, id: N05B,").replace("returns: cancel", "retruns: x")
    problems = told(tmp_path / "s.yaml", text)
    assert len(problems) == 5  # an unknown key is also a missing one
    assert len({re.search(r"line \d+", problem)[0] for problem in problems}) == 5


def test_every_contradiction_of_a_study_has_its_own_line(tmp_path):
    text = STUDY.replace("curve_outcomes: [N03A, N05A", "curve_outcomes: [N03, N05")
    text = text.replace("id: N05C,", "id: N05B,").replace("role: main", "role: total", 1)
    problems = told(tmp_path / "s.yaml", text)
    assert [re.search(r"line \d+: (\S+):", problem)[1] for problem in problems] == [
        "outcomes[4]",
        "outcomes[1]",
        "figures.curve_outcomes[0]",
        "figures.curve_outcomes[1]",
        "figures.curve_outcomes[3]",
    ]


def test_every_contradiction_of_a_source_has_its_own_line(tmp_path):
    text = NORPD.replace("thousands_mark: null", 'thousands_mark: ","')
    text = text.replace("  atc: ATCKode\n", "  atc: ATCKode\n  attc: X\n")
    text = text.replace("id: norpd\n", "id: norpd\nbase_date: 1970-01-01\n")
    problems = told(tmp_path / "s.yaml", text, load_source)
    assert [re.search(r"line \d+: (\S+):", problem)[1] for problem in problems] == [
        "columns.attc",
        "base_date",
        "thousands_mark",
    ]
    assert len({re.search(r"line \d+", problem)[0] for problem in problems}) == 3


def test_anchors_aliases_and_merge_keys_are_read(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(
        "base: &base {a: 1, b: [x]}\n"
        + "more: {<<: *base, b: &list [y, '2013']}\nagain: *list\n"
        + "both: {<<: [*base, {a: 3, c: 4}]}\nday: 2013-01-31\nword: yes\nnone: ~\nhalf: .5\n"
    )
    tree, problems = read_tree(path)
    assert not problems
    assert plain(tree) == {
        "base": {"a": 1, "b": ("x",)},
        "more": {"a": 1, "b": ("y", "2013")},
        "again": ("y", "2013"),
        "both": {"a": 1, "b": ("x",), "c": 4},
        "day": "2013-01-31",
        "word": "yes",
        "none": None,
        "half": 0.5,
    }


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "loop"])
def test_what_is_no_regular_file_is_not_read(tmp_path, kind):
    path = tmp_path / "s.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else path)
    with pytest.raises(ConfigError, match=r"s\.yaml: (is no regular file|.*symbolic links)"):
        load_study(str(path))
