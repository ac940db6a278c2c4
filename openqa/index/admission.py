"""Which documents of the input are new: the same id with the same passages is skipped, with others an error.

With `replace` the document in the index gives way instead. Ids of sealed segments are looked up in their mapped tables,
a batch at a time, so that memory holds only the ids of the segment being filled.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from openqa.errors import DataError
from openqa.index.folder import Segment
from openqa.index.store import PackedDocument, PassageStore, hash_ids


class Admission:
    """Decides document by document, in the order of the input.

    Attributes:
        n_skipped: documents that are in the index as they are.
        n_replaced: documents that replace another one.
        replaced: by segment, the rows that give way.
    """

    def __init__(self, path: Path, committed: Sequence[Segment], *, replace: bool = False) -> None:
        """Starts with what is committed.

        Args:
            path: the index folder, for messages.
            committed: all committed segments.
            replace: let documents of the index give way to those of the same id.
        """
        self.n_skipped = 0
        self.n_replaced = 0
        self.replaced: defaultdict[str, set[int]] = defaultdict(set)
        self._path = path
        self._replace = replace
        self._committed = committed
        self._sealed: list[PassageStore] = []
        self._open_documents: set[str] = set()
        self._open_passages: set[str] = set()

    def give_up(self, document_ids: Iterable[str]) -> None:
        """Deletes documents of the index, those that it does not have left out; before the first batch."""
        for document_id in document_ids:
            for segment in self._committed:
                self.replaced[segment.name].update(segment.document_rows(document_id))

    def admit(self, batch: Sequence[PackedDocument]) -> list[PackedDocument]:
        """The documents of a batch that are new; from now on their ids are taken.

        Raises:
            DataError: a document or passage id occurs twice in the input, or is in the index with other content.
        """
        unknown = self._skip_committed(batch)
        self._refuse_sealed(unknown)
        for document in unknown:
            if document.id in self._open_documents:
                raise _twice("document", document.id)
            self._open_documents.add(document.id)
            for passage_id in document.passage_ids:
                if passage_id in self._open_passages:
                    raise _twice("passage", passage_id)
                self._open_passages.add(passage_id)
        return unknown

    def sealed(self, store: PassageStore, waiting: Iterable[PackedDocument]) -> None:
        """Hands ids over to the tables of a segment that is now complete.

        Args:
            store: of the sealed segment.
            waiting: admitted documents that are not in it.
        """
        self._sealed.append(store)
        waiting = list(waiting)
        self._open_documents = {document.id for document in waiting}
        self._open_passages = {passage_id for document in waiting for passage_id in document.passage_ids}

    def _skip_committed(self, batch: Sequence[PackedDocument]) -> list[PackedDocument]:
        known: set[str] = set()
        for segment in self._committed:
            for document in _maybe_held(segment.store, batch):
                rows = [row for row in segment.document_rows(document.id) if row not in self.replaced[segment.name]]
                if not rows:
                    continue
                if segment.store.packed(rows).fingerprint == document.fingerprint:
                    known.add(document.id)
                elif self._replace:
                    self.replaced[segment.name].update(rows)
                    self.n_replaced += 1
                else:
                    raise DataError(
                        f'document "{document.id}" is already in index "{self._path}" with other content; '
                        f"give it another id, or replace the one in the index (--replace, replace=True)"
                    )
        unknown = [document for document in batch if document.id not in known]
        self.n_skipped += len(batch) - len(unknown)
        for segment in self._committed:
            passage_id = self._held_passage(segment, unknown)
            if passage_id:
                raise DataError(
                    f'passage "{passage_id}" is already in index "{self._path}", in another document; '
                    f"give it another id"
                )
        return unknown

    def _held_passage(self, segment: Segment, batch: Sequence[PackedDocument]) -> str:
        """The id of a passage of the batch that the segment has, and that does not give way; "" for none."""
        for passage_id in _maybe_held_passages(segment.store, batch):
            row = segment.row(passage_id)
            if row is not None and row not in self.replaced[segment.name]:
                return passage_id
        return ""

    def _refuse_sealed(self, batch: Sequence[PackedDocument]) -> None:
        for store in self._sealed:
            for document in _maybe_held(store, batch):
                if store.document(document.id):
                    raise _twice("document", document.id)
            for passage_id in _maybe_held_passages(store, batch):
                if store.row(passage_id) is not None:
                    raise _twice("passage", passage_id)


def _maybe_held(store: PassageStore, batch: Sequence[PackedDocument]) -> list[PackedDocument]:
    hashes = hash_ids(document.id for document in batch)
    return [batch[n] for n in np.flatnonzero(store.may_hold_documents(hashes)).tolist()]


def _maybe_held_passages(store: PassageStore, batch: Sequence[PackedDocument]) -> list[str]:
    ids = [passage_id for document in batch for passage_id in document.passage_ids]
    return [ids[n] for n in np.flatnonzero(store.may_hold_passages(hash_ids(ids))).tolist()]


def _twice(kind: str, name: str) -> DataError:
    return DataError(f'{kind} id "{name}" occurs twice in the input; every {kind} needs an id of its own')
