"""Opening an index folder: an immutable view of one committed generation, and what of its bytes is damaged."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openqa.durable import checksum, map_array
from openqa.errors import EncoderMismatch, IndexFolderError, unknown_name
from openqa.index.generation import (
    SEGMENTS_FOLDER,
    FileEntry,
    Generation,
    SegmentEntry,
    damaged_generation,
    newest_generation,
)
from openqa.index.store import PassageStore
from openqa.types import Array, Part, Passage

QUICK_LIMIT_BYTES = 8 << 20
NO_ROWS: Array = np.empty(0, np.int64)
NO_ROWS.flags.writeable = False
VERIFY_MODES = ("quick", "full")


@dataclass(frozen=True, slots=True)
class Damage:
    """A file of an index that is not what was committed."""

    file: Path
    problem: str


class Segment:
    """One committed segment: what retrievers see of it (a SegmentView), and its passage store."""

    def __init__(self, folder: Path, entry: SegmentEntry, deleted_rows: Array = NO_ROWS) -> None:
        """Maps the passage store.

        Args:
            folder: the segment's own.
            entry: what the generation says of it.
            deleted_rows: (d,) int64, rising.

        Raises:
            IndexFolderError: a file is missing, or another number of passages was committed.
        """
        self.folder = folder
        self.entry = entry
        self.deleted_rows = deleted_rows
        self.store = PassageStore(folder)
        self._parts = entry.parts
        if (len(self.store), self.store.n_documents) != (entry.n_passages, entry.n_documents):
            raise IndexFolderError(
                f"{folder}: holds {len(self.store)} passages of {self.store.n_documents} documents, "
                f"{entry.n_passages} of {entry.n_documents} were committed; restore it from a copy"
            )

    def __len__(self) -> int:
        return len(self.store)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.entry.name

    @property
    def live_rows(self) -> Array | None:
        """The rows that are not deleted: (m,) int64, rising; None when none is deleted."""
        if not len(self.deleted_rows):
            return None
        return np.setdiff1d(np.arange(len(self), dtype=np.int64), self.deleted_rows, assume_unique=True)

    def is_deleted(self, row: int) -> bool:
        """Whether a row is deleted."""
        place = int(np.searchsorted(self.deleted_rows, row))
        return place < len(self.deleted_rows) and int(self.deleted_rows[place]) == row

    def row(self, passage_id: str) -> int | None:
        """The row of a passage id, or None where the segment has no such passage or it is deleted."""
        row = self.store.row(passage_id)
        return None if row is None or self.is_deleted(row) else row

    def document_rows(self, document_id: str) -> list[int]:
        """The rows of a document that are not deleted, rising; [] where there is none."""
        stored = self.store.document(document_id)
        return [] if stored is None else [row for row in stored.rows if not self.is_deleted(row)]

    def part_path(self, part: str) -> Path:
        """The folder of one part.

        Raises:
            IndexFolderError: the segment has no such part.
        """
        if part not in self._parts:
            raise _no_part(self.folder, part, self._parts)
        return self.folder / self._parts[part]

    def passage_ids(self, rows: Array) -> list[str]:
        """Passage ids of rows: (n,) integers."""
        return self.store.ids(rows)


class Snapshot:
    """One generation of an index, opened: it stays what it is while writers commit newer ones."""

    def __init__(self, path: Path, generation: Generation, damaged_newer: tuple[Path, ...] = ()) -> None:
        """Maps the passage stores of all segments.

        Args:
            path: the index folder.
            generation: what to open.
            damaged_newer: the generation files after it, which are damaged.

        Raises:
            IndexFolderError: a file is missing or damaged.
        """
        self.path = path
        self.generation = generation
        self.damaged_newer = damaged_newer
        self.segments = tuple(
            Segment(_segment_path(path, entry.name), entry, _deleted_rows(path, generation, entry))
            for entry in generation.segments
        )

    def __len__(self) -> int:
        return self.generation.n_passages

    def passage(self, passage_id: str) -> Passage:
        """The passage of an id.

        Raises:
            KeyError: the index has no such passage.
        """
        for segment in self.segments:
            row = segment.row(passage_id)
            if row is not None:
                return segment.store.passage(row)
        raise KeyError(f'index "{self.path}" has no passage "{passage_id}"')

    def part_config(self, part: str) -> Mapping[str, Any]:
        """The config with which a part was built.

        Raises:
            IndexFolderError: the index has no such part.
        """
        if part not in self.generation.parts:
            raise _no_part(self.path, part, self.generation.parts)
        return self.generation.parts[part]

    def check_part(self, part: Part) -> None:
        """Makes sure that a part at hand is the one the index was built with.

        Raises:
            EncoderMismatch: its config differs.
            IndexFolderError: the index has no such part.
        """
        built, given = dict(self.part_config(part.name)), json.loads(json.dumps(part.config()))
        names = sorted(name for name in {*built, *given} if built.get(name) != given.get(name))
        if names:
            raise EncoderMismatch(
                f'index "{self.path}": part "{part.name}" was built with {_values(built, names)}, '
                f"now at hand is {_values(given, names)}; use the former, or write the part anew: "
                f"openqa parts {self.path} rebuild {part.name}"
            )


def open_folder(
    path: Path,
    verify: str = "quick",
    quick_limit_bytes: int = QUICK_LIMIT_BYTES,
    without_parts: Collection[str] = (),
) -> Snapshot:
    """Opens the newest sound generation of an index; a writer may commit and collect meanwhile.

    Args:
        path: the index folder.
        verify: "quick" checks the generation file, the size of every file, and every byte of the small ones;
            "full" checks every byte of all.
        quick_limit_bytes: up to which size "quick" reads a file.
        without_parts: parts that are not looked at, because they are about to be written anew or dropped.

    Raises:
        IndexFolderError: there is no index, a file is missing or damaged, or the format is newer than this version.
        ConfigError: `verify` is not one of the modes.
    """
    limit_bytes = _limit_bytes(verify, quick_limit_bytes)
    while True:
        generation, damaged_newer = newest_generation(path)
        if verify == "full" and damaged_newer:
            raise damaged_generation(damaged_newer[0])
        try:
            for damage in damages(path, generation, limit_bytes, without_parts):
                raise IndexFolderError(
                    f'index "{path}" is damaged: {damage.file}: {damage.problem}; restore that file from a copy, '
                    f"or see how to go on without it: openqa verify {path}"
                )
            return Snapshot(path, generation, damaged_newer)
        except IndexFolderError:
            if newest_generation(path)[0].number == generation.number:
                raise


def verify_folder(
    path: Path,
    mode: str = "full",
    quick_limit_bytes: int = QUICK_LIMIT_BYTES,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Damage]:
    """Yields what is damaged in the newest sound generation, and any newer generation file that is damaged.

    Args:
        path: the index folder.
        mode: "quick" or "full", as for `open_folder`.
        quick_limit_bytes: up to which size "quick" reads a file.
        on_progress: called after each file with the bytes of those that were looked at, and of all.

    Raises:
        IndexFolderError: there is no index, or none of its generations is sound.
        ConfigError: `mode` is not one of the modes.
    """
    limit_bytes = _limit_bytes(mode, quick_limit_bytes)
    generation, damaged_newer = newest_generation(path)
    for file in damaged_newer:
        yield Damage(file, "does not match its own checksum")
    yield from damages(path, generation, limit_bytes, on_progress=on_progress)


def damages(
    path: Path,
    generation: Generation,
    limit_bytes: float = float("inf"),
    without_parts: Collection[str] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Damage]:
    """Yields what is damaged of the files that a generation names.

    Args:
        path: the index folder.
        generation: any of it.
        limit_bytes: of larger files only the size is looked at.
        without_parts: parts that are left out.
        on_progress: called after each file with the bytes of those that were looked at, and of all.
    """
    n_bytes, all_bytes = 0, sum(entry.size_bytes for _, entry in generation.all_files())
    left_out = tuple(
        f"{SEGMENTS_FOLDER}/{segment.name}/{segment.parts[part]}/"
        for segment in generation.segments
        for part in without_parts
        if part in segment.parts
    )
    for name, entry in generation.all_files():
        problem = "" if name.startswith(left_out) else problem_of(path / name, entry, limit_bytes)
        if problem:
            yield Damage(path / name, problem)
        n_bytes += entry.size_bytes
        if on_progress:
            on_progress(n_bytes, all_bytes)


def problem_of(file: Path, entry: FileEntry, limit_bytes: float = float("inf")) -> str:
    """Returns what is wrong with a committed file, "" when nothing is.

    Args:
        file: where it stands.
        entry: what was committed.
        limit_bytes: of a larger file only the size is looked at.
    """
    try:
        size_bytes = file.stat().st_size
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    if size_bytes != entry.size_bytes:
        return f"has {size_bytes} bytes, {entry.size_bytes} were committed"
    if size_bytes <= limit_bytes and checksum(file) != entry.checksum:
        return "does not match its checksum"
    return ""


def _limit_bytes(mode: str, quick_limit_bytes: int) -> float:
    if mode not in VERIFY_MODES:
        raise unknown_name("verify mode", mode, VERIFY_MODES)
    return float("inf") if mode == "full" else quick_limit_bytes


def _segment_path(path: Path, name: str) -> Path:
    return path / SEGMENTS_FOLDER / name


def _deleted_rows(path: Path, generation: Generation, entry: SegmentEntry) -> Array:
    deletion = generation.deletions.get(entry.name)
    if deletion is None:
        return NO_ROWS
    rows = map_array(path / deletion.file)
    is_sound = rows.dtype == np.uint32 and rows.shape == (deletion.n_passages,)
    if not is_sound or (np.diff(rows.astype(np.int64)) <= 0).any() or (len(rows) and rows[-1] >= entry.n_passages):
        raise IndexFolderError(
            f"{path / deletion.file}: is not a list of {deletion.n_passages} rows of a segment of {entry.n_passages} "
            f"passages; the file is damaged, restore it from a copy"
        )
    return rows.astype(np.int64)


def _no_part(path: Path, part: str, known: Mapping[str, Any]) -> IndexFolderError:
    has = ", ".join(sorted(known)) or "none"
    return IndexFolderError(
        f'index "{path}" has no part "{part}" (it has: {has}); add it: openqa parts INDEX add {part}'
    )


def _values(config: Mapping[str, Any], names: list[str]) -> str:
    return ", ".join(f"{name} {json.dumps(config.get(name), ensure_ascii=False)}" for name in names)
