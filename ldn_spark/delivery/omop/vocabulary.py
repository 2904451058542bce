"""One ATC code for every drug of the OMOP vocabularies: the lookup of a CDM's dispensings.

`CONCEPT.csv` says which concepts are ATC codes and which are standard drugs,
`CONCEPT_ANCESTOR.csv` which drugs stand under which codes, and how many levels below. Both are
read as streams: what is kept grows with the number of drugs, not with the size of the files.

A dispensing has one ATC code, but a drug may stand under several (one per route, indication or
combination). The nearest code, with the fewest levels between, is taken; where several are
equally near nothing in the vocabulary says which is meant, and the user chooses or the drug is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ldn_spark.errors import ConfigError, Problem
from ldn_spark.progress import Progress, report
from ldn_spark.shown import shown
from ldn_spark.study.codes import ATC_LENGTHS, ATC_PATTERN

CONCEPT, CONCEPT_ANCESTOR = "CONCEPT.csv", "CONCEPT_ANCESTOR.csv"
VOCABULARY = "VOCABULARY.csv"
_CONCEPT_COLUMNS = {
    "concept_id": pa.int64(),
    "domain_id": pa.string(),
    "vocabulary_id": pa.string(),
    "concept_class_id": pa.string(),
    "standard_concept": pa.string(),
    "concept_code": pa.string(),
}
_ANCESTOR_COLUMNS = {
    "ancestor_concept_id": pa.int64(),
    "descendant_concept_id": pa.int64(),
    "min_levels_of_separation": pa.int32(),
}
_NAME_COLUMNS = {"concept_id": pa.int64(), "concept_name": pa.binary()}
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """An ATC code that a drug stands under, among several that are equally near."""

    concept_id: int
    concept_name: str
    atc: str
    levels: int


@dataclass(frozen=True)
class DrugCodes:
    """The ATC code of every drug that has one, and what became of the others.

    Attributes:
        atc: drug_concept_id and atc, in the order of the ids.
        ambiguous: drugs with several equally near codes that nobody chose from, each with all its
            codes, nearest first; they have no code.
        drugs: standard drug concepts in the vocabularies.
        nearest: drugs with several codes, the nearest of which was taken.
        chosen: drugs whose code the user chose.
        without: standard drug concepts under no ATC code, and none chosen.
        release: of the vocabulary ATC, as VOCABULARY.csv calls it; empty where that is not there.
    """

    atc: pa.Table
    ambiguous: tuple[Candidate, ...]
    drugs: int
    nearest: int
    chosen: int
    without: int
    release: str = ""


def find_drug_codes(folder: Path, *, choices: Mapping[int, str] | None = None) -> DrugCodes:
    """The ATC code of every standard drug concept.

    Args:
        folder: where the vocabularies are unpacked, as Athena delivers them (separated by
            tabulators) or separated by commas; the names of files and columns in either case.
        choices: the code of a drug by its concept id; it goes before what the vocabulary says.

    Raises:
        ConfigError: a file or column is missing or cannot be read, or no drug is under an ATC
            code.
    """
    paths = {name: _find(folder, name) for name in (CONCEPT, CONCEPT_ANCESTOR)}
    codes, drugs = _read_concepts(paths[CONCEPT])
    links = _nearest_first(_read_links(paths[CONCEPT_ANCESTOR], codes, drugs))
    if not len(links.drug):
        what = "no standard drug is under an ATC code"
        raise ConfigError(Problem(str(paths[CONCEPT_ANCESTOR]), what, "download it with ATC"))
    first, several, tied = _groups(links)
    chosen = np.array(sorted(choices or {}), np.int64)
    open_ = ~_among(links.drug[first], chosen)
    plain = links.take(first[~tied & open_])
    unsettled = links.take(_among(links.drug, links.drug[first[tied & open_]]))
    names = _read_names(paths[CONCEPT], np.unique(unsettled.drug))
    return DrugCodes(
        atc=_code_table(plain, codes, choices or {}),
        ambiguous=tuple(_candidates(unsettled, codes, names)),
        drugs=len(drugs),
        nearest=int(np.count_nonzero(several & ~tied & open_)),
        chosen=len(chosen),
        without=int(np.count_nonzero(~_among(drugs, links.drug) & ~_among(drugs, chosen))),
        release=_read_release(folder),
    )


@dataclass(frozen=True, slots=True)
class _Codes:
    """The ATC codes of the fifth level: their texts in order, and which concepts they are."""

    texts: np.ndarray
    concepts: np.ndarray  # in order
    code_of: np.ndarray  # position in `texts` of each concept's code


@dataclass(frozen=True, slots=True)
class _Links:
    """Drugs, the ATC codes above them (by position) and the levels between."""

    drug: np.ndarray
    code: np.ndarray
    levels: np.ndarray

    def take(self, which: np.ndarray) -> _Links:
        return _Links(self.drug[which], self.code[which], self.levels[which])


def _among(values: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Which values are among others that are in order."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[at] == values


def _code_table(links: _Links, codes: _Codes, choices: Mapping[int, str]) -> pa.Table:
    atc = pa.DictionaryArray.from_arrays(pa.array(links.code, pa.int32()), pa.array(codes.texts))
    names = ["drug_concept_id", "atc"]
    found = pa.table([pa.array(links.drug, pa.int64()), atc.cast(pa.string())], names=names)
    more = [pa.array(choices.keys(), pa.int64()), pa.array(choices.values(), pa.string())]
    return pa.concat_tables([found, pa.table(more, names=names)]).sort_by("drug_concept_id")


def _candidates(links: _Links, codes: _Codes, names: Mapping[int, str]) -> Iterator[Candidate]:
    for drug, code, levels in zip(
        links.drug.tolist(), links.code.tolist(), links.levels.tolist(), strict=True
    ):
        yield Candidate(drug, names.get(drug, ""), str(codes.texts[code]), levels)


def _find(folder: Path, name: str) -> Path:
    """A file of the folder, whatever the case of its name."""
    found = _named(folder, name)
    if len(found) > 1:
        what = f"{' and '.join(path.name for path in found)} are both there"
        raise ConfigError(Problem(str(folder), what, "keep one of them"))
    if not found:
        what = f"there is no {name}"
        raise ConfigError(Problem(str(folder), what, "name the folder of the vocabulary files"))
    return found[0]


def _named(folder: Path, name: str) -> list[Path]:
    return [path for path in sorted(folder.glob("*")) if path.name.upper() == name.upper()]


def _batches(path: Path, columns: Mapping[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """The wanted columns of a table, block by block."""
    with path.open("rb") as stream:
        head = stream.readline(1 << 20).decode("utf-8-sig", "replace").strip()
    delimiter = "\t" if "\t" in head else ","
    header = {name.strip('"').lower(): name.strip('"') for name in head.split(delimiter)}
    if missing := [name for name in columns if name not in header]:
        what = f"the columns {', '.join(missing)} are missing"
        raise ConfigError(Problem(f"{path} line 1", what, "take the files as Athena gives them"))
    theirs = {header[name]: kind for name, kind in columns.items()}
    try:
        with pa.OSFile(str(path)) as source:
            for batch in csv.open_csv(
                source,
                csv.ReadOptions(block_size=_BLOCK_BYTES),
                # Athena's texts hold quotes that mean nothing
                csv.ParseOptions(delimiter=delimiter, quote_char=delimiter == "," and '"'),
                csv.ConvertOptions(
                    include_columns=list(theirs), column_types=theirs, strings_can_be_null=False
                ),
            ):
                yield batch.rename_columns(list(columns))
    except pa.ArrowInvalid as error:
        what = f"cannot be read as a table: {_first_line(error)}"
        raise ConfigError(Problem(str(path), what, "download it again")) from None


def _reported(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The blocks of a table; says how far it is read."""
    done, total = 0, path.stat().st_size
    for batch in batches:
        yield batch
        done = min(done + _BLOCK_BYTES, total)  # the reader itself is further ahead
        report(Progress(f"reading {shown(path.name)}", done, total, "bytes"))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("CSV parse error: ")


def _read_concepts(path: Path) -> tuple[_Codes, np.ndarray]:
    """The ATC codes of the fifth level, and the ids of standard drugs in order."""
    found: dict[int, str] = {}
    drugs = [np.array([], np.int64)]
    for batch in _reported(path, _batches(path, _CONCEPT_COLUMNS)):
        is_code = pc.and_(
            pc.equal(batch["vocabulary_id"], "ATC"), pc.equal(batch["concept_class_id"], "ATC 5th")
        )
        atc = batch.filter(is_code)
        found |= zip(atc["concept_id"].to_pylist(), atc["concept_code"].to_pylist(), strict=True)
        is_drug = pc.and_(
            pc.equal(batch["domain_id"], "Drug"), pc.equal(batch["standard_concept"], "S")
        )
        drugs.append(batch["concept_id"].filter(is_drug).to_numpy())
    if not found:
        what = "holds no ATC code of the fifth level"
        raise ConfigError(Problem(str(path), what, "download the vocabulary ATC too"))
    if odd := [text for text in found.values() if not _is_fifth_level(text)]:
        what = f"'{min(odd)}' is not an ATC code of the fifth level"
        raise ConfigError(Problem(str(path), what, "download it again"))
    concepts = np.array(sorted(found), np.int64)
    texts, code_of = np.unique([found[int(one)] for one in concepts], return_inverse=True)
    return _Codes(texts, concepts, code_of), np.unique(np.concatenate(drugs))


def _is_fifth_level(text: str) -> bool:
    return len(text) == ATC_LENGTHS[-1] and ATC_PATTERN.fullmatch(text) is not None


def _read_links(path: Path, codes: _Codes, drugs: np.ndarray) -> _Links:
    """Every drug under an ATC code, as often as it is."""
    wanted = pa.array(codes.concepts)
    parts = [tuple(np.array([], kind) for kind in (np.int64, np.int64, np.int32))]
    for batch in _reported(path, _batches(path, _ANCESTOR_COLUMNS)):
        among = batch.filter(pc.is_in(batch["ancestor_concept_id"], wanted))
        columns = tuple(among[name].to_numpy() for name in _ANCESTOR_COLUMNS)
        is_drug = _among(columns[1], drugs)
        parts.append(tuple(column[is_drug] for column in columns))
    above, drug, levels = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Links(drug, codes.code_of[np.searchsorted(codes.concepts, above)], levels)


def _nearest_first(links: _Links) -> _Links:
    """Each drug with each of its codes once, drugs in order, the nearest code first."""
    links = links.take(np.lexsort((links.levels, links.code, links.drug)))
    same = (links.drug[1:] == links.drug[:-1]) & (links.code[1:] == links.code[:-1])
    links = links.take(np.flatnonzero(~np.r_[False, same][: len(links.drug)]))
    return links.take(np.lexsort((links.code, links.levels, links.drug)))


def _groups(links: _Links) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each drug begins, whether it has several codes, and whether several are nearest."""
    first = np.flatnonzero(np.r_[True, links.drug[1:] != links.drug[:-1]])
    several = np.diff(np.append(first, len(links.drug))) > 1
    second = np.minimum(first + 1, len(links.drug) - 1)
    return first, several, several & (links.levels[second] == links.levels[first])


def _read_names(path: Path, concepts: np.ndarray) -> dict[int, str]:
    """The names of some concepts."""
    names: dict[int, str] = {}
    wanted = pa.array(concepts, pa.int64())
    for batch in _batches(path, _NAME_COLUMNS) if len(concepts) else ():
        among = batch.filter(pc.is_in(batch["concept_id"], wanted))
        texts = (name.decode("utf-8", "replace") for name in among["concept_name"].to_pylist())
        names |= zip(among["concept_id"].to_pylist(), texts, strict=True)
    return names


def _read_release(folder: Path) -> str:
    """The release of the vocabulary ATC, where the folder says it."""
    columns = {"vocabulary_id": pa.string(), "vocabulary_version": pa.string()}
    for path in _named(folder, VOCABULARY):
        for batch in _batches(path, columns):
            rows = batch.filter(pc.equal(batch["vocabulary_id"], "ATC"))
            if rows.num_rows:
                return rows["vocabulary_version"][0].as_py()
    return ""
