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
    if not any(entry.name.startswith(_GONE) or entry.stat().st_mtime <= oldest_kept for entry in _all_entries(path)):
        return  # and no generation is read
    try:
        generations = [read_generation(path, number) for number in sorted(kept)]
    except IndexFolderError:
        return
    for entry in _unnamed(path, generations, unfinished):
        if entry.name.startswith(_GONE):
            remove(entry)
        elif entry.stat().st_mtime <= oldest_kept:
            gone = entry.with_name(f"{_GONE}{entry.name}")
            rename_into_place(entry, gone)
            remove(gone)


def _unnamed(path: Path, generations: list[Generation], unfinished: set[str]) -> Iterator[Path]:
    """Yields segments, their parts, and files of deletions and sources that nothing names, unfinished work included."""
    parts: dict[str, set[str]] = {}
    files = {name for generation in generations for name in generation.files}
    for segment in (segment for generation in generations for segment in generation.segments):
        parts.setdefault(segment.name, set()).update(segment.parts.values())
    for folder in _entries(path / SEGMENTS_FOLDER):
        if folder.name not in parts and folder.name not in unfinished:
            yield folder
        elif folder.name not in unfinished:
            yield from (entry for entry in _entries(folder) if entry.is_dir() and entry.name not in parts[folder.name])
    for name in (DELETIONS_FOLDER, SOURCES_FOLDER):
        yield from (file for file in _entries(path / name) if f"{name}/{file.name}" not in files)


def _all_entries(path: Path) -> Iterator[Path]:
    """Yields everything that may be removed, named or not."""
    for name in (SEGMENTS_FOLDER, DELETIONS_FOLDER, SOURCES_FOLDER):
        for entry in _entries(path / name):
            yield entry
            if name == SEGMENTS_FOLDER:
                yield from (inner for inner in _entries(entry) if inner.is_dir())


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
