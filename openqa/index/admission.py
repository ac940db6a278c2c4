"""Which documents of the input are new: the same id with the same passages is skipped, with others an error.

Ids of sealed segments are looked up in their mapped tables, a batch at a time, so that memory holds only the ids of
the segment being filled.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from openqa.errors import DataError
from openqa.index.store import PackedDocument, PassageStore, hash_ids


class Admission:
    """Decides document by document, in the order of the input; `n_skipped` counts those already in the index."""

    def __init__(self, path: Path, committed: Sequence[PassageStore]) -> None:
        """Starts with what is committed.

        Args:
            path: the index folder, for messages.
            committed: the stores of all committed segments.
        """
        self.n_skipped = 0
        self._path = path
        self._committed = committed
        self._sealed: list[PassageStore] = []
        self._open_documents: set[str] = set()
        self._open_passages: set[str] = set()

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
        for store in self._committed:
            for document in _maybe_held(store, batch):
                stored = store.document(document.id)
                if stored is None:
                    continue
                if stored.fingerprint != document.fingerprint:
                    raise DataError(
                        f'document "{document.id}" is already in index "{self._path}" with other content; '
                        f"give it another id, or build the index again"
                    )
                known.add(document.id)
        unknown = [document for document in batch if document.id not in known]
        self.n_skipped += len(batch) - len(unknown)
        for store in self._committed:
            passage_id = _held_passage(store, unknown)
            if passage_id:
                raise DataError(
                    f'passage "{passage_id}" is already in index "{self._path}", in another document; '
                    f"give it another id"
                )
        return unknown

    def _refuse_sealed(self, batch: Sequence[PackedDocument]) -> None:
        for store in self._sealed:
            for document in _maybe_held(store, batch):
                if store.document(document.id):
                    raise _twice("document", document.id)
            passage_id = _held_passage(store, batch)
            if passage_id:
                raise _twice("passage", passage_id)


def _maybe_held(store: PassageStore, batch: Sequence[PackedDocument]) -> list[PackedDocument]:
    hashes = hash_ids(document.id for document in batch)
    return [batch[n] for n in np.flatnonzero(store.may_hold_documents(hashes)).tolist()]


def _held_passage(store: PassageStore, batch: Sequence[PackedDocument]) -> str:
    ids = [passage_id for document in batch for passage_id in document.passage_ids]
    maybe = np.flatnonzero(store.may_hold_passages(hash_ids(ids))).tolist()
    return next((ids[n] for n in maybe if store.row(ids[n]) is not None), "")


def _twice(kind: str, name: str) -> DataError:
    return DataError(f'{kind} id "{name}" occurs twice in the input; every {kind} needs an id of its own')
