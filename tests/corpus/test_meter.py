"""How much of the input is read, as the readers tell it."""

import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from openqa.corpus.documents import read_documents
from openqa.corpus.meter import InputMeter


def jsonl(path: Path, n: int) -> Path:
    """Records of about a kilobyte each, which compression does not shrink to nothing."""
    lines = "".join(json.dumps({"id": f"{path.name}{i}", "text": f"{i * 7919} " * 150}) + "\n" for i in range(n))
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_the_share_rises_to_one(tmp_path: Path, name: str) -> None:
    """Within one file, compressed or not, and over several; nothing is said before there is anything to read."""
    meter = InputMeter()
    assert meter.share() is None
    paths = [jsonl(tmp_path / name, 2000), jsonl(tmp_path / "b.jsonl", 500)]
    shares = [meter.share() or 0.0 for _ in read_documents(paths, meter=meter)]
    assert shares == sorted(shares)
    assert len({round(share, 1) for share in shares}) > 5
    sizes = [path.stat().st_size for path in paths]
    assert shares[2000] == pytest.approx(sizes[0] / sum(sizes), abs=0.1)
    assert shares[0] < 0.5
    assert meter.share() == 1.0


def test_text_files_count_when_they_are_read(tmp_path: Path) -> None:
    """Each by its size."""
    for name, size in (("a.txt", 100), ("b.txt", 300)):
        (tmp_path / name).write_text("x" * size)
    meter = InputMeter()
    assert [meter.share() for _ in read_documents([tmp_path], meter=meter)] == [0.0, 0.25]
    assert meter.share() == 1.0


def test_nobody_knows_how_much_standard_input_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither before nor after it is read."""
    stdin = io.TextIOWrapper(io.BytesIO(b'{"id": "a", "text": "x"}\n'))
    monkeypatch.setattr(sys, "stdin", stdin)
    meter = InputMeter()
    assert [meter.share() for _ in read_documents([Path("-")], meter=meter)] == [None]
    assert meter.share() is None
