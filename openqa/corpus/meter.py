"""What the readers tell of their files: how much has been read, in bytes on the disk, and what is left out.

Compressed files count as they lie on the disk.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, NamedTuple


class LeftOut(NamedTuple):
    """A file, or several of one kind, that is not in the index, and why."""

    name: str
    why: str


class InputMeter:
    """What the readers tell of their files, and the share that is read of them.

    Attributes:
        left_out: what is not read, in the order in which it was found.
    """

    def __init__(self) -> None:
        self.left_out: list[LeftOut] = []
        self._all_bytes: int | None = None
        self._n_bytes = 0
        self._file: IO[bytes] | None = None

    def expect(self, paths: Iterable[Path]) -> None:
        """Takes all files that are going to be read; how much comes from elsewhere is not known."""
        sizes = [_size(path) if path.exists() else None for path in paths]
        known = [size for size in sizes if size is not None]
        self._all_bytes = sum(known) if len(known) == len(sizes) else None

    def leave_out(self, name: str, why: str) -> None:
        """Takes a file that is not read; once, however often it is tried."""
        found = LeftOut(name, why)
        if found not in self.left_out:
            self.left_out.append(found)

    def watch(self, file: IO[bytes]) -> None:
        """Takes a file that was opened."""
        self._file = file

    def end(self, path: Path) -> None:
        """Takes a file that is read to its end."""
        self._file = None
        self._n_bytes += _size(path)

    def share(self) -> float | None:
        """The share that is read, within 0 and 1; None where it is not known how much there is."""
        if not self._all_bytes:
            return None
        return min(1.0, (self._n_bytes + _position(self._file)) / self._all_bytes)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _position(file: IO[bytes] | None) -> int:
    """How far the system has read an open file; 0 where it cannot say, or the file has just been closed."""
    try:
        return os.lseek(file.fileno(), 0, os.SEEK_CUR) if file else 0
    except (OSError, ValueError):
        return 0
