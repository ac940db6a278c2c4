"""Ranking by inner product of vectors, with any encoder: how a segment stores its vectors, and their exact search."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from openqa.durable import ArrayWriter, map_array, write_array, write_json
from openqa.errors import DataError, EncoderMismatch, IndexFolderError, ModelError
from openqa.files import read_json
from openqa.retrieve.rows import Rows, check_k, index_name, indexed_text
from openqa.retrieve.vectors import Vectors
from openqa.types import Array, Encoder, PartSource, Passage, Question, Ranking, SegmentView

PART = "dense"
FORMAT = 1
_VECTORS = "vectors.npy"
_ENCODER = "encoder.json"
_ROWS_AT_ONCE = 4096


class DensePart:
    """How dense stores its share of an index: one fp16 vector a passage, and the name of the encoder."""

    name = PART

    def __init__(self, encoder: Encoder) -> None:
        """Takes the encoder.

        Args:
            encoder: encodes title and text of every passage.
        """
        self._encoder = encoder

    def config(self) -> dict[str, Any]:
        """Format, encoder and width."""
        return {"format": FORMAT, "encoder": self._encoder.identity, "dim": self._encoder.dim}

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Encodes passages and writes their vectors.

        Args:
            folder: exists and is empty.
            passages: at least one, in the order of rows.

        Raises:
            ModelError: the encoder gives another number or width of vectors, or numbers that fp16 cannot hold.
        """
        vectors = self._encoder.encode_passages([indexed_text(passage) for passage in passages])
        needed = (len(passages), self._encoder.dim)
        if vectors.shape != needed:
            raise ModelError(
                f'encoder "{self._encoder.identity}" gave vectors of shape {vectors.shape} for {len(passages)} '
                f"passages, {needed} is needed; use an encoder that keeps to its own dim"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            halves = vectors.astype(np.float16)
        wrong = np.flatnonzero(~np.isfinite(halves).all(axis=1))
        if len(wrong):
            raise ModelError(
                f'encoder "{self._encoder.identity}" gave NaN or infinite numbers for passage '
                f'"{passages[wrong[0]].id}"; use another encoder, or leave that passage out'
            )
        write_array(folder / _VECTORS, halves)
        write_json(folder / _ENCODER, self.config())

    def combine(self, folder: Path, sources: Sequence[PartSource]) -> None:
        """Copies the vectors of the kept rows; encodes nothing.

        Args:
            folder: exists and is empty.
            sources: of the same config as this part.

        Raises:
            IndexFolderError: a source is damaged.
        """
        dim = self._encoder.dim
        with ArrayWriter(folder / _VECTORS, np.float16, (dim,)) as file:
            for source in sources:
                vectors = _map_vectors(source.folder, source.n_rows, dim)
                rows = np.arange(source.n_rows) if source.kept is None else source.kept
                for first in range(0, len(rows), _ROWS_AT_ONCE):
                    file.append(vectors[rows[first : first + _ROWS_AT_ONCE]])
        write_json(folder / _ENCODER, self.config())


class DenseRetriever:
    """Ranks the passages of some segments by the inner product of their vectors with the question's."""

    def __init__(self, segments: Sequence[SegmentView], encoder: Encoder) -> None:
        """Maps the segments' vectors.

        Args:
            segments: in the order of the index.
            encoder: the one with which the index was built.

        Raises:
            EncoderMismatch: it was another one.
            IndexFolderError: a file is missing or damaged.
        """
        self.rows = Rows(segments)
        self._encoder = encoder
        self._built = [(index_name(segment, PART), *_read_config(segment)) for segment in segments]
        for built in self._built:
            _check_encoder(encoder.identity, encoder.dim, built)
        arrays = [_map_vectors(segment.part_path(PART), len(segment), encoder.dim) for segment in segments]
        self._vectors = Vectors(arrays, encoder.dim, self.rows.deleted)

    def encode(self, questions: Sequence[Question]) -> Array:
        """The questions' vectors: (B, D) float32.

        Args:
            questions: any number.

        Raises:
            EncoderMismatch: the vectors are not as wide as those of the index.
            ModelError: a vector holds NaN or an infinite number.
        """
        if not questions:
            return np.empty((0, self._encoder.dim), np.float32)
        vectors = np.ascontiguousarray(self._encoder.encode_queries([q.text for q in questions]), np.float32)
        for built in self._built[:1]:
            _check_encoder(self._encoder.identity, vectors.shape[-1], built)
        if vectors.shape != (len(questions), self._encoder.dim):
            raise ModelError(
                f'encoder "{self._encoder.identity}" gave vectors of shape {vectors.shape} for {len(questions)} '
                f"questions, {(len(questions), self._encoder.dim)} is needed; use an encoder that keeps to its own dim"
            )
        wrong = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(wrong):
            raise ModelError(
                f'encoder "{self._encoder.identity}" gave NaN or infinite numbers for question '
                f'"{questions[wrong[0]].id}"; use another encoder, or leave that question out'
            )
        return vectors

    def search(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        """The k best passages for each question; equal scores in the order of passage ids.

        Args:
            questions: any number.
            k: hits kept, at least 1.

        Raises:
            ValueError: k is below 1.
            EncoderMismatch: the encoder's vectors are not as wide as those of the index.
            ModelError: a vector holds NaN or an infinite number.
        """
        check_k(k)
        return [self.rows.ranking(*found, k) for found in self.top_rows(self.encode(questions), k)]

    def top_rows(self, queries: Array, k: int) -> list[tuple[Array, Array]]:
        """The global rows of the k best scores of each query, with all that tie with the last of them.

        Args:
            queries: (B, D) float32 of `encode`.
            k: at least 1.

        Returns:
            For each query (m,) int64 rows, rising, and (m,) float64 scores; m may exceed k by ties.

        Raises:
            ValueError: k is below 1.
        """
        check_k(k)
        return self._vectors.top_rows(queries, k)

    def scores_at(self, queries: Array, rows: Sequence[Array]) -> list[Array]:
        """The scores of given passages.

        Args:
            queries: (B, D) float32 of `encode`.
            rows: for each query (m,) int64 global rows, rising.

        Returns:
            For each query (m,) float64 scores.
        """
        return [self._vectors.products(query, wanted) for query, wanted in zip(queries, rows, strict=True)]


def _read_config(segment: SegmentView) -> tuple[str, int]:
    path = segment.part_path(PART) / _ENCODER
    try:
        content = read_json(path)
        found = content["format"]
        if found == FORMAT:
            return str(content["encoder"]), int(content["dim"])
    except (DataError, TypeError, KeyError, ValueError) as error:
        raise IndexFolderError(f"{path}: is damaged ({error}); restore a copy or build the index again") from error
    raise IndexFolderError(
        f"{path}: is of format {found}, this version reads {FORMAT}; install a newer openqa, or build again"
    )


def _check_encoder(identity: str, dim: int, built: tuple[str, str, int]) -> None:
    index, built_identity, built_dim = built
    advice = "encode with that, or write the vectors anew: openqa parts INDEX rebuild dense"
    if dim != built_dim:
        raise EncoderMismatch(
            f'queries have dimension {dim}, index "{index}" has {built_dim}; '
            f'it was built with "{built_identity}"; {advice}'
        )
    if identity != built_identity:
        raise EncoderMismatch(
            f'queries are encoded by "{identity}", index "{index}" was built with "{built_identity}"; {advice}'
        )


def _map_vectors(folder: Path, n_rows: int, dim: int) -> Array:
    path = folder / _VECTORS
    vectors = map_array(path)
    if vectors.shape != (n_rows, dim) or vectors.dtype != np.float16:
        raise IndexFolderError(
            f"{path}: holds {vectors.dtype} {vectors.shape}, float16 {(n_rows, dim)} is needed; "
            f"the file is damaged, restore it from a copy or build the index again"
        )
    return vectors
