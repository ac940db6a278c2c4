"""Thirty rounds of scripts/torture_kill.py: a writer killed at random moments leaves the old state or the new one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.torture_kill import torture


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: a killed process leaves nothing that a disk could lose."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)


def test_nothing_is_lost_to_kill_9(folder: Path) -> None:
    """Build, add, replace, delete and merge, killed anywhere and run again: never an error, never a mix."""
    tally = torture(30, seed=1, folder=folder)
    assert tally.n_rounds == 30
    assert tally.n_old + tally.n_new > 0
    assert tally.n_commands > tally.n_rounds
