"""Tests of hard negatives and relevance-guided triples."""

import numpy as np
import pytest

from openqa.errors import DataError
from openqa.train.negatives import (
    Pool,
    guided_triples,
    success_at,
    with_equal_negatives,
    with_negatives,
)
from openqa.train.retrieval_examples import RetrievalExample
from openqa.train.retriever_config import Guidance, Negatives

TEXTS = ["Paris is in France.", "The capital is Paris.", "Berlin is a town.", "Rome is old.", "Oslo is cold."]


def example(row: int = 0) -> RetrievalExample:
    """A query whose answer is Paris."""
    return RetrievalExample("capital of France?", TEXTS[row], "en", ("Paris",))


def pool() -> Pool:
    """All texts."""
    return Pool(tuple(TEXTS), ("en",) * len(TEXTS))


def holds_answer(text: str, answers: list[str], lang: str) -> bool:
    return Pool((text,), (lang,)).holds_answer(0, answers)


def test_an_answer_stands_as_whole_words() -> None:
    """Case and punctuation do not matter, parts of words do; without spaces characters follow one another."""
    assert holds_answer("He said: «PARIS!»", ["paris"], "fr")
    assert not holds_answer("Parisian life", ["Paris"], "en")
    assert holds_answer("他住在东京。", ["东京"], "zh")
    assert not holds_answer("東北京都", ["东京"], "zh")
    assert not holds_answer("anything", ["", "?"], "en")


def test_negatives_hold_no_answer_and_are_not_the_passage() -> None:
    """Rows 0 and 1 hold the answer, so the three others are taken, from the ranks that are asked for."""
    wanted = Negatives(n=2, depth=4)
    (filled,) = with_negatives([example()], [[1, 0, 2, 3, 4]], pool(), wanted, np.random.default_rng(0))
    assert set(filled.negatives) == {TEXTS[2], TEXTS[3]}
    assert filled.passage == TEXTS[0]


def test_missing_negatives_are_drawn_from_the_pool() -> None:
    """One of the ranking and two drawn, all different."""
    wanted = Negatives(n=3, depth=3)
    (filled,) = with_negatives([example()], [[1, 0, 4]], pool(), wanted, np.random.default_rng(0))
    assert set(filled.negatives) == {TEXTS[2], TEXTS[3], TEXTS[4]}


def test_ranks_can_be_skipped() -> None:
    """The first three ranks are left out."""
    wanted = Negatives(n=1, depth=5, skip=4)
    (filled,) = with_negatives([example()], [[2, 1, 0, 3, 4]], pool(), wanted, np.random.default_rng(0))
    assert filled.negatives == (TEXTS[4],)


def test_too_small_a_pool_is_refused() -> None:
    """Three texts hold no answer; four are asked for."""
    with pytest.raises(DataError) as error:
        with_negatives([example()], [[2]], pool(), Negatives(n=4, depth=1), np.random.default_rng(0))
    assert str(error.value) == (
        'query "capital of France?" has 3 passages without its answer in the data; 4 are needed as negatives; give '
        "more data or ask for fewer"
    )


def test_all_examples_get_as_many_negatives() -> None:
    """The second gets one from the first one's passage."""
    first = RetrievalExample("a", "one", negatives=("two",))
    filled = with_equal_negatives([first, RetrievalExample("b", "three")], np.random.default_rng(0))
    assert [example.negatives for example in filled] == [("two",), ("one",)]


def test_guided_triples_take_the_best_passages_with_the_answer() -> None:
    """Of positives at ranks 1 and 3, "1,2" sees the first alone; negatives are the others within depth 2."""
    triples = guided_triples(
        [example(3)], [[1, 2, 0, 4]], pool(), Guidance(positives="1,2", triples=9), np.random.default_rng(0)
    )
    assert [(found.passage, found.negatives) for found in triples] == [(TEXTS[1], (TEXTS[2],))]


def test_guided_depths_add_up() -> None:
    """Spelt "1,2 2,4": rank 1 and, within 4, rank 3 too; two positives and two negatives are four pairs at most."""
    guidance = Guidance(positives="1,2 2,4", triples=50)
    triples = guided_triples([example()], [[1, 2, 0, 4]], pool(), guidance, np.random.default_rng(0))
    assert len(triples) == 4
    assert {found.passage for found in triples} <= {TEXTS[0], TEXTS[1]}
    assert {text for found in triples for text in found.negatives} <= {TEXTS[2], TEXTS[4]}


def test_a_query_without_positive_gives_no_triple() -> None:
    """Nothing in the ranking holds the answer."""
    assert not guided_triples([example()], [[2, 3]], pool(), Guidance(), np.random.default_rng(0))


def test_success_counts_queries() -> None:
    """The first finds its answer at rank 1, the second at rank 3."""
    figures = success_at([example(), example()], [[0, 2, 3], [2, 3, 1]], pool(), (1, 3))
    assert figures == {"Success@1": 1 / 2, "Success@3": 2 / 2}
