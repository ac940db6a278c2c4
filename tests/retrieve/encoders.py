"""A tiny real encoder for tests: counts of letters as unit vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openqa.types import Array


@dataclass(frozen=True)
class LetterEncoder:
    """Counts each letter modulo the width; a text without letters gets the first axis."""

    dim: int = 16
    identity: str = "letters"

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions: (B, D) float32."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages: (N, D) float32."""
        counts = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(counts, texts, strict=True):
            row[0] = 0.01
            for letter in text:
                row[ord(letter) % self.dim] += 1
        counts /= np.linalg.norm(counts, axis=1, keepdims=True)
        return counts


@dataclass(frozen=True)
class BrokenEncoder(LetterEncoder):
    """Gives a wrong number or width of vectors, or a number that is none."""

    fault: str = "nan"

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """What the fault says."""
        vectors = super().encode_passages(texts)
        if self.fault == "nan":
            vectors[-1, -1] = np.nan
        if self.fault == "large":
            vectors[-1, -1] = 1e6
        return vectors[:, :-1] if self.fault == "narrow" else vectors[:-1] if self.fault == "few" else vectors
