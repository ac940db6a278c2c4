"""Ranking by Lucene's BM25, over any number of segments and languages.

score(q, d) = sum over the words t of q of idf(t) * tf / (tf + k1 * (1 - b + b * |d| / average |d|))
idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))
tf = occurrences in the body (title and text) + generated_weight * occurrences in generated queries; |d| likewise

A word that stands twice in the question counts twice. As in Lucene 8 and later, the constant factor (k1 + 1) is left
out. Source: Kamphuis et al. 2020 ("Which BM25 Do You Mean?", the variant "Lucene (accurate)"); for generated queries
BM25F, Robertson et al. 2004.

N, df and the average length belong to one analyzer and are summed over all segments, so scores do not depend on how
passages are spread over segments; deleted passages count in none of them. A passage belongs to the analyzer of its
language. In an index of several analyzers a question is scored by each, and a score is divided by what the question
could attain there at most, the sum of its idf, unknown words included; in an index of one analyzer scores are plain
BM25.

The last word on a score is always a float64 sum in the order of the question; pruning only leaves out rows that
cannot matter.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from openqa.errors import EncoderMismatch
from openqa.retrieve.collection import Query, best_rows, open_collections, row_scores, weigh
from openqa.retrieve.combine import combine
from openqa.retrieve.invert import AnalyzedPassage, invert
from openqa.retrieve.kernels import SLACK
from openqa.retrieve.postings import FORMAT, Postings, open_postings
from openqa.retrieve.postings_writer import write_postings
from openqa.retrieve.rows import Rows, at_least_kth, check_k, index_name, indexed_text
from openqa.text.analysis import VERSION, analyzer_by_name, analyzer_name
from openqa.types import Array, PartSource, Passage, Question, Ranking, SegmentView

PART = "bm25"
LENGTH_NORMS = ("exact", "lucene")


class Bm25Part:
    """How bm25 stores its share of an index."""

    name = PART

    def config(self) -> dict[str, Any]:
        """Format and version of the analysis; each segment also names its analyzers."""
        return {"format": FORMAT, "analysis": VERSION}

    def write_chunk(
        self, folder: Path, passages: Sequence[Passage], *, generated: Sequence[Sequence[Question]] = ()
    ) -> None:
        """Writes the inverted index of some passages, which it holds in memory.

        Args:
            folder: exists and is empty.
            passages: in the order of rows.
            generated: for each passage the queries generated for it, each with its language; () for none.

        Raises:
            ValueError: `generated` is given for another number of passages.
        """
        if generated and len(generated) != len(passages):
            raise ValueError(f"generated queries for {len(generated)} passages, {len(passages)} passages were given")
        analyzed = [_analyzed(p, generated[i] if generated else ()) for i, p in enumerate(passages)]
        found = invert(analyzed)
        versions = {name: analyzer_by_name(name).version for name in found.analyzers}
        write_postings(folder, versions, found.lengths, enumerate(found.terms))

    def combine(self, folder: Path, sources: Sequence[PartSource]) -> None:
        """Writes the inverted index of the kept rows of others, range by range of their terms.

        Args:
            folder: exists and is empty.
            sources: any number.

        Raises:
            IndexFolderError: a source is damaged, or two were analyzed by different versions of an analyzer.
        """
        combine(folder, sources)


def _analyzed(passage: Passage, generated: Sequence[Question]) -> AnalyzedPassage:
    own = analyzer_name(passage.lang)
    names = [analyzer_name(query.lang) for query in generated]
    queries = [(name, analyzer_by_name(name).terms(query.text)) for name, query in zip(names, generated, strict=True)]
    return AnalyzedPassage(own, analyzer_by_name(own).terms(indexed_text(passage)), queries)


class Bm25Retriever:
    """Ranks the passages of some segments by BM25; a question without a known word gets no hits."""

    def __init__(
        self,
        segments: Sequence[SegmentView],
        *,
        k1: float = 0.9,
        b: float = 0.4,
        generated_weight: float = 1.0,
        length_norm: str = "exact",
    ) -> None:
        """Maps the segments' postings.

        Args:
            segments: in the order of the index.
            k1: how slowly repeats of a word stop counting; at least 0.
            b: how far a long passage is marked down; within [0, 1].
            generated_weight: what an occurrence in a generated query counts beside one in the body; at least 0.
            length_norm: "exact", or "lucene" to round lengths as Lucene does, for comparison.

        Raises:
            ValueError: a number is out of its range, or `length_norm` is unknown.
            IndexFolderError: a file is missing or damaged.
            EncoderMismatch: an analyzer has changed since the index was built.
        """
        if not (k1 >= 0 and 0 <= b <= 1 and 0 <= generated_weight < np.inf and k1 < np.inf):
            raise ValueError(
                f"k1 and generated_weight must be at least 0 and b within [0, 1], "
                f"got k1 {k1}, b {b}, generated_weight {generated_weight}"
            )
        if length_norm not in LENGTH_NORMS:
            raise ValueError(f'length_norm must be one of {", ".join(LENGTH_NORMS)}, got "{length_norm}"')
        self.rows = Rows(segments)
        deleted = [segment.deleted_rows for segment in segments]
        opened = [open_postings(segment.part_path(PART), len(segment)) for segment in segments]
        for segment, (postings, _) in zip(segments, opened, strict=True):
            _check_analyzers(segment, postings)
        self._collections = open_collections(opened, deleted, (k1, b, generated_weight), length_norm)

    def search(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        """The k best passages for each question; equal scores in the order of passage ids.

        Args:
            questions: any number.
            k: hits kept, at least 1.

        Raises:
            ValueError: k is below 1.
        """
        check_k(k)
        return [self.rows.ranking(*found, k) for found in self.top_rows(self.weigh(questions), k)]

    def weigh(self, questions: Sequence[Question]) -> list[tuple[Query, ...]]:
        """Each question's words with their weights, as the passages of each analyzer see them."""
        return [tuple(weigh(collection, question.text) for collection in self._collections) for question in questions]

    def top_rows(self, queries: Sequence[tuple[Query, ...]], k: int) -> list[tuple[Array, Array]]:
        """The global rows of the k best scores of each question, with all that tie with the last of them.

        Args:
            queries: B questions, of `weigh`.
            k: at least 1.

        Returns:
            For each question (m,) int64 rows, rising, and (m,) float64 scores; m may exceed k by ties.

        Raises:
            ValueError: k is below 1.
        """
        check_k(k)
        return [self._best(query, k) for query in queries]

    def outstanding(
        self, queries: Sequence[tuple[Query, ...]], rows: Sequence[Array], background_rank: int
    ) -> list[Array]:
        """How far passages stand out, for fusion: the share of what is attainable, above that of an ordinary passage.

        s[p] = max(0, score[p] - b) / attainable, with b the score at `background_rank` among the passages of p's
        analyzer, 0 where fewer are found. In an index of several languages the passages in the question's own language
        hold some of its words in any case; only what rises above that is evidence.

        Args:
            queries: B questions, of `weigh`.
            rows: for each question (m,) int64 global rows, rising.
            background_rank: from 1.

        Returns:
            For each question (m,) float64 within [0, 1].
        """
        return [self._outstanding(own, wanted, background_rank) for own, wanted in zip(queries, rows, strict=True)]

    def _best(self, queries: Sequence[Query], k: int) -> tuple[Array, Array]:
        best: dict[int, float] = {}
        for query in queries:
            rows, scores = self._best_of(query, k)
            if len(queries) == 1:
                return rows, scores
            for row, score in zip(rows.tolist(), (scores / (query.attainable or 1.0)).tolist(), strict=True):
                best[row] = max(score, best.get(row, 0.0))
        rows = np.array(sorted(best), np.int64)
        return rows, np.array([best[row] for row in rows.tolist()], np.float64)

    def _best_of(self, query: Query, k: int) -> tuple[Array, Array]:
        rows, scores = np.empty(0, np.int64), np.empty(0)
        for share, terms in zip(query.collection.shares, query.terms, strict=True):
            limit = float(scores.min()) * (1.0 - SLACK) if len(scores) >= k else 0.0
            own_rows, own_scores = best_rows(share.columns, terms, query.collection.formula, k, limit)
            own_rows += self.rows.starts[share.segment]
            rows, scores = np.concatenate((rows, own_rows)), np.concatenate((scores, own_scores))
            if len(scores) > k:
                kept = at_least_kth(scores, k)
                rows, scores = rows[kept], scores[kept]
        return rows, scores

    def _outstanding(self, queries: Sequence[Query], rows: Array, background_rank: int) -> Array:
        best = np.zeros(len(rows))
        for query in queries:
            ordinary = np.sort(self._best_of(query, background_rank)[1])[::-1]
            background = ordinary[background_rank - 1] if len(ordinary) >= background_rank else 0.0
            np.maximum(best, (self._scores_of(query, rows) - background) / (query.attainable or 1.0), out=best)
        return best

    def _scores_of(self, query: Query, rows: Array) -> Array:
        found = np.zeros(len(rows))
        for share, terms in zip(query.collection.shares, query.terms, strict=True):
            first, end = np.searchsorted(rows, self.rows.starts[share.segment : share.segment + 2])
            own = rows[first:end] - self.rows.starts[share.segment]
            found[first:end] = row_scores(share.columns, terms, query.collection.formula, own)
        return found


def _check_analyzers(segment: SegmentView, postings: Postings) -> None:
    for statistics in postings.analyzers:
        now = analyzer_by_name(statistics.name).version
        if now != statistics.version:
            raise EncoderMismatch(
                f'index "{index_name(segment, PART)}" was built with analyzer "{statistics.name}" of version '
                f"{statistics.version}, this openqa has version {now}; build the index again"
            )
