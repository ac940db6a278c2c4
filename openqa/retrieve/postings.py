"""The inverted index of one segment: which terms stand in which rows how often, as plain arrays.

Terms are kept per analyzer, so that statistics of one language never mix with those of another. Within an analyzer
they are ordered by a 64-bit hash, then by their bytes, and found by binary search. A posting is (row, tf_body,
tf_generated): what stands in the passage itself, and what stands in queries that were generated for it, perhaps in
other languages than its own. A frequency above 65,535 is stored as 65,535; lengths are exact.

For each term also the pairs (tf, length) of which no other has both a higher tf and a shorter length: from them the
highest score of the term follows for every k1, b and average length, so for statistics summed over any segments.

Leaves out compression of the rows, positions of terms, and deletions, which the index keeps.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from openqa.durable import map_array, write_array, write_json
from openqa.errors import DataError, IndexFolderError
from openqa.files import read_json
from openqa.types import Array

FORMAT = 1
HIGHEST_TF = 65_535
_STATISTICS = "statistics.json"


@dataclass(frozen=True, slots=True)
class AnalyzerStatistics:
    """What one analyzer made of a segment; a passage counts where it has at least one term of the analyzer."""

    name: str
    version: int
    n_terms: int  # distinct
    n_body: int  # passages with a term in their own text
    n_any: int  # passages with a term in their own text or in a generated query
    body_length: int  # terms in all bodies
    generated_length: int  # terms in all generated queries


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

    def term_analyzers(self) -> Array:
        """The analyzer's number of each term: (V,)."""
        return np.repeat(np.arange(len(self.analyzers)), [statistics.n_terms for statistics in self.analyzers])


_ARRAYS = tuple(field.name for field in fields(Postings) if field.name != "analyzers")
_DTYPES = ("uint64", "int64", "uint8", "int64", "int32", "uint16", "uint16", "int32", "int32", "uint16", "int32")


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


def write_postings(folder: Path, postings: Postings, pairs: Bounds) -> None:
    """Writes an inverted index durably.

    Args:
        folder: exists and is empty.
        postings: what to write.
        pairs: their bounds.
    """
    for name in _ARRAYS:
        write_array(folder / f"{name}.npy", getattr(postings, name))
    for name in ("starts", "tfs", "lengths"):
        write_array(folder / f"bound_{name}.npy", getattr(pairs, name))
    statistics = {"format": FORMAT, "analyzers": [asdict(entry) for entry in postings.analyzers]}
    write_json(folder / _STATISTICS, statistics)


def open_postings(folder: Path, n_rows: int) -> tuple[Postings, Bounds]:
    """Maps the inverted index of a segment.

    Args:
        folder: the segment's part.
        n_rows: passages in the segment.

    Raises:
        IndexFolderError: a file is missing, damaged, or of a newer format.
    """
    analyzers = _read_statistics(folder)
    arrays = {name: map_array(folder / f"{name}.npy") for name in _ARRAYS}
    pairs = {name: map_array(folder / f"bound_{name}.npy") for name in ("starts", "tfs", "lengths")}
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
    }
    for (name, shape), dtype in zip(shapes.items(), _DTYPES, strict=True):
        _check(folder / f"{name}.npy", arrays[name], shape, dtype)
    _check(folder / "bound_starts.npy", pairs["starts"], (n_terms + 1,), "int64")
    for name in ("tfs", "lengths"):
        _check(folder / f"bound_{name}.npy", pairs[name], pairs["tfs"].shape[:1], "int32")
    return Postings(analyzers, **arrays), Bounds(**pairs)


def _check(path: Path, array: Array, shape: tuple[int, ...], dtype: str) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise IndexFolderError(
            f"{path}: holds {array.dtype} {array.shape}, {dtype} {shape} is needed; the file is damaged, "
            f"restore it from a copy or build the index again"
        )


def _read_statistics(folder: Path) -> tuple[AnalyzerStatistics, ...]:
    path = folder / _STATISTICS
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
