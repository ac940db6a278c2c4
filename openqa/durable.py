"""The bytes of an index on disk: every write of one goes through here, and so does every memory map.

This is the writing half of `files.py`, which reads and writes what people hand in and take out.
A file is complete and on the disk, not merely in the page cache, when its writer has closed without an error.
No file is ever changed under a reader: a new file takes the name, and the old one lives on for those who have it open.
Whatever changes the disk is called as `os.<function>`: a test can put another `os` here, to see or refuse each step.
Arrays are .npy of plain numbers in C order, little endian; nothing here reads or writes a pickle.
"""

import errno
import hashlib
import json
import mmap
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from openqa.errors import IndexFolderError
from openqa.types import Array

BUFFER_BYTES = 1 << 20
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][biuf][0-9]{1,2})', 'fortran_order': False, "
    rb"'shape': \(((?:[0-9]{1,15}, ?)*[0-9]{0,15})\), \} *\n"
)


class DurableWriter:
    """A new file, written from start to end; on the disk when `close` returns or its `with` block ends well.

    An older file of that name is unlinked first, never changed. A disk that has refused is not asked again: after a
    failed fsync the system may have let the bytes go, and the next one would succeed without them.

    Raises:
        IndexFolderError: from every method, when the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        """Opens the file, in a folder that exists."""
        self.path = path
        self.size_bytes = 0
        self._waiting = bytearray()
        self._descriptor = -1
        with _naming(path):
            _unlink(path)
            self._descriptor = os.open(path, _NEW_FILE, 0o666)

    @property
    def is_closed(self) -> bool:
        """True once `close` has been called, or the disk has refused something."""
        return self._descriptor < 0

    def write(self, data: bytes | memoryview) -> None:
        """Appends bytes; `size_bytes` counts them."""
        if self.is_closed or len(self._waiting) + len(data) > BUFFER_BYTES:
            with self._once():
                self._flush()
                _write_all(self._descriptor, data)
        else:
            self._waiting += data
        self.size_bytes += len(data)

    def write_head(self, data: bytes) -> None:
        """Puts bytes over the first ones, for a header that is known only at the end."""
        if self.size_bytes == len(self._waiting):
            self._waiting[: len(data)] = data
            return
        with self._once():
            self._flush()
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            _write_all(self._descriptor, data)
            os.lseek(self._descriptor, 0, os.SEEK_END)

    def close(self) -> None:
        """Forces every byte to the disk and closes; a second call does nothing."""
        if not self.is_closed:
            with self._once():
                self._flush()
                _sync(self._descriptor)
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self.close()
        self._drop()

    @contextmanager
    def _once(self) -> Iterator[None]:
        if self.is_closed:
            raise ValueError(f"{self.path}: is closed, nothing more can be written")
        try:
            yield
        except OSError as error:
            self._drop()
            raise _unwritable(self.path, error) from error

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, bytearray()
        _write_all(self._descriptor, waiting)

    def _drop(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    __del__ = _drop


class ArrayWriter(DurableWriter):
    """A .npy file that grows by rows, for arrays larger than memory; on the disk when it closes."""

    def __init__(self, path: Path, dtype: npt.DTypeLike, row_shape: tuple[int, ...] = ()) -> None:
        """Opens the file.

        Args:
            path: where; its folder exists.
            dtype: of numbers; stored little endian.
            row_shape: shape of one row; () for a flat array.

        Raises:
            ValueError: the dtype is not one of bool, integer, float.
        """
        self._descriptor = -1
        self.dtype = np.dtype(dtype).newbyteorder("<")
        if self.dtype.kind not in "biuf":
            raise ValueError(f"an index stores numbers only, not {self.dtype}")
        self.row_shape = row_shape
        self.n_rows = 0
        super().__init__(path)
        self.write(self._header())

    def append(self, rows: Array) -> None:
        """Appends rows.

        Args:
            rows: (N, *row_shape), of the writer's dtype.

        Raises:
            ValueError: the shape of a row or the dtype differs.
        """
        if rows.shape[1:] != self.row_shape or rows.ndim == 0 or rows.dtype.newbyteorder("<") != self.dtype:
            raise ValueError(
                f"{self.path}: rows of shape {self.row_shape} and {self.dtype} are needed, "
                f"got {rows.shape[1:]} and {rows.dtype}"
            )
        flat = np.ascontiguousarray(rows, dtype=self.dtype).reshape(-1)
        self.write(flat.view(np.uint8).data)
        self.n_rows += len(rows)

    def close(self) -> None:
        """Writes the final number of rows and forces every byte to the disk; a second call does nothing."""
        if not self.is_closed:
            self.write_head(self._header())
        super().close()

    def _header(self) -> bytes:
        shape = "".join(f"{n}, " for n in (self.n_rows, *self.row_shape))
        shape = shape[:-1] if not self.row_shape else shape[:-2]
        text = f"{{'descr': '{self.dtype.str}', 'fortran_order': False, 'shape': ({shape}), }}"
        length = -(-(len(text) - len(str(self.n_rows)) + 21 + 10) // 64) * 64 - 10
        return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text.ljust(length - 1).encode("ascii") + b"\n"


def write_bytes(path: Path, data: bytes) -> None:
    """Writes one small file durably."""
    with DurableWriter(path) as file:
        file.write(data)


def write_array(path: Path, array: Array) -> None:
    """Writes an array of numbers durably as .npy, in C order, to be read by `map_array`.

    Raises:
        ValueError: the array has no dimension, or holds other than bool, integer or float.
    """
    if array.ndim == 0:
        raise ValueError(f"{path}: an array of at least one dimension is needed")
    with ArrayWriter(path, array.dtype, array.shape[1:]) as file:
        file.append(array)


def json_bytes(value: Any) -> bytes:
    """The one JSON text of a value: sorted keys, one space of indent, UTF-8, a line end; equal values, equal bytes.

    Raises:
        ValueError: the value holds NaN or an infinite number.
        TypeError: the value is not made of JSON types.
    """
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8") + b"\n"


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file durably, in the form of `json_bytes`."""
    write_bytes(path, json_bytes(value))


def make_folder(path: Path) -> None:
    """Makes a folder and its parents, their names forced to the disk.

    So is the name of one that exists, if the folder above can be read: who made it may have ended before that.

    Raises:
        IndexFolderError: it cannot be made.
    """
    if path.is_dir():
        with suppress(IndexFolderError):
            fsync_folder(path.parent)
        return
    if not path.parent.is_dir():
        make_folder(path.parent)
    with _naming(path):
        try:
            os.mkdir(path)
        except FileExistsError:
            if not path.is_dir():
                raise
    fsync_folder(path.parent)


def fsync_folder(path: Path) -> None:
    """Forces the names in a folder to the disk: without it a new or renamed file may be gone after power loss."""
    if sys.platform == "win32":
        return
    with _naming(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            _sync(descriptor)
        finally:
            os.close(descriptor)


def rename_into_place(source: Path, target: Path) -> None:
    """Renames a finished file or folder and forces the new name to the disk; a file of that name is replaced at once.

    Args:
        source: what is complete and on the disk.
        target: its name from now on, in the same file system.

    Raises:
        IndexFolderError: the name cannot be given, such as when `target` is a folder with content.
    """
    with _naming(target):
        os.replace(source, target)
    try:
        fsync_folder(target.parent)
        if source.parent != target.parent:
            fsync_folder(source.parent)
    except IndexFolderError as error:
        raise IndexFolderError(
            f"{target}: is in place, but the disk does not confirm its name ({error.__cause__}); open the index to see "
            f"what it holds, then run again"
        ) from error


def link_or_copy(source: Path, target: Path) -> None:
    """Gives a finished file a second name or, where the disk refuses that (another device), makes a durable copy.

    An older file of the target's name is unlinked first.

    Raises:
        IndexFolderError: the source cannot be read, or the disk refuses the copy.
    """
    try:
        _unlink(target)
        os.link(source, target)
    except OSError:  # a reason that holds for the copy too is told by the copy
        with _reading(source), source.open("rb", buffering=0) as file, DurableWriter(target) as copy:
            while data := file.read(BUFFER_BYTES):
                copy.write(data)


def remove(path: Path) -> None:
    """Removes a file, or a folder with all that is in it; what is not there is no error.

    Raises:
        IndexFolderError: it cannot be removed.
    """
    with _naming(path):
        if path.is_symlink() or not path.is_dir():
            _unlink(path)
            return
        with suppress(FileNotFoundError):
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries)
            for name in names:
                remove(path / name)
            os.rmdir(path)


def checksum(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, as `sha256sum` prints it.

    1.7 GB/s where the processor has SHA instructions, 0.4 without; BLAKE2b, the other choice of the standard
    library, gives 0.8 on both.

    Raises:
        IndexFolderError: the file cannot be read.
    """
    with _reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def map_bytes(path: Path) -> memoryview:
    """The bytes of a file as a read-only memory map; slices of it copy nothing.

    Raises:
        IndexFolderError: the file is missing or cannot be mapped.
    """
    with _reading(path), path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def map_array(path: Path) -> Array:
    """The array of a .npy file as a read-only memory map.

    Only what `write_array` and `ArrayWriter` write is accepted, and its length must be that of the file,
    so that a damaged header can neither allocate nor read anything.

    Raises:
        IndexFolderError: the file is missing, cut off, or not such an array.
    """
    data = map_bytes(path)
    length = int.from_bytes(data[8:10], "little")
    match = _NPY_HEADER.fullmatch(data[10 : 10 + length])
    if bytes(data[:8]) != b"\x93NUMPY\x01\x00" or match is None:
        raise IndexFolderError(f"{path}: is not an array of numbers in .npy form; the file is damaged")
    shape = tuple(int(n) for n in match[2].split(b",") if n.strip())
    try:
        dtype = np.dtype(match[1].decode("ascii"))
        return np.frombuffer(data[10 + length :], dtype=dtype).reshape(shape)
    except (TypeError, ValueError) as error:
        raise IndexFolderError(f"{path}: does not hold the {shape} array it announces; the file is damaged") from error


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)
    if sys.platform == "darwin":
        import fcntl  # only there does fsync stop at the drive's cache

        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)


def _write_all(descriptor: int, data: bytes | bytearray | memoryview) -> None:
    rest = memoryview(data)
    while rest:
        n_written = os.write(descriptor, rest)
        if not n_written:
            raise OSError(errno.EIO, "no byte was taken")
        rest = rest[n_written:]


def _unlink(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> IndexFolderError:
    return IndexFolderError(
        f"{path}: cannot be written ({error.strerror or error}); nothing was committed, the index is as it was; "
        f"make room or give write access, then run again"
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise IndexFolderError(f"{path}: is missing; restore it from a copy or build the index again") from error
    except (OSError, ValueError) as error:
        raise IndexFolderError(f"{path}: cannot be read ({error}); give a file that can be read") from error
