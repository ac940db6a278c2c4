"""The bundled static encoder: a text is the mean of its pieces' vectors, as a unit vector. No network, no torch."""

from collections.abc import Sequence

import numpy as np

from openqa.encode.table import STATIC_COLUMNS, EmbeddingTable
from openqa.encode.tokenizer import UNK, SharedTokenizer
from openqa.types import Array


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
        if not kept:
            return vectors
        rows = self._table.rows(np.concatenate([pieces[row] for row in kept]))
        starts = np.cumsum([0, *(len(pieces[row]) for row in kept[:-1])])
        sums = np.add.reduceat(rows, starts, axis=0)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        vectors[kept] = sums / np.maximum(norms, 1e-12)
        return vectors
