"""The passage store of a segment: texts as JSON Lines, and tables that find a passage by row, id or document.

    passages.jsonl  one passage a line, fields at their default left out; readable with head
    offsets.npy     (N + 1, 2) uint64: where row n begins in passages.jsonl, and where its id begins in ids
    ids             the passage ids, UTF-8, one after the other
    ids.npy         (2, N) uint64: the ids' 64-bit hashes in rising order, and their rows
    documents.npy   (5, documents) uint64: the document ids' hashes in rising order, first row, end row, fingerprint

The rows of a document follow one another. All files are memory-mapped; a look-up is a binary search in the map.
"""

import hashlib
import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openqa.durable import DurableWriter, map_array, map_bytes, write_array
from openqa.errors import DataError, IndexFolderError
from openqa.types import Array, Passage

PASSAGES_FILE = "passages.jsonl"
OFFSETS_FILE = "offsets.npy"
IDS_FILE = "ids"
ID_TABLE_FILE = "ids.npy"
DOCUMENTS_FILE = "documents.npy"
_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)
_OPTIONAL = {"title": "", "lang": "und", "start": 0, "url": "", "metadata": {}}


@dataclass(frozen=True, slots=True)
class PackedDocument:
    """A document as the store keeps it: the line of each passage, and a fingerprint over all of them."""

    id: str
    passage_ids: tuple[str, ...]
    lines: tuple[bytes, ...]
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """Where a document stands in a segment; equal fingerprints mean equal passages."""

    rows: range
    fingerprint: bytes


def pack_document(passages: Sequence[Passage]) -> PackedDocument:
    """Turns all passages of one document into stored form.

    Args:
        passages: at least one, of one document, in order.

    Raises:
        ValueError: there is none, or they are of several documents.
        TypeError: a field is not of its declared type.
        DataError: an id is empty, or a text cannot be written as UTF-8.
    """
    if not passages:
        raise ValueError("a document without passages cannot be stored; leave it out")
    document_id = passages[0].document_id
    for passage in passages:
        if passage.document_id != document_id:
            raise ValueError(
                f'passages of one document are needed, got those of "{document_id}" and "{passage.document_id}"'
            )
        if not passage.id or not document_id:
            raise DataError(
                f'a passage of document "{document_id}" has an empty id; every passage and document needs one'
            )
    lines = tuple(_line(passage) for passage in passages)
    return PackedDocument(document_id, tuple(passage.id for passage in passages), lines, _fingerprint(lines))


def hash_ids(ids: Iterable[str]) -> Array:
    """64-bit hashes of ids: (n,) uint64, the same everywhere and forever."""
    hashes = (hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest() for name in ids)
    return np.frombuffer(b"".join(hashes), dtype="<u8")


class PassageStoreWriter:
    """Writes the store of one segment, document by document; about 50 bytes a passage stay in memory."""

    def __init__(self, folder: Path) -> None:
        """Opens the files.

        Args:
            folder: exists and is empty.
        """
        self._folder = folder
        self._passages = DurableWriter(folder / PASSAGES_FILE)
        self._ids = DurableWriter(folder / IDS_FILE)
        self._offsets = array("Q", (0, 0))
        self._id_hashes = array("Q")
        self._documents = array("Q")
        self._content = hashlib.sha256()

    @property
    def n_passages(self) -> int:
        """Passages taken so far."""
        return len(self._id_hashes)

    @property
    def n_documents(self) -> int:
        """Documents taken so far."""
        return len(self._documents) // 5

    @property
    def content_digest(self) -> str:
        """Hash of all documents taken so far, in their order."""
        return self._content.hexdigest()

    def add(self, document: PackedDocument) -> None:
        """Appends a document; that its ids are new is the caller's to know."""
        first_row = self.n_passages
        ids = [passage_id.encode("utf-8") for passage_id in document.passage_ids]
        line_end, id_end = self._passages.size_bytes, self._ids.size_bytes
        for line, passage_id in zip(document.lines, ids, strict=True):
            line_end += len(line)
            id_end += len(passage_id)
            self._offsets.extend((line_end, id_end))
        self._passages.write(b"".join(document.lines))
        self._ids.write(b"".join(ids))
        self._id_hashes.extend(hash_ids(document.passage_ids).tolist())
        self._documents.extend(hash_ids([document.id]).tolist())
        self._documents.extend((first_row, self.n_passages))
        self._documents.extend(np.frombuffer(document.fingerprint, dtype="<u8").tolist())
        self._content.update(document.fingerprint)

    def finish(self) -> None:
        """Writes the tables; the store is complete and on the disk when this returns."""
        self._passages.close()
        self._ids.close()
        write_array(self._folder / OFFSETS_FILE, np.array(self._offsets, dtype=np.uint64).reshape(-1, 2))
        hashes = np.array(self._id_hashes, dtype=np.uint64)
        order = np.argsort(hashes, kind="stable")
        write_array(self._folder / ID_TABLE_FILE, np.stack([hashes[order], order.astype(np.uint64)]))
        documents = np.array(self._documents, dtype=np.uint64).reshape(-1, 5)
        order = np.argsort(documents[:, 0], kind="stable")
        write_array(self._folder / DOCUMENTS_FILE, np.ascontiguousarray(documents[order].T))


class PassageStore:
    """The passages of one segment, read through memory maps."""

    def __init__(self, folder: Path) -> None:
        """Maps the files.

        Args:
            folder: where a PassageStoreWriter has finished.

        Raises:
            IndexFolderError: a file is missing, or the tables do not fit one another.
        """
        self.folder = folder
        self._passages = map_bytes(folder / PASSAGES_FILE)
        self._ids = map_bytes(folder / IDS_FILE)
        self._offsets = _table(folder / OFFSETS_FILE, axis=1, width=2)
        self._id_table = _table(folder / ID_TABLE_FILE, axis=0, width=2)
        self._documents = _table(folder / DOCUMENTS_FILE, axis=0, width=5)
        if len(self._offsets) != self._id_table.shape[1] + 1:
            raise _damaged(folder / OFFSETS_FILE, f"it has {len(self._offsets)} rows, {len(self) + 1} are needed")

    def __len__(self) -> int:
        return int(self._id_table.shape[1])

    @property
    def n_documents(self) -> int:
        """Number of documents."""
        return int(self._documents.shape[1])

    def passage(self, row: int) -> Passage:
        """The passage of a row.

        Raises:
            IndexError: the row is not within 0 and N - 1.
            IndexFolderError: the line is damaged.
        """
        return self.passages([row])[0]

    def passages(self, rows: Sequence[int] | Array) -> list[Passage]:
        """The passages of several rows, in the order asked for.

        Raises:
            IndexError: a row is not within 0 and N - 1.
            IndexFolderError: a line is damaged.
        """
        path = self.folder / PASSAGES_FILE
        bounds = self._bounds(rows, 0)
        return [_passage(self._passages[start:end], path, row) for row, start, end in bounds]

    def ids(self, rows: Array) -> list[str]:
        """The passage ids of rows.

        Args:
            rows: (n,) integers within 0 and N - 1.

        Raises:
            IndexError: a row is outside.
            IndexFolderError: an id is damaged.
        """
        try:
            return [str(self._ids[start:end], "utf-8") for _, start, end in self._bounds(rows, 1)]
        except UnicodeDecodeError as error:
            raise _damaged(self.folder / IDS_FILE, "an id is not UTF-8") from error

    def row(self, passage_id: str) -> int | None:
        """The row of a passage id, or None where the segment has no such passage."""
        name = passage_id.encode("utf-8", "surrogatepass")
        for position in _positions(self._id_table[0], passage_id):
            row = int(self._id_table[1, position])
            if row >= len(self):
                raise _damaged(self.folder / ID_TABLE_FILE, f"it names row {row} of {len(self)}")
            start, end = self._offsets[row : row + 2, 1].tolist()
            if self._ids[start:end] == name:
                return row
        return None

    def document(self, document_id: str) -> StoredDocument | None:
        """Where a document stands, or None where the segment has no such document."""
        for position in _positions(self._documents[0], document_id):
            _, first, end, *_ = self._documents[:, position].tolist()
            if not first < end <= len(self):
                raise _damaged(self.folder / DOCUMENTS_FILE, f"it names rows {first} to {end} of {len(self)}")
            if self.passage(first).document_id == document_id:
                fingerprint = self._documents[3:, position].astype("<u8").tobytes()
                return StoredDocument(range(first, end), fingerprint)
        return None

    def documents(self) -> list[StoredDocument]:
        """All documents in the order of their rows.

        Raises:
            IndexFolderError: the table of documents is damaged.
        """
        order = np.argsort(self._documents[1], kind="stable")
        firsts, ends = self._documents[1, order], self._documents[2, order]
        if not np.array_equal(np.append(firsts, len(self)), np.append(0, ends)):
            raise _damaged(self.folder / DOCUMENTS_FILE, "its documents do not follow one another")
        fingerprints = np.ascontiguousarray(self._documents[3:, order].T.astype("<u8"))
        bounds = zip(firsts.tolist(), ends.tolist(), fingerprints, strict=True)
        return [StoredDocument(range(first, end), fingerprint.tobytes()) for first, end, fingerprint in bounds]

    def packed(self, rows: Sequence[int]) -> PackedDocument:
        """Rows of one document as a document of its own, to be stored in another segment.

        Args:
            rows: at least one, rising.

        Raises:
            IndexFolderError: a line is damaged.
        """
        lines = tuple(bytes(self._passages[start:end]) for _, start, end in self._bounds(rows, 0))
        document_id = self.passage(rows[0]).document_id
        return PackedDocument(document_id, tuple(self.ids(np.asarray(rows))), lines, _fingerprint(lines))

    def may_hold_passages(self, hashes: Array) -> Array:
        """Which of the ids may be here: (n,) bool; False is certain.

        Args:
            hashes: (n,) uint64 from `hash_ids`.
        """
        return _occur(self._id_table[0], hashes)

    def may_hold_documents(self, hashes: Array) -> Array:
        """Which of the documents may be here: (n,) bool; False is certain.

        Args:
            hashes: (n,) uint64 from `hash_ids`.
        """
        return _occur(self._documents[0], hashes)

    def _bounds(self, rows: Sequence[int] | Array, column: int) -> Iterable[tuple[int, int, int]]:
        wanted = np.asarray(rows, dtype=np.int64)
        outside = (wanted < 0) | (wanted >= len(self))
        if outside.any():
            raise IndexError(f"row {wanted[outside][0]} is outside a segment of {len(self)} passages")
        ends = self._offsets[wanted + 1, column].tolist()
        return zip(wanted.tolist(), self._offsets[wanted, column].tolist(), ends, strict=True)


def _fingerprint(lines: Sequence[bytes]) -> bytes:
    return hashlib.blake2b(b"".join(lines), digest_size=16).digest()


def _line(passage: Passage) -> bytes:
    if not _has_stored_types(passage):
        raise TypeError(f"passage {passage.id!a}: text fields and metadata are str, start is int; got {passage!a:.200}")
    record: dict[str, Any] = {"id": passage.id, "document_id": passage.document_id, "text": passage.text}
    for name, default in _OPTIONAL.items():
        value = getattr(passage, name)
        if value != default:
            record[name] = dict(sorted(value.items())) if isinstance(value, Mapping) else value
    try:
        return _ENCODER.encode(record).encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        raise DataError(
            f"passage {passage.id!a}: U+{ord(error.object[error.start]):04X} is half a character and cannot be "
            f"written as UTF-8; repair the text"
        ) from error


def _passage(line: memoryview, path: Path, row: int) -> Passage:
    try:
        record = json.loads(bytes(line))
        passage = Passage(**record)
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged(path, f"line {row + 1} is not a passage") from error
    if not _has_stored_types(passage):
        raise _damaged(path, f"line {row + 1} is not a passage")
    return passage


def _has_stored_types(passage: Passage) -> bool:
    strings = (passage.id, passage.document_id, passage.text, passage.title, passage.lang, passage.url)
    if set(map(type, strings)) != {str} or type(passage.start) is not int:
        return False
    if not isinstance(passage.metadata, Mapping):
        return False
    return not passage.metadata or all(type(value) is str for pair in passage.metadata.items() for value in pair)


def _table(path: Path, axis: int, width: int) -> Array:
    table = map_array(path)
    if table.dtype != np.dtype("<u8") or table.ndim != 2 or table.shape[axis] != width or not table.size:
        raise _damaged(path, f"it is a {table.shape} array of {table.dtype}")
    return table


def _positions(hashes: Array, name: str) -> range:
    try:
        wanted = hash_ids([name])[0]
    except UnicodeEncodeError:
        return range(0)
    return range(*(int(np.searchsorted(hashes, wanted, side)) for side in ("left", "right")))


def _occur(table: Array, hashes: Array) -> Array:
    positions = np.minimum(np.searchsorted(table, hashes), len(table) - 1)
    return np.equal(table[positions], hashes)


def _damaged(path: Path, found: str) -> IndexFolderError:
    return IndexFolderError(f"{path}: {found}; the file is damaged; restore it from a copy or build the index again")
