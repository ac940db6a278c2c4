"""Fusion: one ranking out of several, as pure functions, and the retriever that fuses bm25 and dense.

By default a weighted sum of dense's cosine and of how far a passage stands out to bm25, as a share of what the question
could attain at most, words that the index does not know included: across languages bm25 sees little but names and
numbers, and weighs little by itself. Each candidate of either retriever gets the exact scores of both, so no floor has
to be guessed for one that only the other has found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from openqa.errors import unknown_name
from openqa.retrieve.bm25 import Bm25Retriever
from openqa.retrieve.dense import DenseRetriever
from openqa.retrieve.rows import check_k
from openqa.types import Hit, Question, Ranking

DEPTH = 100
RANK_CONSTANT = 60
FUSIONS = ("weighted_sum", "reciprocal_rank")


def weighted_sum(rankings: Sequence[Ranking], weights: Sequence[float]) -> Ranking:
    """One ranking by the weighted sum of scores that are first brought to [0, 1] within each ranking.

    A score becomes (score - lowest) / (highest - lowest), 1 where all are equal; a passage that a ranking has not
    found gets 0 there.

    Args:
        rankings: of one question.
        weights: one for each ranking.

    Raises:
        ValueError: there are not as many weights as rankings.

    Source: Fox & Shaw 1994 (CombSUM), weighted.
    """
    if len(weights) != len(rankings):
        raise ValueError(f"{len(rankings)} rankings need as many weights, got {len(weights)}")
    scores: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        lowest = min((hit.score for hit in ranking), default=0.0)
        spread = max((hit.score for hit in ranking), default=0.0) - lowest
        for hit in ranking:
            share = (hit.score - lowest) / spread if spread else 1.0
            scores[hit.passage_id] = scores.get(hit.passage_id, 0.0) + weight * share
    return _best_first(scores)


def reciprocal_rank_fusion(rankings: Sequence[Ranking], k: int = RANK_CONSTANT) -> Ranking:
    """One ranking by the sum of 1 / (k + rank) over the rankings that hold a passage, ranks from 1.

    Args:
        rankings: of one question.
        k: how little the first places count beyond the next ones; at least 0.

    Raises:
        ValueError: k is negative.

    Source: Cormack, Clarke & Büttcher 2009.
    """
    if k < 0:
        raise ValueError(f"k of the reciprocal rank must be at least 0, got {k}")
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.passage_id] = scores.get(hit.passage_id, 0.0) + 1.0 / (k + rank)
    return _best_first(scores)


def _best_first(scores: Mapping[str, float]) -> Ranking:
    return [Hit(name, score) for name, score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))]


@dataclass(frozen=True, slots=True)
class HybridWeights:
    """How bm25 and dense are added: dense + bm25 · Bm25Retriever.outstanding(background_rank).

    Attributes:
        bm25: its weight beside dense's 1; at least 0.
        background_rank: which of the best passages of a language counts as an ordinary one; at least 1.
    """

    bm25: float = 1.0  # the defaults: scripts/fit_hybrid.py with the bundled encoder
    background_rank: int = 3

    def __post_init__(self) -> None:
        if not 0 <= self.bm25 < np.inf:
            raise ValueError(f"bm25 must be at least 0, got {self.bm25}")
        if self.background_rank < 1:
            raise ValueError(f"background_rank must be at least 1, got {self.background_rank}")


class HybridRetriever:
    """Ranks by bm25 and dense together."""

    def __init__(
        self,
        bm25: Bm25Retriever,
        dense: DenseRetriever,
        *,
        weights: HybridWeights | None = None,
        fusion: str = "weighted_sum",
        depth: int = DEPTH,
    ) -> None:
        """Takes two retrievers over the same segments.

        Args:
            bm25: over the segments.
            dense: over the same segments.
            weights: of the weighted sum; the fitted ones when None.
            fusion: "weighted_sum", or "reciprocal_rank".
            depth: candidates from each, or k where that is more; at least 1.

        Raises:
            ConfigError: the fusion is unknown.
            ValueError: the depth is below 1, or the retrievers are not over the same passages.
        """
        if fusion not in FUSIONS:
            raise unknown_name("fusion", fusion, FUSIONS)
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        if bm25.rows.starts.tolist() != dense.rows.starts.tolist():
            raise ValueError(f"bm25 has {len(bm25.rows)} passages, dense {len(dense.rows)}; open both over one index")
        self._bm25 = bm25
        self._dense = dense
        self._weights = weights or HybridWeights()
        self._fuse = self._by_weight if fusion == "weighted_sum" else self._by_rank
        self._depth = depth

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
        return self._fuse(questions, k)

    def _by_weight(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        vectors, weighed = self._dense.encode(questions), self._bm25.weigh(questions)
        depth = max(k, self._depth)
        near = self._dense.top_rows(vectors, depth)
        lexical = self._bm25.top_rows(weighed, depth)
        rows = [np.union1d(own[0], other[0]) for own, other in zip(lexical, near, strict=True)]
        lexical_scores = self._bm25.outstanding(weighed, rows, self._weights.background_rank)
        dense_scores = self._dense.scores_at(vectors, rows)
        fused = [own + self._weights.bm25 * other for own, other in zip(dense_scores, lexical_scores, strict=True)]
        return [self._bm25.rows.ranking(*found, k) for found in zip(rows, fused, strict=True)]

    def _by_rank(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        depth = max(k, self._depth)
        both = zip(self._bm25.search(questions, depth), self._dense.search(questions, depth), strict=True)
        return [reciprocal_rank_fusion(rankings)[:k] for rankings in both]
