"""Building an index and adding to it: all documents of one command become one new generation, or none does.

Documents stream: in memory are one chunk of input, the ids of the segment being filled, and what the parts keep.
A document never spans two segments, so a segment has at most `segment_size` passages unless one document has more.

The main process reads, cuts the input into segments and stores their passages; the parts are written by `workers`
processes, chunk by chunk. A command that was stopped, by whatever, goes on when it is run again: it reads its input
anew, finds the segments that are stored and the chunks that are done, and writes the rest. The bytes are those of an
uninterrupted run.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, TypedDict, Unpack

from openqa.durable import json_bytes, make_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.admission import Admission
from openqa.index.collect import collect
from openqa.index.commit import changing, check_all_parts, commit_next
from openqa.index.deletions import with_deletions
from openqa.index.folder import Segment
from openqa.index.generation import PART_NAME, SEGMENTS_FOLDER, Generation, SegmentEntry, generation_numbers
from openqa.index.lock import LOCK_FILE, writer_lock
from openqa.index.segments import INCOMING_FOLDER, SegmentWriter, Submit, segment_entry, write_part
from openqa.index.sources import SourceFolder, with_sources
from openqa.index.store import IDS_FILE, PackedDocument, PassageStore, pack_document
from openqa.index.unfinished import UNFINISHED_FOLDER, Unfinished, begin
from openqa.index.workers import run_here, workers
from openqa.types import Part, Passage


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How an index is written; none but the segment size changes its bytes.

    `on_progress` is called after each chunk with the number of passages that this command has written so far, those of
    an earlier run of it included. `restart` drops what an earlier run has left.
    """

    segment_size: int = 100_000
    chunk_size: int = 2_000
    workers: int = 1
    restart: bool = False
    on_progress: Callable[[int], None] | None = None

    def __post_init__(self) -> None:
        if min(self.segment_size, self.chunk_size, self.workers) < 1:
            raise ValueError(
                f"sizes and workers of at least 1 are needed, got {self.segment_size}, {self.chunk_size} and "
                f"{self.workers}"
            )


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """What one command did: the generation that now stands, how much of the input is new in it, and what it took.

    `peak_memory_bytes` is the largest resident size of this process and of any worker until now, whichever is larger;
    `part_bytes` are those of the new segments.
    """

    generation: int
    n_documents: int
    n_passages: int
    n_skipped_documents: int
    n_replaced_documents: int
    n_deleted_passages: int
    elapsed_s: float
    peak_memory_bytes: int
    part_bytes: Mapping[str, int]

    @property
    def passages_per_second(self) -> float:
        """New passages a second; 0 where it took no time."""
        return self.n_passages / self.elapsed_s if self.elapsed_s else 0.0


class Changes(TypedDict, total=False):
    """What an add does besides adding.

    `replace` lets documents of the index give way to those of the same id and other content. `give_up` are ids of
    documents to delete in the same generation, `known` is what a folder held that the documents come from, committed
    with them. `source` tells this command from others when it is run again, such as the names of its files; without it
    the id of its first document does.
    """

    replace: bool
    give_up: Iterable[str]
    source: str
    known: SourceFolder


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
        options: sizes, workers and progress.

    Raises:
        IndexFolderError: the folder holds an index or other files, is being written, was begun with other input or
            another recipe, or the disk refuses.
        DataError: an id occurs twice, is empty, or a text cannot be written as UTF-8.
    """
    _check_new(path)
    with writer_lock(path):
        _check_new(path)
        before = Generation(0, parts=_configs(parts), settings=json.loads(json_bytes(dict(settings or {}))))
        write = _Write(path, before, (), parts, options or WriteOptions())
        return write.run("build", "", documents, Admission(path, ()))


def add_to_folder(
    path: Path,
    documents: Iterable[Sequence[Passage]],
    parts: Sequence[Part],
    *,
    options: WriteOptions | None = None,
    **changes: Unpack[Changes],
) -> WriteSummary:
    """Adds documents to an index as one new generation; a document that is there with the same passages is skipped.

    Args:
        path: the index folder.
        documents: all passages of one document at a time; consumed once.
        parts: the index's own, with the configs it was built with.
        options: sizes, workers and progress.
        changes: as `Changes` has them: `replace`, `give_up`, `source`, `known`.

    Raises:
        EncoderMismatch: a part's config is not the one the index was built with.
        IndexFolderError: there is no index, it is damaged or being written, lacks a part, an unfinished run of this
            command had other input, or the disk refuses.
        DataError: an id occurs twice, or is in the index with other content.
        TypeError: a change is not one of `Changes`.
    """
    for name in changes.keys() - Changes.__annotations__.keys():
        raise TypeError(f'"{name}" is not one of the changes {", ".join(Changes.__annotations__)}')
    with changing(path) as snapshot:
        check_all_parts(snapshot, parts)
        admission = Admission(path, snapshot.segments, replace=changes.get("replace", False))
        admission.give_up(changes.get("give_up", ()))
        write = _Write(path, snapshot.generation, snapshot.segments, parts, options or WriteOptions())
        write.known = changes.get("known")
        return write.run("add", changes.get("source", ""), documents, admission)


@dataclass
class _Write:
    """One command at work: the generation before, and what has been written since."""

    path: Path
    before: Generation
    committed: Sequence[Segment]
    parts: Sequence[Part]
    options: WriteOptions
    pending: list["Future[SegmentEntry]"] = field(default_factory=list)
    known: SourceFolder | None = None

    def run(self, kind: str, source: str, documents: Iterable[Sequence[Passage]], admission: Admission) -> WriteSummary:
        """Writes all segments and commits them; what an error leaves is there for the next run."""
        started = time.monotonic()
        packed = map(pack_document, documents)
        first = list(islice(packed, 1))
        work = self._begin(kind, source or (first[0].id if first and kind == "add" else ""))
        collect(self.path)
        make_folder(self.path / SEGMENTS_FOLDER)
        n_workers = self.options.workers
        try:
            with ThreadPoolExecutor(n_workers) as threads, workers(n_workers, self.parts) as submit:
                self._store(chain(first, packed), admission, work, _Parts(self, submit, threads))
                work.end()
                entries = [future.result() for future in self.pending]
        finally:
            with suppress(IndexFolderError):
                remove(self.path / SEGMENTS_FOLDER / INCOMING_FOLDER)
        number = self._commit(entries, admission)
        work.close()
        return self._summary(number, entries, admission, time.monotonic() - started)

    def _begin(self, kind: str, source: str) -> Unfinished:
        recipe = {
            "parts": self.before.parts,
            "settings": self.before.settings,
            "segment_size": self.options.segment_size,
            "chunk_size": self.options.chunk_size,
        }
        restart = self.options.restart
        return begin(self.path, kind, source, recipe, base=self.before.number, restart=restart)

    def _store(
        self, documents: Iterable[PackedDocument], admission: Admission, work: Unfinished, parts: "_Parts"
    ) -> None:
        """Stores the passages segment by segment, and hands each on to have its parts written."""
        segment: SegmentWriter | None = None
        for batch in _batches(documents, self.options.chunk_size):
            admitted = admission.admit(batch)
            for n, document in enumerate(admitted):
                if segment and segment.n_passages + len(document.lines) > self.options.segment_size:
                    admission.sealed(self._seal(segment, work, parts), admitted[n:])
                    segment = None
                segment = segment or SegmentWriter(self.path)
                segment.add(document)
            for future in self.pending:
                if future.done():
                    future.result()  # an error ends the reading
        if segment:
            self._seal(segment, work, parts)

    def _seal(self, segment: SegmentWriter, work: Unfinished, parts: "_Parts") -> PassageStore:
        ordinal = [self.before.number, len(self.pending)]
        name = segment.finish({"parts": self.before.parts, "settings": self.before.settings, "ordinal": ordinal})
        work.begin_segment(name, segment.incoming)
        folder = segment.take_name(name)
        self.pending.append(parts.write(folder))
        return PassageStore(folder)

    def _commit(self, entries: Sequence[SegmentEntry], admission: Admission) -> int:
        rows = {name: sorted(some) for name, some in admission.replaced.items()}
        after = with_deletions(self.path, self.before, self.committed, rows)
        after = with_sources(self.path, after, self.known) if self.known else after
        if not entries and after is self.before and self.before.number:
            return self.before.number
        return commit_next(self.path, replace(after, segments=(*self.before.segments, *entries)))

    def _summary(
        self, number: int, entries: Sequence[SegmentEntry], admission: Admission, elapsed_s: float
    ) -> WriteSummary:
        return WriteSummary(
            generation=number,
            n_documents=sum(entry.n_documents for entry in entries),
            n_passages=sum(entry.n_passages for entry in entries),
            n_skipped_documents=admission.n_skipped,
            n_replaced_documents=admission.n_replaced,
            n_deleted_passages=sum(map(len, admission.replaced.values())),
            elapsed_s=elapsed_s,
            peak_memory_bytes=_peak_memory_bytes(),
            part_bytes={part.name: sum(entry.part_bytes(part.name) for entry in entries) for part in self.parts},
        )


class _Parts:
    """Writes the parts of stored segments: several segments at a time, or in this process one after the other."""

    def __init__(self, write: _Write, submit: Submit, threads: ThreadPoolExecutor) -> None:
        self._parts = write.parts
        self._options = write.options
        self._submit = submit
        self._threads = threads
        self._lock = Lock()
        self._n_part_rows = 0

    def write(self, folder: Path) -> "Future[SegmentEntry]":
        """The future of the segment's entry."""
        return (self._threads.submit if self._options.workers > 1 else run_here)(self._write, folder)

    def _write(self, folder: Path) -> SegmentEntry:
        for part in self._parts:
            write_part(folder, part, part.name, self._options.chunk_size, self._submit, self._count)
        entry: SegmentEntry = self._submit(
            segment_entry, folder, {part.name: part.name for part in self._parts}
        ).result()
        return entry

    def _count(self, n_rows: int) -> None:
        """Takes the rows of a part that are done; a passage counts when all its parts are."""
        with self._lock:
            self._n_part_rows += n_rows
            if self._options.on_progress:
                self._options.on_progress(self._n_part_rows // len(self._parts))


def _peak_memory_bytes() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(process).ru_maxrss for process in who) * unit


def _batches(documents: Iterable[PackedDocument], chunk_size: int) -> Iterator[list[PackedDocument]]:
    batch: list[PackedDocument] = []
    n_passages = 0
    for document in documents:
        batch.append(document)
        n_passages += len(document.lines)
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
    return name in (SEGMENTS_FOLDER, UNFINISHED_FOLDER, LOCK_FILE) or name.startswith("generation-")
