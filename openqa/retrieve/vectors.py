"""Exact search by inner product over fp16 vectors on disk.

Blocks of the memory map are widened to fp32 and multiplied with all questions at once; what stays within rounding of
the k-th best is scored again in float64, row by row, so that a score depends neither on the batch nor on the block
and equal vectors have equal scores. Approximate structures, the only use of FAISS, will stand here.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from openqa.retrieve.compiled import compiled
from openqa.retrieve.rows import at_least_kth
from openqa.types import Array

BLOCK_ROWS = 1024  # with 384 dimensions 1.5 MB of fp32, about what the second cache holds; not tuned
QUESTIONS_AT_ONCE = 512
COMPILED_NUMBERS = 10_000_000  # fewer are widened by numpy in less time than numba takes to load, roughly; not tuned
ROUNDING = 1e-5  # of a question's length: more than fp32 sums of unit rows differ from exact ones


class Vectors:
    """The vectors of several segments, one below the other."""

    def __init__(self, arrays: Sequence[Array], dim: int, deleted: Array | None = None) -> None:
        """Takes the arrays as they are.

        Args:
            arrays: of each segment (N, D) float16, finite; memory maps stay on disk.
            dim: D.
            deleted: (d,) int64 rows through all segments, rising, that are never found.
        """
        self._arrays = tuple(arrays)
        self._dim = dim
        self._starts = np.cumsum([0, *(len(array) for array in arrays)])
        self._deleted = np.empty(0, np.int64) if deleted is None else deleted
        self._is_large = int(self._starts[-1]) * dim > COMPILED_NUMBERS

    def __len__(self) -> int:
        return int(self._starts[-1])

    def top_rows(self, queries: Array, k: int) -> list[tuple[Array, Array]]:
        """The rows of the k highest products with each query, with all that tie with the last of them.

        Args:
            queries: (B, D) float32, finite.
            k: at least 1.

        Returns:
            For each query (m,) int64 rows, rising, and (m,) float64 products; m may exceed k by ties.
        """
        found: list[tuple[Array, Array]] = []
        for first in range(0, len(queries), QUESTIONS_AT_ONCE):
            some = queries[first : first + QUESTIONS_AT_ONCE]
            for query, rows in zip(some, self._candidates(some, k), strict=True):
                scores = self.products(query, rows)
                kept = at_least_kth(scores, k)
                found.append((rows[kept], scores[kept]))
        return found

    def products(self, query: Array, rows: Array) -> Array:
        """The exact products of one query with given rows.

        Args:
            query: (D,) float32.
            rows: (m,) int64, rising.

        Returns:
            (m,) float64.
        """
        products = np.empty(len(rows))
        wide = query.astype(np.float64)
        for start, array in zip(self._starts, self._arrays, strict=False):
            first, end = np.searchsorted(rows, (start, start + len(array)))
            for at in range(first, end, BLOCK_ROWS):
                some = slice(at, min(at + BLOCK_ROWS, end))
                products[some] = (array[rows[some] - start].astype(np.float64) * wide).sum(axis=1)
        return products

    def _candidates(self, queries: Array, k: int) -> list[Array]:
        best = _Candidates(queries, k)
        for start, block in self._blocks():
            products = queries @ block.T
            first, end = np.searchsorted(self._deleted, (start, start + len(block)))
            if end > first:
                products[:, self._deleted[first:end] - start] = -np.inf
            best.add(start, products)
        return best.rows()

    def _blocks(self) -> Iterator[tuple[int, Array]]:
        """Yields the first row of each block, and its vectors as fp32 in a buffer that is used again."""
        buffer = np.empty((BLOCK_ROWS, self._dim), np.float32)
        for start, array in zip(self._starts.tolist(), self._arrays, strict=False):
            for first in range(0, len(array), BLOCK_ROWS):
                block = array[first : first + BLOCK_ROWS]
                wide = buffer[: len(block)]
                if self._is_large:
                    compiled().widen(block.view(np.uint16).reshape(-1), wide.view(np.uint32).reshape(-1))
                else:
                    wide[:] = block
                yield start + first, wide


class _Candidates:
    """The rows that may be among the k best of each query (B)."""

    def __init__(self, queries: Array, k: int) -> None:
        self._k = k
        self._margins = ROUNDING * np.linalg.norm(queries, axis=1)
        self._limits = np.full(len(queries), np.finfo(np.float32).min, np.float32)
        self._found: list[tuple[Array, Array, Array]] = []  # query, row, product
        self._n_found = 0
        self._n_settled = 0

    def add(self, start: int, products: Array) -> None:
        """Takes the products with a block of rows.

        Args:
            start: the block's first row.
            products: (B, n) float32, -inf for a row that may not be found.
        """
        if products.shape[1] >= self._k and not self._found:
            self._raise_limits(np.partition(products, -self._k, axis=1)[:, -self._k])
        queries, rows = np.nonzero(products >= self._limits[:, None])
        self._found.append((queries, rows + start, products[queries, rows]))
        self._n_found += len(queries)
        if self._n_found > 2 * self._n_settled + 4 * self._k * len(self._limits):
            self._settle()

    def rows(self) -> list[Array]:
        """For each query the rows found, rising."""
        self._settle()
        queries, rows, _ = self._found[0]
        ends = np.searchsorted(queries, np.arange(1, len(self._limits)))
        return [np.sort(own) for own in np.split(rows, ends)]

    def _settle(self) -> None:
        """Raises the limits to what has been found and drops what is below."""
        none = np.empty(0, np.int64)
        parts = self._found or [(none, none, np.empty(0, np.float32))]
        queries, rows, products = (np.concatenate([part[i] for part in parts]) for i in range(3))
        order = np.lexsort((-products, queries))
        queries, rows, products = queries[order], rows[order], products[order]
        firsts = np.searchsorted(queries, np.arange(len(self._limits) + 1))
        has_k = np.diff(firsts) >= self._k
        kth = np.full(len(self._limits), -np.inf, np.float32)
        kth[has_k] = products[firsts[:-1][has_k] + self._k - 1]
        self._raise_limits(kth)
        kept = products >= self._limits[queries]
        self._found = [(queries[kept], rows[kept], products[kept])]
        self._n_found = self._n_settled = int(kept.sum())

    def _raise_limits(self, kth: Array) -> None:
        self._limits = np.maximum(self._limits, (kth - self._margins).astype(np.float32))
