"""What all tests of retrieval share."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of small parts are written here, and none has to survive the loss of power."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
