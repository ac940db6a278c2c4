"""Tests of openqa/index/store.py: rows, ids and documents are found again, and damage is named."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from openqa.durable import map_array, write_array
from openqa.errors import DataError, IndexFolderError
from openqa.index.store import ID_TABLE_FILE, PassageStore, PassageStoreWriter, hash_ids, pack_document
from openqa.types import Passage
from tests.fakes import document

ODD_IDS = ["a b", "ключ", "ก็", "a\tb\nc", '"quoted"', "e\u0301", "\u00e9", "🙂", "..", "x" * 3000, "\u2028", "0"]


def store_of(folder: Path, documents: Sequence[Sequence[Passage]]) -> PassageStore:
    """The store of some documents, written and opened."""
    folder.mkdir()
    writer = PassageStoreWriter(folder)
    for passages in documents:
        writer.add(pack_document(passages))
    writer.finish()
    return PassageStore(folder)


@pytest.mark.parametrize("n", [1, 2, 1000])
def test_round_trip(tmp_path: Path, n: int) -> None:
    """Every passage comes back equal, by row and by id, and so do documents and ids."""
    documents = [document(f"d{i}", *("text " * j for j in range(1 + i % 3))) for i in range(n)]
    passages = [passage for each in documents for passage in each]
    store = store_of(tmp_path / "s", documents)
    assert len(store) == len(passages)
    assert store.n_documents == n
    assert store.passages(range(len(store))) == passages
    assert store.ids(np.arange(len(store))) == [passage.id for passage in passages]
    assert [store.row(passage.id) for passage in passages] == list(range(len(passages)))
    for each in documents:
        stored = store.document(each[0].document_id)
        assert stored is not None
        assert store.passages(stored.rows) == each
        assert stored.fingerprint == pack_document(each).fingerprint
    assert store.row("no") is None
    assert store.document("no") is None
    assert store.row("\ud800") is None


def test_all_fields_are_kept(tmp_path: Path) -> None:
    """Title, language, offset, address and metadata come back, whatever characters they hold."""
    passage = Passage("1", "d", "\u202b نص\u202c\n\x00", "t\u2028", "zh-Hant", 7, "http://x/?a=b", {"b": "2", "a": "ü"})
    store = store_of(tmp_path / "s", [[passage]])
    assert store.passage(0) == passage
    assert (tmp_path / "s" / "passages.jsonl").read_bytes().count(b"\n") == 1


def test_odd_ids_are_found(tmp_path: Path) -> None:
    """Ids are bytes of their own: spaces, line ends, any script, composed and decomposed letters apart."""
    store = store_of(tmp_path / "s", [[Passage(name, name, "")] for name in ODD_IDS])
    assert store.ids(np.arange(len(ODD_IDS))) == ODD_IDS
    for row, name in enumerate(ODD_IDS):
        assert store.row(name) == row
        found = store.document(name)
        assert found is not None
        assert found.rows == range(row, row + 1)


def test_equal_hashes_are_told_apart(tmp_path: Path) -> None:
    """Where the hashes of ids collide, the ids themselves decide."""
    store_of(tmp_path / "s", [document("d", "a", "b", "c")])
    table = np.array(map_array(tmp_path / "s" / ID_TABLE_FILE))
    wanted = hash_ids(["d#2"])[0]
    table[0], table[1] = wanted, [0, 1, 2]
    write_array(tmp_path / "s" / ID_TABLE_FILE, table)
    store = PassageStore(tmp_path / "s")
    assert store.row("d#2") == 2
    assert store.row("d#0") is None


def test_rows_outside_are_refused(tmp_path: Path) -> None:
    """No row below 0 or past the end gives a passage: -1 is not the last one."""
    store = store_of(tmp_path / "s", [document("d", "a", "b")])
    for row in (-1, 2):
        with pytest.raises(IndexError, match=f"row {row} is outside a segment of 2 passages"):
            store.passage(row)
        with pytest.raises(IndexError, match=f"row {row} is outside a segment of 2 passages"):
            store.ids(np.array([row]))
    assert store.ids(np.array([], dtype=np.int64)) == []


def test_fingerprint_covers_every_field() -> None:
    """A change of any field of any passage changes the document's fingerprint; metadata order does not."""
    first = Passage("1", "d", "x", metadata={"a": "1", "b": "2"})
    changed = [
        Passage("2", "d", "x", metadata={"a": "1", "b": "2"}),
        Passage("1", "d", "y", metadata={"a": "1", "b": "2"}),
        Passage("1", "d", "x", metadata={"a": "1", "b": "3"}),
        Passage("1", "d", "x", start=1, metadata={"a": "1", "b": "2"}),
        Passage("1", "d", "x", lang="en", metadata={"a": "1", "b": "2"}),
    ]
    fingerprints = {pack_document([passage]).fingerprint for passage in (first, *changed)}
    assert len(fingerprints) == 6
    turned = Passage("1", "d", "x", metadata={"b": "2", "a": "1"})
    assert pack_document([turned]) == pack_document([first])


def test_what_cannot_be_stored_is_refused() -> None:
    """Half characters, empty ids, mixed documents and wrong types are named."""
    with pytest.raises(DataError) as caught:
        pack_document([Passage("p", "d", "a\ud800b")])
    assert str(caught.value) == (
        "passage 'p': U+D800 is half a character and cannot be written as UTF-8; repair the text"
    )
    with pytest.raises(DataError) as caught:
        pack_document([Passage("", "d", "a")])
    assert str(caught.value) == 'a passage of document "d" has an empty id; every passage and document needs one'
    with pytest.raises(ValueError, match='passages of one document are needed, got those of "d" and "e"'):
        pack_document([Passage("1", "d", "a"), Passage("2", "e", "a")])
    with pytest.raises(ValueError, match="a document without passages cannot be stored; leave it out"):
        pack_document([])
    with pytest.raises(TypeError, match="passage '1': text fields and metadata are str, start is int"):
        pack_document([Passage("1", "d", "a", metadata={"page": 3})])  # type: ignore[dict-item]


def test_damaged_line_is_named(tmp_path: Path) -> None:
    """A line that is no passage gives an error with file and line, not a crash."""
    for n, line in enumerate(
        [b'{"id": 1}', b"[]", b"\xff", b"[" * 50_000, b'{"id":"a","document_id":"b","text":3}', b""]
    ):
        folder = tmp_path / str(n)
        store_of(folder, [document("d", "x" * len(line))])
        size_bytes = (folder / "passages.jsonl").stat().st_size
        (folder / "passages.jsonl").write_bytes(line.ljust(size_bytes))
        with pytest.raises(IndexFolderError) as caught:
            PassageStore(folder).passage(0)
        assert str(caught.value) == (
            f"{folder}/passages.jsonl: line 1 is not a passage; the file is damaged; restore it from a copy or "
            f"build the index again"
        )


def test_tables_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """A table of another dtype, width or length is named at opening."""
    store_of(tmp_path / "s", [document("d", "a", "b")])
    write_array(tmp_path / "s" / "offsets.npy", np.zeros((2, 2), np.uint64))
    with pytest.raises(IndexFolderError, match=r"offsets\.npy: it has 2 rows, 3 are needed; the file is damaged"):
        PassageStore(tmp_path / "s")
    write_array(tmp_path / "s" / "offsets.npy", np.zeros((3, 2), np.int64))
    with pytest.raises(IndexFolderError, match=r"offsets\.npy: it is a \(3, 2\) array of int64; the file is damaged"):
        PassageStore(tmp_path / "s")


def test_hashes_never_change() -> None:
    """The hash of an id is written into every index: BLAKE2b, 8 bytes, little endian."""
    assert hash_ids(["a", "ü"]).tolist() == [0x2F42665B399EF840, 0x372F39C1F59DF155]
