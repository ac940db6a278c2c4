"""The passages of one analyzer over all segments: their statistics, and questions scored against them.

The formulas are those of bm25.py.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openqa.errors import IndexFolderError
from openqa.retrieve.compiled import compiled
from openqa.retrieve.kernels import Columns, Formula, QueryTerms
from openqa.retrieve.postings import Bounds, Counts, Postings, term_hashes, term_to_bytes
from openqa.retrieve.rows import at_least_kth
from openqa.text.analysis import analyzer_by_name
from openqa.types import Array

COMPILED_ROWS = 30_000  # below, numpy is done in less time than numba takes to load, roughly; not tuned
_LEAST = 1e-300  # above 0, and adds nothing to the norm of a passage that holds the term


def idf(n: int, dfs: Array) -> Array:
    """Inverse document frequency, always above 0.

    ln(1 + (n - df + 0.5) / (df + 0.5))

    Args:
        n: passages.
        dfs: (T,) passages that hold each term.
    """
    return np.log1p((n - dfs + 0.5) / (dfs + 0.5))


def lucene_lengths(lengths: Array) -> Array:
    """Lengths as Lucene keeps them in one byte: exact below 24, then 24 plus the four highest bits of the rest.

    Args:
        lengths: (N,) whole numbers.

    Source: Lucene 9, SmallFloat.intToByte4 and byte4ToInt.
    """
    rest = np.maximum(lengths.astype(np.int64) - 24, 0)
    shift = np.maximum(np.frexp(rest.astype(np.float64))[1] - 4, 0)
    return np.where(lengths < 24, lengths, 24 + (rest >> shift << shift))


@dataclass(frozen=True, slots=True)
class Share:
    """One segment's part in an analyzer's passages."""

    segment: int
    terms: tuple[int, int]  # first and end in the segment's list
    live: Counts  # without the deleted rows
    deleted: Array  # (d,) int32 rows, rising
    counts_generated: bool  # whether a term that stands in generated queries alone counts in df
    postings: Postings
    bounds: Bounds
    columns: Columns


@dataclass(frozen=True, slots=True)
class Collection:
    """All passages of one analyzer."""

    analyzer: str
    n: int
    formula: Formula
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A question as one collection sees it."""

    collection: Collection
    terms: tuple[QueryTerms, ...]  # per share, only those that it holds
    attainable: float  # sum of all weights


def open_collections(
    opened: Sequence[tuple[Postings, Bounds]],
    deleted: Sequence[Array],
    settings: tuple[float, float, float],
    length_norm: str,
) -> tuple[Collection, ...]:
    """The collections of all analyzers that the segments hold, by name; one without a term is left out.

    Args:
        opened: each segment's inverted index.
        deleted: of each segment (d,) the deleted rows, rising.
        settings: k1, b and generated_weight.
        length_norm: "exact" or "lucene".
    """
    generated_weight = settings[2]
    shares: dict[str, list[Share]] = {}
    for segment, (postings, pairs) in enumerate(opened):
        rows = deleted[segment].astype(np.int32)
        lengths = _normed(postings.lengths, rows, length_norm)
        gone = postings.passages().take(rows)
        for number, statistics in enumerate(postings.analyzers):
            stored = (statistics.n_body, statistics.n_any, statistics.body_length, statistics.generated_length)
            live = Counts(*(count - less for count, less in zip(stored, gone.counts(number), strict=True)))
            if len(postings.generated_lengths):
                lengths = _normed(_own_lengths(postings, number, generated_weight), rows, length_norm)
            columns = _columns(postings, pairs, lengths, length_norm)
            terms = postings.analyzer_terms(number)
            share = Share(segment, terms, live, rows, generated_weight > 0, postings, pairs, columns)
            shares.setdefault(statistics.name, []).append(share)
    collections = (_collection(name, own, settings) for name, own in sorted(shares.items()))
    return tuple(collection for collection in collections if collection.n > 0)


def _collection(analyzer: str, shares: Sequence[Share], settings: tuple[float, float, float]) -> Collection:
    k1, b, generated_weight = settings
    live = Counts(*(sum(counts) for counts in zip(*(share.live for share in shares), strict=True)))
    n = live.n_any if generated_weight else live.n_body
    length = live.body_length + generated_weight * live.generated_length
    slope = k1 * b * n / length if length > 0 else 0.0
    formula = Formula(max(k1 * (1.0 - b), _LEAST), max(slope, _LEAST), float(generated_weight))
    return Collection(analyzer, n, formula, tuple(shares))


def _own_lengths(postings: Postings, number: int, generated_weight: float) -> Array:
    """The lengths of all rows in one analyzer, with those of generated queries: (N,)."""
    body = np.where(postings.row_analyzers == number, postings.lengths, 0)
    lengths: Array = body + generated_weight * postings.generated_lengths[number]
    return lengths


def _normed(lengths: Array, deleted: Array, length_norm: str) -> Array:
    normed = (lucene_lengths(lengths) if length_norm == "lucene" else lengths).astype(np.float32)
    normed[deleted] = np.inf
    normed.flags.writeable = False
    return normed


def _columns(postings: Postings, pairs: Bounds, lengths: Array, length_norm: str) -> Columns:
    bound_lengths = pairs.lengths
    if length_norm == "lucene":
        bound_lengths = lucene_lengths(bound_lengths).astype(np.int32)
        bound_lengths.flags.writeable = False
    return Columns(postings.rows, postings.tf_body, postings.tf_generated, lengths, pairs.tfs, bound_lengths)


def weigh(collection: Collection, text: str) -> Query:
    """A question's terms in a collection, with their weights."""
    counts = Counter(analyzer_by_name(collection.analyzer).terms(text))
    terms = [term_to_bytes(term) for term in counts]
    hashes: list[int] = term_hashes(terms).tolist()
    weights = np.array(list(counts.values()), np.float64)
    found = [_locate(share, terms, hashes, weights) for share in collection.shares]
    dfs = sum((dfs for _, dfs in found), np.zeros(len(terms), np.int64))
    weights *= idf(collection.n, np.clip(dfs, 0, collection.n))  # a damaged file may give any number
    return Query(collection, tuple(terms for terms, _ in found), float(weights.sum()))


def _locate(share: Share, terms: Sequence[bytes], hashes: Sequence[int], weights: Array) -> tuple[QueryTerms, Array]:
    """Where the terms stand in a segment, an absent one as an empty range; and in how many passages each does."""
    places = np.array(share.postings.find(share.terms, terms, hashes), np.int64)
    absent = places < 0
    if absent.all():
        none = np.zeros(len(terms), np.int64)
        return QueryTerms(none, none.copy(), none.copy(), none.copy(), weights), none
    places[absent] = places.max()
    after = places + 1
    starts, ends = share.postings.posting_starts[places], share.postings.posting_starts[after]
    bound_starts, bound_ends = share.bounds.starts[places], share.bounds.starts[after]
    ends[absent] = starts[absent]
    bound_ends[absent] = bound_starts[absent]
    dfs = ends - starts
    if len(share.postings.body_dfs) and not share.counts_generated:
        dfs = np.where(absent, 0, share.postings.body_dfs[places])
    if len(share.deleted):
        dfs -= [_n_deleted(share, *span) for span in zip(starts.tolist(), ends.tolist(), strict=True)]
    return QueryTerms(starts, ends, bound_starts, bound_ends, weights), dfs


def _n_deleted(share: Share, start: int, end: int) -> int:
    """How many of a term's postings that count in df are at deleted rows."""
    rows = share.postings.rows[start:end]
    fewer, more = (rows, share.deleted) if len(rows) < len(share.deleted) else (share.deleted, rows)
    places = np.searchsorted(more, fewer)
    are_found = more[np.minimum(places, len(more) - 1)] == fewer
    if not len(share.postings.body_dfs) or share.counts_generated:
        return int(np.count_nonzero(are_found))
    found = np.flatnonzero(are_found) if fewer is rows else places[are_found]
    return int(np.count_nonzero(share.postings.tf_body[start:end][found]))


def best_rows(columns: Columns, terms: QueryTerms, formula: Formula, k: int, limit: float) -> tuple[Array, Array]:
    """The rows of a segment's k best scores above 0 and at least `limit`, rising, all ties included; and the scores.

    There may be some more than these.
    """
    if len(columns.lengths) < COMPILED_ROWS:
        scores = _all_scores(columns, terms, formula)
        rows = np.flatnonzero((scores >= limit) & (scores > 0.0))
        kept = rows[at_least_kth(scores[rows], k)]
        return kept, scores[kept]
    return compiled().top_rows(columns, terms, formula, k, limit)


def row_scores(columns: Columns, terms: QueryTerms, formula: Formula, rows: Array) -> Array:
    """The scores of a segment's rows, which rise: (n,) float64."""
    if len(columns.lengths) < COMPILED_ROWS:
        return _all_scores(columns, terms, formula)[rows]
    return compiled().scores_at(columns, terms, formula, rows)


def _all_scores(columns: Columns, terms: QueryTerms, formula: Formula) -> Array:
    scores = np.zeros(len(columns.lengths))
    try:
        for start, end, weight in zip(terms.starts, terms.ends, terms.weights, strict=True):
            rows = columns.rows[start:end]
            tf = columns.tf_body[start:end].astype(np.float64)
            if len(columns.tf_generated):
                tf += formula.generated_weight * columns.tf_generated[start:end]
            norm = formula.base + formula.slope * columns.lengths[rows].astype(np.float64)
            scores[rows] += weight * (tf / (tf + norm))
    except IndexError as error:
        raise IndexFolderError(
            "the bm25 postings of this index contradict themselves; run openqa verify, then restore or rebuild it"
        ) from error
    return scores
