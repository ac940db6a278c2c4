"""Deleting passages: each segment's deleted rows stand in a file beside the segments, which never change.

Retrievers leave deleted rows out of results and statistics, so rankings equal those of an index that was built without
them, at once. The space is freed when segments are merged.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from openqa.durable import checksum, make_folder, rename_into_place, write_array
from openqa.errors import DataError
from openqa.index.collect import collect
from openqa.index.commit import changing, commit_next
from openqa.index.folder import Segment
from openqa.index.generation import DELETIONS_FOLDER, DeletionEntry, FileEntry, Generation
from openqa.types import Array

_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class DeleteSummary:
    """What one command did; a document counts as deleted with its last passage."""

    generation: int
    n_documents: int
    n_passages: int
    n_missing: int


def delete_from_folder(
    path: Path, *, documents: Iterable[str] = (), passages: Iterable[str] = (), missing_ok: bool = False
) -> DeleteSummary:
    """Deletes documents and passages as one new generation; all of them, or none on any error.

    Args:
        path: the index folder.
        documents: ids of documents, deleted with all their passages.
        passages: ids of passages.
        missing_ok: leave ids that the index does not have out, and count them.

    Raises:
        DataError: the index does not have an id.
        IndexFolderError: there is no index, it is damaged or being written, or the disk refuses.
    """
    document_ids, passage_ids = list(dict.fromkeys(documents)), list(dict.fromkeys(passages))
    with changing(path) as snapshot:
        collect(path)
        rows: dict[str, set[int]] = {segment.name: set() for segment in snapshot.segments}
        missing = [f'document "{name}"' for name in document_ids if not _take_document(snapshot.segments, name, rows)]
        missing += [f'passage "{name}"' for name in passage_ids if not _take_passage(snapshot.segments, name, rows)]
        if missing and not missing_ok:
            more = f" and {len(missing) - _SHOWN_IDS} more" if len(missing) > _SHOWN_IDS else ""
            raise DataError(
                f'index "{path}" has no {", ".join(missing[:_SHOWN_IDS])}{more}; nothing was deleted; leave out '
                f"what is not there, or say that it may be missing (--missing-ok, missing_ok=True)"
            )
        before = snapshot.generation
        after = with_deletions(path, before, snapshot.segments, {name: sorted(some) for name, some in rows.items()})
        number = commit_next(path, after) if after is not before else before.number
    n_documents, n_passages = before.n_documents - after.n_documents, before.n_passages - after.n_passages
    return DeleteSummary(number, n_documents, n_passages, len(missing))


def _take_document(segments: Sequence[Segment], document_id: str, rows: dict[str, set[int]]) -> bool:
    """Adds the rows of a document; False where there is none."""
    for segment in segments:
        found = segment.document_rows(document_id)
        if found:
            rows[segment.name].update(found)
            return True
    return False


def _take_passage(segments: Sequence[Segment], passage_id: str, rows: dict[str, set[int]]) -> bool:
    """Adds the row of a passage; False where there is none."""
    for segment in segments:
        row = segment.row(passage_id)
        if row is not None:
            rows[segment.name].add(row)
            return True
    return False


def with_deletions(
    path: Path, generation: Generation, segments: Iterable[Segment], rows: Mapping[str, Sequence[int] | Array]
) -> Generation:
    """The generation with more rows deleted, their files written; the same object when there are none.

    Args:
        path: the index folder, held for writing.
        generation: the one to go on from.
        segments: its segments, opened.
        rows: by segment, rows to delete, rising; those that are deleted already change nothing.
    """
    deletions, files = dict(generation.deletions), dict(generation.files)
    for segment in segments:
        more = np.asarray(rows.get(segment.name, ()), dtype=np.int64)
        deleted = np.union1d(segment.deleted_rows, more)
        if len(deleted) == len(segment.deleted_rows):
            continue
        if segment.name in deletions:
            files.pop(deletions[segment.name].file)
        file, entry = _write_rows(path, segment.name, deleted)
        files[file] = entry
        deletions[segment.name] = DeletionEntry(file, len(deleted), _n_whole_documents(segment, deleted))
    if deletions == generation.deletions:
        return generation
    return replace(generation, deletions=deletions, files=files)


def _write_rows(path: Path, segment: str, rows: Array) -> tuple[str, FileEntry]:
    small = rows.astype(np.uint32)
    name = hashlib.sha256(segment.encode("ascii") + small.astype("<u4").tobytes()).hexdigest()[:32]
    target = path / DELETIONS_FOLDER / f"{name}.npy"
    make_folder(target.parent)
    temporary = target.with_name(f"{target.name}.tmp")
    write_array(temporary, small)
    rename_into_place(temporary, target)
    return f"{DELETIONS_FOLDER}/{target.name}", FileEntry(target.stat().st_size, checksum(target))


def _n_whole_documents(segment: Segment, deleted: Array) -> int:
    """Documents of which every row is deleted."""
    before = np.searchsorted(deleted, np.arange(len(segment) + 1))  # deleted rows below each row
    documents = segment.store.documents()
    firsts = np.array([document.rows.start for document in documents])
    ends = np.array([document.rows.stop for document in documents])
    return int((before[ends] - before[firsts] == ends - firsts).sum())
