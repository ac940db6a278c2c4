"""What every command that changes an index begins and ends with."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import openqa
from openqa.durable import fsync_folder
from openqa.errors import IndexFolderError
from openqa.index.folder import Snapshot, open_folder
from openqa.index.generation import (
    SEGMENTS_FOLDER,
    Generation,
    commit_generation,
    damaged_generation,
    generation_numbers,
    newest_generation,
)
from openqa.index.lock import writer_lock
from openqa.types import Part


@contextmanager
def changing(path: Path, without_parts: Collection[str] = ()) -> Iterator[Snapshot]:
    """Holds an index for writing and opens its newest generation.

    Args:
        path: the index folder.
        without_parts: parts whose files may be damaged, because they are about to be written anew or dropped.

    Raises:
        IndexFolderError: there is no index, it is damaged, being written, or a damaged generation is the newest.
    """
    newest_generation(path)
    with writer_lock(path):
        snapshot = open_folder(path, without_parts=without_parts)
        if snapshot.damaged_newer:
            raise damaged_generation(snapshot.damaged_newer[0])
        yield snapshot


def check_all_parts(snapshot: Snapshot, parts: Sequence[Part]) -> None:
    """Makes sure that the parts at hand are those of an index, each with the config it was built with.

    Raises:
        EncoderMismatch: a config differs.
        IndexFolderError: a part is missing, or is not one of the index.
    """
    for part in parts:
        snapshot.check_part(part)
    given = {part.name for part in parts}
    missing = sorted(snapshot.generation.parts.keys() - given)
    if missing or len(given) != len(parts):
        raise IndexFolderError(
            f'index "{snapshot.path}" has parts {", ".join(sorted(snapshot.generation.parts))}, to add to it all are '
            f"needed once, got {', '.join(part.name for part in parts) or 'none'}"
        )


def commit_next(path: Path, generation: Generation) -> int:
    """Commits a generation under the next free number, which it returns; it survives loss of power.

    Args:
        path: the index folder, held for writing; what the generation names is on the disk, names of segments aside.
        generation: its number is that of the one it was made from.

    Raises:
        IndexFolderError: the disk refuses it.
    """
    number = max([generation.number, *generation_numbers(path)]) + 1
    if generation.segments:
        fsync_folder(path / SEGMENTS_FOLDER)
    fsync_folder(path)
    commit_generation(path, replace(generation, number=number, created_by=f"openqa {openqa.__version__}"))
    return number
