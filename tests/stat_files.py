"""Real SAS files for tests: pyreadstat reads sas7bdat and writes none, but its library can."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

_STRING, _DOUBLE = 0, 5
_DATA_WRITER = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def write_sas7bdat(
    path: Path,
    columns: dict[str, Sequence[str | float | None]],
    formats: dict[str, str] | None = None,
) -> None:
    """Write a sas7bdat file with ReadStat, the library inside pyreadstat.

    Args:
        path: the new file.
        columns: texts or numbers by name; None is missing.
        formats: SAS formats by name (`YYMMDD10`).
    """
    library, pieces = _library(), []

    def keep(data: int, size: int, _: int | None) -> int:
        pieces.append(ctypes.string_at(data, size))
        return size

    callback = _DATA_WRITER(keep)
    writer = library.readstat_writer_init()
    _check(library.readstat_set_data_writer(writer, callback))
    variables = {}
    for name, values in columns.items():
        texts = [value.encode() for value in values if isinstance(value, str)]
        kind, width = (_STRING, max(map(len, texts))) if texts else (_DOUBLE, 0)
        variables[name] = library.readstat_add_variable(writer, name.encode(), kind, width)
        if formats and name in formats:
            library.readstat_variable_set_format(variables[name], formats[name].encode())
    rows = list(zip(*columns.values(), strict=True))
    _check(library.readstat_begin_writing_sas7bdat(writer, None, len(rows)))
    for row in rows:
        _check(library.readstat_begin_row(writer))
        for variable, value in zip(variables.values(), row, strict=True):
            if value is None:
                _check(library.readstat_insert_missing_value(writer, variable))
            elif isinstance(value, str):
                _check(library.readstat_insert_string_value(writer, variable, value.encode()))
            else:
                _check(library.readstat_insert_double_value(writer, variable, value))
        _check(library.readstat_end_row(writer))
    _check(library.readstat_end_writing(writer))
    library.readstat_writer_free(writer)
    path.write_bytes(b"".join(pieces))


def _library() -> ctypes.CDLL:
    import pyreadstat

    (path,) = Path(pyreadstat.__file__).parent.glob("_readstat_writer*.so")
    library, pointer, text = ctypes.CDLL(str(path)), ctypes.c_void_p, ctypes.c_char_p
    for name, arguments in {
        "readstat_writer_free": [pointer],
        "readstat_set_data_writer": [pointer, _DATA_WRITER],
        "readstat_add_variable": [pointer, text, ctypes.c_int, ctypes.c_size_t],
        "readstat_variable_set_format": [pointer, text],
        "readstat_begin_writing_sas7bdat": [pointer, pointer, ctypes.c_long],
        "readstat_begin_row": [pointer],
        "readstat_insert_missing_value": [pointer, pointer],
        "readstat_insert_string_value": [pointer, pointer, text],
        "readstat_insert_double_value": [pointer, pointer, ctypes.c_double],
        "readstat_end_row": [pointer],
        "readstat_end_writing": [pointer],
    }.items():
        getattr(library, name).argtypes = arguments
    library.readstat_writer_init.restype = pointer
    library.readstat_add_variable.restype = pointer
    return library


def _check(error: int) -> None:
    assert error == 0, f"ReadStat failed with error {error}"
