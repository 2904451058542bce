"""A delivered text file as a stream of plain text, unpacked and recoded while it is read once.

Streams are chained iterators of pieces, each of at most some MiB: memory stays bounded however
large the file is, or becomes.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import zstandard

from ldn_spark.delivery.files.foreign import BEGIN, foreign
from ldn_spark.errors import DeliveryError, Problem
from ldn_spark.places.files import streamed

PACKED_SUFFIXES = (".gz", ".zst")
_PIECE = 4 << 20  # large, so that threads seldom wait for each other
_ZSTD_PIECE = 1 << 10  # a KiB may unpack to 32 MiB
_GZIP = b"\x1f\x8b"
_ZSTD_FRAME = b"\x28\xb5\x2f\xfd"
_ZSTD_HEADER = 5
_ZSTD_CHECKSUM = 1 << 2  # of the frame header's descriptor, RFC 8878, section 3.1.1.1.1
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class PlainStream:
    """A delivered text file as plain text.

    Attributes:
        text: the bytes of the text, in UTF-8 where the file is UTF-16.
        same: whether these are the bytes as delivered.
        unchecked: whether something packed carries no checksum, as far as it was read: a damage
            that unpacks to other text would not show.
    """

    def __init__(
        self, path: Path, encoding: str, has_read: Callable[[int], None], *, piece: int = _PIECE
    ) -> None:
        """Open a file.

        Args:
            path: the file as delivered.
            encoding: Python's name of its declared encoding.
            has_read: is told how many delivered bytes were read.
            piece: how many bytes are read at once.

        Raises:
            DeliveryError: it is no text and no packed text. Reading `text` raises it too: what is
                packed may end too early, or hold something else.
        """
        self._path = path
        self._piece = piece
        self._digest = hashlib.sha256()
        self.unchecked = False
        self._file = streamed(path)
        try:
            self._open(encoding, has_read)
        except BaseException:
            self._file.close()
            raise

    def _open(self, encoding: str, has_read: Callable[[int], None]) -> None:
        delivered = _stream(self._delivered(has_read), self._piece)
        begin = delivered.peek(BEGIN)[:BEGIN]
        if not begin:
            raise DeliveryError(
                Problem(str(self._path), "is empty: 0 bytes", "ask for the file again")
            )
        pieces = self._unpacked(delivered, begin)
        self.same = pieces is None
        self.text: BinaryIO = delivered if pieces is None else _stream(pieces)
        if pieces is not None:
            self._refuse(foreign(self.text.peek(BEGIN)[:BEGIN]))
        if encoding == "utf-16":
            self.same = False
            self.text = _stream(self._recoded(self.text))

    def _refuse(self, told: tuple[str, str] | None) -> None:
        if told:
            raise DeliveryError(Problem(str(self._path), *told))

    def __enter__(self) -> PlainStream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        del self.text  # which holds this stream: both would keep their pieces for a long time

    def sha256(self) -> str:
        """The checksum of the bytes as delivered, once the text is read to its end."""
        return self._digest.hexdigest()

    def _delivered(self, has_read: Callable[[int], None]) -> Iterator[bytes]:
        while piece := self._file.read(self._piece):
            self._digest.update(piece)
            has_read(len(piece))
            yield piece

    def _unpacked(self, delivered: BinaryIO, begin: bytes) -> Iterator[bytes] | None:
        """The pieces of a packed file; None for a file that is not packed."""
        self._refuse(foreign(begin, self._path))
        if begin.startswith(_GZIP):
            return self._guarded(_gunzip(delivered))
        if _ZSTD.match(begin):
            return self._guarded(_unzstd(delivered, self._is_unchecked))
        return None

    def _is_unchecked(self) -> None:
        self.unchecked = True

    def _guarded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The pieces, with every way in which a packed file can be broken told as ours."""
        begun = False
        try:
            for piece in pieces:
                begun = begun or bool(piece)
                yield piece
        except EOFError:
            what, mend = "is packed and ends too early", "it was cut off: copy or ask for it again"
        except _GarbageError:
            what = "holds something else after what is packed"
            mend = "pack it again, or ask for the file again"
        except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError):
            what, mend = "is packed and damaged", "copy it or ask for it again"
        else:
            if begun:
                return
            what, mend = "is empty: 0 bytes when it is unpacked", "ask for the file again"
        raise DeliveryError(Problem(str(self._path), what, mend))

    def _recoded(self, text: io.BufferedReader) -> Iterator[bytes]:
        """UTF-16 as UTF-8, without its byte order mark.

        Half a surrogate pair becomes bytes that are no UTF-8, so that its line is turned away and
        its neighbours are not.
        """
        begin = text.peek(2)[:2]
        codec = _UTF16.get(begin)
        if codec:
            text.read(2)
        elif len(begin) == 2 and begin.count(0) == 1:  # the first letter is an ASCII one
            codec = "utf-16-be" if begin[0] == 0 else "utf-16-le"
        else:
            raise DeliveryError(
                Problem(
                    f"{self._path} line 1",
                    "is not utf-16 text",
                    "declare the file's encoding in the source file",
                )
            )
        decoder = codecs.getincrementaldecoder(codec)("surrogatepass")
        try:
            while piece := text.read(_PIECE):
                yield decoder.decode(piece).encode("utf-8", "surrogatepass")
            yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise DeliveryError(
                Problem(
                    str(self._path),
                    "ends within a letter of utf-16 text",
                    "it was cut off: copy or ask for it again",
                )
            ) from None


class _GarbageError(Exception):
    """Something else follows what is packed."""


class _Pieces(io.RawIOBase):
    """A raw stream of the bytes that an iterator yields."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def _stream(pieces: Iterator[bytes], size: int = _PIECE) -> io.BufferedReader:
    return io.BufferedReader(_Pieces(pieces), size)


def _gunzip(packed: BinaryIO) -> Iterator[bytes]:
    """All members one after the other; zeros after the last are padding."""
    begun = False
    with gzip.GzipFile(fileobj=packed, mode="rb") as plain:
        try:
            for piece in iter(partial(plain.read1, _PIECE), b""):
                begun = True
                yield piece
        except gzip.BadGzipFile as error:
            if begun and str(error).startswith("Not a gzipped file"):
                raise _GarbageError from None
            raise


def _unzstd(packed: BinaryIO, is_unchecked: Callable[[], None]) -> Iterator[bytes]:
    """All frames one after the other; a frame without a checksum is told."""
    context = zstandard.ZstdDecompressor()
    frame, frames, begun = None, 0, False
    while piece := packed.read(_ZSTD_PIECE):
        while piece:
            if frame is None:
                piece += packed.read(max(0, _ZSTD_HEADER - len(piece)))
                is_whole = piece.startswith(_ZSTD_FRAME) and len(piece) >= _ZSTD_HEADER
                if is_whole and not piece[_ZSTD_HEADER - 1] & _ZSTD_CHECKSUM:
                    is_unchecked()
                frame = context.decompressobj()
            try:
                plain = frame.decompress(piece)
            except zstandard.ZstdError:
                if frames and not begun:
                    raise _GarbageError from None
                raise
            if plain:
                begun = True
                yield plain
            piece = b""
            if frame.eof:
                piece, frame, frames, begun = frame.unused_data, None, frames + 1, False
    if frame is not None:
        raise EOFError
