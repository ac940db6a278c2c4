"""Makes one inverted index of rows of several, whose files stay mapped.

An analyzer's terms are taken by ranges of their hashes, as many ranges as keep the postings of one within memory. In
every source such a range is one slice, so what is read, joined and written goes through all files once from start to
end. The result is that of inverting the passages of the rows, byte for byte.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from openqa.errors import IndexFolderError
from openqa.retrieve.postings import Lengths, Postings, open_postings
from openqa.retrieve.postings_writer import POSTINGS_AT_ONCE, Terms, write_postings
from openqa.types import Array, PartSource

_DROPPED = -1


def combine(folder: Path, sources: Sequence[PartSource]) -> None:
    """Writes the inverted index of the kept rows of some inverted indexes, which are numbered anew in their order.

    Args:
        folder: exists and is empty.
        sources: any number.

    Raises:
        IndexFolderError: a source is damaged, or two were analyzed by different versions of an analyzer.
    """
    opened, n_rows = [], 0
    for source in sources:
        opened.append(_open(source, n_rows))
        n_rows += len(opened[-1].lengths.body)
    versions = _versions(opened)
    lengths = _lengths(opened, list(versions), n_rows)
    has_generated = len(lengths.generated) > 0
    terms = (
        (number, _join(pieces))
        for number, name in enumerate(versions)
        for pieces in _pieces(opened, name, has_generated)
    )
    write_postings(folder, versions, lengths, terms)


@dataclass(frozen=True, slots=True)
class _Source:
    postings: Postings
    lengths: Lengths  # of the rows that are kept
    first_row: int  # the new number of the first of them
    new_rows: Array | None  # (N,) int32, the new number of each row, or _DROPPED; None where all are kept


class _Piece(NamedTuple):
    """A range of one source's terms (T), with the postings (P) that are left."""

    hashes: Array  # (T,)
    term_lengths: Array  # (T,), in bytes
    utf8: Array
    dfs: Array  # (T,), 0 where no posting is left
    rows: Array  # (P,)
    tf_body: Array  # (P,)
    tf_generated: Array  # (P,) or (0,)


@dataclass(frozen=True, slots=True)
class _Strings:
    """Byte strings (T) one after the other."""

    utf8: Array
    starts: Array  # (T,)
    lengths: Array  # (T,)

    def are_equal(self, some: Array, others: Array) -> Array:
        """Whether string some[i] is others[i]: (n,) bool."""
        are_equal: Array = self.lengths[some] == self.lengths[others]
        some, others = some[are_equal], others[are_equal]
        n_bytes = self.lengths[some]
        differs = self.utf8[_ranges(self.starts[some], n_bytes)] != self.utf8[_ranges(self.starts[others], n_bytes)]
        n_before, ends = np.append(0, np.cumsum(differs)), np.cumsum(n_bytes)
        are_equal[are_equal] = n_before[ends] == n_before[ends - n_bytes]
        return are_equal

    def take(self, place: int) -> bytes:
        """One of the strings."""
        start = int(self.starts[place])
        return bytes(self.utf8[start : start + int(self.lengths[place])])


def _open(source: PartSource, first_row: int) -> _Source:
    postings, _ = open_postings(source.folder, source.n_rows)
    if not _is_sound(postings):
        raise IndexFolderError(
            f"{source.folder}: its files contradict each other; restore them from a copy or build the index again"
        )
    if source.kept is None:
        return _Source(postings, postings.passages(), first_row, None)
    new_rows = np.full(source.n_rows, _DROPPED, np.int32)
    new_rows[source.kept] = np.arange(first_row, first_row + len(source.kept))
    return _Source(postings, postings.passages().take(source.kept), first_row, new_rows)


def _is_sound(postings: Postings) -> bool:
    """Whether no number leads out of its array, and the terms are in order."""
    n_rows, n_analyzers = len(postings.lengths), len(postings.analyzers)
    starts = ((postings.term_starts, postings.term_bytes), (postings.posting_starts, postings.rows))
    owns = [postings.analyzer_terms(number) for number in range(n_analyzers)]
    return (
        all(ends[0] == 0 and ends[-1] == len(array) and (ends[1:] >= ends[:-1]).all() for ends, array in starts)
        and (n_rows == 0 or postings.row_analyzers.max() < n_analyzers)
        and (len(postings.rows) == 0 or (postings.rows.min() >= 0 and postings.rows.max() < n_rows))
        and all((postings.term_hashes[a + 1 : b] >= postings.term_hashes[a : max(b - 1, a)]).all() for a, b in owns)
    )


def _versions(sources: Sequence[_Source]) -> dict[str, int]:
    """The versions of the analyzers that the kept rows need, by name."""
    versions: dict[str, int] = {}
    needed: set[str] = set()
    for source in sources:
        own = np.union1d(source.lengths.analyzers, np.flatnonzero(source.lengths.generated.any(axis=1))).tolist()
        for number, statistics in enumerate(source.postings.analyzers):
            if versions.setdefault(statistics.name, statistics.version) != statistics.version:
                raise IndexFolderError(
                    f'analyzer "{statistics.name}" has versions {versions[statistics.name]} and {statistics.version} '
                    f"in what is to be merged; rebuild the part bm25 first"
                )
            needed.update([statistics.name] if number in own else [])
    return {name: versions[name] for name in sorted(needed)}


def _lengths(sources: Sequence[_Source], names: Sequence[str], n_rows: int) -> Lengths:
    has_generated = any(source.lengths.generated.any() for source in sources)
    lengths = Lengths(
        np.empty(n_rows, np.int32),
        np.empty(n_rows, np.uint16),
        np.zeros((len(names) * has_generated, n_rows), np.int32),
    )
    for source in sources:
        own = source.lengths
        rows = slice(source.first_row, source.first_row + len(own.body))
        lengths.body[rows] = own.body
        for number, statistics in enumerate(source.postings.analyzers):
            if statistics.name in names:
                new_number = names.index(statistics.name)
                lengths.analyzers[rows][own.analyzers == number] = new_number
                if has_generated and len(own.generated):
                    lengths.generated[new_number, rows] = own.generated[number]
    return lengths


def _pieces(sources: Sequence[_Source], analyzer: str, has_generated: bool) -> Iterator[list[_Piece]]:
    """Yields what the sources hold of an analyzer, range by range of its hashes."""
    own = [
        (source, *source.postings.analyzer_terms(number))
        for source in sources
        for number, statistics in enumerate(source.postings.analyzers)
        if statistics.name == analyzer
    ]
    n_postings = sum(int(np.diff(source.postings.posting_starts[[first, end]])[0]) for source, first, end in own)
    n_ranges = n_postings // POSTINGS_AT_ONCE + 1
    limits = np.array([number * 2**64 // n_ranges for number in range(1, n_ranges)], np.uint64)
    cuts = [
        [first, *(first + np.searchsorted(source.postings.term_hashes[first:end], limits)).tolist(), end]
        for source, first, end in own
    ]
    for i in range(n_ranges):
        yield [_read(source, cut[i], cut[i + 1], has_generated) for (source, *_), cut in zip(own, cuts, strict=True)]


def _read(source: _Source, first: int, end: int, has_generated: bool) -> _Piece:
    postings = source.postings
    term_starts = postings.term_starts[first : end + 1]
    starts = postings.posting_starts[first : end + 1]
    some = slice(int(starts[0]), int(starts[-1]))
    rows, tf_body, tf_generated = postings.rows[some], postings.tf_body[some], postings.tf_generated[some]
    if not len(postings.tf_generated):
        tf_generated = np.zeros_like(tf_body)
    if source.new_rows is None:
        rows, dfs = rows + np.int32(source.first_row), np.diff(starts)
    else:
        rows = source.new_rows[rows]
        is_kept = rows != _DROPPED
        dfs = np.diff(np.append(0, np.cumsum(is_kept))[starts - starts[0]])
        rows, tf_body, tf_generated = rows[is_kept], tf_body[is_kept], tf_generated[is_kept]
    return _Piece(
        hashes=postings.term_hashes[first:end],
        term_lengths=np.diff(term_starts),
        utf8=postings.term_bytes[int(term_starts[0]) : int(term_starts[-1])],
        dfs=dfs,
        rows=rows,
        tf_body=tf_body,
        tf_generated=tf_generated if has_generated else tf_generated[:0],
    )


def _join(pieces: Sequence[_Piece]) -> Terms:
    """The terms of the pieces in order, each once, with its postings in the order of the pieces."""
    hashes, n_bytes, utf8, dfs, rows, tf_body, tf_generated = (
        np.concatenate(arrays) for arrays in zip(*pieces, strict=True)
    )
    strings = _Strings(utf8, np.cumsum(n_bytes) - n_bytes, n_bytes)
    order, is_first = _in_order(hashes, strings, np.flatnonzero(dfs))
    firsts = np.flatnonzero(is_first)
    own = order[firsts]
    n_left = dfs[order]
    postings = _ranges((np.cumsum(dfs) - dfs)[order], n_left)
    return Terms(
        hashes=hashes[own],
        starts=np.append(0, np.cumsum(n_bytes[own])),
        utf8=utf8[_ranges(strings.starts[own], n_bytes[own])],
        posting_starts=np.append((np.cumsum(n_left) - n_left)[firsts], len(postings)),
        rows=rows[postings],
        tf_body=tf_body[postings],
        tf_generated=tf_generated[postings] if len(tf_generated) else tf_generated,
    )


def _in_order(hashes: Array, strings: _Strings, entries: Array) -> tuple[Array, Array]:
    """Orders terms by hash, bytes and place.

    Args:
        hashes: (T,) uint64.
        strings: the terms (T).
        entries: (n,) the places of those that are wanted, rising.

    Returns:
        (n,) the places in that order, and (n,) bool, True where a term is not the one before.
    """
    order = entries[np.argsort(hashes[entries], kind="stable")]
    ordered = hashes[order]
    repeats = np.flatnonzero(ordered[1:] == ordered[:-1]) + 1
    are_equal = strings.are_equal(order[repeats - 1], order[repeats])
    for shared in np.unique(ordered[repeats[~are_equal]]):  # as good as never: different terms of one hash
        group = slice(*(np.searchsorted(ordered, shared, side=side) for side in ("left", "right")))
        order[group] = sorted(order[group].tolist(), key=strings.take)
    if not are_equal.all():
        are_equal = strings.are_equal(order[repeats - 1], order[repeats])
    is_first = np.ones(len(order), bool)
    is_first[repeats] = ~are_equal
    return order, is_first


def _ranges(starts: Array, lengths: Array) -> Array:
    """The whole numbers of several ranges one after the other, of (n,) first numbers and how many each has."""
    ends = np.cumsum(lengths)
    numbers = np.arange(ends[-1] if len(ends) else 0)
    numbers += np.repeat(starts - (ends - lengths), lengths)
    return numbers
