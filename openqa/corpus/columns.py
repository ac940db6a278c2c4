"""Files of columns as documents: Parquet, CSV and TSV.

A file with a column of texts is a corpus, a document a row: shards of the hub (Parquet), DPR's passages (id, text and
title, with a header) and ColBERT's collection (number, text and maybe title, without one). Any other CSV or TSV file is
a table, whose rows become text in groups.
"""

import csv
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BufferedReader, RawIOBase, TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

from openqa.corpus.fields import Fields
from openqa.corpus.jsonl import record_document
from openqa.corpus.tables import row_groups
from openqa.errors import DataError, NoText, require
from openqa.files import open_bytes, plain_stem, plain_suffix
from openqa.types import Document

TABLE_SUFFIXES = (".csv", ".tsv")
PARQUET_SUFFIXES = (".parquet",)
_COLBERT_HEADER = ("id", "text", "title")
_DELIMITERS = ",;\t|"
_SNIFFED_BYTES = 1 << 16
_LONGEST_CELL = 1 << 30
_BATCH_ROWS = 1_000
_DAMAGE = (EOFError, zlib.error, OSError)

Watch = Callable[[IO[bytes]], None]


def parquet_documents(path: Path, lang: str, fields: Fields) -> Iterator[Document]:
    """Yields a document for each row of a Parquet file, a thousand rows in memory at a time.

    Args:
        path: the file.
        lang: the language of rows that have no "lang".
        fields: the names of the columns.

    Raises:
        DataError: the file is damaged, or a row has no id or no text; with the path and the row.
        MissingExtra: pyarrow is not installed.
    """
    require("documents", "pyarrow")
    import pyarrow
    from pyarrow import parquet

    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield record_document(plain_record(row), f"{path}: row {number}", lang, fields)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: cannot read on after row {number} ({' '.join(str(error).split())}); the file is damaged, cut off "
            f"or no Parquet"
        ) from error


def table_documents(path: Path, id: str, lang: str, fields: Fields, watch: Watch | None = None) -> Iterator[Document]:
    """Yields the rows of a CSV or TSV file: each a document where there is a column of texts, else groups of rows.

    A group's id is the file's with `#rows=1-20`, its title the file's name.

    Args:
        path: the file; may end in .gz.
        id: of the file.
        lang: the language of rows that have no "lang".
        fields: the names of the columns, and the form of tables.
        watch: is given the open file, to see how far it has been read.

    Raises:
        DataError: the file is not UTF-8, or a row has not as many cells as the header; with path:line.
        NoText: it is empty.
        ConfigError: the form names a column that is not there.
    """
    with (
        open_bytes(path) as file,
        BufferedReader(cast("RawIOBase", file), _SNIFFED_BYTES) as buffered,
        TextIOWrapper(buffered, "utf-8-sig", newline="") as lines,
    ):
        if watch:
            watch(file)
        header, rows = _read(path, buffered, lines)
        if fields.text or "text" in header:
            for where, row in rows:
                record = {name: cell or None for name, cell in zip(header, row, strict=True)}
                yield record_document(record, where, lang, fields)
            return
        title = plain_stem(path.name)
        for group in row_groups(header, (row for _, row in rows), fields.tables):
            yield Document(f"{id}#rows={group.first}-{group.last}", group.text, title, lang)


def plain_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row with values as JSON has them; dates and the like as text."""
    kinds = (str, int, float, bool, list, dict)
    return {name: value if value is None or isinstance(value, kinds) else str(value) for name, value in row.items()}


def _read(
    path: Path, buffered: "BufferedReader[RawIOBase]", lines: TextIOWrapper
) -> tuple[Sequence[str], Iterator[tuple[str, list[str]]]]:
    """The header of a CSV or TSV file, and its rows with their place."""
    csv.field_size_limit(_LONGEST_CELL)
    try:
        start = buffered.peek(_SNIFFED_BYTES).decode("utf-8-sig", "replace")
    except _DAMAGE as error:
        raise _unreadable(path, 1, error) from error
    is_colbert = plain_suffix(path.name) == ".tsv" and start.partition("\t")[0].isdecimal()
    if is_colbert:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(lines, delimiter=_delimiter(path, start), strict=True)
    numbered = _numbered(path, rows)
    first = next(numbered, None)
    if first is None:
        raise NoText(f"{path}: is empty; give a file with a header and rows")
    if is_colbert:
        header = _COLBERT_HEADER[: len(first[1])]
        return header, _checked(len(header), chain([first], numbered))
    header = tuple(name.strip() for name in first[1])
    if len(set(header)) < len(header):
        raise DataError(
            f"{path}:1: the header has a name twice ({', '.join(header)}); every column needs a name of its own"
        )
    return header, _checked(len(header), numbered)


def _numbered(path: Path, rows: Any) -> Iterator[tuple[str, list[str]]]:
    """Rows that are not blank, each with path:line."""
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield f"{path}:{rows.line_num}", row
    except csv.Error as error:
        raise _unreadable(path, rows.line_num, error) from error
    except (UnicodeDecodeError, *_DAMAGE) as error:
        raise _unreadable(path, rows.line_num + 1, error) from error


def _checked(n_columns: int, rows: Iterator[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    for where, row in rows:
        if len(row) != n_columns:
            raise DataError(
                f"{where}: has {len(row)} cells, the header {n_columns}; give every row as many, cells with a "
                f"delimiter or a line's end in double quotes"
            )
        yield where, row


def _delimiter(path: Path, start: str) -> str:
    if plain_suffix(path.name) == ".tsv":
        return "\t"
    first = start.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _unreadable(path: Path, line: int, error: Exception) -> DataError:
    if isinstance(error, UnicodeDecodeError):
        return DataError(
            f"{path}:{line}: byte 0x{error.object[error.start]:02x} is not UTF-8; convert the file, for example with "
            f"iconv -f ISO-8859-1 -t UTF-8"
        )
    return DataError(f"{path}:{line}: cannot read on ({error}); the file is damaged, cut off or no table")
