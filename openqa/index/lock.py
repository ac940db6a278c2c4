"""One writer at a time: an operating-system lock on the file LOCK, which dies with the process that holds it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from openqa.durable import make_folder
from openqa.errors import IndexFolderError

LOCK_FILE = "LOCK"


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Holds an index for writing; the folder is made if it is not there. Readers need no lock.

    Args:
        path: the index folder.

    Raises:
        IndexFolderError: another writer holds it, or the folder cannot be written.
    """
    make_folder(path)
    lock = FileLock(path / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise IndexFolderError(
            f'index "{path}" is being written by another process or thread; wait until that is done, then run again'
        ) from error
    except OSError as error:
        raise IndexFolderError(
            f'index "{path}" cannot be locked for writing ({error.strerror or error}); give write access to the folder'
        ) from error
    try:
        yield
    finally:
        lock.release()
