"""Writing one segment: the passage store first, then each retriever's part from the stored passages.

While its documents stream in, a segment has no name: its store is written to `segments/incoming`. When it is full
the documents are known, and with them the name, a hash of recipe, documents and ordinal; the folder takes it, and
the parts are written into it, a chunk of stored passages at a time. So whatever cuts the stream (another chunk of
input, another worker, a run that goes on where one was killed), the parts see the same chunks and write the same bytes,
and a part can be written again later without the corpus.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openqa.durable import checksum, fsync_folder, json_bytes, make_folder, remove, rename_into_place
from openqa.index.generation import FORMAT, SEGMENTS_FOLDER, FileEntry, SegmentEntry
from openqa.index.store import PackedDocument, PassageStore, PassageStoreWriter
from openqa.types import Part

INCOMING_FOLDER = "incoming"


class SegmentWriter:
    """Takes documents until `seal` turns them into a committed-to-disk segment."""

    def __init__(self, path: Path) -> None:
        """Opens the store of a segment without a name.

        Args:
            path: the index folder, held by this process for writing.
        """
        self._segments = path / SEGMENTS_FOLDER
        self._incoming = self._segments / INCOMING_FOLDER
        remove(self._incoming)
        make_folder(self._incoming)
        self._store = PassageStoreWriter(self._incoming)

    @property
    def n_passages(self) -> int:
        """Passages taken so far."""
        return self._store.n_passages

    def add(self, document: PackedDocument) -> None:
        """Appends a document."""
        self._store.add(document)

    def name(self, recipe: Mapping[str, Any]) -> str:
        """The segment's name: the same for the same recipe, documents and place.

        Args:
            recipe: what besides the documents decides the bytes: configs, settings, ordinal; JSON values.
        """
        known = json_bytes({"format": FORMAT, "recipe": recipe, "documents": self._store.content_digest})
        return hashlib.sha256(known).hexdigest()[:32]

    def seal(self, recipe: Mapping[str, Any]) -> Path:
        """Finishes the store and gives the segment its folder, without parts yet; both are on the disk.

        Args:
            recipe: as for `name`.
        """
        self._store.finish()
        folder = self._segments / self.name(recipe)
        remove(folder)
        fsync_folder(self._incoming)
        rename_into_place(self._incoming, folder)
        return folder


def write_parts(
    folder: Path, parts: Sequence[Part], chunk_size: int, on_chunk: Callable[[int], None] | None = None
) -> None:
    """Writes parts of a segment from its stored passages.

    Args:
        folder: the segment, its store complete.
        parts: what to write; each gets a new folder of its name.
        chunk_size: passages that a writer is given at a time, and that are in memory.
        on_chunk: called with the number of passages after each chunk.
    """
    store = PassageStore(folder)
    for part in parts:
        remove(folder / part.name)
        make_folder(folder / part.name)
    writers = [part.writer(folder / part.name) for part in parts]
    for start in range(0, len(store), chunk_size):
        passages = store.passages(range(start, min(start + chunk_size, len(store))))
        for writer in writers:
            writer.add(passages)
        if on_chunk:
            on_chunk(len(passages))
    for writer in writers:
        writer.finish()


def segment_entry(folder: Path, part_names: Iterable[str]) -> SegmentEntry:
    """What a generation says of a finished segment; forces the names of all its files to the disk.

    Args:
        folder: the segment, store and parts complete.
        part_names: its parts, each in a folder of its name.
    """
    store = PassageStore(folder)
    files: dict[str, FileEntry] = {}
    for root, _, names in os.walk(folder):
        for file in (Path(root) / name for name in names):
            files[file.relative_to(folder).as_posix()] = FileEntry(file.stat().st_size, checksum(file))
        fsync_folder(Path(root))
    return SegmentEntry(folder.name, len(store), store.n_documents, {name: name for name in part_names}, files)
