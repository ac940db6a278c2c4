"""A copy of an index that can be opened on its own, taken while a writer works.

The copy shares its files with the index by hard links where the file system allows it, which costs neither time nor
space: index files are never changed, so what the writer does later does not reach the copy. What is damaged later on
the disk does; a copy on another device has bytes of its own, each file checked against its checksum.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from openqa.durable import checksum, fsync_folder, link_or_copy, make_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.folder import open_folder
from openqa.index.generation import (
    DELETIONS_FOLDER,
    SEGMENTS_FOLDER,
    SOURCES_FOLDER,
    FileEntry,
    Generation,
    commit_generation,
    damaged_generation,
    newest_generation,
)
from openqa.index.lock import LOCK_FILE, writer_lock

_OWN_FOLDERS = (SEGMENTS_FOLDER, DELETIONS_FOLDER, SOURCES_FOLDER)


def copy_folder(path: Path, target: Path, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Copies the newest generation of an index; a writer may commit and collect meanwhile.

    The copy is an index from the moment in which its generation file is there, which is written last. Where a file
    goes away before it is copied, because a newer generation was committed, that one is copied instead.

    Args:
        path: the index folder.
        target: a folder outside of it that does not exist, is empty, or holds what a copy left that was stopped.
        on_progress: called after each file with the bytes that are there and the bytes in all.

    Returns:
        The number of the generation.

    Raises:
        IndexFolderError: there is no index, it is damaged, the target holds other files, or the disk refuses.
    """
    newest_generation(path)
    if target.resolve().is_relative_to(path.resolve()):
        raise IndexFolderError(f'"{target}" lies inside index "{path}"; give a folder outside of it')
    _check_new(target)
    with writer_lock(target):
        _check_new(target)
        done: dict[str, FileEntry] = {}
        while True:
            snapshot = open_folder(path)
            if snapshot.damaged_newer:
                raise damaged_generation(snapshot.damaged_newer[0])
            try:
                _copy_files(path, target, snapshot.generation, done, on_progress)
            except IndexFolderError:
                if newest_generation(path)[0].number == snapshot.generation.number:
                    raise
                continue
            commit_generation(target, snapshot.generation)
            return snapshot.generation.number


def _copy_files(
    path: Path,
    target: Path,
    generation: Generation,
    done: dict[str, FileEntry],
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Gives the target all files of a generation, those that are done left as they are; all on the disk on return."""
    files = dict(generation.all_files())
    for name in done.keys() - files.keys():
        remove(target / name)
        done.pop(name)
    n_bytes, all_bytes = 0, sum(entry.size_bytes for entry in files.values())
    for name, entry in files.items():
        if done.get(name) != entry:
            make_folder((target / name).parent)
            link_or_copy(path / name, target / name)
            _check_copy(path / name, target / name, entry)
            done[name] = entry
        n_bytes += entry.size_bytes
        if on_progress:
            on_progress(n_bytes, all_bytes)
    for folder in sorted(set(_folders(target, files)), reverse=True):
        fsync_folder(folder)


def _folders(target: Path, files: dict[str, FileEntry]) -> Iterator[Path]:
    yield target
    yield from ((target / name).parent for name in files)


def _check_copy(source: Path, copy: Path, entry: FileEntry) -> None:
    """Makes sure that a file is what was committed; a link shares every byte, so its size is enough."""
    try:
        is_link = os.path.samefile(source, copy)
    except FileNotFoundError:  # collected by now; what was copied before may be whole
        is_link = False
    if copy.stat().st_size != entry.size_bytes or not (is_link or checksum(copy) == entry.checksum):
        raise IndexFolderError(
            f"{source}: its copy is not what was committed; run openqa verify on the index, then copy again"
        )


def _check_new(target: Path) -> None:
    try:
        names = sorted(entry.name for entry in target.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise IndexFolderError(f'"{target}" is not a folder to copy to ({error.strerror}); give a new one') from error
    foreign = [name for name in names if name not in (*_OWN_FOLDERS, LOCK_FILE) and not name.endswith(".json.tmp")]
    if foreign:
        raise IndexFolderError(
            f'"{target}" is not empty (it holds "{foreign[0]}"{", ..." if len(foreign) > 1 else ""}); '
            f"give a new or an empty folder to copy to"
        )
