"""Slow, obvious versions of what openqa does fast; the fast ones must equal them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openqa.types import Array, Hit, Ranking


@dataclass(frozen=True)
class BagOfWords:
    """One passage in one analyzer: its terms, and the terms of its generated queries."""

    id: str
    body: tuple[str, ...]
    generated: tuple[str, ...] = ()


def best_first(scores: dict[str, float], k: int) -> Ranking:
    """The k best, equal scores by passage id."""
    return [Hit(name, score) for name, score in sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]]


def bm25(
    passages: Sequence[BagOfWords], query: Sequence[str], k1: float = 0.9, b: float = 0.4, generated_weight: float = 1.0
) -> dict[str, float]:
    """The BM25 score of every passage that holds a term of the query, straight from the formula."""
    lengths = {p.id: len(p.body) + generated_weight * len(p.generated) for p in passages}
    n = sum(1 for length in lengths.values() if length > 0)
    scores: dict[str, float] = {}
    for passage in passages:
        score = 0.0
        for term in query:
            tf = passage.body.count(term) + generated_weight * passage.generated.count(term)
            if tf > 0:
                average = sum(lengths.values()) / n
                idf = bm25_idf(passages, term, generated_weight)
                score += idf * tf / (tf + k1 * (1 - b + b * lengths[passage.id] / average))
        if score > 0:
            scores[passage.id] = score
    return scores


def bm25_idf(passages: Sequence[BagOfWords], term: str, generated_weight: float = 1.0) -> float:
    """The idf of a term, known or not."""
    n = sum(1 for p in passages if p.body or (p.generated and generated_weight > 0))
    df = sum(1 for p in passages if term in p.body or (term in p.generated and generated_weight > 0))
    return math.log(1 + (n - df + 0.5) / (df + 0.5))


def bm25_attainable(passages: Sequence[BagOfWords], query: Sequence[str], generated_weight: float = 1.0) -> float:
    """The sum of the idf of the query's terms."""
    return sum(bm25_idf(passages, term, generated_weight) for term in query)


def inner_products(vectors: Array, query: Array) -> list[float]:
    """Every passage's inner product with one query, one after the other."""
    return [float(np.dot(row.astype(np.float64), query.astype(np.float64))) for row in vectors]


def reciprocal_ranks(rankings: Sequence[Ranking], k: int = 60) -> dict[str, float]:
    """The sum of 1 / (k + rank) over the rankings that hold a passage, ranks from 1."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            scores[hit.passage_id] = scores.get(hit.passage_id, 0.0) + 1 / (k + rank)
    return scores
