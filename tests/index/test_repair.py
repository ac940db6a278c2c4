"""Tests of openqa/index/repair.py: back to the newest generation of which every byte is sound, and what that costs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import Damage, Snapshot, open_folder, verify_folder
from openqa.index.generation import generation_numbers, generation_path
from openqa.index.lock import writer_lock
from openqa.index.parts import drop_part, write_parts_of_folder
from openqa.index.repair import repair_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document, lengths

SMALL = WriteOptions(segment_size=8, chunk_size=3)
WORDS = LengthPart("words", "words")


def documents(start: int, end: int) -> Iterator[list[Passage]]:
    """Documents of two passages."""
    for i in range(start, end):
        yield document(f"d{i}", f"text {i}", f"more of {i}")


def build(path: Path) -> Path:
    """An index of three generations and segments, with 4, 8 and 12 passages."""
    build_folder(path, documents(0, 2), [LengthPart()], options=SMALL)
    add_to_folder(path, documents(2, 4), [LengthPart()], options=SMALL)
    add_to_folder(path, documents(4, 6), [LengthPart()], options=SMALL)
    return path


def flip(file: Path) -> Path:
    """Changes the last byte of a file."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return file


def sound(path: Path) -> Snapshot:
    """The index, every byte looked at."""
    return open_folder(path, verify="full")


def test_an_index_without_damage_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is dropped, committed or collected."""
    path = build(tmp_path / "i")
    summary = repair_folder(path)
    assert (summary.generation, summary.restored, summary.dropped, summary.damages) == (3, 3, (), ())
    assert (summary.n_documents_before, summary.n_passages_before) == (summary.n_documents, summary.n_passages)
    assert generation_numbers(path) == [1, 2, 3]


def test_the_newest_sound_generation_comes_back(tmp_path: Path) -> None:
    """It gets a new number, so that open readers move on to it; what was lost is told."""
    path = build(tmp_path / "i")
    file = flip(open_folder(path).segments[2].folder / "passages.jsonl")
    summary = repair_folder(path)
    assert (summary.generation, summary.restored, summary.dropped) == (4, 2, (3,))
    assert summary.damages == (Damage(file, "does not match its checksum"),)
    assert (summary.n_documents_before, summary.n_passages_before) == (6, 12)
    assert (summary.n_documents, summary.n_passages) == (4, 8)
    assert (generation_numbers(path), len(sound(path))) == ([2, 4], 8)
    assert not file.exists()
    assert not list(verify_folder(path))


def test_what_was_lost_can_be_added_again(tmp_path: Path) -> None:
    """Also when nothing of the damaged segment was removed before."""
    path = build(tmp_path / "i")
    flip(open_folder(path).segments[2].folder / "length" / "lengths.npy")
    repair_folder(path)
    add_to_folder(path, documents(4, 6), [LengthPart()], options=SMALL)
    snapshot = sound(path)
    assert (snapshot.generation.number, len(snapshot)) == (5, 12)
    assert lengths(snapshot.segments[2]).tolist() == [6, 9, 6, 9]


def test_several_generations_are_passed_over(tmp_path: Path) -> None:
    """Each file that is damaged is told once, whichever generations name it."""
    path = build(tmp_path / "i")
    delete_from_folder(path, documents=["d5"])
    file = flip(open_folder(path).segments[1].folder / "ids")
    summary = repair_folder(path)
    assert (summary.generation, summary.restored, summary.dropped) == (5, 1, (2, 3, 4))
    assert [damage.file for damage in summary.damages] == [file]
    assert (summary.n_passages_before, summary.n_passages, len(sound(path))) == (10, 4, 4)


def test_a_damaged_generation_file_is_dropped(tmp_path: Path) -> None:
    """Its counts are not known; those before are of the newest that can be read."""
    path = build(tmp_path / "i")
    file = flip(generation_path(path, 3))
    summary = repair_folder(path)
    assert (summary.generation, summary.restored, summary.dropped) == (4, 2, (3,))
    assert summary.damages == (Damage(file, "does not match its own checksum"),)
    assert (summary.n_passages_before, summary.n_passages) == (8, 8)
    assert add_to_folder(path, documents(4, 6), [LengthPart()]).generation == 5
    assert len(sound(path)) == 12


def test_a_damaged_list_of_deletions_brings_the_deleted_back(tmp_path: Path) -> None:
    """As the generation before has them; the summary shows more passages than before."""
    path = build(tmp_path / "i")
    delete_from_folder(path, passages=["d0#0"])
    (file,) = (path / "deletions").iterdir()
    flip(file)
    summary = repair_folder(path)
    assert (summary.n_passages_before, summary.n_passages) == (11, 12)
    assert sound(path).passage("d0#0").text == "text 0"


def test_damage_that_every_generation_shares_is_named(tmp_path: Path) -> None:
    """Passages cannot be made from anything that is there; the files stay, so that a copy can be put in their place."""
    path = build(tmp_path / "i")
    segment = open_folder(path).segments[0]
    flip(segment.folder / "passages.jsonl")
    flip(segment.folder / "length" / "lengths.npy")
    with pytest.raises(IndexFolderError) as error:
        repair_folder(path)
    assert str(error.value) == (
        f'index "{path}" has no sound generation to go back to; damaged is, in generation 3, segment {segment.name}: '
        f"its passages, part length; restore the files from a copy, or build the index again"
    )
    assert generation_numbers(path) == [1, 2, 3]


def test_damaged_parts_can_be_written_again(tmp_path: Path) -> None:
    """The message says by which command; that works although the files are damaged, and so does dropping the part."""
    path = tmp_path / "i"
    build_folder(path, documents(0, 2), [LengthPart(), WORDS], options=SMALL)
    segment = open_folder(path).segments[0]
    flip(segment.folder / "words" / "lengths.npy")
    with pytest.raises(IndexFolderError) as error:
        repair_folder(path)
    assert str(error.value) == (
        f'index "{path}" has no sound generation to go back to; damaged is, in generation 1, segment {segment.name}: '
        f"part words; its passages are sound, so run openqa parts {path} rebuild words"
    )
    write_parts_of_folder(path, [WORDS])
    assert sound(path).generation.number == 2
    assert not list(verify_folder(path))
    flip(open_folder(path).segments[0].part_path("words") / "lengths.npy")
    drop_part(path, "words")
    assert sound(path).generation.parts.keys() == {"length"}


def test_what_cannot_be_repaired_is_refused(tmp_path: Path) -> None:
    """No index, one that is being written, one without any generation that can be read, one of a newer format."""
    with pytest.raises(IndexFolderError, match="does not exist; build it first"):
        repair_folder(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    path = build(tmp_path / "i")
    with writer_lock(path), pytest.raises(IndexFolderError, match="is being written by another process"):
        repair_folder(path)
    for number in generation_numbers(path):
        flip(generation_path(path, number))
    with pytest.raises(IndexFolderError, match=r"generation-000003\.json: does not match its own checksum"):
        repair_folder(path)
    assert generation_numbers(path) == [1, 2, 3]
