"""The collector: removes what no generation names any more, so that crashed or replaced work does not stay for ever.

It keeps the newest generation and the one before, every generation that was the newest within the last ten minutes
(a reader may just be opening it), whatever these name, unfinished work of the last 24 hours, and every folder touched
within ten minutes. A folder is renamed before it is removed, so that half of one is never taken for a whole.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from openqa.durable import fsync_folder, remove, rename_into_place
from openqa.errors import IndexFolderError
from openqa.index.generation import (
    DELETIONS_FOLDER,
    SEGMENTS_FOLDER,
    SOURCES_FOLDER,
    Generation,
    generation_numbers,
    generation_path,
    read_generation,
)
from openqa.index.unfinished import unfinished_segments

KEEP_S = 600.0
_GONE = "gone-"


def collect(path: Path, keep_s: float = KEEP_S) -> None:
    """Removes old generations and what nothing names; for a writer that holds the lock.

    Where a generation that must be kept is damaged, what it names is unknown, and no folder is removed.

    Args:
        path: the index folder.
        keep_s: how long a generation is kept after a newer one, and an unnamed folder after its last change.
    """
    oldest_kept = time.time() - keep_s
    numbers = generation_numbers(path)
    kept = set(numbers[-2:])
    for number, newer in pairwise(numbers):
        if generation_path(path, newer).stat().st_mtime > oldest_kept:
            kept.add(number)
    for number in numbers:
        if number not in kept:
            remove(generation_path(path, number))
    for temporary in path.glob("generation-*.json.tmp"):
        remove(temporary)
    if numbers:
        fsync_folder(path)
    unfinished = set(unfinished_segments(path))
    old = [e for e in _removable(path) if e.name.startswith(_GONE) or e.stat().st_mtime <= oldest_kept]
    if not old:
        return  # and no generation is read
    try:
        generations = [read_generation(path, number) for number in sorted(kept)]
    except IndexFolderError:
        return
    for entry in _unnamed(path, old, generations, unfinished):
        if not entry.name.startswith(_GONE):
            gone = entry.with_name(f"{_GONE}{entry.name}")
            rename_into_place(entry, gone)
            entry = gone
        remove(entry)


def _removable(path: Path) -> Iterator[Path]:
    """Yields segments, folders in segments, and files of deletions and sources, named or not."""
    for folder in _entries(path / SEGMENTS_FOLDER):
        yield folder
        yield from (entry for entry in _entries(folder) if entry.is_dir())
    for name in (DELETIONS_FOLDER, SOURCES_FOLDER):
        yield from _entries(path / name)


def _unnamed(path: Path, entries: list[Path], generations: list[Generation], unfinished: set[str]) -> Iterator[Path]:
    """Yields those that neither a generation nor unfinished work names; what is in an unnamed segment goes with it."""
    parts: dict[str, set[str]] = {}
    files = {name for generation in generations for name in generation.files}
    for segment in (segment for generation in generations for segment in generation.segments):
        parts.setdefault(segment.name, set()).update(segment.parts.values())
    segments = path / SEGMENTS_FOLDER
    for entry in entries:
        above = entry.parent
        if above == segments:
            is_unnamed = entry.name not in parts and entry.name not in unfinished
        elif above.parent == segments:
            is_unnamed = above.name not in unfinished and entry.name not in parts.get(above.name, {entry.name})
        else:
            is_unnamed = f"{above.name}/{entry.name}" not in files
        if is_unnamed:
            yield entry


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
