"""Tests of openqa/index/collect.py: what no reader can need goes, everything else stays."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openqa.index.collect import collect
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder
from openqa.index.generation import Generation, commit_generation, generation_numbers, newest_generation
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document


def age(path: Path, seconds: float) -> None:
    """Makes a file or folder look as old as given."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_old_generations_go_and_the_last_two_stay(tmp_path: Path) -> None:
    """Generations replaced more than ten minutes ago are removed, but never the newest and the one before."""
    for number in range(1, 6):
        commit_generation(tmp_path, Generation(number))
        age(tmp_path / f"generation-{number:06d}.json", 3600)
    age(tmp_path / "generation-000003.json", 60)
    collect(tmp_path)
    assert generation_numbers(tmp_path) == [2, 4, 5]
    age(tmp_path / "generation-000004.json", 60)
    collect(tmp_path, keep_s=30)
    assert generation_numbers(tmp_path) == [4, 5]


def test_leftovers_of_a_crash_go_after_ten_minutes(tmp_path: Path) -> None:
    """The next writer removes folders that nothing names once they are old; committed ones it never touches."""
    build_folder(tmp_path / "i", [document("a", "x")], [LengthPart()])
    for name, seconds in (("0" * 32, 3600), ("incoming", 3600), ("1" * 32, 60)):
        (tmp_path / "i" / "segments" / name).mkdir()
        (tmp_path / "i" / "segments" / name / "ids").write_bytes(b"x")
        age(tmp_path / "i" / "segments" / name, seconds)
    for segment in open_folder(tmp_path / "i").segments:
        age(segment.folder, 3600)
    (tmp_path / "i" / "generation-000002.json.tmp").write_bytes(b"{")
    assert open_folder(tmp_path / "i", verify="full").generation.number == 1
    add_to_folder(tmp_path / "i", [document("a", "x")], [LengthPart()])
    left = {entry.name for entry in (tmp_path / "i" / "segments").iterdir()}
    assert left == {"1" * 32, open_folder(tmp_path / "i").segments[0].name}
    assert not (tmp_path / "i" / "generation-000002.json.tmp").exists()


def test_nothing_goes_when_a_kept_generation_is_damaged(tmp_path: Path) -> None:
    """What a damaged generation names is unknown: no folder is removed then."""
    commit_generation(tmp_path, Generation(1))
    commit_generation(tmp_path, Generation(2))
    (tmp_path / "generation-000001.json").write_bytes(b"")
    (tmp_path / "segments" / "leftover").mkdir(parents=True)
    age(tmp_path / "segments" / "leftover", 3600)
    collect(tmp_path)
    assert (tmp_path / "segments" / "leftover").exists()
    assert newest_generation(tmp_path)[0].number == 2


def test_unfinished_work_stays_for_a_day(tmp_path: Path) -> None:
    """Segments that a stopped add has stored outlive ten minutes, not 24 hours; what it left over goes with them."""
    path = tmp_path / "i"
    build_folder(path, [document("a", "x")], [LengthPart()])
    with pytest.raises(ZeroDivisionError):
        add_to_folder(path, stopping(), [LengthPart()], options=WriteOptions(segment_size=2, chunk_size=1))
    committed = {segment.name for segment in open_folder(path).segments}
    left = [folder for folder in (path / "segments").iterdir() if folder.name not in committed]
    assert len(left) == 2
    for folder in left:
        age(folder, 3600)
    collect(path)
    assert all(folder.is_dir() for folder in left)
    (work,) = (path / "unfinished").iterdir()
    age(work, 25 * 3600)
    collect(path)
    assert {folder.name for folder in (path / "segments").iterdir()} == committed
    assert not work.exists()


def stopping() -> Iterator[list[Passage]]:
    """Documents from a source that fails after five of them."""
    yield from (document(f"d{n}", "x") for n in range(5))
    raise ZeroDivisionError


def test_parts_and_deletions_that_nothing_names_go(tmp_path: Path) -> None:
    """Once they are old: the folder of a dropped part, what stands for deletions no more, and half-removed folders."""
    path = tmp_path / "i"
    build_folder(path, [document("a", "x"), document("b", "y")], [LengthPart()])
    delete_from_folder(path, documents=["a"])
    (segment,) = open_folder(path).segments
    dropped, stale, half = segment.folder / "dropped", path / "deletions" / "stale.npy", path / "segments" / "gone-x"
    for folder in (dropped, half):
        folder.mkdir()
        (folder / "file").write_bytes(b"x")
    stale.write_bytes(b"x")
    collect(path)
    assert dropped.exists()
    assert stale.exists()
    assert not half.exists()
    for entry in (dropped, stale):
        age(entry, 3600)
    collect(path)
    assert not dropped.exists()
    assert not stale.exists()
    assert len(open_folder(path, verify="full")) == 1
