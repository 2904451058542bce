import csv
import re

import pytest

from ldn_spark.synthetic.formulary import LDN_NAME, Catalogue, load_medicines, read_table
from ldn_spark.synthetic.truth import OUTCOMES
from ldn_spark.texts.documents import conf_folder

MEDICINES = load_medicines()
NEEDED = sorted(
    {code for codes in OUTCOMES.values() for code in codes}
    | {"N03AX12", "N03AX16", "N03AX09", "N03AE01", "N05AN01", "N05BA", "N05BB01", "N05CH01"}
    | {"N02A", "M01A", "N02B", "L03AB", "L03AX13", "L04AA23", "L04AA27", "L04AB", "L04A"}
    | {"H02AB", "A07EA", "A07EC", "H03AA01", "H03AA02", "L01", "N07BB04"}
)


def test_every_medicine_is_well_formed():
    for medicine in MEDICINES:
        assert re.fullmatch(r"[A-Z]\d\d[A-Z]{2}\d\d", medicine.atc), medicine.name
        assert all(float(pack) > 0 for pack in medicine.packs)
        assert 0 <= medicine.men < 0.2
        assert 0 <= medicine.women < 0.2
        assert (medicine.refill_days is None) == (medicine.repeats > 0), medicine.name


@pytest.mark.parametrize("code", NEEDED)
def test_every_code_a_study_asks_for_is_dispensed(code):
    assert any(medicine.atc.startswith(code) for medicine in MEDICINES)


@pytest.mark.parametrize("code", ["G35", "K50", "K51", "M05", "M06", "E03", "L88", "T86"])
def test_every_reimbursement_code_a_study_asks_for_is_used(code):
    assert any(code in pair for medicine in MEDICINES for pair in medicine.codes)


def test_product_numbers_have_six_digits_and_one_owner():
    numbers = [number for medicine in MEDICINES for number in medicine.products]
    assert all(re.fullmatch(r"\d{6}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)
    assert any(number.startswith("0") for number in numbers)


def test_naltrexone_products_are_those_of_the_codelist():
    with open(conf_folder() / "codelists" / "ldn_products.csv", encoding="utf-8") as file:
        listed = {(row["code"], row["include"] == "yes") for row in csv.DictReader(file)}
    made = {
        (number, medicine.name == LDN_NAME)
        for medicine in MEDICINES
        if medicine.atc == "N07BB04"
        for number in medicine.products
    }
    assert made == listed


def test_starters_have_the_examined_medicines_from_the_planted_model_alone():
    planted = {row["atc"] for row in read_table("starters.csv")}
    examined = {medicine.atc for medicine in MEDICINES if medicine.atc.startswith(OUTCOMES["all"])}
    without = {medicine.atc for medicine in MEDICINES if medicine.ldn == 0}
    assert planted == examined
    assert without == examined | {"N07BB04"}


def test_texts_are_delivered_ones_with_decimal_comma_and_latin_1():
    catalogue = Catalogue(MEDICINES)
    assert len(catalogue.product_texts) == catalogue.products.sum()
    assert len(catalogue.tail_texts) == len(catalogue.tail_ddd)
    text = b"".join(catalogue.product_texts).decode("iso-8859-1")
    assert set("æøåÅ") <= set(text)
    assert not any(b"." in tail for tail in catalogue.tail_texts)
    assert any(b"," in tail for tail in catalogue.tail_texts)
