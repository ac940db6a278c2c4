"""Makes inverted indexes: from the terms of some passages, and from several inverted indexes one after the other.

A segment is built from chunks in this way, and segments are merged so; how the chunks were cut leaves no trace.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openqa.errors import IndexFolderError
from openqa.retrieve.postings import (
    HIGHEST_TF,
    AnalyzerStatistics,
    Bounds,
    Postings,
    term_hash,
    term_hashes,
    term_to_bytes,
)
from openqa.types import Array

_LONGEST = (1 << 24) - 1  # lengths above count as this in a bound, which only loosens it
_TERMS_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class AnalyzedPassage:
    """The terms of one passage: its own, by its language's analyzer, and those of generated queries by theirs."""

    analyzer: str
    body: Sequence[str]
    generated: Sequence[tuple[str, Sequence[str]]] = ()


class _Numbers(dict[str, int]):
    """Numbers the terms of one analyzer as they come, in a vocabulary that all analyzers share."""

    def __init__(self, analyzer: str, vocabulary: list[tuple[str, bytes]]) -> None:
        super().__init__()
        self._analyzer = analyzer
        self._vocabulary = vocabulary

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self._vocabulary)
        self._vocabulary.append((self._analyzer, term_to_bytes(term)))
        return number


def invert(passages: Sequence[AnalyzedPassage], versions: Mapping[str, int]) -> Postings:
    """The inverted index of some passages.

    Args:
        passages: in the order of rows.
        versions: of every analyzer that they name.
    """
    n_rows = len(passages)
    names = sorted({passage.analyzer for passage in passages} | {name for p in passages for name, _ in p.generated})
    vocabulary: list[tuple[str, bytes]] = []
    numbers = {name: _Numbers(name, vocabulary) for name in names}
    body: list[int] = []
    generated: list[int] = []
    generated_rows: list[int] = []
    generated_lengths = np.zeros((len(names), n_rows), np.int32)
    for row, passage in enumerate(passages):
        body.extend(map(numbers[passage.analyzer].__getitem__, passage.body))
        for name, terms in passage.generated:
            generated.extend(map(numbers[name].__getitem__, terms))
            generated_rows.extend([row] * len(terms))
            generated_lengths[names.index(name), row] += len(terms)
    lengths = np.array([len(passage.body) for passage in passages], np.int32)
    places, order = _term_order(vocabulary)
    term_places = places[np.array(body + generated, np.int64)]
    rows = np.append(np.repeat(np.arange(n_rows), lengths), np.array(generated_rows, np.int64))
    keys = term_places * n_rows + rows
    unique, posting = np.unique(keys, return_inverse=True)
    tf_body = np.bincount(posting[: len(body)], minlength=len(unique))
    tf_generated = np.bincount(posting[len(body) :], minlength=len(unique))
    dfs = np.bincount(unique // max(n_rows, 1), minlength=len(order))
    row_analyzers = np.array([names.index(passage.analyzer) for passage in passages], np.uint16)
    return _assemble(
        versions={name: versions[name] for name in names},
        vocabulary=[vocabulary[number] for number in order],
        dfs=dfs,
        columns=(unique % max(n_rows, 1), tf_body, tf_generated),
        rows=(lengths, row_analyzers, generated_lengths),
    )


def merge(parts: Sequence[Postings]) -> Postings:
    """The inverted index of several one after the other: rows of each count on from those before.

    Raises:
        IndexFolderError: two parts were analyzed by different versions of an analyzer.
    """
    versions = _merged_versions(parts)
    names = list(versions)
    vocabulary: dict[tuple[str, bytes], int] = {}
    numbers = []
    for part in parts:
        part_names = np.array([s.name for s in part.analyzers])[part.term_analyzers()] if part.analyzers else ()
        keys = ((str(name), part.term(place)) for place, name in enumerate(part_names))
        numbers.append(np.array([vocabulary.setdefault(key, len(vocabulary)) for key in keys], np.int64))
    terms = list(vocabulary)
    places, order = _term_order(terms)
    dfs = np.zeros(len(terms), np.int64)
    for part, number in zip(parts, numbers, strict=True):
        dfs[places[number]] += np.diff(part.posting_starts)
    columns = _merge_columns(parts, [places[number] for number in numbers], dfs)
    n_rows = sum(len(part.lengths) for part in parts)
    row_analyzers = np.empty(n_rows, np.uint16)
    generated_lengths = np.zeros((len(names), n_rows), np.int32)
    start = 0
    for part in parts:
        own = np.array([names.index(statistics.name) for statistics in part.analyzers], np.int64)
        end = start + len(part.lengths)
        row_analyzers[start:end] = own[part.row_analyzers] if len(own) else 0
        if len(part.generated_lengths):
            generated_lengths[own, start:end] = part.generated_lengths
        start = end
    lengths = np.concatenate([part.lengths for part in parts]) if parts else np.empty(0, np.int32)
    return _assemble(
        versions, [terms[number] for number in order], dfs, columns, (lengths, row_analyzers, generated_lengths)
    )


def _merged_versions(parts: Sequence[Postings]) -> dict[str, int]:
    versions: dict[str, int] = {}
    for statistics in (statistics for part in parts for statistics in part.analyzers):
        if versions.setdefault(statistics.name, statistics.version) != statistics.version:
            raise IndexFolderError(
                f'analyzer "{statistics.name}" has versions {versions[statistics.name]} and {statistics.version} '
                f"in what is to be merged; rebuild the part bm25 first"
            )
    return dict(sorted(versions.items()))


def _merge_columns(parts: Sequence[Postings], places: Sequence[Array], dfs: Array) -> tuple[Array, Array, Array]:
    free = np.cumsum(dfs) - dfs  # the next free posting of each term
    rows, tf_body, tf_generated = (np.zeros(int(dfs.sum()), dtype) for dtype in (np.int32, np.uint16, np.uint16))
    first_row = 0
    for part, place in zip(parts, places, strict=True):
        part_dfs = np.diff(part.posting_starts)
        targets = np.repeat(free[place] - part.posting_starts[:-1], part_dfs) + np.arange(len(part.rows))
        rows[targets] = part.rows + np.int32(first_row)
        tf_body[targets] = part.tf_body
        if len(part.tf_generated):
            tf_generated[targets] = part.tf_generated
        free[place] += part_dfs
        first_row += len(part.lengths)
    return rows, tf_body, tf_generated


def _term_order(vocabulary: Sequence[tuple[str, bytes]]) -> tuple[Array, list[int]]:
    order = sorted(range(len(vocabulary)), key=[(name, term_hash(term), term) for name, term in vocabulary].__getitem__)
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places, order


def _assemble(
    versions: Mapping[str, int],
    vocabulary: Sequence[tuple[str, bytes]],
    dfs: Array,
    columns: tuple[Array, Array, Array],
    rows: tuple[Array, Array, Array],
) -> Postings:
    posting_rows, tf_body, tf_generated = columns
    lengths, row_analyzers, generated_lengths = rows
    posting_starts = np.append(0, np.cumsum(dfs)).astype(np.int64)
    terms = [term for _, term in vocabulary]
    body_dfs = np.empty(0, np.int32)
    if tf_generated.any():
        body_postings = np.append(0, np.cumsum(tf_body > 0))
        body_dfs = np.diff(body_postings[posting_starts]).astype(np.int32)
    else:
        tf_generated, generated_lengths = tf_generated[:0], generated_lengths[:0]
    return Postings(
        analyzers=_statistics(versions, [name for name, _ in vocabulary], rows),
        term_hashes=term_hashes(terms),
        term_starts=np.append(0, np.cumsum([len(term) for term in terms])).astype(np.int64),
        term_bytes=np.frombuffer(b"".join(terms), np.uint8),
        posting_starts=posting_starts,
        rows=posting_rows.astype(np.int32, copy=False),
        tf_body=np.minimum(tf_body, HIGHEST_TF).astype(np.uint16, copy=False),
        tf_generated=np.minimum(tf_generated, HIGHEST_TF).astype(np.uint16, copy=False),
        body_dfs=body_dfs,
        lengths=lengths,
        row_analyzers=row_analyzers,
        generated_lengths=generated_lengths,
    )


def _statistics(
    versions: Mapping[str, int], term_names: Iterable[str], rows: tuple[Array, Array, Array]
) -> tuple[AnalyzerStatistics, ...]:
    lengths, row_analyzers, generated_lengths = rows
    counts = dict.fromkeys(versions, 0)
    for name in term_names:
        counts[name] += 1
    statistics = []
    for number, (name, version) in enumerate(versions.items()):
        body = np.where(row_analyzers == number, lengths, 0).astype(np.int64)
        generated = generated_lengths[number].astype(np.int64)
        n_body, n_any = int((body > 0).sum()), int((body + generated > 0).sum())
        sums = int(body.sum()), int(generated.sum())
        statistics.append(AnalyzerStatistics(name, version, counts[name], n_body, n_any, *sums))
    return tuple(statistics)


def bounds(postings: Postings) -> Bounds:
    """The pairs of tf and length that decide the highest score of each term."""
    term_analyzers = postings.term_analyzers()
    n_terms = len(term_analyzers)
    pieces = [
        _bounds_of(postings, term_analyzers, t, min(t + _TERMS_AT_ONCE, n_terms))
        for t in range(0, n_terms, _TERMS_AT_ONCE)
    ]
    counts, tfs, lengths = (
        np.concatenate([piece[i] for piece in pieces]) if pieces else np.empty(0, np.int32) for i in range(3)
    )
    return Bounds(np.append(0, np.cumsum(counts)).astype(np.int64), tfs, lengths)


def _bounds_of(postings: Postings, term_analyzers: Array, first: int, end: int) -> tuple[Array, Array, Array]:
    start, stop = postings.posting_starts[first], postings.posting_starts[end]
    terms = np.repeat(np.arange(end - first), np.diff(postings.posting_starts[first : end + 1]))
    rows = postings.rows[start:stop]
    tfs = postings.tf_body[start:stop].astype(np.int64)
    lengths = np.minimum(postings.lengths[rows], _LONGEST).astype(np.int64)
    if len(postings.tf_generated):
        tfs += postings.tf_generated[start:stop]
        lengths[postings.row_analyzers[rows] != term_analyzers[first:end][terms]] = 0
    most = 2 * HIGHEST_TF + 1
    keys = np.sort((terms * most + (most - 1 - tfs)) * (_LONGEST + 1) + lengths)  # by term, falling tf, rising length
    lengths = keys % (_LONGEST + 1)
    tfs = most - 1 - keys // (_LONGEST + 1) % most
    terms = keys // (_LONGEST + 1) // most
    falling = lengths - terms * (_LONGEST + 1)  # a later term is below all earlier ones, so each term starts anew
    shortest = np.minimum.accumulate(falling) if len(falling) else falling
    kept = np.append(True, falling[1:] < shortest[:-1])[: len(falling)]
    counts = np.bincount(terms[kept], minlength=end - first)
    return counts, tfs[kept].astype(np.int32), lengths[kept].astype(np.int32)
