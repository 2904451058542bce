"""Policies: what is shipped, what a project may tighten, what is refused until it is confirmed."""

from __future__ import annotations

import pytest

from ldn_spark.errors import ConfigError
from ldn_spark.release.policy import Rules, load_policy
from ldn_spark.release.tightening import _RULES
from ldn_spark.texts.documents import conf_folder

SHIPPED = {  # mode, threshold, whether the rule book states it, zeros
    "norway_register": ("suppress", 5, False, "shown"),
    "ssb": ("round_consistent", 3, True, "shown"),
    "denmark_sds": ("suppress", 5, True, "shown"),
    "sweden_sos": ("suppress", 5, False, "shown"),
    "nhs_hes": ("round_nearest", 8, True, "shown"),
    "opensafely": ("round_nearest", 8, True, "shown"),
    "ohdsi": ("suppress", 5, True, "shown"),
    "acro": ("suppress", 10, True, "small"),
    "cms_pcornet": ("suppress", 11, True, "shown"),
}


def own(tmp_path, *lines, extends="norway_register"):
    file = tmp_path / "mine.yaml"
    head = (f"extends: {extends}", "id: mine", "title: Contract 12", *lines)
    file.write_text("\n".join(head) + "\n", encoding="utf-8")
    return str(file)


def test_the_shipped_policies():
    assert {path.stem for path in (conf_folder() / "policies").glob("*.yaml")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_policy_says_what_its_source_says(name):
    policy = load_policy(name)
    confirmed = policy.confirmed_by is not None
    assert (policy.mode, policy.threshold, confirmed, policy.zeros) == SHIPPED[name]
    assert policy.id == name
    small = [n for n in range(20) if policy.is_small(n)]
    assert small == list(range(policy.zeros == "shown", policy.threshold))
    # nobody's sum is told where nobody's number is
    assert min(policy.contributors, policy.min_group) >= policy.threshold
    assert policy.curves.fewest_dispensers >= policy.threshold


@pytest.mark.parametrize("name", [name for name in SHIPPED if not SHIPPED[name][2]])
def test_what_nobody_confirmed_is_refused_until_somebody_does(tmp_path, name):
    with pytest.raises(ConfigError, match="nobody has confirmed the threshold 5"):
        load_policy(name).require_confirmed()
    mine = load_policy(own(tmp_path, "confirmed_by: contract 12 of 2026-01-05", extends=name))
    mine.require_confirmed()
    assert mine.id == "mine"
    assert mine.hash != load_policy(name).hash


TIGHTER = [
    "threshold: 10",
    "zeros: small",
    "keep_possible: beyond",
    "dominance: {nk: [2, 0.8], p_percent: 20, negative: hide}",
    "curves: {fewest_dispensers: 10, grids: [28, 91], band: none}",
    "figures: {formats: [], max_dpi: 100, svg: never}",
    "decimals: {mean: 0, sd: 0, percent: 0, p: 2, relative: 0}",
    'mark: "x"',
]
LOOSER = {
    "threshold: 3": "threshold",
    "min_group: 1": "min_group",
    "contributors: 4": "contributors",
    "complements: free": "complements",
    "nested_differences: free": "nested_differences",
    "discordant: free": "discordant",
    "attacker: real": "attacker",
    "ledger: none": "ledger",
    "four_eyes: false": "four_eyes",
    "dose_interval: 0.1": "dose_interval",
    "mode: round_nearest": "mode",
    "dominance: {nk: null, p_percent: 10, negative: review}": "dominance.nk",
    "dominance: {nk: [1, 0.9], p_percent: 10, negative: review}": "dominance.nk",
    "curves: {fewest_dispensers: 5, grids: [7], band: recomputed}": None,
    "figures: {formats: [png, svg], max_dpi: 150, svg: never}": "figures.formats",
    "figures: {formats: [png], max_dpi: 150, svg: released_values_only}": "figures.svg",
    "files: {max_rows: 9000, max_bytes: 16000000, types: [csv]}": "files.max_rows",
    "decimals: {mean: 2, sd: 1, percent: 1, p: 3, relative: 0}": "decimals.mean",
    "round: {base: 2, ddd_significant: 3}": "round.base",
}


@pytest.mark.parametrize("line", TIGHTER)
def test_a_project_may_be_tighter(tmp_path, line):
    assert load_policy(own(tmp_path, line)).hash != load_policy("norway_register").hash


@pytest.mark.parametrize("line", LOOSER)
def test_a_looser_key_is_named(tmp_path, line):
    path = own(tmp_path, line)
    if LOOSER[line] is None:
        load_policy(path)
        return
    with pytest.raises(ConfigError) as told:
        load_policy(path)
    assert f"{LOOSER[line]}: is looser than norway_register" in str(told.value)
    assert "exception" in str(told.value)


def test_tightening_goes_on_from_what_was_tightened(tmp_path):
    first = own(tmp_path, "threshold: 10")
    second = tmp_path / "second.yaml"
    text = "extends: mine\nid: second\ntitle: Second\nthreshold: 7\n"
    second.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="no policy of that name"):
        load_policy(str(second))  # only what the project ships can be extended
    assert load_policy(first).threshold == 10


def test_a_confirmation_cannot_be_taken_back(tmp_path):
    with pytest.raises(ConfigError, match="confirmed_by: is looser than ssb"):
        load_policy(own(tmp_path, "confirmed_by: null", extends="ssb"))


CONTRADICTIONS = {
    "round.base is 3": ("ssb", "threshold: 5"),
    "no policy of that name; did you mean 'ssb'": ("sssb", "threshold: 5"),
    "midpoint6": ("opensafely", "mode: midpoint6"),
}


@pytest.mark.parametrize("said", CONTRADICTIONS)
def test_what_cannot_be_is_refused(tmp_path, said):
    extends, line = CONTRADICTIONS[said]
    with pytest.raises(ConfigError, match=said):
        load_policy(own(tmp_path, line, extends=extends))


def test_every_key_has_its_rule_of_tightening():
    from pydantic import BaseModel

    def keys(model, above=""):
        for name, field in model.model_fields.items():
            inner = field.annotation
            if f"{above}{name}" in _RULES:
                yield f"{above}{name}"
            elif isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys(inner, f"{above}{name}.")
            else:
                raise AssertionError(f"{above}{name} has no rule")

    assert set(keys(Rules)) == set(_RULES)
