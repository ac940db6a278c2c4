"""Fusion: one ranking out of several, as pure functions, and the retriever that fuses bm25 and dense.

By default a weighted sum. bm25 is taken as a share of what the question could attain at most, unknown words included,
so across languages, where it sees little but names and numbers, it counts for little; its weight may fall further with
the share of the question's idf that the index knows. Dense is taken as it stands, or brought to one scale over its own
best candidates. Each candidate of either retriever gets
the exact score of both, so no floor has to be guessed for one that only the other has found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from openqa.errors import unknown_name
from openqa.retrieve.bm25 import Bm25Retriever
from openqa.retrieve.dense import DenseRetriever
from openqa.retrieve.rows import check_k
from openqa.types import Array, Hit, Question, Ranking

DEPTH = 100
RANK_CONSTANT = 60
FUSIONS = ("weighted_sum", "reciprocal_rank")

Scale = Callable[[Array, Array], Array]


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


def _as_it_is(scores: Array, best: Array) -> Array:
    return scores


def _standard_scores(scores: Array, best: Array) -> Array:
    deviation = float(best.std()) if len(best) else 0.0
    return (scores - best.mean()) / deviation if deviation > 0 else np.zeros_like(scores)


def _from_lowest(scores: Array, best: Array) -> Array:
    spread = float(best.max() - best.min()) if len(best) else 0.0
    return (scores - best.min()) / spread if spread > 0 else np.zeros_like(scores)


SCALES: Mapping[str, Scale] = MappingProxyType(
    {"cosine": _as_it_is, "standard": _standard_scores, "range": _from_lowest}
)


@dataclass(frozen=True, slots=True)
class HybridWeights:
    """How bm25 and dense are added: dense + bm25 * share ** share_power * (bm25's score / what is attainable).

    Attributes:
        bm25: its weight beside dense's 1; at least 0.
        share_power: how fast bm25's weight falls with the known share of the question's idf; 0 for not at all.
        dense_scale: "cosine" as it stands; "standard" minus the mean of the best candidates, by their deviation;
            "range" from their lowest to their highest.
    """

    bm25: float = 3.0  # the defaults: scripts/fit_hybrid.py with the bundled encoder
    share_power: float = 0.0
    dense_scale: str = "cosine"

    def __post_init__(self) -> None:
        if not (0 <= self.bm25 < np.inf and 0 <= self.share_power < np.inf):
            raise ValueError(
                f"bm25 and share_power must be at least 0, got bm25 {self.bm25}, share_power {self.share_power}"
            )
        if self.dense_scale not in SCALES:
            raise unknown_name("dense scale", self.dense_scale, SCALES)


def fused_scores(lexical: Array, dense: Array, best_dense: Array, known_share: float, weights: HybridWeights) -> Array:
    """The weighted sum of one question's scores.

    Args:
        lexical: (m,) bm25 scores as shares of what is attainable.
        dense: (m,) dense scores of the same passages.
        best_dense: dense scores of dense's own best candidates, which set its scale.
        known_share: of the question's idf, within [0, 1].
        weights: how they are added.

    Returns:
        (m,) float64.
    """
    weight = weights.bm25 * known_share**weights.share_power
    fused: Array = SCALES[weights.dense_scale](dense, best_dense) + weight * lexical
    return fused


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
        queries = self._dense.encode(questions)
        depth = max(k, self._depth)
        near = self._dense.top_rows(queries, depth)
        lexical = self._bm25.top_rows(questions, depth)
        rows = [np.union1d(own[0], other[0]) for own, other in zip(lexical, near, strict=True)]
        bm25_scores = self._bm25.scores_at(questions, rows)
        dense_scores = self._dense.scores_at(queries, rows)
        attainable = self._bm25.attainable(questions)
        shares = self._bm25.known_idf_share(questions)
        rankings = []
        for i in range(len(questions)):
            shared = bm25_scores[i] / (attainable[i] or 1.0)
            fused = fused_scores(shared, dense_scores[i], near[i][1], shares[i], self._weights)
            rankings.append(self._bm25.rows.ranking(rows[i], fused, k))
        return rankings

    def _by_rank(self, questions: Sequence[Question], k: int) -> list[Ranking]:
        depth = max(k, self._depth)
        both = zip(self._bm25.search(questions, depth), self._dense.search(questions, depth), strict=True)
        return [reciprocal_rank_fusion(rankings)[:k] for rankings in both]
