"""What all tests of the index folder share."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of small files are written here; what survives a loss of power is replayed (disk.py), not tried."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
