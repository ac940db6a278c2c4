"""The bundled contextual encoder: a small transformer over the shared table; a text is the mean of its token vectors.

One pass gives both: the vector of a text, and a vector for each of its tokens. The same graph encodes questions and
passages. What is longer than the window is cut there: a passage of 100 words is not.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from openqa.encode.batching import batch_rows, pad_rows
from openqa.encode.session import Session
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import CLS, PAD, SEP, UNK, SharedTokenizer, plain_ids
from openqa.errors import ModelError
from openqa.types import Array

BATCH_TOKENS = 4096  # padding included
WINDOW_TOKENS = 256  # longest text, [CLS] and [SEP] counted
OUTPUTS = ("vector", "tokens")


class ContextualEncoder:
    """Questions and passages of any language to unit vectors.

    Args:
        session: an ONNX body with inputs `embeddings` (B, L, D) float32 and `is_token` (B, L) int64, and outputs
            `vector` (B, D) and `tokens` (B, L, D) float32.
        tokenizer: gives piece ids.
        table: the embedding rows of the tokenizer's pieces, D columns.
        identity: name and version.
    """

    def __init__(self, session: Session, tokenizer: SharedTokenizer, table: EmbeddingTable, identity: str) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._table = table
        self._identity = identity

    @property
    def identity(self) -> str:
        """Name and version."""
        return self._identity

    @property
    def dim(self) -> int:
        """Width D of a vector."""
        return self._table.dim

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions.

        Args:
            texts: B texts; one without any known piece gives a zero row.

        Returns:
            (B, D) float32.

        Raises:
            ModelError: the body fails, or gives numbers that are not finite.
        """
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Array:
        """Unit rows for passages; a text gives the same alone and in any batch, to 1e-4.

        Args:
            texts: N texts; one without any known piece gives a zero row.

        Returns:
            (N, D) float32.

        Raises:
            ModelError: the body fails, or gives numbers that are not finite.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for rows, _, found in self._encoded(texts, OUTPUTS[0]):
            vectors[rows] = found
        return vectors

    def encode_tokens(self, texts: Sequence[str]) -> list[Array]:
        """The vectors of each text's tokens, without [CLS] and [SEP].

        Args:
            texts: N texts.

        Returns:
            N matrices, (t, D) float32 each; a text without any known piece has no row.

        Raises:
            ModelError: the body fails, or gives numbers that are not finite.
        """
        matrices = [np.zeros((0, self.dim), dtype=np.float32) for _ in texts]
        for rows, lengths, found in self._encoded(texts, OUTPUTS[1]):
            for row, length, matrix in zip(rows, lengths, found, strict=True):
                matrices[row] = matrix[1 : length - 1].copy()
        return matrices

    def _encoded(self, texts: Sequence[str], output: str) -> Iterator[tuple[list[int], list[int], Array]]:
        """Yields an output batch by batch, with the numbers of its texts and their lengths in tokens."""
        pieces = [_window(ids) for ids in self._tokenizer.ids(texts)]
        kept = [row for row, ids in enumerate(pieces) if len(ids)]
        for batch in batch_rows([len(pieces[row]) for row in kept], BATCH_TOKENS):
            rows = [kept[place] for place in batch]
            ids, is_token = pad_rows([pieces[row] for row in rows], PAD)
            feed = {"embeddings": self._table.rows(ids), "is_token": is_token}
            try:
                found = np.asarray(self._session.run([output], feed)[0])
            except Exception as error:  # onnxruntime has no exception of its own to name
                raise ModelError(f'encoder "{self._identity}" failed on {len(rows)} texts: {error}') from error
            if not np.isfinite(found[is_token == 1] if found.ndim > 2 else found).all():
                raise ModelError(
                    f'encoder "{self._identity}" gave numbers that are not finite; its weights are damaged'
                )
            yield rows, is_token.sum(axis=1).tolist(), found


def _window(ids: Array) -> Array:
    """[CLS] pieces [SEP], cut to the window; nothing where no piece is known."""
    plain = plain_ids(ids)
    if not (plain != UNK).any():
        return plain[:0]
    return np.concatenate([[CLS], plain[: WINDOW_TOKENS - 2], [SEP]])
