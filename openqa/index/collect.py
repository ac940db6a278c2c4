"""The collector: removes what no generation names any more, so that crashed or replaced work does not stay for ever.

It keeps the newest generation and the one before, every generation that was the newest within the last ten minutes
(a reader may just be opening it), whatever these name, and every folder touched within that time.
"""

import time
from itertools import pairwise
from pathlib import Path

from openqa.durable import fsync_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.generation import SEGMENTS_FOLDER, generation_numbers, generation_path, read_generation

KEEP_S = 600.0


def collect(path: Path, keep_s: float = KEEP_S) -> None:
    """Removes old generations and folders that nothing names; for a writer that holds the lock.

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
    fsync_folder(path)
    try:
        named = {segment.name for number in kept for segment in read_generation(path, number).segments}
    except IndexFolderError:
        return
    segments = path / SEGMENTS_FOLDER
    for folder in sorted(segments.iterdir()) if segments.is_dir() else ():
        if folder.name not in named and folder.stat().st_mtime <= oldest_kept:
            remove(folder)
