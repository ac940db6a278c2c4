"""The bytes inside packed files, with every damage reported; and where the streams of a multistream dump begin.

A multistream dump is bz2 files put one after the other: the head, then a hundred pages in each, then the end. Its index
has a line `offset:page id:title` for each page, the offset being that of the stream that holds it.
"""

import bz2
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from openqa.errors import DataError

_PIECE = 1 << 18
_MOST_UNPACKED = 1 << 20
_MULTISTREAM = re.compile(r"(.*-multistream)(\d*)\.xml(-p\d+p\d+)?\.bz2")
_REMOVE = "fetch both again, or remove the index to read without it"
_ADVICE = "the file is damaged or cut off; fetch it again"


def open_packed(path: Path) -> IO[bytes]:
    """Opens a file as it lies on the disk.

    Raises:
        DataError: it is missing, a folder, or not readable.
    """
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; give a file that exists and can be read") from error


def unpacked(file: IO[bytes], path: Path, end: int | None = None) -> Iterator[bytes]:
    """Yields the content of an open file from where it stands, unpacked by its suffix (.bz2, .gz, or none).

    Args:
        file: as `open_packed` gives it.
        path: its path.
        end: the byte to stop at; the end of the file by default. Only for .bz2.

    Raises:
        DataError: the file is damaged or cut off; with about the byte where.
    """
    if path.suffix == ".bz2":
        return _unpacked_bz2(file, path, end)
    return _unpacked_gz(file, path) if path.suffix == ".gz" else iter(lambda: file.read(_PIECE), b"")


def index_of(path: Path) -> Path | None:
    """Returns the index file that lies beside a multistream dump, packed or not, or None."""
    name = _MULTISTREAM.fullmatch(path.name)
    if not name:
        return None
    index = path.with_name(f"{name[1]}-index{name[2]}.txt{name[3] or ''}.bz2")
    return next((found for found in (index, index.with_suffix("")) if found.is_file()), None)


def stream_bounds(path: Path, index: Path) -> Iterator[tuple[int, int]]:
    """Yields (first byte, byte after the last) of each stream with pages, the last one up to the end of the dump.

    Args:
        path: the dump.
        index: its index file.

    Raises:
        DataError: the index is damaged, or does not belong to the dump.
    """
    size = path.stat().st_size
    before: int | None = None
    for start in _starts(index):
        if not (before or 1) <= start < size:
            raise DataError(f"{index}: does not belong to {path.name} (stream at byte {start} of {size}); {_REMOVE}")
        if before is not None and start != before:
            yield before, start
        before = start
    if before is None:
        raise DataError(f"{index}: is empty; {_REMOVE}")
    yield before, size


def _starts(index: Path) -> Iterator[int]:
    with open_packed(index) as file:
        for number, line in enumerate(_lines(unpacked(file, index)), start=1):
            yield _offset(line, index, number)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _offset(line: bytes, index: Path, number: int) -> int:
    offset, colon, _ = line.partition(b":")
    if not colon or not offset.isdigit() or len(offset) > 15:
        shown = line[:60].decode("utf-8", "replace")
        raise DataError(f'{index}:{number}: "offset:page id:title" is needed, found "{shown}"; {_REMOVE}')
    return int(offset)


def _unpacked_bz2(file: IO[bytes], path: Path, end: int | None) -> Iterator[bytes]:
    stream: bz2.BZ2Decompressor | None = None
    position = start = file.tell()
    while piece := file.read(_PIECE if end is None else min(_PIECE, end - position)):
        position += len(piece)
        while piece:
            if stream is None:
                stream, start = bz2.BZ2Decompressor(), position - len(piece)
            try:
                yield stream.decompress(piece, _MOST_UNPACKED)
                while not (stream.eof or stream.needs_input):
                    yield stream.decompress(b"", _MOST_UNPACKED)
            except OSError as error:
                where = f"before byte {position} (stream at byte {start})"
                raise DataError(f"{path}: cannot unpack {where}: {error}; {_ADVICE}") from error
            piece = stream.unused_data if stream.eof else b""
            stream = None if stream.eof else stream
    if stream is not None and file.read(1):
        raise DataError(f"{path}: no stream ends at byte {position}, where its index has another; {_REMOVE}")
    if stream is not None:
        raise DataError(f"{path}: ends at byte {position} inside the stream that begins at byte {start}; {_ADVICE}")


def _unpacked_gz(file: IO[bytes], path: Path) -> Iterator[bytes]:
    try:
        with gzip.GzipFile(fileobj=file) as content:
            while piece := content.read(_MOST_UNPACKED):
                yield piece
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path}: cannot unpack before byte {file.tell()}: {error}; {_ADVICE}") from error
