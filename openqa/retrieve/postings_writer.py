"""Writes an inverted index, some terms at a time, with the bounds of each term; see postings.py for what it holds."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from openqa.durable import ArrayWriter, write_array, write_json
from openqa.retrieve.postings import DTYPES, FORMAT, HIGHEST_TF, STATISTICS, AnalyzerStatistics, Lengths
from openqa.types import Array

POSTINGS_AT_ONCE = 1 << 19  # 50 MB of whole numbers, roughly; not tuned
_LONGEST = (1 << 24) - 1  # lengths above count as this in a bound, which only loosens it
_STARTS = ("term_starts", "posting_starts", "bound_starts")
_OF_ROWS = ("lengths", "row_analyzers", "generated_lengths")


@dataclass(frozen=True, slots=True)
class Terms:
    """Some terms (T) of one analyzer in the order of the index, each with one posting (P) or more."""

    hashes: Array  # (T,) uint64
    starts: Array  # (T + 1,) int64, into utf8
    utf8: Array  # uint8
    posting_starts: Array  # (T + 1,) int64
    rows: Array  # (P,) int32, rising within a term
    tf_body: Array  # (P,) uint16
    tf_generated: Array  # (P,) uint16, or (0,) where nothing was generated for any row of the index


def write_postings(
    folder: Path, versions: Mapping[str, int], lengths: Lengths, terms: Iterable[tuple[int, Terms]]
) -> None:
    """Writes an inverted index durably; holds no more than one of `terms` in memory.

    Args:
        folder: exists and is empty.
        versions: of the analyzers, by name.
        lengths: of all rows.
        terms: the analyzer's number, rising, and its next terms.
    """
    n_terms = [0] * len(versions)
    with ExitStack() as stack:
        names = [name for name in DTYPES if name not in _OF_ROWS]
        files = {name: stack.enter_context(ArrayWriter(folder / f"{name}.npy", DTYPES[name])) for name in names}
        for name in _STARTS:
            files[name].append(np.zeros(1, np.int64))
        for number, some in terms:
            n_terms[number] += len(some.hashes)
            _append(files, some, _bounds(some, number, lengths))
    for name, array in zip(_OF_ROWS, (lengths.body, lengths.analyzers, lengths.generated), strict=True):
        write_array(folder / f"{name}.npy", array.astype(DTYPES[name], copy=False))
    analyzers = [
        asdict(AnalyzerStatistics(name, version, n_terms[number], *lengths.counts(number)))
        for number, (name, version) in enumerate(versions.items())
    ]
    write_json(folder / STATISTICS, {"format": FORMAT, "analyzers": analyzers})


def _append(files: Mapping[str, ArrayWriter], terms: Terms, bounds: tuple[Array, Array, Array]) -> None:
    counts, tfs, lengths = bounds
    files["term_starts"].append(terms.starts[1:] + files["term_bytes"].n_rows)
    files["posting_starts"].append(terms.posting_starts[1:] + files["rows"].n_rows)
    files["bound_starts"].append(np.cumsum(counts) + files["bound_tfs"].n_rows)
    files["term_hashes"].append(terms.hashes)
    files["term_bytes"].append(terms.utf8)
    files["rows"].append(terms.rows)
    files["tf_body"].append(terms.tf_body)
    files["tf_generated"].append(terms.tf_generated)
    files["bound_tfs"].append(tfs)
    files["bound_lengths"].append(lengths)
    if len(terms.tf_generated):
        n_before = np.append(0, np.cumsum(terms.tf_body > 0))
        files["body_dfs"].append(np.diff(n_before[terms.posting_starts]).astype(np.int32))


def _bounds(terms: Terms, number: int, lengths: Lengths) -> tuple[Array, Array, Array]:
    """The pairs of tf and length that decide the highest score of each term: how many, their tfs, their lengths."""
    pieces = [_bounds_of(terms, first, end, number, lengths) for first, end in _pieces(terms.posting_starts)]
    counts, tfs, shortest = (
        np.concatenate([np.empty(0, dtype), *(piece[i] for piece in pieces)])
        for i, dtype in enumerate((np.int64, np.int32, np.int32))
    )
    return counts, tfs, shortest


def _pieces(posting_starts: Array) -> Iterator[tuple[int, int]]:
    """Yields first and end of as many terms as have POSTINGS_AT_ONCE postings together, or of one that has more."""
    first, n_terms = 0, len(posting_starts) - 1
    while first < n_terms:
        most = posting_starts[first] + POSTINGS_AT_ONCE
        end = max(first + 1, int(np.searchsorted(posting_starts, most, side="right")) - 1)
        yield first, end
        first = end


def _bounds_of(terms: Terms, first: int, end: int, number: int, lengths: Lengths) -> tuple[Array, Array, Array]:
    start, stop = terms.posting_starts[first], terms.posting_starts[end]
    places = np.repeat(np.arange(end - first), np.diff(terms.posting_starts[first : end + 1]))
    rows = terms.rows[start:stop]
    tfs = terms.tf_body[start:stop].astype(np.int64)
    own = np.minimum(lengths.body[rows], _LONGEST).astype(np.int64)
    if len(terms.tf_generated):
        tfs += terms.tf_generated[start:stop]
        own[lengths.analyzers[rows] != number] = 0
    most = 2 * HIGHEST_TF + 1
    keys = (places * most + (most - 1 - tfs)) * (_LONGEST + 1) + own
    keys.sort()  # by term, falling tf, rising length
    own = keys % (_LONGEST + 1)
    keys //= _LONGEST + 1
    tfs = most - 1 - keys % most
    places = keys // most
    falling = own - places * (_LONGEST + 1)  # a later term is below all earlier ones, so each term starts anew
    shortest = np.minimum.accumulate(falling)
    kept = np.append(True, falling[1:] < shortest[:-1])
    counts = np.bincount(places[kept], minlength=end - first)
    return counts, tfs[kept].astype(np.int32), own[kept].astype(np.int32)
