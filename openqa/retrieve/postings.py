"""The inverted index of one segment: which terms stand in which rows how often, as plain arrays.

Terms are kept per analyzer, so that statistics of one language never mix with those of another. Within an analyzer
they are ordered by a 64-bit hash, then by their bytes, and found by binary search. A posting is (row, tf_body,
tf_generated): what stands in the passage itself, and what stands in queries that were generated for it, perhaps in
other languages than its own. A frequency above 65,535 is stored as 65,535; lengths are exact.

For each term also the pairs (tf, length) of which no other has both a higher tf and a shorter length: from them the
highest score of the term follows for every k1, b and average length, so for statistics summed over any segments.
Rows that are deleted later only make such a bound higher than it need be.

Leaves out compression of the rows, positions of terms, and deletions, which the index keeps.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from openqa.durable import map_array
from openqa.errors import DataError, IndexFolderError
from openqa.files import read_json
from openqa.types import Array

FORMAT = 1
HIGHEST_TF = 65_535
STATISTICS = "statistics.json"
DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "term_hashes": "uint64",
        "term_starts": "int64",
        "term_bytes": "uint8",
        "posting_starts": "int64",
        "rows": "int32",
        "tf_body": "uint16",
        "tf_generated": "uint16",
        "body_dfs": "int32",
        "lengths": "int32",
        "row_analyzers": "uint16",
        "generated_lengths": "int32",
        "bound_starts": "int64",
        "bound_tfs": "int32",
        "bound_lengths": "int32",
    }
)


@dataclass(frozen=True, slots=True)
class AnalyzerStatistics:
    """What one analyzer made of a segment; the last four as in Counts."""

    name: str
    version: int
    n_terms: int  # distinct
    n_body: int
    n_any: int
    body_length: int
    generated_length: int


class Counts(NamedTuple):
    """What one analyzer made of some passages; a passage counts where it has at least one term of the analyzer."""

    n_body: int  # passages with a term in their own text
    n_any: int  # passages with a term in their own text or in a generated query
    body_length: int  # terms in all bodies
    generated_length: int  # terms in all generated queries


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many terms N passages have, in A analyzers."""

    body: Array  # (N,) int32
    analyzers: Array  # (N,) uint16, whose body it is
    generated: Array  # (A, N) int32, or (0, N) where nothing was generated

    def take(self, rows: Array) -> "Lengths":
        """Those of some passages: (n,) rows."""
        return Lengths(self.body[rows], self.analyzers[rows], self.generated[:, rows])

    def counts(self, number: int) -> Counts:
        """What the analyzer of that number made of the passages."""
        body = np.where(self.analyzers == number, self.body, 0)
        generated = self.generated[number] if len(self.generated) else np.zeros_like(body)
        n_body, n_any = np.count_nonzero(body), np.count_nonzero((body > 0) | (generated > 0))
        return Counts(int(n_body), int(n_any), int(body.sum(dtype=np.int64)), int(generated.sum(dtype=np.int64)))


@dataclass(frozen=True, slots=True)
class Postings:
    """N rows, A analyzers, V terms, P postings. Arrays about generated queries are empty where there are none."""

    analyzers: tuple[AnalyzerStatistics, ...]  # by name
    term_hashes: Array  # (V,) uint64
    term_starts: Array  # (V + 1,) int64, into term_bytes
    term_bytes: Array  # uint8, UTF-8
    posting_starts: Array  # (V + 1,) int64
    rows: Array  # (P,) int32, rising within a term
    tf_body: Array  # (P,) uint16
    tf_generated: Array  # (P,) uint16, or (0,)
    body_dfs: Array  # (V,) int32: rows with the term in their body, or (0,)
    lengths: Array  # (N,) int32, terms of the body
    row_analyzers: Array  # (N,) uint16, whose body it is: index into analyzers
    generated_lengths: Array  # (A, N) int32, or (0, N)

    def analyzer_terms(self, number: int) -> tuple[int, int]:
        """The first term of an analyzer, and the end."""
        first = sum(statistics.n_terms for statistics in self.analyzers[:number])
        return first, first + self.analyzers[number].n_terms

    def find(self, own: tuple[int, int], terms: Sequence[bytes], hashes: Sequence[int]) -> list[int]:
        """Where terms stand in an analyzer's list.

        Args:
            own: the analyzer's first term and end, of `analyzer_terms`.
            terms: (T,) UTF-8 bytes.
            hashes: (T,) the `term_hash` of each.

        Returns:
            (T,) places, -1 for a term that the segment does not hold.
        """
        known = self.term_hashes.data  # far quicker than an array where single numbers are read
        found = []
        for term, wanted in zip(terms, hashes, strict=True):
            place = bisect_left(known, wanted, *own)
            while place < own[1] and known[place] == wanted and self.term(place) != term:
                place += 1
            found.append(place if place < own[1] and known[place] == wanted else -1)
        return found

    def term(self, place: int) -> bytes:
        """The UTF-8 bytes of a term."""
        start, end = self.term_starts[place : place + 2].tolist()
        return self.term_bytes[start:end].tobytes()

    def passages(self) -> Lengths:
        """The lengths of all rows."""
        return Lengths(self.lengths, self.row_analyzers, self.generated_lengths)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Per term (V) the pairs (tf, length) that no other pair beats in both, F in all."""

    starts: Array  # (V + 1,) int64
    tfs: Array  # (F,) int32, body and generated together
    lengths: Array  # (F,) int32, of the body, 0 where the body is another analyzer's


def term_hash(term: bytes) -> int:
    """The 64-bit hash by which a term is found: the first 8 bytes of BLAKE2b, little endian."""
    return int.from_bytes(hashlib.blake2b(term, digest_size=8).digest(), "little")


def term_hashes(terms: Sequence[bytes]) -> Array:
    """The hash of each term: (T,) uint64."""
    return np.array([term_hash(term) for term in terms], np.uint64)


def term_to_bytes(term: str) -> bytes:
    """UTF-8, and the usual three bytes for half of a surrogate pair, which a JSON escape can smuggle in."""
    return term.encode("utf-8", errors="surrogatepass")


def open_postings(folder: Path, n_rows: int) -> tuple[Postings, Bounds]:
    """Maps the inverted index of a segment.

    Args:
        folder: the segment's part.
        n_rows: passages in the segment.

    Raises:
        IndexFolderError: a file is missing, damaged, or of a newer format.
    """
    analyzers = _read_statistics(folder)
    arrays = {name: map_array(folder / f"{name}.npy") for name in DTYPES}
    n_terms, n_postings = sum(entry.n_terms for entry in analyzers), len(arrays["rows"])
    has_generated = len(arrays["tf_generated"]) > 0
    shapes = {
        "term_hashes": (n_terms,),
        "term_starts": (n_terms + 1,),
        "term_bytes": arrays["term_bytes"].shape[:1],
        "posting_starts": (n_terms + 1,),
        "rows": (n_postings,),
        "tf_body": (n_postings,),
        "tf_generated": (n_postings * has_generated,),
        "body_dfs": (n_terms * has_generated,),
        "lengths": (n_rows,),
        "row_analyzers": (n_rows,),
        "generated_lengths": (len(analyzers) * has_generated, n_rows),
        "bound_starts": (n_terms + 1,),
        "bound_tfs": arrays["bound_tfs"].shape[:1],
        "bound_lengths": arrays["bound_tfs"].shape[:1],
    }
    for name, dtype in DTYPES.items():
        _check(folder / f"{name}.npy", arrays[name], shapes[name], dtype)
    pairs = Bounds(*(arrays.pop(name) for name in ("bound_starts", "bound_tfs", "bound_lengths")))
    return Postings(analyzers, **arrays), pairs


def _check(path: Path, array: Array, shape: tuple[int, ...], dtype: str) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise IndexFolderError(
            f"{path}: holds {array.dtype} {array.shape}, {dtype} {shape} is needed; the file is damaged, "
            f"restore it from a copy or build the index again"
        )


def _read_statistics(folder: Path) -> tuple[AnalyzerStatistics, ...]:
    path = folder / STATISTICS
    try:
        content = read_json(path)
        found = content["format"]
        if found == FORMAT:
            return tuple(AnalyzerStatistics(**entry) for entry in content["analyzers"])
    except (DataError, TypeError, KeyError) as error:
        raise IndexFolderError(
            f"{path}: is damaged ({error}); restore it from a copy or build the index again"
        ) from error
    raise IndexFolderError(
        f"{path}: is of format {found}, this version reads {FORMAT}; install a newer openqa, or build again"
    )
