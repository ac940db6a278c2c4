"""Hard negatives and relevance-guided triples: labels that come from rankings and answer strings.

Source: hard negatives that hold no answer: Karpukhin et al. 2020 (arXiv:2004.04906); relevance-guided supervision:
Khattab, Potts & Zaharia 2021 (arXiv:2007.00814).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from openqa.errors import DataError
from openqa.text.normalize import answer_tokens
from openqa.train.retrieval_examples import RetrievalExample
from openqa.train.retriever_config import Guidance, Negatives

_MOST_DRAWS = 1000  # of random passages, to fill up one example's negatives


@dataclass(frozen=True, slots=True)
class Pool:
    """The distinct passages that are ranked, and their languages."""

    texts: tuple[str, ...]
    langs: tuple[str, ...]
    _tokens: dict[int, list[str]] = field(default_factory=dict, repr=False, compare=False)  # made when first asked for

    @classmethod
    def of(cls, examples: Sequence[RetrievalExample]) -> "Pool":
        """Returns the passages of examples, in the order in which they come first."""
        langs: dict[str, str] = {}
        for example in examples:
            langs.setdefault(example.passage, example.lang)
        return cls(tuple(langs), tuple(langs.values()))

    def holds_answer(self, row: int, answers: Sequence[str]) -> bool:
        """Whether one of the answers stands in a passage, token for token after normalisation.

        Args:
            row: the passage's.
            answers: gold answers; one without a token is left out.
        """
        lang = self.langs[row]
        if row not in self._tokens:
            self._tokens[row] = answer_tokens(self.texts[row], lang)
        return any(_stands(answer_tokens(answer, lang), self._tokens[row]) for answer in answers)


def _stands(wanted: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether some tokens, at least one, follow one another among others."""
    starts = range(len(tokens) - len(wanted) + 1) if wanted else ()
    return any(tokens[i : i + len(wanted)] == wanted for i in starts)


def with_negatives(
    examples: Sequence[RetrievalExample],
    rankings: Sequence[Sequence[int]],
    pool: Pool,
    wanted: Negatives,
    rng: np.random.Generator,
) -> list[RetrievalExample]:
    """Returns the examples with hard negatives, those with too few filled up by passages drawn from the pool.

    Args:
        examples: B examples.
        rankings: B rankings of rows of the pool, best first.
        pool: the passages.
        wanted: how many, and from which ranks.
        rng: source of chance.
    """
    filled = []
    for example, ranking in zip(examples, rankings, strict=True):
        rows = [row for row in ranking[wanted.skip : wanted.depth] if _is_negative(pool, row, example)]
        chosen = [pool.texts[row] for row in rng.permutation(rows)[: wanted.n]]
        filled.append(_filled(example, chosen, pool, wanted.n, rng))
    return filled


def with_equal_negatives(examples: Sequence[RetrievalExample], rng: np.random.Generator) -> list[RetrievalExample]:
    """Returns the examples, each with as many negatives as the one with most, filled up by other examples' passages.

    Args:
        examples: any.
        rng: source of chance.
    """
    most = max((len(example.negatives) for example in examples), default=0)
    if not most:
        return list(examples)
    pool = Pool.of(examples)
    return [_filled(example, example.negatives, pool, most, rng) for example in examples]


def guided_triples(
    examples: Sequence[RetrievalExample],
    rankings: Sequence[Sequence[int]],
    pool: Pool,
    guidance: Guidance,
    rng: np.random.Generator,
) -> list[RetrievalExample]:
    """Returns triples of a query, a passage that ranks high with an answer, and one that ranks high without.

    A query without a positive or a negative within the depths gives none.

    Args:
        examples: B examples with answers; which passage they came from is not looked at.
        rankings: B rankings of rows of the pool, best first.
        pool: the passages.
        guidance: depths and numbers.
        rng: source of chance.
    """
    triples = []
    depths = guidance.depths()
    for example, ranking in zip(examples, rankings, strict=True):
        shown = list(ranking[: max(depth for _, depth in depths)])
        is_right = [pool.holds_answer(row, example.answers) for row in shown]
        right = [place for place, holds in enumerate(is_right) if holds]
        positives = {place for n, depth in depths for place in [p for p in right if p < depth][:n]}
        negatives = [place for place, holds in enumerate(is_right) if not holds]
        if not positives or not negatives:
            continue
        n = min(guidance.triples, len(positives) * len(negatives))
        for positive, negative in zip(rng.choice(sorted(positives), n), rng.choice(negatives, n), strict=True):
            passage, other = pool.texts[shown[positive]], pool.texts[shown[negative]]
            triples.append(replace(example, passage=passage, negatives=(other,)))
    return triples


def success_at(
    examples: Sequence[RetrievalExample], rankings: Sequence[Sequence[int]], pool: Pool, cutoffs: Sequence[int]
) -> dict[str, float]:
    """Returns the share of queries with an answer string among the best k passages, as Success@k.

    Args:
        examples: B examples with answers, at least one.
        rankings: B rankings of rows of the pool, best first.
        pool: the passages.
        cutoffs: values of k.
    """
    first = []
    for example, ranking in zip(examples, rankings, strict=True):
        shown = ranking[: max(cutoffs)]
        places = (p for p, row in enumerate(shown) if pool.holds_answer(row, example.answers))
        first.append(next(places, max(cutoffs)))
    return {f"Success@{k}": float(np.mean(np.asarray(first) < k)) for k in cutoffs}


def _is_negative(pool: Pool, row: int, example: RetrievalExample) -> bool:
    return pool.texts[row] != example.passage and not pool.holds_answer(row, example.answers)


def _filled(
    example: RetrievalExample, negatives: Sequence[str], pool: Pool, n: int, rng: np.random.Generator
) -> RetrievalExample:
    """The example with n negatives: the given ones, then passages of the pool that are no positives.

    Raises:
        DataError: the pool has not enough.
    """
    texts = list(negatives)
    for row in rng.integers(len(pool.texts), size=_MOST_DRAWS if len(texts) < n else 0):
        if len(texts) < n and pool.texts[row] not in texts and _is_negative(pool, int(row), example):
            texts.append(pool.texts[row])
    if len(texts) < n:
        raise DataError(
            f'query "{example.query}" has {len(texts)} passages without its answer in the data; {n} are needed as '
            f"negatives; give more data or ask for fewer"
        )
    return replace(example, negatives=tuple(texts))
