"""Writing one segment: the passage store first, then each retriever's part from the stored passages.

While its documents stream in, a segment has no name: its store is written to `segments/incoming`. When it is full
the documents are known, and with them the name, a hash of recipe and documents; the folder takes it.

The parts follow chunk by chunk. A chunk's part stands in `<part>.chunks/<rows>` once it is done and on the disk, so
whoever goes on later, in whatever process, has only the missing ones to do; when all are there they are combined into
the part and removed. A part can be written again later in the same way, without the corpus.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeAlias

from openqa.durable import checksum, fsync_folder, json_bytes, make_folder, remove, rename_into_place
from openqa.index.generation import FORMAT, SEGMENTS_FOLDER, FileEntry, SegmentEntry
from openqa.index.store import PackedDocument, PassageStore, PassageStoreWriter
from openqa.types import Part, PartSource

INCOMING_FOLDER = "incoming"
Submit: TypeAlias = Callable[..., "Future[Any]"]


class SegmentWriter:
    """Takes documents until `seal` gives them a folder of their own."""

    def __init__(self, path: Path) -> None:
        """Opens the store of a segment without a name.

        Args:
            path: the index folder, held by this process for writing.
        """
        self._segments = path / SEGMENTS_FOLDER
        self.incoming = self._segments / INCOMING_FOLDER
        remove(self.incoming)
        make_folder(self.incoming)
        self._store = PassageStoreWriter(self.incoming)

    @property
    def n_passages(self) -> int:
        """Passages taken so far."""
        return self._store.n_passages

    def add(self, document: PackedDocument) -> None:
        """Appends a document."""
        self._store.add(document)

    def finish(self, recipe: Mapping[str, Any]) -> str:
        """Completes the store and returns the segment's name: the same for the same recipe and documents.

        Args:
            recipe: what besides the documents tells this segment from others; JSON values.
        """
        self._store.finish()
        fsync_folder(self.incoming)
        known = json_bytes({"format": FORMAT, "recipe": recipe, "documents": self._store.content_digest})
        return hashlib.sha256(known).hexdigest()[:32]

    def take_name(self, name: str) -> Path:
        """Gives the finished store its folder, or drops it where an earlier run has left the same one there.

        Args:
            name: as `finish` returned it.
        """
        folder = self._segments / name
        if folder.is_dir():
            remove(self.incoming)
        else:
            rename_into_place(self.incoming, folder)
        return folder


def write_part(
    folder: Path, part: Part, name: str, chunk_size: int, submit: Submit, on_rows: Callable[[int], None]
) -> None:
    """Writes one part of a segment from its stored passages, going on with what is there.

    Args:
        folder: the segment, its store complete.
        part: what to write.
        name: of the part's folder in the segment.
        chunk_size: passages in a chunk; the same whenever work on this part goes on.
        submit: runs a function with arguments, here or in another process; returns its future.
        on_rows: called with the number of passages of each chunk that is done.
    """
    n_rows = len(PassageStore(folder))
    if (folder / name).is_dir():
        fsync_folder(folder)  # whoever gave the part its name may have been killed before
        on_rows(n_rows)
        return
    make_folder(folder / f"{name}.chunks")
    chunks = [(start, min(start + chunk_size, n_rows)) for start in range(0, n_rows, chunk_size)]
    futures = [submit(_write_chunk, folder, part, name, chunk) for chunk in chunks]
    for future, (start, end) in zip(futures, chunks, strict=True):
        future.result()
        on_rows(end - start)
    sources = [PartSource(_chunk_folder(folder, name, chunk), chunk[1] - chunk[0]) for chunk in chunks]
    submit(combine_part, folder, part, name, sources).result()
    remove(folder / f"{name}.chunks")


def _write_chunk(folder: Path, part: Part, name: str, rows: tuple[int, int]) -> None:
    """Writes the part of some rows, unless it is there."""
    target = _chunk_folder(folder, name, rows)
    if target.is_dir():
        return
    temporary = target.with_name(f"{target.name}.tmp")
    remove(temporary)
    make_folder(temporary)
    part.write_chunk(temporary, PassageStore(folder).passages(range(*rows)))
    fsync_folder(temporary)
    rename_into_place(temporary, target)


def combine_part(folder: Path, part: Part, name: str, sources: Sequence[PartSource]) -> None:
    """Writes a part of a segment from other parts; it has its name only when it is complete and on the disk.

    Args:
        folder: the segment.
        part: how to combine.
        name: of the part's folder in the segment.
        sources: rows of other parts, together those of the segment.
    """
    temporary = folder / f"{name}.tmp"
    remove(temporary)
    make_folder(temporary)
    part.combine(temporary, sources)
    fsync_folder(temporary)
    rename_into_place(temporary, folder / name)


def segment_entry(folder: Path, part_folders: Mapping[str, str]) -> SegmentEntry:
    """What a generation says of a finished segment.

    Args:
        folder: the segment, store and parts complete.
        part_folders: the folder in it of each part.
    """
    store = PassageStore(folder)
    names = [entry.name for entry in sorted(folder.iterdir()) if entry.is_file()]
    names += [name for part_folder in part_folders.values() for name in _files_below(folder, part_folder)]
    files = {name: FileEntry((folder / name).stat().st_size, checksum(folder / name)) for name in names}
    return SegmentEntry(folder.name, len(store), store.n_documents, dict(part_folders), files)


def _files_below(folder: Path, part_folder: str) -> Iterable[str]:
    for root, _, names in os.walk(folder / part_folder):
        yield from ((Path(root) / name).relative_to(folder).as_posix() for name in sorted(names))


def _chunk_folder(folder: Path, name: str, rows: tuple[int, int]) -> Path:
    return folder / f"{name}.chunks" / f"{rows[0]:09d}-{rows[1]:09d}"
