"""Checking every byte while an index is searched: what is damaged is withdrawn, and the rest goes on."""

import gc
import logging
import threading
from functools import partial
from pathlib import Path

import pytest

import openqa
from openqa import Document, Index, IndexConfig, Question
from openqa.errors import IndexFolderError
from openqa.index.folder import open_folder
from openqa.pipeline import view
from tests.pipeline.fakes import documents

SIZES_ONLY = partial(open_folder, quick_limit_bytes=0)
CONFIG = IndexConfig(parts=("bm25",), segment_size=1)
ASKED = [Question("q", "capital of France"), Question("r", "capital of Italy")]


@pytest.fixture(autouse=True)
def sizes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick check takes every file for a large one, of which it looks at the size only."""
    monkeypatch.setattr(view, "open_folder", SIZES_ONLY)


def built(path: Path) -> Path:
    """An index of four documents, a segment each."""
    openqa.build(path, documents(), config=CONFIG).close()
    return path


def damage(path: Path, document_id: str, name: str = "passages.jsonl") -> Path:
    """Flips a byte in the segment of a document."""
    (segment,) = (each for each in SIZES_ONLY(path).segments if each.document_rows(document_id))
    file = next(segment.folder.rglob(name))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return file


def opened(path: Path) -> Index:
    """The index, checked to the end in the background."""
    index = openqa.open_index(path, "background")
    assert index._check
    index._check.join()
    return index


def found(index: Index) -> list[list[str]]:
    """The passages that the two questions find."""
    return [[hit.passage_id for hit in ranking] for ranking in index.search(ASKED, 10, "bm25")]


def test_a_sound_index_is_searched_as_ever(tmp_path: Path) -> None:
    """Nothing is withdrawn."""
    path = built(tmp_path / "i")
    with opened(path) as index, openqa.open_index(path) as plain:
        assert (index.withdrawn, len(index), found(index)) == ((), 4, found(plain))
        index.delete(["paris"])
        assert len(index) == 3


def test_a_damaged_segment_is_withdrawn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its passages are neither found nor counted, the others rank as in an index without it, and the log names it."""
    path = built(tmp_path / "i")
    rest = openqa.build(tmp_path / "rest", [each for each in documents() if each.id != "rome"], config=CONFIG)
    file = damage(path, "rome")
    with caplog.at_level(logging.ERROR), opened(path) as index:
        assert [each.file for each in index.withdrawn] == [file]
        assert index.search(ASKED, 10, "bm25") == rest.search(ASKED, 10, "bm25")
        assert len(index) == 3
        with pytest.raises(KeyError):
            index.passage("rome#0")
    assert [record.message for record in caplog.records] == [
        f"{file}: does not match its checksum; its segment of 1 passages is withdrawn from search; "
        f"restore the file from a copy, or run openqa verify --repair"
    ]


def test_a_damaged_index_is_not_changed(tmp_path: Path) -> None:
    """A change would commit an index of which a part is lost."""
    path = built(tmp_path / "i")
    file = damage(path, "rome")
    with opened(path) as index:
        for change in (
            lambda: index.add([Document("x", "A new text.")]),
            lambda: index.delete(["paris"]),
            lambda: index.merge(),
            lambda: index.sync(tmp_path),
        ):
            with pytest.raises(IndexFolderError, match=f"is damaged: {file}: does not match its checksum; restore"):
                change()
        assert index.info().generation == 1


def test_later_generations_are_checked_too(tmp_path: Path) -> None:
    """What was withdrawn stays so, what is new is looked at, and a segment that is gone is forgotten."""
    path = built(tmp_path / "i")
    damage(path, "rome")
    with opened(path) as index:
        assert len(index) == 3
        damage(path, "rome")  # the byte as it was, for the writer
        with openqa.open_index(path) as writer:
            writer.add([Document("new", "The capital of France is not Lyon.")])
        damage(path, "new")
        assert index.refresh()
        assert index._check
        index._check.join()
        assert len(index) == 3
        assert len(index.withdrawn) == 2
        damage(path, "new")
        with openqa.open_index(path) as writer:
            writer.delete(["rome", "new"])
            writer.merge(everything=True)
        assert index.refresh()
        index._check.join()
        assert len(index) == 3
        assert found(index)[1][0] == "paris#0"


def test_an_index_that_is_let_go_is_no_longer_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread keeps no index alive, and ends after the file that it is at."""
    path, go_on, looked_at = built(tmp_path / "i"), threading.Event(), []

    def slow(file: Path, entry: object) -> str:
        looked_at.append(file)
        go_on.wait(20)
        return ""

    monkeypatch.setattr("openqa.pipeline.background.problem_of", slow)
    index = openqa.open_index(path, "background")
    check = index._check
    assert check
    del index
    gc.collect()
    go_on.set()
    check.join()
    assert len(looked_at) == 1
