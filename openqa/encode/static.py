"""The bundled static encoder: a text is the weighted sum of its pieces' vectors, projected, as a unit vector.

No network, no torch. Weights and projection turn the table that the other models read too into a space where the sum
tells of the meaning.
"""

from collections.abc import Sequence

import numpy as np

from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import UNK, SharedTokenizer, plain_ids
from openqa.errors import ModelError
from openqa.types import Array

TEXTS_AT_ONCE = 64  # whose rows are unpacked together: 20 MB at most, and faster than many more


class StaticEncoder:
    """Questions and passages of any language to unit vectors; the same function serves both.

    Args:
        tokenizer: gives piece ids.
        table: the embedding rows of the tokenizer's pieces, C columns.
        weights: (V,) one a piece.
        projection: (C, D).
        identity: name and version.

    Raises:
        ModelError: weights or projection do not fit the table.
    """

    def __init__(
        self, tokenizer: SharedTokenizer, table: EmbeddingTable, weights: Array, projection: Array, identity: str
    ) -> None:
        if weights.shape != (len(table),) or projection.ndim != 2 or len(projection) != table.dim:
            raise ModelError(
                f"the static encoder's weights {weights.shape} and projection {projection.shape} do not fit a table of "
                f"{len(table)} rows and {table.dim} columns; install openqa again"
            )
        self._tokenizer = tokenizer
        self._table = table
        self._weights = weights
        self._projection = projection.astype(np.float32)
        self._identity = identity

    @property
    def identity(self) -> str:
        """Name and version."""
        return self._identity

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        width: int = self._projection.shape[1]
        return width

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
        pieces = [ids[plain_ids(ids) != UNK] for ids in self._tokenizer.ids(texts)]
        kept = [row for row, ids in enumerate(pieces) if len(ids)]
        for first in range(0, len(kept), TEXTS_AT_ONCE):
            some = kept[first : first + TEXTS_AT_ONCE]
            ids = np.concatenate([pieces[row] for row in some])
            rows = self._table.rows(ids) * self._weights[ids, None].astype(np.float32)
            starts = np.cumsum([0, *(len(pieces[row]) for row in some[:-1])])
            sums = np.add.reduceat(rows, starts, axis=0) @ self._projection
            vectors[some] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)
        return vectors
