"""Several encoders as one: their vectors side by side, so that the inner product is the weighted mean of theirs.

A lookup of pieces and a transformer err in different places, and the first costs next to nothing beside the second.
"""

from collections.abc import Sequence

import numpy as np

from openqa.types import Array, Encoder


class JoinedEncoder:
    """Unit vectors of several encoders as one unit vector.

    Args:
        encoders: at least one.
        weights: the share of each in the inner product, positive.
        identity: name and version.
    """

    def __init__(self, encoders: Sequence[Encoder], weights: Sequence[float], identity: str) -> None:
        self._encoders = tuple(encoders)
        self._factors = np.sqrt(np.asarray(weights, np.float64) / sum(weights)).tolist()
        self._identity = identity

    @property
    def identity(self) -> str:
        """Name and version."""
        return self._identity

    @property
    def dim(self) -> int:
        """Width D of a vector: the sum of all."""
        return sum(encoder.dim for encoder in self._encoders)

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions.

        Args:
            texts: B texts.

        Returns:
            (B, D) float32; a row that is zero for an encoder is shorter than a unit.
        """
        return self._joined([encoder.encode_queries(texts) for encoder in self._encoders])

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages.

        Args:
            texts: N texts.

        Returns:
            (N, D) float32; a row that is zero for an encoder is shorter than a unit.
        """
        return self._joined([encoder.encode_passages(texts) for encoder in self._encoders])

    def _joined(self, vectors: Sequence[Array]) -> Array:
        parts = [part * np.float32(factor) for part, factor in zip(vectors, self._factors, strict=True)]
        return np.concatenate(parts, axis=1)
