"""Tests of openqa/index/backup.py: a copy is a whole index of one generation, whatever the writer does meanwhile."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.backup import copy_folder
from openqa.index.collect import collect
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder, verify_folder
from openqa.index.generation import generation_numbers, generation_path
from openqa.index.lock import writer_lock
from openqa.index.merging import merge_folder
from openqa.index.sources import SourceFile, SourceFolder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document

SMALL = WriteOptions(segment_size=8, chunk_size=3)


def documents(start: int, end: int) -> Iterator[list[Passage]]:
    """Documents of two passages."""
    for i in range(start, end):
        yield document(f"d{i}", f"text {i}", f"more of {i}")


def build(path: Path) -> Path:
    """An index of two segments with a deletion and a source file."""
    build_folder(path, documents(0, 4), [LengthPart()], options=SMALL)
    known = SourceFolder("/texts", (SourceFile("a.txt", 1, "0" * 64, ("d5",)),))
    add_to_folder(path, documents(4, 6), [LengthPart()], give_up=["d1"], known=known, options=SMALL)
    return path


def refuse_links(source: Path, target: Path) -> None:
    """What os.link does between two devices."""
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def contents(path: Path) -> dict[str, bytes]:
    """Every file that the newest generation names with its bytes, and the generation file."""
    snapshot = open_folder(path, verify="full")
    names = [name for name, _ in snapshot.generation.all_files()]
    names.append(generation_path(path, snapshot.generation.number).name)
    return {name: (path / name).read_bytes() for name in names}


def test_the_copy_is_the_newest_generation(tmp_path: Path) -> None:
    """Byte for byte, in a new folder whose parents are made; its files are links, and nothing else is there."""
    path, target = build(tmp_path / "i"), tmp_path / "backups" / "monday"
    assert copy_folder(path, target) == 2
    assert contents(target) == contents(path)
    assert generation_numbers(target) == [2]
    files = {file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file()}
    assert files - {"LOCK"} == contents(path).keys()
    assert all((target / name).samefile(path / name) for name, _ in open_folder(path).generation.all_files())


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """As is an index without documents."""
    build_folder(tmp_path / "i", [], [LengthPart()])
    (tmp_path / "copy").mkdir()
    assert copy_folder(tmp_path / "i", tmp_path / "copy") == 1
    assert len(open_folder(tmp_path / "copy", verify="full")) == 0


def test_another_device_gets_bytes_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where links are refused, the files are copied."""
    path = build(tmp_path / "i")
    monkeypatch.setattr(os, "link", refuse_links)
    copy_folder(path, tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(path)
    assert not any((tmp_path / "copy" / name).samefile(path / name) for name in contents(path))


def test_damage_does_not_reach_a_copy_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte that quick verification of the index has not read is noticed by the copy; there is no index then."""
    path = build(tmp_path / "i")
    file = path / next(name for name, _ in open_folder(path).generation.all_files() if name.endswith("passages.jsonl"))
    monkeypatch.setattr(open_folder, "__defaults__", ("quick", 0, ()))
    monkeypatch.setattr(os, "link", refuse_links)
    content = file.read_bytes()
    file.write_bytes(content.replace(b"text", b"tixt"))
    with pytest.raises(IndexFolderError) as error:
        copy_folder(path, tmp_path / "copy")
    assert str(error.value) == (
        f"{file}: its copy is not what was committed; run openqa verify on the index, then copy again"
    )
    assert generation_numbers(tmp_path / "copy") == []
    file.write_bytes(content)
    assert copy_folder(path, tmp_path / "copy") == 2
    assert not list(verify_folder(tmp_path / "copy"))


def test_the_copy_stands_on_its_own(tmp_path: Path) -> None:
    """Adding, deleting and merging on either side does not reach the other."""
    path, target = build(tmp_path / "i"), tmp_path / "copy"
    copy_folder(path, target)
    add_to_folder(path, documents(10, 12), [LengthPart()])
    delete_from_folder(path, documents=["d0"])
    merge_folder(path, [LengthPart()], segment_size=8, everything=True)
    collect(path, keep_s=0)
    assert len(open_folder(target, verify="full")) == 10
    add_to_folder(target, documents(20, 21), [LengthPart()])
    assert (len(open_folder(target, verify="full")), len(open_folder(path, verify="full"))) == (12, 12)
    assert open_folder(path).passage("d10#0").text == "text 10"


@pytest.mark.parametrize("is_linking", [True, False])
def test_a_file_that_goes_away_meanwhile_starts_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_linking: bool
) -> None:
    """The copy is then of the newer generation, and holds nothing of the other."""
    path, target = build(tmp_path / "i"), tmp_path / "copy"
    if not is_linking:
        monkeypatch.setattr(os, "link", refuse_links)
    told: list[tuple[int, int]] = []

    def merge_once(n_bytes: int, all_bytes: int) -> None:
        told.append((n_bytes, all_bytes))
        if len(told) == 1:
            merge_folder(path, [LengthPart()], segment_size=100, everything=True)
            delete_from_folder(path, documents=["d0"])
            collect(path, keep_s=0)

    assert copy_folder(path, target, on_progress=merge_once) == 4
    assert contents(target) == contents(path)
    files = {file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file()}
    assert files - {"LOCK"} == contents(path).keys()
    assert (
        told[-1][0]
        == told[-1][1]
        == sum(len(content) for content in contents(path).values()) - len(generation_path(path, 4).read_bytes())
    )


def test_copies_beside_a_busy_writer_are_whole(tmp_path: Path) -> None:
    """Each is of one generation, and its passages are those of that generation."""
    path = build(tmp_path / "i")
    is_done = threading.Event()

    def write() -> None:
        for n in range(30, 60):
            add_to_folder(path, documents(n, n + 1), [LengthPart()])
            if n % 5 == 0:
                merge_folder(path, [LengthPart()], segment_size=1000, everything=True)
                collect(path, keep_s=0)
        is_done.set()

    writer = threading.Thread(target=write)
    writer.start()
    n_copies = 0
    while not is_done.is_set() or not n_copies:
        number = copy_folder(path, tmp_path / f"copy{n_copies}")
        snapshot = open_folder(tmp_path / f"copy{n_copies}", verify="full")
        assert snapshot.generation.number == number
        n_added = sum(1 for n in range(30, 60) if any(segment.document_rows(f"d{n}") for segment in snapshot.segments))
        assert len(snapshot) == 10 + 2 * n_added
        n_copies += 1
    writer.join()


def test_a_target_that_holds_something_is_refused(tmp_path: Path) -> None:
    """An index, other files, a file, a folder inside the index: word for word, and nothing is changed."""
    path = build(tmp_path / "i")
    build_folder(tmp_path / "other", documents(0, 1), [LengthPart()])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    cases = {
        tmp_path / "full": (
            f'"{tmp_path / "full"}" is not empty (it holds "notes.txt"); give a new or an empty folder to copy to'
        ),
        tmp_path / "other": (
            f'"{tmp_path / "other"}" is not empty (it holds "generation-000001.json", ...); '
            f"give a new or an empty folder to copy to"
        ),
        tmp_path / "file": f'"{tmp_path / "file"}" is not a folder to copy to (Not a directory); give a new one',
        path / "copy": f'"{path / "copy"}" lies inside index "{path}"; give a folder outside of it',
        path: f'"{path}" lies inside index "{path}"; give a folder outside of it',
    }
    for target, message in cases.items():
        with pytest.raises(IndexFolderError) as error:
            copy_folder(path, target)
        assert str(error.value) == message
    assert (tmp_path / "full" / "notes.txt").read_text() == "mine"
    assert sorted(entry.name for entry in (tmp_path / "full").iterdir()) == ["notes.txt"]
    assert len(open_folder(tmp_path / "other", verify="full")) == 2


def test_what_is_no_sound_index_is_not_copied(tmp_path: Path) -> None:
    """A missing one, and one whose newest generation is damaged: a backup of an older state would be taken for new."""
    with pytest.raises(IndexFolderError, match="does not exist; build it first"):
        copy_folder(tmp_path / "none", tmp_path / "copy")
    path = build(tmp_path / "i")
    file = generation_path(path, 2)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(IndexFolderError, match=r"generation-000002\.json: does not match its own checksum"):
        copy_folder(path, tmp_path / "copy")
    assert generation_numbers(tmp_path / "copy") == []


def test_two_copies_to_one_place_exclude_each_other(tmp_path: Path) -> None:
    """The second is refused at once; the index itself is not locked by a copy."""
    path = build(tmp_path / "i")
    with writer_lock(tmp_path / "copy"), pytest.raises(IndexFolderError, match="is being written by another process"):
        copy_folder(path, tmp_path / "copy")
    with writer_lock(path):
        assert copy_folder(path, tmp_path / "copy") == 2


def test_a_copy_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """There is no index before the last file is there; the same command completes it."""
    path, target = build(tmp_path / "i"), tmp_path / "copy"

    def stop(n_bytes: int, all_bytes: int) -> None:
        if n_bytes > all_bytes / 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_folder(path, target, on_progress=stop)
    with pytest.raises(IndexFolderError, match="is not an index"):
        open_folder(target)
    assert copy_folder(path, target) == 2
    assert contents(target) == contents(path)


def test_an_index_that_cannot_be_written_is_opened(tmp_path: Path) -> None:
    """As on read-only storage: opening and looking up write nothing, not even a lock."""
    path = build(tmp_path / "i")
    (path / "LOCK").unlink()
    folders = [path, *(folder for folder in path.rglob("*") if folder.is_dir())]
    before = {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")}
    for folder in folders:
        folder.chmod(0o555)
    try:
        snapshot = open_folder(path, verify="full")
        assert snapshot.passage("d5#1").text == "more of 5"
        assert not list(verify_folder(path))
        assert copy_folder(path, tmp_path / "copy") == 2
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert {entry: entry.stat().st_mtime_ns for entry in path.rglob("*")} == before
