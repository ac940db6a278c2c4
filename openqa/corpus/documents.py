"""One way into every corpus that is kept in files: recognises the layout of each path and yields its documents."""

import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from openqa.corpus.folder import TEXT_SUFFIXES, file_documents, plain_suffix, text_files
from openqa.corpus.jsonl import is_record, jsonl_documents
from openqa.corpus.meter import InputMeter
from openqa.corpus.squad import squad_documents
from openqa.errors import DataError
from openqa.files import STDIN, display_name, open_bytes
from openqa.types import Document

JSONL_SUFFIXES = (".jsonl", ".ndjson")
KNOWN_LAYOUTS = (
    "known: .jsonl (one passage a line), .json in SQuAD's form, .txt and .md, each also with .gz; a folder with "
    "corpus.jsonl (BEIR), with .jsonl files (MIRACL), or with .txt and .md files at any depth; - for .jsonl from "
    "standard input"
)
_SNIFFED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of documents: where it is, its path below the folder that it was found in, and how it is read."""

    path: Path
    name: str
    read: Callable[[], Iterator[Document]]


_Files = Callable[[], Iterable[FolderFile]]


def read_documents(
    paths: Sequence[Path],
    *,
    lang: str = "und",
    text_field: str | None = None,
    id_field: str | None = None,
    meter: InputMeter | None = None,
) -> Iterator[Document]:
    """Yields the documents of files and folders, one after the other, whatever their layout.

    All paths are looked at before the first document is yielded, so that a misspelt one is reported at once.
    Documents are streamed; only a SQuAD file and a single text file are held in memory. That ids are distinct is
    checked by the index, which knows them all.

    Args:
        paths: at least one file or folder; "-" is JSON Lines from standard input.
        lang: the language of documents that do not name their own; "und" leaves it to be identified.
        text_field: the field of JSON Lines that holds the text; "text" by default.
        id_field: the field of JSON Lines that holds the id; the first of "id", "_id" and "docid" by default.
        meter: is told how much there is to read, and how far the reading is.

    Raises:
        DataError: a path is missing, of no known layout or without documents, or a record is wrong; with path:line.
        ValueError: no path is given.
    """
    if isinstance(paths, str | Path) or not paths:
        raise ValueError("paths must be a sequence of at least one path")
    watch = meter.watch if meter else None
    jsonl = partial(jsonl_documents, lang=lang, text_field=text_field, id_field=id_field, watch=watch)
    found = [(path, _files_of(path, lang, jsonl)) for path in map(Path, paths)]
    _refuse_equal_names([path for path, _ in found])
    if meter:
        listed = [(path, list(files())) for path, files in found]
        meter.expect(file.path for _, files in listed for file in files)
        found = [(path, partial(iter, files)) for path, files in listed]
    return _read_all(found, meter)


def folder_files(
    folder: Path, *, lang: str = "und", text_field: str | None = None, id_field: str | None = None
) -> list[FolderFile]:
    """Returns the files of a folder that `read_documents` reads, in its order.

    Args:
        folder: where to look.
        lang: as for `read_documents`.
        text_field: as for `read_documents`.
        id_field: as for `read_documents`.

    Raises:
        DataError: the folder cannot be read, or holds no documents of a known kind.
    """
    jsonl = partial(jsonl_documents, lang=lang, text_field=text_field, id_field=id_field)
    return list(_files_of_folder(folder, lang, jsonl)())


def jsonl_files(folder: Path) -> list[Path]:
    """Returns the JSON Lines files of a folder that hold documents, docs-2 before docs-10.

    corpus.jsonl alone when it is there (BEIR); queries.jsonl never.
    """
    names = sorted(filter(_is_shard, _names(folder)), key=_natural)
    corpus = [name for name in names if _stem(name) == "corpus"]
    return [folder / name for name in corpus or names if _stem(name) != "queries"]


def _read_all(found: Iterable[tuple[Path, _Files]], meter: InputMeter | None) -> Iterator[Document]:
    for path, files in found:
        is_empty = True
        for file in files():
            for document in file.read():
                is_empty = False
                yield document
            if meter:
                meter.end(file.path)
        if is_empty:
            raise DataError(f"{display_name(path)}: holds no documents; give a file or folder with at least one")


def _files_of(path: Path, lang: str, jsonl: Callable[[Path], Iterator[Document]]) -> _Files:
    if path.is_dir():
        return _files_of_folder(path, lang, jsonl)
    file = FolderFile(path, path.name, _reader(path, lang, jsonl))
    return lambda: [file]


def _reader(path: Path, lang: str, jsonl: Callable[[Path], Iterator[Document]]) -> Callable[[], Iterator[Document]]:
    if path == STDIN:
        return partial(jsonl, path)
    with open_bytes(path):
        pass
    suffix = plain_suffix(path.name)
    if suffix in JSONL_SUFFIXES or (suffix == ".json" and _is_json_lines(path)):
        return partial(jsonl, path)
    if suffix == ".json":
        return partial(squad_documents, path, lang)
    if suffix in TEXT_SUFFIXES:
        return partial(file_documents, path, path.name, lang=lang)
    raise DataError(f"{path}: not a known kind of corpus; {KNOWN_LAYOUTS}")


def _files_of_folder(folder: Path, lang: str, jsonl: Callable[[Path], Iterator[Document]]) -> _Files:
    shards = jsonl_files(folder)
    if shards:
        return lambda: (FolderFile(shard, shard.name, partial(jsonl, shard)) for shard in shards)
    if next(text_files(folder), None) is not None:
        return lambda: (_text_file(path, path.relative_to(folder).as_posix(), lang) for path in text_files(folder))
    found = ", ".join(_names(folder)[:5]) or "nothing"
    raise DataError(f"{folder}: holds no documents of a known kind (found: {found}); {KNOWN_LAYOUTS}")


def _text_file(path: Path, name: str, lang: str) -> FolderFile:
    return FolderFile(path, name, partial(file_documents, path, name, lang=lang))


def _is_json_lines(path: Path) -> bool:
    with open_bytes(path) as file:
        try:
            return is_record(file.readline(_SNIFFED_BYTES))
        except (EOFError, zlib.error, OSError):
            return False


def _refuse_equal_names(paths: Sequence[Path]) -> None:
    """Text files that are given one by one have their names as ids, so two may not be called the same."""
    seen: dict[str, Path] = {}
    for path in paths:
        if plain_suffix(path.name) in TEXT_SUFFIXES and not path.is_dir():
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
    return plain_suffix(name) in JSONL_SUFFIXES


def _stem(name: str) -> str:
    return name.lower().removesuffix(".gz").rpartition(".")[0]


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name, flags=re.ASCII)]
