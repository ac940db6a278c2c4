"""Building an index and adding to it: all documents of one command become one new generation, or none does.

Documents stream: in memory are one chunk of input, the ids of the segment being filled, and what the parts keep.
A document never spans two segments, so a segment has at most `segment_size` passages unless one document has more.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import openqa
from openqa.durable import fsync_folder, json_bytes, make_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.admission import Admission
from openqa.index.collect import collect
from openqa.index.folder import Snapshot, open_folder
from openqa.index.generation import (
    PART_NAME,
    SEGMENTS_FOLDER,
    Generation,
    SegmentEntry,
    commit_generation,
    damaged_generation,
    generation_numbers,
    newest_generation,
)
from openqa.index.lock import LOCK_FILE, writer_lock
from openqa.index.segments import INCOMING_FOLDER, SegmentWriter, segment_entry, write_parts
from openqa.index.store import IDS_FILE, PackedDocument, PassageStore, pack_document
from openqa.types import Part, Passage


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How an index is written; none but the sizes changes its bytes.

    `on_progress` is called after each chunk with the number of passages written so far by this command.
    """

    segment_size: int = 100_000
    chunk_size: int = 2_000
    on_progress: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        if self.segment_size < 1 or self.chunk_size < 1:
            raise ValueError(f"sizes of at least 1 are needed, got {self.segment_size} and {self.chunk_size}")


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """What one command did: the generation that now stands, and how much of the input is new in it."""

    generation: int
    n_documents: int
    n_passages: int
    n_skipped_documents: int


def build_folder(
    path: Path,
    documents: Iterable[Sequence[Passage]],
    parts: Sequence[Part],
    *,
    settings: Mapping[str, Any] | None = None,
    options: WriteOptions | None = None,
) -> WriteSummary:
    """Builds a new index; when this returns it is committed and survives loss of power.

    Args:
        path: a folder that does not exist, is empty, or holds what a build left that was stopped.
        documents: all passages of one document at a time; consumed once.
        parts: what retrievers store.
        settings: kept in the generation file for whoever opens the index; JSON values, no times, no paths.
        options: sizes and progress.

    Raises:
        IndexFolderError: the folder holds an index or other files, is being written, or the disk refuses.
        DataError: an id occurs twice, is empty, or a text cannot be written as UTF-8.
    """
    _check_new(path)
    with writer_lock(path):
        _check_new(path)
        before = Generation(0, parts=_configs(parts), settings=json.loads(json_bytes(dict(settings or {}))))
        return _Write(path, before, (), parts, options or WriteOptions()).run(documents)


def add_to_folder(
    path: Path,
    documents: Iterable[Sequence[Passage]],
    parts: Sequence[Part],
    *,
    options: WriteOptions | None = None,
) -> WriteSummary:
    """Adds documents to an index as one new generation; a document that is there with the same passages is skipped.

    Args:
        path: the index folder.
        documents: all passages of one document at a time; consumed once.
        parts: the index's own, with the configs it was built with.
        options: sizes and progress.

    Raises:
        EncoderMismatch: a part's config is not the one the index was built with.
        IndexFolderError: there is no index, it is damaged or being written, lacks a part, or the disk refuses.
        DataError: an id occurs twice, or is in the index with other content.
    """
    newest_generation(path)
    with writer_lock(path):
        snapshot = open_folder(path)
        if snapshot.damaged_newer:
            raise damaged_generation(snapshot.damaged_newer[0])
        _check_parts(snapshot, parts)
        stores = tuple(segment.store for segment in snapshot.segments)
        return _Write(path, snapshot.generation, stores, parts, options or WriteOptions()).run(documents)


@dataclass
class _Write:
    """One command at work: the generation before, and what has been written since."""

    path: Path
    before: Generation
    committed: Sequence[PassageStore]
    parts: Sequence[Part]
    options: WriteOptions
    entries: list[SegmentEntry] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    n_passages: int = 0

    def run(self, documents: Iterable[Sequence[Passage]]) -> WriteSummary:
        """Writes all segments and commits them; on any error removes what it wrote."""
        collect(self.path)
        make_folder(self.path / SEGMENTS_FOLDER)
        admission = Admission(self.path, self.committed)
        try:
            self._write_segments(documents, admission)
        except BaseException:
            with suppress(IndexFolderError):
                for folder in (*self.folders, self.path / SEGMENTS_FOLDER / INCOMING_FOLDER):
                    remove(folder)
            raise
        number = self._commit() if self.entries or self.before.number == 0 else self.before.number
        n_documents = sum(entry.n_documents for entry in self.entries)
        n_passages = sum(entry.n_passages for entry in self.entries)
        return WriteSummary(number, n_documents, n_passages, admission.n_skipped)

    def _write_segments(self, documents: Iterable[Sequence[Passage]], admission: Admission) -> None:
        segment: SegmentWriter | None = None
        for batch in _batches(documents, self.options.chunk_size):
            admitted = admission.admit(batch)
            for n, document in enumerate(admitted):
                if segment and segment.n_passages + len(document.lines) > self.options.segment_size:
                    admission.sealed(self._seal(segment), admitted[n:])
                    segment = None
                segment = segment or SegmentWriter(self.path)
                segment.add(document)
        if segment:
            self._seal(segment)

    def _seal(self, segment: SegmentWriter) -> PassageStore:
        configs = {name: dict(config) for name, config in self.before.parts.items()}
        ordinal = [self.before.number, len(self.entries)]
        recipe = {"parts": configs, "settings": dict(self.before.settings), "ordinal": ordinal}
        folder = segment.seal(recipe)
        self.folders.append(folder)
        write_parts(folder, self.parts, self.options.chunk_size, self._count)
        self.entries.append(segment_entry(folder, configs))
        return PassageStore(folder)

    def _count(self, n_passages: int) -> None:
        self.n_passages += n_passages
        if self.options.on_progress:
            self.options.on_progress(self.n_passages)

    def _commit(self) -> int:
        number = max([self.before.number, *generation_numbers(self.path)]) + 1
        generation = replace(
            self.before,
            number=number,
            segments=(*self.before.segments, *self.entries),
            created_by=f"openqa {openqa.__version__}",
        )
        fsync_folder(self.path / SEGMENTS_FOLDER)
        fsync_folder(self.path)
        commit_generation(self.path, generation)
        return number


def _batches(documents: Iterable[Sequence[Passage]], chunk_size: int) -> Iterator[list[PackedDocument]]:
    batch: list[PackedDocument] = []
    n_passages = 0
    for passages in documents:
        batch.append(pack_document(passages))
        n_passages += len(passages)
        if n_passages >= chunk_size:
            yield batch
            batch, n_passages = [], 0
    if batch:
        yield batch


def _check_new(path: Path) -> None:
    if generation_numbers(path):
        raise IndexFolderError(
            f'"{path}" already holds an index; add to it with openqa add, or give a new folder to build in'
        )
    try:
        foreign = sorted(entry.name for entry in path.iterdir() if not _is_ours(entry.name))
    except FileNotFoundError:
        return
    except OSError as error:
        raise IndexFolderError(f'"{path}" is not a folder to build in ({error.strerror}); give a new one') from error
    if foreign:
        raise IndexFolderError(
            f'"{path}" holds other files ("{foreign[0]}"{", ..." if len(foreign) > 1 else ""}); '
            f"give a new or an empty folder to build in"
        )


def _configs(parts: Sequence[Part]) -> dict[str, Any]:
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise ValueError(f"each part may be given once, got {', '.join(names)}")
    for name in names:
        if not PART_NAME.fullmatch(name) or name == IDS_FILE:
            raise ValueError(f'a part cannot be named "{name}"; use small letters, digits, "-" and "_"')
    return {part.name: json.loads(json_bytes(part.config())) for part in parts}


def _is_ours(name: str) -> bool:
    return name in (SEGMENTS_FOLDER, LOCK_FILE) or name.startswith("generation-")


def _check_parts(snapshot: Snapshot, parts: Sequence[Part]) -> None:
    for part in parts:
        snapshot.check_part(part)
    given = {part.name for part in parts}
    missing = sorted(snapshot.generation.parts.keys() - given)
    if missing or len(given) != len(parts):
        raise IndexFolderError(
            f'index "{snapshot.path}" has parts {", ".join(sorted(snapshot.generation.parts))}, to add to it all are '
            f"needed once, got {', '.join(part.name for part in parts) or 'none'}"
        )
