"""Tests of openqa/index/lock.py: one holder at a time, in one process too."""

import threading
from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.lock import writer_lock


def test_second_holder_is_refused_and_the_next_is_not(tmp_path: Path) -> None:
    """In the same thread and in another one the second holder is refused; after the first it may hold."""
    expected = (
        f'index "{tmp_path}/i" is being written by another process or thread; wait until that is done, then run again'
    )
    found: list[str] = []

    def second() -> None:
        try:
            with writer_lock(tmp_path / "i"):
                found.append("held")
        except IndexFolderError as error:
            found.append(str(error))

    with writer_lock(tmp_path / "i"):
        second()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    second()
    assert found == [expected, expected, "held"]


def test_lock_is_released_by_an_error(tmp_path: Path) -> None:
    """An error inside passes on and frees the index."""
    with pytest.raises(KeyError), writer_lock(tmp_path):
        raise KeyError("x")
    with writer_lock(tmp_path):
        assert (tmp_path / "LOCK").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """Where no folder can be made the error names the path."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(IndexFolderError) as caught, writer_lock(tmp_path / "file" / "i"):
        pass
    assert str(caught.value) == (
        f"{tmp_path}/file: cannot be written (File exists); nothing was committed, the index is as it was; "
        f"make room or give write access, then run again"
    )
