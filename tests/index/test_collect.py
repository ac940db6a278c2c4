"""Tests of openqa/index/collect.py: what no reader can need goes, everything else stays."""

import os
import time
from pathlib import Path

from openqa.index.collect import collect
from openqa.index.folder import open_folder
from openqa.index.generation import Generation, commit_generation, generation_numbers, newest_generation
from openqa.index.writer import add_to_folder, build_folder
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
