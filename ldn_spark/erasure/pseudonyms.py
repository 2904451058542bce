"""The file that names the persons to erase: a pseudonym a line, or a column of a CSV file.

No message quotes a line of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ldn_spark.errors import ConfigError, EmptyInputError, Problem, ResourceError
from ldn_spark.places.place import Place
from ldn_spark.shown import numbered

COLUMNS = (
    *("pseudonym", "pasientlopenr", "lopenr", "lopnr", "lopenummer", "koblingsnoekkel", "pnr"),
    *("pnr12", "person_id", "personid", "pid", "id"),
)
"""Names of the column with the pseudonyms, in any case, where none is given."""
_DELIMITERS = ";,\t|"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Named:
    """The persons that a file names.

    Attributes:
        pseudonyms: each once, without blanks around it.
        lines: of the file that name anybody.
        column: which one was read; empty in a file of one pseudonym a line.
    """

    pseudonyms: frozenset[str]
    lines: int
    column: str


def read_pseudonyms(file: Place, column: str | None = None) -> Named:
    """The pseudonyms of a text file: UTF-8, UTF-16 with its mark, or else Latin-1.

    Args:
        file: a pseudonym a line; or with a header, where a column is named or the first line holds
            a delimiter and a name of `COLUMNS`.
        column: the column of the pseudonyms.

    Raises:
        ConfigError: there is no such file, it is no text, or has no such column.
        EmptyInputError: it names nobody.
        ResourceError: it may not be read.
    """
    text = _text(file)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not any(line.strip() for line in lines):
        what = "names nobody"
        raise EmptyInputError(Problem(str(file), what, "write one pseudonym a line into it"))
    first = next(line for line in lines if line.strip())
    delimiter = max(_DELIMITERS, key=first.count)
    name = ""
    if column is not None or delimiter in first:
        name, values = _column(file, lines, delimiter, column)
    elif _plain(first) in COLUMNS:
        name, values = first.strip(), lines[lines.index(first) + 1 :]
    else:
        values = lines
    found = [trimmed for value in values if (trimmed := value.strip().strip("\ufeff"))]
    if not found:
        what, mend = "names nobody below its header", "write one pseudonym a line into it"
        raise EmptyInputError(Problem(str(file), what, mend))
    return Named(frozenset(found), len(found), name)


def _text(file: Place) -> str:
    try:
        if file.exists() and not file.is_file():
            raise ConfigError(Problem(str(file), "is no regular file", "name a file"))
        with file.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise ConfigError(Problem(str(file), "no such file", "check the path")) from None
    except PermissionError:
        mend = "check who may read it"
        raise ResourceError(Problem(str(file), "permission is denied", mend)) from None
    if len(content) > _MOST_BYTES:
        raise ConfigError(Problem(str(file), "is larger than 1 GiB", "cut it into several files"))
    mark = next((name for start, name in _MARKS.items() if content.startswith(start)), None)
    for encoding in [mark] if mark else ["utf-8", "iso-8859-1"]:
        try:
            text = content.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    what = "is no text" if mark is None else f"is no text in {mark}, which its mark promises"
    raise ConfigError(Problem(str(file), what, "save it as UTF-8 text"))


def _plain(name: str) -> str:
    return name.strip().strip('"').casefold()


def _column(
    file: Place, lines: Sequence[str], delimiter: str, column: str | None
) -> tuple[str, Iterator[str]]:
    """The name and the fields of the column with the pseudonyms."""
    rows = csv.reader((line for line in lines if line.strip()), delimiter=delimiter)
    header = next(rows)
    wanted = COLUMNS if column is None else (_plain(column),)
    places = [at for at, name in enumerate(header) if _plain(name) in wanted]
    if len(places) != 1:
        said = numbered(len(places), "column") if places else "no column"
        what = f"the header has {said} of the pseudonyms"
        if column is not None:
            what = f"the header has {said} of the name that --column gives"
        mend = "name the column with --column, or write one pseudonym a line"
        raise ConfigError(Problem(f"{file} line 1", what, mend))
    (at,) = places
    return header[at].strip(), (row[at] for row in rows if len(row) > at)
