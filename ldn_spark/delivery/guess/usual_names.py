"""The usual names of the columns that we know, whatever source they belong to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ð": "d", "þ": "th", "ß": "ss", "ł": "l", "œ": "oe"})

_USUAL = {
    "pseudonym": (
        "pseudonym pseudonymid pseudoid pseudonr pid personid personnr personlopenr personnokkel",
        "personkey personnummer patientid patid patientnr patient pasientid pasientnr pasient",
        "pasientlopenr pasientlopenummer patientlopnr koblingsnokkel koblingsnoekkel koblingsid",
        "lopenr lopenummer loepenr loepenummer lopnr lopnummer lbnr pnr cpr cprnr kryptnr krypnr",
        "subjectid subjid usubjid subject participantid studyid studieid eid enrolid memberid",
        "individid individ henkilo henkiloid henkilotunnus shnro uid idnr idnum idnummer id",
    ),
    "atc": (
        "atc atckode atckod atccode atckoodi atccd atckd atc5 atc7 atckode5 atcniva5 atclevel5",
        "atcfull atcid",
    ),
    "dispensed_on": (
        "dispensedon dispensingdate dispenseddate dispensedate dispensationdate dispdate dispdt",
        "datedispensed dateofdispensing dispenseringsdato dispensdato utleveringsdato",
        "utleveringdato utlevdato utleveringsdag utleverdato utlevertdato edatum edate",
        "ekspeditionsdato ekspedisjonsdato ekspeditionsdatum ekspdato eksd expdato expdatum",
        "expeditionsdatum uttagsdatum uthamtningsdatum hentedato salgsdato kjopsdato",
        "deliverydate purchasedate datepurchase filldate datefilled svcdate servicedate salesdate",
        "saledate rxdate ostopv ostopvm otpvm toimituspvm dato datum date",
    ),
    "sex": (
        "sex gender kjonn kjoenn kon koen kjonnkode konkod sukupuoli sp kyn pasientkjonn",
        "patientsex genderconceptid",
    ),
    "birth_year": (
        "birthyear yearofbirth yob birthyr byear bornyear fodtar fodtaar fodselsar fodselsaar",
        "fodselar fodselaar foedselsaar foedselsar fodear fodar fodelsear foddar fodselsarverdi",
        "syntymavuosi syntvuosi pasientfodtar pasientfodselsar",
    ),
    "born_on": (
        "bornon birthdate dateofbirth dob bdate birthday fodselsdato foedselsdato fodselsdag",
        "fodtdato fodelsedatum fodelsedag foddato foeddato syntymaaika syntpvm",
    ),
    "product_number": (
        "productnumber productno productid productcode varenr varenummer varunr varunummer",
        "varenumber vnr vnro nplpackid packageid ndc ndc11 din pzn cnk",
    ),
    "ddd": (
        "ddd ddds antallddd antalddd antddd dddantall dddantal dddant nddd numddd numberofddd",
        "noofddd totalddd totddd dddtotal dddtot dddquantity dddamount ordinasjonantallddd",
        "utleveringddd",
    ),
    "packages": (
        "packages packs npacks npackages numberofpackages noofpackages antallpakninger",
        "antallpakning antpakn antpakninger antalpakninger antalforpackningar apk",
    ),
    "reimbursement_icd": ("icd icd10 icd10kode icd10code icdkode icdcode refusjonicd",),
    "reimbursement_icpc": ("icpc icpc2 icpckode icpccode refusjonicpc",),
    "death_year": ("deathyear yearofdeath yod dodsar dodsaar doedsaar dodar",),
    "died_on": (
        "diedon deathdate dateofdeath dod dodsdato doedsdato dodsdatum dodsdat doddato dod",
    ),
}
_ENDINGS = {
    "pseudonym": r"(pasient|patient|person)(lopenr|lopnr|lopenummer|id|nr|key)",
    "atc": r"atc(kode|kod|code)(niva5|5)?",
    "dispensed_on": r"(utlever|dispens|ekspedi|expedi|uttag)\w*(dato|datum|date|dt)",
    "sex": r"(kjonn|gender|sex)(kode|code|verdi)?",
    "birth_year": r"(fodselsa?ar|fodta?ar|birthyear|yearofbirth)",
    "ddd": r"anta(l|ll)ddd",
    "product_number": r"(vare|varu)(nr|nummer)",
}
"""Where a longer name ends so: `Pasient_Kjonn`, `rx_dispensing_date`."""
AGES = {"age", "alder", "ika", "ageyears", "aldervedutlevering", "pasientalder"}


def alike(name: str) -> str:
    """What of a column's name decides that two mean the same: no case, no accents, no separators.

    >>> alike("Lop_Nr") == alike("LopNr"), alike("Kön"), alike("LØPENR")
    (True, 'kon', 'lopenr')
    """
    letters = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return "".join(letter for letter in letters if letter.isalnum())


def usual_columns(ours: str, names: Sequence[str]) -> Iterator[str]:
    """Which of some names a column of ours usually has, the most usual first.

    >>> list(usual_columns("pseudonym", ["atc", "ID", "Løpe-nr"]))
    ['Løpe-nr', 'ID']
    """
    known = [one for line in _USUAL.get(ours, ()) for one in line.split()]
    rank = {name: place for place, name in enumerate(known)}
    found = {name: rank[alike(name)] for name in names if alike(name) in rank}
    if ours in _ENDINGS:
        ending = re.compile(rf"\w*?{_ENDINGS[ours]}")
        longer = (name for name in names if name not in found and ending.fullmatch(alike(name)))
        found |= dict.fromkeys(longer, len(rank))
    yield from sorted(found, key=lambda name: found[name])
