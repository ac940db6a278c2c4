"""Tests of openqa/durable.py: what is written is what is read, and nothing is changed under a reader."""

import errno
import hashlib
import io
import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openqa.durable import (
    BUFFER_BYTES,
    ArrayWriter,
    DurableWriter,
    checksum,
    json_bytes,
    link_or_copy,
    make_folder,
    map_array,
    map_bytes,
    remove,
    rename_into_place,
    write_array,
    write_bytes,
    write_json,
)
from openqa.errors import IndexFolderError

ARRAYS = [
    np.zeros(0, np.uint32),
    np.arange(5, dtype=np.int64),
    np.zeros((3, 0), np.float16),
    np.zeros((0, 4), np.float32),
    np.arange(24, dtype=">u8").reshape(2, 3, 4),
    np.array([True, False]),
    np.arange(12).reshape(3, 4).T,
    np.array([[1.5, -2.0]], dtype=np.float16),
]


class OtherSystem:
    """Stands in for the `os` of durable.py: the system itself, but for the functions given."""

    def __init__(self, **functions: Any) -> None:
        self._functions = functions

    def __getattr__(self, name: str) -> Any:
        return self._functions.get(name, getattr(os, name))


def refusing(number: int) -> Any:
    """A function that fails with an error of the system."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_array_round_trip_in_the_bytes_of_numpy(tmp_path: Path, array: np.ndarray) -> None:
    """An array comes back equal and read-only, from exactly the file that numpy would write."""
    write_array(tmp_path / "a.npy", array)
    mapped = map_array(tmp_path / "a.npy")
    assert mapped.shape == array.shape
    assert np.array_equal(mapped, array)
    assert not mapped.flags.writeable
    expected = io.BytesIO()
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    np.lib.format.write_array(expected, little, version=(1, 0))
    assert (tmp_path / "a.npy").read_bytes() == expected.getvalue()


def test_array_writer_grows_by_rows(tmp_path: Path) -> None:
    """Rows appended in any cut give the file of the whole array."""
    whole = np.arange(30, dtype=np.float32).reshape(10, 3)
    write_array(tmp_path / "whole.npy", whole)
    with ArrayWriter(tmp_path / "parts.npy", np.float32, (3,)) as file:
        for start, end in ((0, 1), (1, 1), (1, 10)):
            file.append(whole[start:end])
    assert (tmp_path / "parts.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_large_arrays_pass_the_buffer(tmp_path: Path) -> None:
    """Rows of more bytes than the buffer holds, among small ones, stand as they came, under the final header."""
    n_large = BUFFER_BYTES // 4 + 1
    pieces = [np.arange(n, dtype=np.float32) for n in (1, n_large, 3, 0, n_large, n_large // 2, n_large // 2, 2)]
    with ArrayWriter(tmp_path / "a.npy", np.float32) as file:
        for piece in pieces:
            file.append(piece)
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.concatenate(pieces))


@pytest.mark.parametrize("cut", [1, 2, 3, 5, 8, 100])
def test_bytes_in_any_pieces_are_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    """Whatever the pieces and the buffer, the file is their sum, its head written over at the end."""
    monkeypatch.setattr("openqa.durable.BUFFER_BYTES", 7)
    whole = bytes(range(1, 60))
    with DurableWriter(tmp_path / "a") as file:
        for start in range(0, len(whole), cut):
            file.write(memoryview(whole)[start : start + cut])
        assert file.size_bytes == len(whole)
        file.write_head(b"head")
        file.write(b"tail")
    assert (tmp_path / "a").read_bytes() == b"head" + whole[4:] + b"tail"


def test_short_writes_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that takes fewer bytes than it is given is given the rest, until it takes none."""
    sizes = itertools.cycle([1, 2, 7, 1000])
    short = OtherSystem(write=lambda descriptor, data: os.write(descriptor, data[: next(sizes)]))
    monkeypatch.setattr("openqa.durable.os", short)
    write_bytes(tmp_path / "a", bytes(range(256)) * 20)
    assert (tmp_path / "a").read_bytes() == bytes(range(256)) * 20
    monkeypatch.setattr("openqa.durable.os", OtherSystem(write=lambda *_: 0))
    with pytest.raises(IndexFolderError, match=r"a: cannot be written \(no byte was taken\); nothing was committed"):
        write_bytes(tmp_path / "a", b"x")


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_a_refused_step_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """After a failed write or fsync the file is closed: a second try could succeed without the bytes of the first."""
    file = DurableWriter(tmp_path / "a")
    file.write(b"x")
    monkeypatch.setattr("openqa.durable.os", OtherSystem(**{step: refusing(errno.EIO)}))
    with pytest.raises(IndexFolderError) as caught:
        file.close()
    assert str(caught.value) == (
        f"{tmp_path}/a: cannot be written (Input/output error); nothing was committed, the index is as it was; "
        f"make room or give write access, then run again"
    )
    monkeypatch.undo()
    assert file.is_closed
    with pytest.raises(ValueError, match="a: is closed, nothing more can be written"):
        file.write(b"y")
    with pytest.raises(KeyError), DurableWriter(tmp_path / "b") as other:
        raise KeyError
    with pytest.raises(ValueError, match="b: is closed, nothing more can be written"):
        other.write(b"y")


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function that changes the disk turns a refusal into the error that names the path."""
    write_bytes(tmp_path / "a", b"x")
    make_folder(tmp_path / "f" / "g")
    steps: dict[str, Any] = {
        "open": lambda: write_bytes(tmp_path / "b", b"x"),
        "mkdir": lambda: make_folder(tmp_path / "b"),
        "unlink": lambda: remove(tmp_path / "a"),
        "rmdir": lambda: remove(tmp_path / "f"),
        "replace": lambda: rename_into_place(tmp_path / "a", tmp_path / "b"),
    }
    for step, call in steps.items():
        monkeypatch.setattr("openqa.durable.os", OtherSystem(**{step: refusing(errno.EROFS)}))
        with pytest.raises(IndexFolderError, match=r"/[abg]: cannot be written \(Read-only file system\); nothing was"):
            call()
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "f", "g"]
    assert (tmp_path / "a").read_bytes() == b"x"


def test_a_rename_without_its_fsync_says_that_it_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When only the fsync of the folder fails the name is already given, and the error says so."""
    write_bytes(tmp_path / "a", b"x")
    monkeypatch.setattr("openqa.durable.os", OtherSystem(fsync=refusing(errno.EIO)))
    with pytest.raises(IndexFolderError) as caught:
        rename_into_place(tmp_path / "a", tmp_path / "b")
    assert str(caught.value) == (
        f"{tmp_path}/b: is in place, but the disk does not confirm its name ([Errno 5] Input/output error); open the "
        f"index to see what it holds, then run again"
    )
    assert (tmp_path / "b").read_bytes() == b"x"


def test_array_writer_refuses_other_rows(tmp_path: Path) -> None:
    """A row of another width or dtype is refused with both named."""
    with ArrayWriter(tmp_path / "a.npy", np.float32, (3,)) as file:
        with pytest.raises(ValueError, match=r"rows of shape \(3,\) and float32 are needed, got \(2,\) and float32"):
            file.append(np.zeros((1, 2), np.float32))
        with pytest.raises(ValueError, match=r"rows of shape \(3,\) and float32 are needed, got \(3,\) and float64"):
            file.append(np.zeros((1, 3), np.float64))


def test_objects_are_refused(tmp_path: Path) -> None:
    """Only numbers are stored: an object array would need a pickle."""
    with pytest.raises(ValueError, match="an index stores numbers only, not object"):
        write_array(tmp_path / "a.npy", np.array([{}, None]))
    with pytest.raises(ValueError, match="at least one dimension is needed"):
        write_array(tmp_path / "a.npy", np.array(1))


def test_pickles_and_strange_headers_are_refused(tmp_path: Path) -> None:
    """A header other than that of a plain array is damage: objects, Fortran order, huge or wrong shapes, no header."""
    path = tmp_path / "a.npy"
    objects = io.BytesIO()
    np.lib.format.write_array(objects, np.array([{}], dtype=object), allow_pickle=True)
    fortran = io.BytesIO()
    np.lib.format.write_array(fortran, np.asfortranarray(np.ones((2, 2))))
    write_array(path, np.arange(4))
    sound = path.read_bytes()
    huge = sound.replace(b"(4,), }" + 13 * b" ", b"(99999999999999,), }")
    for content in (b"", b"PK\x03\x04", objects.getvalue(), fortran.getvalue(), huge, sound[:-1], sound[:90]):
        path.write_bytes(content)
        with pytest.raises(IndexFolderError, match=r"a\.npy: .*; the file is damaged"):
            map_array(path)


def test_old_file_lives_on_for_who_has_it_open(tmp_path: Path) -> None:
    """Writing a file again does not change what a reader has mapped."""
    path = tmp_path / "a"
    write_bytes(path, b"old" * 5000)
    mapped = map_bytes(path)
    write_bytes(path, b"n")
    assert bytes(mapped) == b"old" * 5000
    assert bytes(map_bytes(path)) == b"n"


def test_empty_file_maps_as_no_bytes(tmp_path: Path) -> None:
    """A file without bytes can be mapped too."""
    write_bytes(tmp_path / "a", b"")
    assert bytes(map_bytes(tmp_path / "a")) == b""


def test_json_is_canonical(tmp_path: Path) -> None:
    """Equal values give equal bytes whatever their order; NaN is refused."""
    write_json(tmp_path / "a.json", {"b": [1, "ü"], "a": None})
    expected = '{\n "a": null,\n "b": [\n  1,\n  "ü"\n ]\n}\n'
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == expected
    assert json_bytes({"a": 1, "b": 2}) == json_bytes({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_bytes({"a": float("nan")})


def test_checksum_is_sha256(tmp_path: Path) -> None:
    """The checksum is what sha256sum prints."""
    write_bytes(tmp_path / "a", b"abc")
    assert checksum(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_rename_replaces_a_file(tmp_path: Path) -> None:
    """A finished file takes the place of another at once."""
    write_bytes(tmp_path / "a", b"old")
    write_bytes(tmp_path / "b", b"new")
    rename_into_place(tmp_path / "b", tmp_path / "a")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_folders_are_made_and_removed_with_their_parents(tmp_path: Path) -> None:
    """A folder is made below folders that are not there; removing what is not there is no error."""
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    write_bytes(tmp_path / "a" / "b" / "c", b"")
    write_bytes(tmp_path / "a" / "d", b"")
    remove(tmp_path / "a" / "d")
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    write_bytes(tmp_path / "a", b"")
    with pytest.raises(IndexFolderError, match=r"/a: cannot be written \(File exists\)"):
        make_folder(tmp_path / "a")


def test_removing_follows_no_link(tmp_path: Path) -> None:
    """A symbolic link goes itself; what it leads to stays."""
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "letter.txt").write_text("dear")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    remove(tmp_path / "a")
    remove(tmp_path / "link")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["elsewhere", "letter.txt"]


@pytest.mark.parametrize("number", [None, errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_second_name_or_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None) -> None:
    """Where links are given both names share the bytes, elsewhere there are two files; an older target goes."""
    content = bytes(range(256)) * (BUFFER_BYTES // 100)
    write_bytes(tmp_path / "a", content)
    write_bytes(tmp_path / "b", b"old")
    old = map_bytes(tmp_path / "b")
    if number:
        monkeypatch.setattr("openqa.durable.os", OtherSystem(link=refusing(number)))
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == content
    assert (tmp_path / "b").samefile(tmp_path / "a") is (number is None)
    assert bytes(old) == b"old"
    write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "b").read_bytes() == content


def test_what_cannot_be_copied_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the source when that is missing, and the target when that is refused."""
    with pytest.raises(IndexFolderError, match=r"/a: is missing; restore it from a copy or build the index again"):
        link_or_copy(tmp_path / "a", tmp_path / "b")
    write_bytes(tmp_path / "a", b"x")
    with pytest.raises(IndexFolderError, match=r"/no/b: cannot be written \(No such file or directory\)"):
        link_or_copy(tmp_path / "a", tmp_path / "no" / "b")
    refuse = refusing(errno.ENOSPC)
    monkeypatch.setattr("openqa.durable.os", OtherSystem(link=refuse, write=refuse))
    with pytest.raises(IndexFolderError, match=r"/b: cannot be written \(No space left on device\)"):
        link_or_copy(tmp_path / "a", tmp_path / "b")


def test_writer_left_by_an_error_closes_its_file(tmp_path: Path) -> None:
    """An error inside `with` closes the file and passes on; so does dropping a writer."""
    with pytest.raises(KeyError), DurableWriter(tmp_path / "a") as file:
        raise KeyError("x")
    assert file.is_closed
    DurableWriter(tmp_path / "b").write(b"x")


def test_missing_files_are_named(tmp_path: Path) -> None:
    """Reading or writing where there is nothing names the path and what to do."""
    path = tmp_path / "no" / "a.npy"
    for read in (map_array, map_bytes, checksum):
        with pytest.raises(IndexFolderError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: is missing; restore it from a copy or build the index again"
    with pytest.raises(IndexFolderError) as caught:
        write_bytes(path, b"")
    assert str(caught.value) == (
        f"{path}: cannot be written (No such file or directory); nothing was committed, the index is as it was; "
        f"make room or give write access, then run again"
    )
