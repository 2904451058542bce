"""The layouts that come with the project: a small delivery of each, and what it says by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from ldn_spark.delivery.source.sources import load_source
from ldn_spark.texts.documents import conf_folder
from tests.unit.delivery.deliveries import known, parse_file, rejections

NORPD = """\
PasientLopeNr;PasientKjonn;PasientFodtAr;PasientDodsAr;PasientDodsMnd;PasientUtenID;\
UtleveringsDato;ATCKode;Varenr;Varenavn;OrdinasjonAntallDDD;OrdinasjonAntallPakninger;\
RefusjonKodeICDNr;RefusjonKodeICPCNr
P1;2;1951;2013;11;0;2012.02.25;N05BB01;58719;Blåbær;62,5;,140;F41;P01
P2;1;1980;;;0;2012.12.31;N07BB04;123456;;-30;1,000;;
P3;1;1980;;;1;2012.12.31;N07BB04;123456;;30;1;;
"""
LMR = """\
koblingsnoekkel;Pasient_Kjonn_Verdi;Pasient_Fodselsar;Pasient_DodsArManed;Utlevering_Dato;\
Legemiddel_ATCkode_Niva5;Vare_Varenummer;Vare_Varenavn;Utlevering_DDD;\
Utlevering_AntallPakninger;Utlevering_Lopenummer;Refusjon_ICD10Kode_Verdi
17;2;1951;2023-02;2022-05-17;N02BF01;058719;Gabapentin Ås;33,33;,140;1;G35
18;1;;;2022-05-17;N02BF02;123;;;1,000;2;
19;1;1980;;17.05.2022;N02BF02;123456;;1;1;3;
"""
LMR_DAYS = """\
koblingsnoekkel;Vare_Varenavn;Legemiddel_ATCkode_Niva5;Utlevering_Dato_Differansedager;\
Utlevering_AntallPakninger;Utlevering_DDD;Utlevering_Lopenummer
17;x;N07BB04;0;1;30;1
17;x;N07BB04;-366;2,5;1.000;2
17;x;N07BB04;-366;2,5;75;2
18;x;N07BB04;4807;1;30;3
18;x;N07BB04;2013-02-28;1;30;4
"""
SPDR = """\
LopNr\tKON\tALDER\tATC\tVARUNR\tEDATUM\tFDATUM\tANTAL\tforpddd\tlnmn\tAR
1001\t2\t61\tN06AB03\t12345\t20120225\t20120101\t2\t98.00\tFluoxetin 20 mg\t2012
1001\t2\t61\tN06AB03\t12345\t20120226\t20120101\t-2\t98.00\tFluoxetin 20 mg\t2012
1002\t1\t\tL04AX\t\t20120228\t20120101\t1\t\tÖvrigt "x\t2012
1002\t1\t40\tN06AB03\t1\t2012-02-28\t20120101\t1\t1\tA\t2012
"""
DORS = "LopNr\tDODSDAT\tULORSAK\n1001\t20130506\tC34\n1002\t20130000\tI21\n"
LMDB = """\
pnr;eksd;atc;vnr;apk;volume;voltypecode;korr
A1;20120225;N06AB03;012345;2;98.5;DDD;0
A1;20120226;N06AB03;012345;-2;98.5;DDD;1
A2;20120227;N06AB03;12345;1;;;0
"""
BEF = "pnr;koen;foed_dato;alder\nA1;2;19510304;60\nA2;1;18991231;112\n"
DOD = "pnr;doddato\nA1;20130506\n"
CANONICAL = """\
pseudonym,dispensed_on,atc,ddd,packages,product_number,reimbursement_icd
a,2012-02-25,N06AB03,62.5,2,00012,G35
a,2012-02-26,N06AB03,,,0002-0800-01,
b,2012-02-27,N06AB03,"1,250",1,12,
"""


def dispensed(source, text):
    parsed = parse_file(text, load_source(source))
    return [known(row) for row in parsed.accepted.to_pylist()], parsed


def test_norpd():
    rows, parsed = dispensed("norpd", NORPD)
    assert rows == [
        {
            "pseudonym": "P1",
            "sex": "F",
            "birth_year": 1951,
            "died_on": date(2013, 11, 30),
            "atc": "N05BB01",
            "product_number": "058719",
            "dispensed_on": date(2012, 2, 25),
            "ddd": Decimal("62.5"),
            "packages": Decimal("0.14"),
            "reimbursement_icd": "F41",
            "reimbursement_icpc": "P01",
            "year": 2012,
        },
        {
            "pseudonym": "P2",
            "sex": "M",
            "birth_year": 1980,
            "atc": "N07BB04",
            "product_number": "123456",
            "dispensed_on": date(2012, 12, 31),
            "ddd": Decimal(-30),
            "packages": Decimal(1),
            "year": 2012,
        },
    ]
    assert rejections(parsed) == [(4, "PasientUtenID", "no_id")]
    assert parsed.repaired == {"product_number_padded": 1}
    assert parsed.noted == {"ddd_negative": 1}


def test_lmr():
    rows, parsed = dispensed("lmr", LMR)
    assert rows == [
        {
            "pseudonym": "17",
            "sex": "F",
            "birth_year": 1951,
            "died_on": date(2023, 2, 28),
            "atc": "N02BF01",
            "product_number": "058719",
            "dispensed_on": date(2022, 5, 17),
            "ddd": Decimal("33.33"),
            "packages": Decimal("0.14"),
            "reimbursement_icd": "G35",
            "year": 2022,
        },
        {
            "pseudonym": "18",
            "sex": "M",
            "atc": "N02BF02",
            "product_number": "000123",
            "dispensed_on": date(2022, 5, 17),
            "packages": Decimal(1),
            "year": 2022,
        },
    ]
    assert rejections(parsed) == [(4, "Utlevering_Dato", "date_malformed")]
    assert parsed.noted == {"birth_year_unknown": 1, "ddd_missing": 1}


def test_lmr_in_days():
    rows, parsed = dispensed("lmr_days", LMR_DAYS)
    days = [date(2000, 1, 1), date(1998, 12, 31), date(2013, 2, 28)]
    assert [row["dispensed_on"] for row in rows] == days
    assert [row["ddd"] for row in rows] == [30, 75, 30]
    assert [row["packages"] for row in rows] == [1, Decimal("2.5"), 1]
    assert rejections(parsed) == [
        (3, "Utlevering_DDD", "ddd_malformed"),
        (6, "Utlevering_Dato_Differansedager", "date_malformed"),
    ]


def test_spdr():
    rows, parsed = dispensed("spdr", SPDR)
    first = {
        "pseudonym": "1001",
        "sex": "F",
        "birth_year": 1951,
        "atc": "N06AB03",
        "product_number": "012345",
        "dispensed_on": date(2012, 2, 25),
        "ddd": Decimal(196),
        "packages": Decimal(2),
        "year": 2012,
    }
    returned = {"dispensed_on": date(2012, 2, 26), "ddd": Decimal(-196), "packages": Decimal(-2)}
    third = {"pseudonym": "1002", "sex": "M", "atc": "L04AX", "dispensed_on": date(2012, 2, 28)}
    assert rows == [first, first | returned, third | {"packages": Decimal(1), "year": 2012}]
    assert rejections(parsed) == [(5, "EDATUM", "date_malformed")]
    assert parsed.noted == {
        "age_unknown": 1,
        "ddd_missing": 1,
        "ddd_negative": 1,
        "packages_negative": 1,
        "product_number_missing": 1,
    }


def test_spdr_deaths():
    parsed = parse_file(DORS, load_source("spdr"), kind="deaths")
    assert parsed.accepted["died_on"].to_pylist() == [date(2013, 5, 6), None]
    assert parsed.noted == {"died_on_unknown": 1}


def test_lmdb():
    rows, parsed = dispensed("lmdb", LMDB)
    first = {
        "pseudonym": "A1",
        "atc": "N06AB03",
        "product_number": "012345",
        "dispensed_on": date(2012, 2, 25),
        "ddd": Decimal(197),
        "packages": Decimal(2),
        "year": 2012,
    }
    returned = {"dispensed_on": date(2012, 2, 26), "ddd": Decimal(-197), "packages": Decimal(-2)}
    third = first | {"pseudonym": "A2", "dispensed_on": date(2012, 2, 27), "packages": Decimal(1)}
    del third["ddd"]
    assert rows == [first, first | returned, third]
    assert parsed.rejected.num_rows == 0
    assert parsed.noted == {"ddd_missing": 1, "ddd_negative": 1, "packages_negative": 1}


def test_lmdb_persons_and_deaths():
    source = load_source("lmdb")
    assert parse_file(BEF, source, kind="persons").accepted.to_pylist() == [
        {"pseudonym": "A1", "sex": "F", "birth_year": 1951, "died_on": None},
        {"pseudonym": "A2", "sex": "M", "birth_year": 1899, "died_on": None},
    ]
    assert parse_file(DOD, source, kind="deaths").accepted["died_on"].to_pylist() == [
        date(2013, 5, 6)
    ]


def test_canonical():
    rows, parsed = dispensed("canonical", CANONICAL)
    assert rows == [
        {
            "pseudonym": "a",
            "atc": "N06AB03",
            "product_number": "00012",
            "dispensed_on": date(2012, 2, 25),
            "ddd": Decimal("62.5"),
            "packages": Decimal(2),
            "reimbursement_icd": "G35",
            "year": 2012,
        },
        {
            "pseudonym": "a",
            "atc": "N06AB03",
            "product_number": "0002-0800-01",
            "dispensed_on": date(2012, 2, 26),
            "year": 2012,
        },
    ]
    assert rejections(parsed) == [(4, "ddd", "ddd_malformed")]


def test_canonical_companions():
    source = load_source("canonical")
    persons = "pseudonym,sex,birth_year,died_on\na,F,1951,2013-05-06\nb,M,,\n"
    parsed = parse_file(persons, source, kind="persons")
    assert parsed.accepted.to_pylist() == [
        {"pseudonym": "a", "sex": "F", "birth_year": 1951, "died_on": date(2013, 5, 6)},
        {"pseudonym": "b", "sex": "M", "birth_year": None, "died_on": None},
    ]
    periods = "pseudonym,observed_from,observed_to\na,2012-01-01,\n"
    assert parse_file(periods, source, kind="observation_periods").accepted.to_pylist() == [
        {"pseudonym": "a", "observed_from": date(2012, 1, 1), "observed_to": None}
    ]


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (conf_folder() / "sources").glob("*.yaml"))
)
def test_every_layout_is_valid_and_called_as_its_file(name):
    assert load_source(name).id == name
