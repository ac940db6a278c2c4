"""The bundled static encoder: a text is the mean of its pieces' vectors, as a unit vector. No network, no torch."""

from collections.abc import Sequence

import numpy as np

from openqa.encode.table import STATIC_COLUMNS, EmbeddingTable
from openqa.encode.tokenizer import UNK, SharedTokenizer
from openqa.types import Array

TEXTS_AT_ONCE = 64  # whose rows are unpacked together: 10 MB, and faster than many more


class StaticEncoder:
    """Questions and passages of any language to unit vectors; the same function serves both."""

    def __init__(self, tokenizer: SharedTokenizer, table: EmbeddingTable, identity: str) -> None:
        self._tokenizer = tokenizer
        self._table = table.columns(0, STATIC_COLUMNS)
        self._identity = identity

    @property
    def identity(self) -> str:
        """Name and version."""
        return self._identity

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        return STATIC_COLUMNS

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions.

        Args:
            texts: B texts; one without any known piece gives a zero row.

        Returns:
            (B, D) float32.
        """
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages.

        Args:
            texts: N texts; one without any known piece gives a zero row.

        Returns:
            (N, D) float32.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        pieces = [ids[ids != UNK] for ids in self._tokenizer.ids(texts)]
        kept = [row for row, ids in enumerate(pieces) if len(ids)]
        for first in range(0, len(kept), TEXTS_AT_ONCE):
            some = kept[first : first + TEXTS_AT_ONCE]
            rows = self._table.rows(np.concatenate([pieces[row] for row in some]))
            starts = np.cumsum([0, *(len(pieces[row]) for row in some[:-1])])
            sums = np.add.reduceat(rows, starts, axis=0)
            vectors[some] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return vectors
