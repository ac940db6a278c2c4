"""Fits the weights of hybrid retrieval on MLQA dev, part 3: the same-language and the cross-language pairs count alike.

Run: python scripts/fit_hybrid.py [--encoder mini] [--data ../shared/data]

Every passage of MLQA dev in a language is in that language's pool; only questions of part 3 are asked. For each of the
49 pairs of question and passage language, and each setting of the grid, R@1 + RR@10 is measured; printed are the best
settings, and bm25 and dense alone beside them. Put the first line into openqa/retrieve/hybrid.py.
"""

import argparse
import itertools
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.encode import load_encoder
from openqa.evaluate.mlqa import load_mlqa_dev
from openqa.evaluate.parallel import ParallelQA
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.retrieve.hybrid import DEPTH, SCALES, HybridWeights, fused_scores
from openqa.types import Array, Encoder, Passage, Question

BM25_WEIGHTS = {
    "cosine": (0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 7.0),
    "standard": (3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 30.0, 40.0, 60.0),
    "range": (1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0),
}
SHARE_POWERS = (0.0, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True)
class Pool:
    """The passages of one language as a segment in a temporary folder."""

    folder: Path
    passages: tuple[Passage, ...]

    def __len__(self) -> int:
        return len(self.passages)

    def part_path(self, part: str) -> Path:
        """A folder of the pool."""
        return self.folder / part

    def passage_ids(self, rows: Array) -> list[str]:
        """Ids of rows."""
        return [self.passages[row].id for row in rows.tolist()]


@dataclass(frozen=True)
class Scored:
    """All scores of one pair of languages: B questions over the N passages of a pool."""

    is_same: bool
    lexical: Array  # (B, N), shares of what is attainable
    dense: Array  # (B, N)
    best_dense: Array  # (B, K), the scores of dense's candidates
    shares: Array  # (B,)
    gold: Array  # (B,) rows


def open_pool(pool: Pool, encoder: Encoder) -> tuple[Bm25Retriever, DenseRetriever]:
    """Writes both parts and opens them."""
    for part in (Bm25Part(), DensePart(encoder)):
        pool.part_path(part.name).mkdir(parents=True)
        writer = part.writer(pool.part_path(part.name))
        writer.add(pool.passages)
        writer.finish()
    return Bm25Retriever([pool]), DenseRetriever([pool], encoder)


def score_pair(
    bm25: Bm25Retriever, dense: DenseRetriever, questions: Sequence[Question], gold: Sequence[int], is_same: bool
) -> Scored:
    """Scores every passage for every question."""
    every = np.arange(len(bm25.rows))
    queries = dense.encode(questions)
    lexical = np.stack(bm25.scores_at(questions, [every] * len(questions)))
    attainable = np.array([most or 1.0 for most in bm25.attainable(questions)])
    near = np.stack(dense.scores_at(queries, [every] * len(questions)))
    best = -np.sort(-near, axis=1)[:, :DEPTH]
    shares = np.array(bm25.known_idf_share(questions))
    return Scored(is_same, lexical / attainable[:, None], near, best, shares, np.array(gold))


def quality(scores: Array, gold: Array) -> float:
    """R@1 + RR@10, equal scores counted against."""
    own = scores[np.arange(len(gold)), gold]
    ranks = (scores >= own[:, None]).sum(axis=1)
    return float((ranks == 1).mean() + np.where(ranks <= 10, 1.0 / ranks, 0.0).mean())


def fused(pair: Scored, weights: HybridWeights) -> Array:
    """The hybrid scores of a pair: (B, N)."""
    rows = range(len(pair.gold))
    return np.stack(
        [fused_scores(pair.lexical[i], pair.dense[i], pair.best_dense[i], pair.shares[i], weights) for i in rows]
    )


def means(pairs: Sequence[Scored], scores: Sequence[Array]) -> tuple[float, float]:
    """Mean R@1 + RR@10 over the same-language pairs, and over the others."""
    found = [quality(own, pair.gold) for pair, own in zip(pairs, scores, strict=True)]
    same = [q for pair, q in zip(pairs, found, strict=True) if pair.is_same]
    other = [q for pair, q in zip(pairs, found, strict=True) if not pair.is_same]
    return float(np.mean(same)), float(np.mean(other))


def score_pairs(everything: ParallelQA, fitting: ParallelQA, encoder: Encoder) -> list[Scored]:
    """Scores all pairs of languages."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for lang in everything.langs:
            pool = Pool(Path(folder) / lang, everything.passages(lang))
            bm25, dense = open_pool(pool, encoder)
            row = {passage.id: i for i, passage in enumerate(pool.passages)}
            for asked in fitting.langs:
                questions = fitting.questions(asked, lang)
                gold = [row[fitting.sides[lang].passage_ids[question.id]] for question in questions]
                pairs.append(score_pair(bm25, dense, questions, gold, asked == lang))
    return pairs


def main() -> None:
    """Scores all pairs once, then tries the grid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", default="mini")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("OPENQA_DATA", "../shared/data")))
    given = parser.parse_args()
    folder = given.data / "qa" / "mlqa-dev"
    encoder: Encoder = load_encoder(given.encoder)
    pairs = score_pairs(load_mlqa_dev(folder, (0, 1, 2, 3)), load_mlqa_dev(folder, (3,)), encoder)
    print("R@1 + RR@10 (same language, across languages)")
    print("bm25 alone  {:.4f} {:.4f}".format(*means(pairs, [pair.lexical for pair in pairs])))
    print("dense alone {:.4f} {:.4f}".format(*means(pairs, [pair.dense for pair in pairs])))
    tried = []
    for scale, power in itertools.product(SCALES, SHARE_POWERS):
        for weight in BM25_WEIGHTS[scale]:
            weights = HybridWeights(weight, power, scale)
            same, other = means(pairs, [fused(pair, weights) for pair in pairs])
            tried.append((same + other, same, other, weights))
    for _, same, other, weights in sorted(tried, key=lambda entry: -entry[0])[:10]:
        print(f"{same:.4f} {other:.4f} {weights}")


if __name__ == "__main__":
    main()
