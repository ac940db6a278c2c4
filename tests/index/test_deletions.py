"""Tests of openqa/index/deletions.py, and of replacing and deleting while adding."""

from pathlib import Path

import numpy as np
import pytest

from openqa.durable import write_array
from openqa.errors import DataError, IndexFolderError
from openqa.index.deletions import DeleteSummary, delete_from_folder
from openqa.index.folder import Snapshot, open_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document

SMALL = WriteOptions(segment_size=8, chunk_size=3)
DOCUMENTS = [document(f"d{i}", *(f"text {i} {j}" for j in range(1 + i % 3))) for i in range(10)]


def build(path: Path) -> Path:
    """Ten documents of one to three passages in three segments."""
    build_folder(path, DOCUMENTS, [LengthPart()], options=SMALL)
    return path


def live(snapshot: Snapshot) -> set[str]:
    """The ids of all passages that are not deleted."""
    ids: set[str] = set()
    for segment in snapshot.segments:
        rows = segment.live_rows if segment.live_rows is not None else np.arange(len(segment))
        ids.update(segment.passage_ids(rows))
    return ids


def ids(documents: list[list[Passage]]) -> set[str]:
    """The passage ids of documents."""
    return {passage.id for each in documents for passage in each}


def test_documents_and_passages_are_deleted(tmp_path: Path) -> None:
    """They are gone from counts and look-ups; a document goes with its last passage; the files check out."""
    path = build(tmp_path / "i")
    summary = delete_from_folder(path, documents=["d2", "d4"], passages=["d5#1", "d1#0", "d1#1"])
    assert summary == DeleteSummary(generation=2, n_documents=3, n_passages=8, n_missing=0)
    snapshot = open_folder(path, verify="full")
    gone = ids([DOCUMENTS[1], DOCUMENTS[2], DOCUMENTS[4]]) | {"d5#1"}
    assert live(snapshot) == ids(DOCUMENTS) - gone
    assert (len(snapshot), snapshot.generation.n_documents) == (len(ids(DOCUMENTS)) - len(gone), 7)
    assert snapshot.passage("d5#2") == DOCUMENTS[5][2]
    for name in gone:
        with pytest.raises(KeyError, match=f'has no passage "{name}"'):
            snapshot.passage(name)
    assert delete_from_folder(path, passages=["d5#0", "d5#2"]).n_documents == 1
    named = {entry.file for entry in open_folder(path).generation.deletions.values()}
    assert named <= {f"deletions/{file.name}" for file in (path / "deletions").iterdir()}


def test_what_is_not_there_is_named_and_nothing_deleted(tmp_path: Path) -> None:
    """Unknown and deleted ids are refused together, or counted where they may be missing."""
    path = build(tmp_path / "i")
    delete_from_folder(path, documents=["d0"])
    for wanted in (["d0"], ["d1", "d0"]):
        with pytest.raises(DataError) as caught:
            delete_from_folder(path, documents=wanted, passages=["d0#0", "x"])
        assert str(caught.value) == (
            f'index "{path}" has no document "d0", passage "d0#0", passage "x"; nothing was deleted; leave out what is '
            f"not there, or say that it may be missing (--missing-ok, missing_ok=True)"
        )
    with pytest.raises(DataError, match=r'document "4", and 5 more; nothing was deleted|document "4" and 5 more'):
        delete_from_folder(path, documents=map(str, range(10)))
    assert open_folder(path).generation.number == 2
    summary = delete_from_folder(path, documents=["d0", "d1", "d1"], passages=["x"], missing_ok=True)
    assert summary == DeleteSummary(generation=3, n_documents=1, n_passages=2, n_missing=2)
    assert delete_from_folder(path, documents=["d0"], missing_ok=True) == DeleteSummary(3, 0, 0, 1)


def test_a_deleted_document_can_be_added_again(tmp_path: Path) -> None:
    """Deleted ids are free; a document that has lost a passage is another one than the whole."""
    path = build(tmp_path / "i")
    delete_from_folder(path, documents=["d3"], passages=["d4#1"])
    with pytest.raises(DataError, match=r'document "d4" is already in index .* with other content'):
        add_to_folder(path, DOCUMENTS, [LengthPart()], options=SMALL)
    summary = add_to_folder(path, DOCUMENTS, [LengthPart()], replace=True, options=SMALL)
    found = (summary.n_documents, summary.n_replaced_documents, summary.n_deleted_passages, summary.n_skipped_documents)
    assert found == (2, 1, 1, 8)
    snapshot = open_folder(path, verify="full")
    assert live(snapshot) == ids(DOCUMENTS)
    assert (len(snapshot), snapshot.generation.n_documents) == (len(ids(DOCUMENTS)), 10)
    again = add_to_folder(path, DOCUMENTS, [LengthPart()], options=SMALL)
    assert (again.n_documents, again.n_skipped_documents, again.generation) == (0, 10, summary.generation)


def test_replacing_and_giving_up_are_one_generation(tmp_path: Path) -> None:
    """The former passages of a replaced document go, also where the new one has fewer; others are given up with it."""
    path = build(tmp_path / "i")
    new = [document("d5", "only one"), document("new", "x")]
    summary = add_to_folder(path, new, [LengthPart()], replace=True, give_up=["d8", "unknown"], options=SMALL)
    assert (summary.generation, summary.n_documents, summary.n_deleted_passages) == (2, 2, 6)
    snapshot = open_folder(path, verify="full")
    assert live(snapshot) == (ids(DOCUMENTS) - ids([DOCUMENTS[5], DOCUMENTS[8]])) | {"d5#0", "new#0"}
    assert snapshot.passage("d5#0").text == "only one"
    assert snapshot.generation.n_documents == 10


def test_an_open_snapshot_keeps_what_is_deleted(tmp_path: Path) -> None:
    """A reader sees deletions when it opens the next generation."""
    path = build(tmp_path / "i")
    before = open_folder(path)
    delete_from_folder(path, documents=["d0"])
    assert before.passage("d0#0") == DOCUMENTS[0][0]
    assert len(before) == len(ids(DOCUMENTS))


def test_damaged_deletions_are_refused(tmp_path: Path) -> None:
    """Rows that do not rise, lie outside, or are of another number or type, name their file."""
    path = build(tmp_path / "i")
    delete_from_folder(path, passages=["d0#0", "d1#1"])
    (file,) = (path / "deletions").iterdir()
    for rows in ([2, 0], [0, 0], [0, 99], [0]):
        file.unlink()
        write_array(file, np.array(rows, dtype=np.uint32))
        with pytest.raises(IndexFolderError, match=f"{file}: (does not match|has |is not a list)"):
            open_folder(path, quick_limit_bytes=0)
    file.unlink()
    write_array(file, np.array([0, 2], dtype=np.int32))
    with pytest.raises(IndexFolderError, match=r"is not a list of 2 rows of a segment of 7 passages"):
        open_folder(path, quick_limit_bytes=0)
