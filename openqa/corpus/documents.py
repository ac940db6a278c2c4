"""One way into every corpus that is kept in files: recognises the layout of each path and yields its documents."""

import logging
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openqa.corpus.columns import PARQUET_SUFFIXES, Watch, parquet_documents
from openqa.corpus.fields import USUAL, Fields
from openqa.corpus.folder import LeaveOut, is_own_file, own_documents, own_files
from openqa.corpus.hub import hub_documents, is_hub
from openqa.corpus.jsonl import is_record, jsonl_documents
from openqa.corpus.meter import InputMeter
from openqa.corpus.squad import squad_documents
from openqa.corpus.wiki.dump import DumpAccount, dump_documents, is_dump
from openqa.errors import DataError
from openqa.files import STDIN, display_name, open_bytes, plain_suffix
from openqa.types import Document

JSONL_SUFFIXES = (".jsonl", ".ndjson")
SHARD_SUFFIXES = (*JSONL_SUFFIXES, *PARQUET_SUFFIXES)
KNOWN_LAYOUTS = (
    "known: .jsonl (one passage a line), .json in SQuAD's form, .csv, .tsv, .txt, .md and .html, each also with .gz; "
    ".parquet, .pdf, .docx, MediaWiki's .xml, .xml.bz2 and .xml.gz; a folder with corpus.jsonl (BEIR), with .jsonl, "
    ".parquet or MediaWiki files (MIRACL, the hub's), or with files of the other kinds at any depth; "
    "hub:OWNER/NAME/CONFIGURATION; - for .jsonl from standard input"
)
_SNIFFED_BYTES = 1 << 20
_LINE = re.compile(r"^:(\d+): ")


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of documents.

    Attributes:
        path: where it is.
        name: its path below the folder that it was found in.
        read: yields its documents.
        is_own: one of a person's own files in a folder, which is left out when it cannot be read.
    """

    path: Path
    name: str
    read: Callable[[], Iterator[Document]]
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read, whatever their kind.

    Attributes:
        lang: of documents that do not name their own.
        fields: of records and tables.
        watch: is given each open file that is streamed.
        leave_out: is told of files of a folder that are not read.
    """

    lang: str
    fields: Fields
    watch: Watch | None
    leave_out: LeaveOut

    def shard(self, path: Path) -> Iterator[Document]:
        """The documents of one file of records."""
        if is_dump(path):
            return self._dump(path)
        if plain_suffix(path.name) in PARQUET_SUFFIXES:
            return parquet_documents(path, self.lang, self.fields)
        return jsonl_documents(path, lang=self.lang, fields=self.fields, watch=self.watch)

    def _dump(self, path: Path) -> Iterator[Document]:
        account = DumpAccount()
        yield from dump_documents(path, lang=self.lang, watch=self.watch, account=account)
        for what, why in account.left_out():
            self.leave_out(f"{path.name}: {what}", why)

    def own(self, path: Path, name: str) -> Iterator[Document]:
        """The documents of one of a person's own files."""
        return own_documents(path, name, self.lang, self.fields, self.watch)


_Files = Callable[[], Iterable[FolderFile]]


def read_documents(
    paths: Sequence[Path],
    *,
    lang: str = "und",
    fields: Fields = USUAL,
    meter: InputMeter | None = None,
) -> Iterator[Document]:
    """Yields the documents of files and folders, one after the other, whatever their layout.

    All paths are looked at before the first document is yielded, so that a misspelt one is reported at once.
    Documents are streamed; only a SQuAD file and a single file of one's own are held in memory. A file of one's own in
    a folder that cannot be read is left out: the meter lists it, or a warning of the log. That ids are distinct is
    checked by the index, which knows them all.

    Args:
        paths: at least one file or folder; "-" is JSON Lines from standard input, "hub:OWNER/NAME/CONFIGURATION" a data
            set of the Hugging Face hub.
        lang: the language of documents that do not name their own; "und" leaves it to be identified.
        fields: of records and tables.
        meter: is told how much there is to read, how far the reading is, and what is left out.

    Raises:
        DataError: a path is missing, of no known layout or without documents, or a record is wrong; with path:line.
        MissingExtra: a package that reads a kind of file is not installed.
        ValueError: no path is given.
    """
    if isinstance(paths, str | Path) or not paths:
        raise ValueError("paths must be a sequence of at least one path")
    leave_out = meter.leave_out if meter else _warn
    reading = Reading(lang, fields, meter.watch if meter else None, leave_out)
    found = [(path, _files_of(path, reading)) for path in map(Path, paths)]
    _refuse_equal_names([path for path, _ in found])
    if meter:
        listed = [(path, list(files())) for path, files in found]
        meter.expect(file.path for _, files in listed for file in files)
        found = [(path, partial(iter, files)) for path, files in listed]
    return _read_all(found, meter, leave_out)


def folder_files(folder: Path, lang: str, fields: Fields, leave_out: LeaveOut) -> list[FolderFile]:
    """Returns the files of a folder that `read_documents` reads, in its order.

    Args:
        folder: where to look.
        lang: as for `read_documents`.
        fields: of records and tables.
        leave_out: is told of files of other kinds.

    Raises:
        DataError: the folder cannot be read, or holds no documents of a known kind.
    """
    return list(_files_of_folder(folder, Reading(lang, fields, None, leave_out))())


def shard_files(folder: Path) -> list[Path]:
    """Returns the files of a folder that hold many documents (records, dumps), docs-2 before docs-10.

    corpus.jsonl alone when it is there (BEIR); queries.jsonl never.
    """
    names = sorted(filter(_is_shard, _names(folder)), key=_natural)
    corpus = [name for name in names if _stem(name) == "corpus"]
    return [folder / name for name in corpus or names if _stem(name) != "queries"]


def _read_all(
    found: Iterable[tuple[Path, _Files]], meter: InputMeter | None, leave_out: LeaveOut
) -> Iterator[Document]:
    for path, files in found:
        is_empty = True
        for file in files():
            for document in _whole_or_none(file, leave_out) if file.is_own else file.read():
                is_empty = False
                yield document
            if meter:
                meter.end(file.path)
        if is_empty:
            raise DataError(f"{display_name(path)}: holds no documents; give a file or folder with at least one")


def _whole_or_none(file: FolderFile, leave_out: LeaveOut) -> list[Document]:
    """The documents of a file that can be read to its end, else none of them."""
    try:
        return list(file.read())
    except DataError as error:
        leave_out(file.name, reason(file, error))
        return []


def reason(file: FolderFile, error: DataError) -> str:
    """Returns why a file cannot be read, without its path.

    Args:
        file: which.
        error: what reading it came to.
    """
    return _LINE.sub(r"line \1: ", str(error).removeprefix(str(file.path))).removeprefix(": ")


def _warn(name: str, why: str) -> None:
    _log.warning("left out: %s: %s", name, why)


def _files_of(path: Path, reading: Reading) -> _Files:
    if is_hub(path):
        return lambda: [FolderFile(path, str(path), partial(hub_documents, path, reading.lang, reading.fields))]
    if path.is_dir():
        return _files_of_folder(path, reading)
    file = FolderFile(path, path.name, _reader(path, reading))
    return lambda: [file]


def _reader(path: Path, reading: Reading) -> Callable[[], Iterator[Document]]:
    if path == STDIN:
        return partial(reading.shard, path)
    with open_bytes(path):
        pass
    suffix = plain_suffix(path.name)
    if _is_shard(path.name) or (suffix == ".json" and _is_json_lines(path)):
        return partial(reading.shard, path)
    if suffix == ".json":
        return partial(squad_documents, path, reading.lang)
    if is_own_file(path.name):
        return partial(reading.own, path, path.name)
    raise DataError(f"{path}: not a known kind of corpus; {KNOWN_LAYOUTS}")


def _files_of_folder(folder: Path, reading: Reading) -> _Files:
    shards = shard_files(folder)
    if shards:
        return lambda: (FolderFile(shard, shard.name, partial(reading.shard, shard)) for shard in shards)
    if next(own_files(folder, _ignore), None) is not None:
        return lambda: (_own_file(folder, path, reading) for path in own_files(folder, reading.leave_out))
    found = ", ".join(_names(folder)[:5]) or "nothing"
    raise DataError(f"{folder}: holds no documents of a known kind (found: {found}); {KNOWN_LAYOUTS}")


def _own_file(folder: Path, path: Path, reading: Reading) -> FolderFile:
    name = path.relative_to(folder).as_posix()
    return FolderFile(path, name, partial(reading.own, path, name), is_own=True)


def _ignore(name: str, why: str) -> None:
    """Where the files are only counted."""


def _is_json_lines(path: Path) -> bool:
    with open_bytes(path) as file:
        try:
            return is_record(file.readline(_SNIFFED_BYTES))
        except (EOFError, zlib.error, OSError):
            return False


def _refuse_equal_names(paths: Sequence[Path]) -> None:
    """Own files that are given one by one have their names as ids, so two may not be called the same."""
    seen: dict[str, Path] = {}
    for path in paths:
        if is_own_file(path.name) and not path.is_dir():
            other = seen.setdefault(path.name, path)
            if other is not path:
                raise DataError(
                    f'{path}: its id "{path.name}" is taken by {other}; give the folder that holds both instead'
                )


def _names(folder: Path) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}; give a folder that can be read") from error


def _is_shard(name: str) -> bool:
    return plain_suffix(name) in SHARD_SUFFIXES or is_dump(Path(name))


def _stem(name: str) -> str:
    return name.lower().removesuffix(".gz").rpartition(".")[0]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name, flags=re.ASCII)]
