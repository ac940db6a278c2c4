"""An index brought up to what a folder of documents holds, by comparing its files with those that were read last time.

A file is known by its bytes (SHA-256), not by its time. Files that are new or changed are parsed twice, once before
anything is written: so an error in any of them is told at once, and it is known which documents have gone. Ids of the
documents of all files are in memory meanwhile, their texts are not.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from openqa.corpus.documents import FolderFile, folder_files, reason
from openqa.corpus.fields import USUAL, Fields
from openqa.corpus.meter import LeftOut
from openqa.corpus.passages import whole
from openqa.durable import json_bytes
from openqa.errors import DataError, NoText
from openqa.index.folder import Snapshot
from openqa.index.sources import SourceFile, SourceFolder, read_sources
from openqa.pipeline.questions import check_language
from openqa.text.languages import UNDETERMINED
from openqa.types import Document

if TYPE_CHECKING:
    from openqa.index.writer import Changes, WriteSummary

    Write = Callable[[Iterable[Document], Changes], WriteSummary]


@dataclass(frozen=True, slots=True)
class FolderReading:
    """A folder and the options of reading it; a file that was read with other options counts as changed."""

    folder: Path
    lang: str = UNDETERMINED
    fields: Fields = USUAL

    def options(self) -> dict[str, str]:
        """The options that are not at their default."""
        return {**({} if self.lang == UNDETERMINED else {"lang": self.lang}), **self.fields.options()}


@dataclass(frozen=True, slots=True)
class SyncSummary:
    """What has happened to the files of a folder since it was read last, and what that did to the index.

    `n_read_documents` are those of added and changed files, most of which may be unchanged themselves. `left_out` are
    files without text, and those that cannot be read now, of which what was read before stays. `written` is what the
    writer did; None where there was nothing to do, or on a dry run.
    """

    generation: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    n_unchanged: int
    n_read_documents: int
    n_removed_documents: int
    left_out: tuple[LeftOut, ...]
    written: "WriteSummary | None" = None


@dataclass(frozen=True, slots=True)
class _ReadFile:
    """A file of the folder as it is now; `is_new` where it was not there, `is_changed` where it was another one."""

    file: FolderFile
    now: SourceFile
    is_new: bool
    is_changed: bool
    state: tuple[int, int]


def sync_folder(snapshot: Snapshot, reading: FolderReading, write: "Write | None") -> SyncSummary:
    """Finds out what has changed in a folder, and has it written as one generation.

    Args:
        snapshot: the newest generation of the index.
        reading: the folder.
        write: adds documents to the index with some changes; None for a dry run.

    Raises:
        DataError: the folder is missing, holds no documents, or a file of it is wrong or changes while it is read.
        IndexFolderError: what is known of the folder is damaged, or the index cannot be written.
        ConfigError: the language is no tag.
    """
    check_language(reading.lang)
    folder = _absolute(reading.folder)
    before = {file.path: file for file in read_sources(snapshot.path, snapshot.generation, folder)}
    left_out: list[LeftOut] = []
    files = [_read(file, before, reading.options(), left_out) for file in _files(reading, left_out)]
    current = {file.now.path for file in files}
    removed = [file for path, file in before.items() if path not in current]
    _refuse_hidden(reading.folder, removed)
    parsed = [file for file in files if file.is_new or file.is_changed]
    if not any(file.now.document_ids for file in files):
        raise DataError(f"{reading.folder}: holds no documents; give a folder with at least one")
    _refuse_equal_ids(reading.folder, files)
    gone = _gone(snapshot, folder, files, [before[file.now.path] for file in parsed if file.is_changed] + removed)
    written = None
    if write and (parsed or removed):
        changes: Changes = {
            "replace": True,
            "give_up": gone,
            "known": SourceFolder(folder, tuple(file.now for file in files)),
            "source": _command(folder, parsed, removed),
        }
        written = write(_documents(parsed), changes)
    return SyncSummary(
        generation=written.generation if written else snapshot.generation.number,
        added=tuple(file.now.path for file in parsed if file.is_new),
        changed=tuple(file.now.path for file in parsed if file.is_changed),
        removed=tuple(file.path for file in removed),
        n_unchanged=len(files) - len(parsed),
        n_read_documents=sum(len(file.now.document_ids) for file in parsed),
        n_removed_documents=len(gone),
        left_out=tuple(left_out),
        written=written,
    )


def _absolute(folder: Path) -> str:
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder that can be read; give the folder that holds the documents")
    name = str(folder.resolve())
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        shown = name.encode("utf-8", "replace").decode("utf-8")
        raise DataError(f"{shown}: the folder's name is not UTF-8; rename the folder") from error
    return name


def _files(reading: FolderReading, left_out: list[LeftOut]) -> list[FolderFile]:
    return folder_files(
        reading.folder, reading.lang, reading.fields, lambda name, why: left_out.append(LeftOut(name, why))
    )


def _read(
    file: FolderFile, before: dict[str, SourceFile], options: dict[str, str], left_out: list[LeftOut]
) -> _ReadFile:
    """Compares a file with what it was, and parses it where it is another one.

    One that cannot be read now stays what it was: it may be half written, and its documents must not be lost for that.
    """
    state = _state(file.path)
    checksum = _checksum(file.path)
    then = before.get(file.name)
    if then and (then.size_bytes, then.checksum, dict(then.options)) == (state[0], checksum, options):
        return _ReadFile(file, then, is_new=False, is_changed=False, state=state)
    try:
        ids = tuple(document.id for document in file.read() if whole(document))
    except DataError as error:
        if not file.is_own:
            raise
        left_out.append(LeftOut(file.name, reason(file, error)))
        if then and not isinstance(error, NoText):
            return _ReadFile(file, then, is_new=False, is_changed=False, state=state)
        ids = ()
    now = SourceFile(file.name, state[0], checksum, ids, options)
    return _ReadFile(file, now, is_new=then is None, is_changed=then is not None, state=state)


def _documents(files: Sequence[_ReadFile]) -> Iterator[Document]:
    """Yields the documents of files that have any, and refuses a file that is not what it was when it was compared."""
    for read in files:
        if read.now.document_ids:
            yield from read.file.read()
        if _state(read.file.path) != read.state:
            raise DataError(
                f"{read.file.path}: has changed while the folder was read, nothing was committed; run sync again when "
                f"its files are complete"
            )


def _gone(snapshot: Snapshot, folder: str, files: Sequence[_ReadFile], former: Sequence[SourceFile]) -> list[str]:
    """The documents of former files that no file has now, in this folder or another one that the index knows."""
    gone = dict.fromkeys(chain.from_iterable(file.document_ids for file in former))
    if not gone:
        return []
    others = [name for name in snapshot.generation.sources if name != folder]
    elsewhere = (read_sources(snapshot.path, snapshot.generation, name) for name in others)
    for file in chain((read.now for read in files), *elsewhere):
        for document_id in file.document_ids:
            gone.pop(document_id, None)
    return list(gone)


def _refuse_equal_ids(folder: Path, files: Sequence[_ReadFile]) -> None:
    """A document stands in one file: else it would depend on the order of changes which of the two is in the index."""
    parsed: dict[str, str] = {}
    for read in files:
        if read.is_new or read.is_changed:
            parsed.update(dict.fromkeys(read.now.document_ids, read.now.path))
    if not parsed:
        return
    for read in files:
        for document_id in read.now.document_ids:
            other = parsed.get(document_id, read.now.path)
            if other != read.now.path:
                first, second = sorted((read.now.path, other))
                raise DataError(
                    f'{folder / second}: document id "{document_id}" stands in {folder / first} too; '
                    f"every document needs an id of its own"
                )


def _refuse_hidden(folder: Path, removed: Sequence[SourceFile]) -> None:
    """A file that is there but read no more, because files of another kind came, must not take its documents along."""
    for file in removed:
        if (folder / file.path).exists():
            raise DataError(
                f"{folder / file.path}: was read last time and is still there, but the folder is now one of other "
                f"files (JSON Lines go before text, corpus.jsonl before others); keep one kind in a folder"
            )


def _command(folder: str, parsed: Sequence[_ReadFile], removed: Sequence[SourceFile]) -> str:
    """What tells this sync from others: one that was stopped goes on only if the files are still the same."""
    known = [[file.path, file.checksum] for file in (*(read.now for read in parsed), *removed)]
    return f"sync {folder} {hashlib.sha256(json_bytes(known)).hexdigest()}"


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return found.st_size, found.st_mtime_ns


def _checksum(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{path}: {error.strerror or error}; give a folder whose files stay and can be read")
