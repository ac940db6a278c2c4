"""Tests of openqa/index/parts.py: parts are written from stored passages, and nothing else changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from openqa.durable import map_array
from openqa.errors import IndexFolderError, ModelError
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import Snapshot, open_folder
from openqa.index.merging import merge_folder
from openqa.index.parts import drop_part, write_parts_of_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document

SMALL = WriteOptions(segment_size=8, chunk_size=3)
WORDS = LengthPart("words", "words")
DOCUMENTS = [document(f"d{i}", *("word " * (i + j) for j in range(1 + i % 3))) for i in range(10)]


def build(path: Path) -> Path:
    """An index of several segments with one part, something of it deleted."""
    build_folder(path, DOCUMENTS, [LengthPart()], settings={"encoder": "a"}, options=SMALL)
    delete_from_folder(path, documents=["d2"])
    return path


def stored(snapshot: Snapshot, part: str) -> list[int]:
    """What a LengthPart holds in all segments."""
    arrays = [map_array(segment.part_path(part) / "lengths.npy") for segment in snapshot.segments]
    return [int(n) for array in arrays for n in array]


def n_words(documents: Sequence[Sequence[Passage]]) -> list[int]:
    """Words of every passage."""
    return [len(passage.text.split()) for each in documents for passage in each]


def test_a_part_is_added_from_the_stored_passages(tmp_path: Path) -> None:
    """One generation on, with its config and settings; the other part keeps its files; add and merge carry both on."""
    path = build(tmp_path / "i")
    before = open_folder(path)
    told: list[int] = []
    options = replace(SMALL, workers=2, on_progress=told.append)
    assert write_parts_of_folder(path, [WORDS], settings={"encoder": "b"}, options=options) == 3
    snapshot = open_folder(path, verify="full")
    assert stored(snapshot, "words") == n_words(DOCUMENTS)
    assert dict(snapshot.generation.parts) == {"length": {"unit": "characters"}, "words": {"unit": "words"}}
    assert snapshot.generation.settings == {"encoder": "b"}
    assert told[-1] == sum(map(len, DOCUMENTS))
    for old, new in zip(before.segments, snapshot.segments, strict=True):
        assert old.entry.files.items() <= new.entry.files.items()
    add_to_folder(path, [document("new", "x y z")], [LengthPart(), WORDS], options=SMALL)
    merge_folder(path, [LengthPart(), WORDS], segment_size=100, everything=True)
    merged = open_folder(path, verify="full")
    assert stored(merged, "words") == [*n_words([*DOCUMENTS[:2], *DOCUMENTS[3:]]), 3]


def test_a_part_is_written_anew(tmp_path: Path) -> None:
    """In place of the former one, which readers that are open keep; also with another config, and when it is broken."""
    path = build(tmp_path / "i")
    before = open_folder(path)
    for part in (LengthPart("words"), LengthPart("words"), LengthPart()):
        write_parts_of_folder(path, [part], options=SMALL)
        snapshot = open_folder(path, verify="full")
        assert snapshot.generation.parts["length"] == part.config()
        expected = n_words(DOCUMENTS) if part.unit == "words" else [len(p.text) for d in DOCUMENTS for p in d]
        assert stored(snapshot, "length") == expected
    assert stored(before, "length") == [len(passage.text) for each in DOCUMENTS for passage in each]


def test_a_part_is_dropped(tmp_path: Path) -> None:
    """Not the last one, and not one that is not there."""
    path = build(tmp_path / "i")
    with pytest.raises(IndexFolderError) as caught:
        drop_part(path, "length")
    assert str(caught.value) == (
        f'index "{path}" has no part but "length"; without one it cannot be searched: add another one first'
    )
    with pytest.raises(IndexFolderError, match='has no part "words"'):
        drop_part(path, "words")
    write_parts_of_folder(path, [WORDS], options=SMALL)
    assert drop_part(path, "length") == 4
    snapshot = open_folder(path, verify="full")
    assert list(snapshot.generation.parts) == ["words"]
    assert all(set(segment.entry.parts) == {"words"} for segment in snapshot.segments)
    assert not [name for name, _ in snapshot.generation.all_files() if "/length/" in name]


@dataclass(frozen=True)
class StoppingPart(LengthPart):
    """A LengthPart that notes what it is given, and fails at a passage."""

    stop_at: str = ""
    seen: list[str] = field(default_factory=list)

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Writes all chunks before that."""
        self.seen.extend(passage.id for passage in passages)
        if any(passage.id == self.stop_at for passage in passages):
            raise ModelError(f"stopped at {self.stop_at}")
        super().write_chunk(folder, passages)


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    """The chunks that are done are not written again, and the bytes are those of an uninterrupted run."""
    for name in ("i", "whole"):
        build(tmp_path / name)
    write_parts_of_folder(tmp_path / "whole", [WORDS], options=SMALL)
    stopping, resumed = StoppingPart("words", "words", "d7#1"), StoppingPart("words", "words")
    with pytest.raises(ModelError):
        write_parts_of_folder(tmp_path / "i", [stopping], options=SMALL)
    assert open_folder(tmp_path / "i", verify="full").generation.number == 2
    write_parts_of_folder(tmp_path / "i", [resumed], options=SMALL)
    assert stored(open_folder(tmp_path / "i", verify="full"), "words") == n_words(DOCUMENTS)
    assert open_folder(tmp_path / "i").generation == open_folder(tmp_path / "whole").generation
    assert stopping.seen[-1] in resumed.seen
    assert len(set(stopping.seen) & set(resumed.seen)) <= SMALL.chunk_size
