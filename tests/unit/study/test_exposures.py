"""Further exposures: each is the study of that drug alone, and a row beside the study's own."""

from __future__ import annotations

import json

import pytest

from ldn_spark.errors import ConfigError
from ldn_spark.study.definition import StudyDefinition
from ldn_spark.study.load import load_study
from ldn_spark.texts.documents import content_hash, find_document
from tests.unit.estimates.few_persons import small_study
from tests.unit.reporting.paper_like import changed

SSRI = {"id": "ssri", "name": "SSRIs", "abbreviation": "SSRI", "atc": ["N06AB"]}
LITHIUM = {"id": "lithium", "name": "lithium", "abbreviation": "Li", "atc": ["N05AN"]}
LISTED = SSRI | {"products": "ldn_products"}
WOMEN = "subgroups: [{id: women, label: Women on LDN, keep_if: {sex: F}}]"
GAP = "designs: [{id: gap, label: Gap, before: [-365, -31], after: [30, 364]}]"


def text_of(exposures):
    text = find_document("ldn_2013", "studies").read_text(encoding="utf-8")
    text = text.replace("subgroups: []", f"{WOMEN}\n{GAP}")
    return f"{text}\nexposures: {json.dumps(exposures)}\n"


def loaded(tmp_path, exposures):
    path = tmp_path / "study.yaml"
    path.write_text(text_of(exposures), encoding="utf-8")
    return load_study(str(path))


def test_a_study_without_exposures_is_what_it_was():
    study = small_study()
    assert "exposures" not in study.model_dump()
    assert content_hash(study) == content_hash(changed(study, "exposures", []))
    assert content_hash(study) != content_hash(changed(study, "exposures", [SSRI]))


@pytest.mark.parametrize("other", [SSRI, LISTED])
def test_each_is_the_study_of_a_file_of_that_drug_alone(tmp_path, other):
    study = loaded(tmp_path, [LITHIUM, other])
    text = text_of([]).replace("LDN×", "SSRI×").replace("on LDN", "on SSRI")
    own = "  name: low dose naltrexone\n  abbreviation: LDN\n  atc: [N07BB04]\n"
    products = "  products: ldn_products"
    assert own in text
    assert products in text
    text = text.replace(own, "  name: SSRIs\n  abbreviation: SSRI\n  atc: [N06AB]\n")
    if "products" not in other:
        text = text.replace(products, "  products: null")
    path = tmp_path / "alone.yaml"
    path.write_text(text, encoding="utf-8")
    alone, mine = load_study(str(path)), study.by_exposure["ssri"]
    assert list(study.by_exposure) == ["study", "lithium", "ssri"]
    assert study.by_exposure["study"] is study
    for name in ("definition", "codelists", "hash", "alterations", "to_read", "exposure_products"):
        assert getattr(mine, name) == getattr(alone, name), name
    assert mine.files[1:] == alone.files[1:]


def test_what_is_read_for_a_drug_does_not_depend_on_the_others(tmp_path):
    moved = tmp_path / "moved.csv"
    moved.write_text("previous_code,new_code,year\nN02AX52,N02AJ13,2014\n")
    path = tmp_path / "study.yaml"
    tramadol = {"id": "tramadol", "name": "tramadol", "abbreviation": "T", "atc": ["N02AX52"]}
    hashes = []
    for exposures in ([], [SSRI], [SSRI, tramadol]):
        path.write_text(text_of(exposures), encoding="utf-8")
        study = load_study(str(path), {"atc_alterations": moved})
        touched = {name for name, one in study.by_exposure.items() if one.alterations.rows}
        assert touched == ({"tramadol"} if tramadol in exposures else set())
        hashes.append(study.hash)
    assert len(set(hashes)) == 3
    assert study.by_exposure["ssri"].to_read == study.to_read


def test_the_short_form_is_the_long_one(tmp_path):
    codes = ["N06AB03", "N06AB04"]
    long = [{"id": code, "name": code, "abbreviation": code, "atc": [code]} for code in codes]
    short = loaded(tmp_path, {"each_of": codes})
    assert short.hash == loaded(tmp_path, long).hash
    assert [one.id for one in short.definition.exposures] == codes
    again = StudyDefinition.model_validate(short.definition.model_dump(mode="json", by_alias=True))
    assert again == short.definition


@pytest.mark.parametrize(
    ("exposures", "says"),
    [
        ([SSRI, SSRI | {"atc": ["N06"]}], r"exposures\[1\]: exposure 'ssri' occurs twice"),
        ([SSRI | {"id": "study"}], r"'study' is the name of the study's own exposure"),
        ([SSRI | {"id": "overall"}], r"\[0\].id: 'overall' is the name of all of them together"),
        ([SSRI | {"id": "women"}], "'women' is the id of a subgroup and of an exposure"),
        ([SSRI | {"id": "gap"}], "'gap' is the id of a design and of an exposure"),
        ([SSRI | {"id": "a/b"}], "not a usable id"),
        ([SSRI | {"atc": ["N06AB", "N7"]}], r"exposures\[0\].atc\[1\]: 'N7' is not an ATC code"),
        ([SSRI | {"atc": []}], r"exposures\[0\].atc: holds too few"),
        ([LISTED | {"atc": ["N07BB04"]}], "'ssri' has the codes of the study's own exposure"),
        ([SSRI, LITHIUM | {"atc": ["N06AB", "N06AB03"]}], "'lithium' has the codes of exposure"),
        ([SSRI | {"abbreviation": "LDN"}], r"\[0\].abbreviation: 'LDN' is the abbreviation of the"),
        ([SSRI, LITHIUM | {"abbreviation": "SSRI"}], "'SSRI' is the abbreviation of exposure 'ssr"),
        ([SSRI | {"index_event": {}}], r"exposures\[0\].index_event: unknown key"),
        ([SSRI | {"products": "ldn"}], "no file .*ldn.csv"),
        ([{"id": "ssri"}], r"exposures\[0\].atc: this key is missing"),
        ("N06AB", r"exposures: the text 'N06AB' stands where a list belongs"),
        ({"each_of": ["N06AB03", "N6"]}, r"exposures.each_of\[1\]: 'N6' is not an ATC code"),
        ({"each_of": ["N06AB", 6]}, r"exposures.each_of\[1\]: '6' is not an ATC code"),
        ({"each_of": ["N06AB", "N06AB"]}, r"exposures.each_of\[1\]: 'N06AB' occurs twice"),
        ({"each_of": []}, "exposures.each_of: ATC codes belong here"),
        ({"each": ["N06AB"]}, "exposures.each: unknown key; write `each_of:"),
        ({}, "exposures: ATC codes belong here"),
        ({"each_of": ["N06AB"], "name": "SSRI"}, "exposures.name: unknown key"),
    ],
)
def test_an_exposure_that_cannot_be(tmp_path, exposures, says):
    with pytest.raises(ConfigError, match=says):
        loaded(tmp_path, exposures)


def test_a_thousand_are_as_many_as_there_can_be():
    letters = [f"{a}{n:02d}" for a in "ABCDEFGHIJKL" for n in range(100)]
    study = small_study()
    with pytest.raises(ValueError, match="at most 1000 items"):
        changed(study, "exposures", {"each_of": letters[:1001]})
    assert len(changed(study, "exposures", {"each_of": letters[:1000]}).exposures) == 1_000
