"""hybrid: fusion as arithmetic, and the retriever equal to the sum written out."""

from pathlib import Path

import pytest

from openqa.errors import ConfigError
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.retrieve.hybrid import HybridRetriever, HybridWeights, reciprocal_rank_fusion, weighted_sum
from openqa.text.analysis import analyzer_by_name
from openqa.types import Hit, Part, Question
from tests import reference
from tests.retrieve.encoders import LetterEncoder
from tests.retrieve.segments import text_passage, write_segment

A = [Hit("x", 9.0), Hit("y", 5.0), Hit("z", 1.0)]
B = [Hit("y", 0.5), Hit("w", 0.1)]
TEXTS = ("red fox", "blue fox", "green tree", "red red tree", "sea", "blue sea", "a fox at sea")


def open_both(folder: Path) -> tuple[Bm25Retriever, DenseRetriever]:
    encoder = LetterEncoder()
    passages = [text_passage(f"p{i}", text, "en") for i, text in enumerate(TEXTS)]
    parts: list[Part] = [Bm25Part(), DensePart(encoder)]
    segments = [write_segment(folder, f"s{i}", parts, [passages[i::2]]) for i in range(2)]
    return Bm25Retriever(segments), DenseRetriever(segments, encoder)


def test_reciprocal_rank_fusion() -> None:
    """Ranks count from 1, and a passage adds up over the rankings that hold it."""
    assert reciprocal_rank_fusion([A, B]) == [
        Hit("y", (1 / (60 + 2)) + (1 / (60 + 1))),
        Hit("x", 1 / (60 + 1)),
        Hit("w", 1 / (60 + 2)),
        Hit("z", 1 / (60 + 3)),
    ]
    assert {h.passage_id: h.score for h in reciprocal_rank_fusion([A, B], 3)} == reference.reciprocal_ranks([A, B], 3)


def test_weighted_sum() -> None:
    """Scores are brought to [0, 1] in each ranking; what a ranking lacks is 0 there; ties go by id."""
    assert weighted_sum([A, B], [1.0, 2.0]) == [
        Hit("y", 1 * ((5 - 1) / (9 - 1)) + 2 * ((0.5 - 0.1) / (0.5 - 0.1))),
        Hit("x", 1 * ((9 - 1) / (9 - 1))),
        Hit("w", 2 * 0.0),
        Hit("z", 1 * 0.0),
    ]


def test_fusion_of_nothing_and_of_one() -> None:
    """No rankings, empty rankings, single hits and equal scores are all well defined."""
    assert reciprocal_rank_fusion([]) == weighted_sum([], []) == []
    assert weighted_sum([[], [Hit("b", 3.0), Hit("a", 3.0)]], [1.0, 0.5]) == [Hit("a", 0.5), Hit("b", 0.5)]
    assert reciprocal_rank_fusion([[], A]) == [Hit("x", 1 / 61), Hit("y", 1 / 62), Hit("z", 1 / 63)]


def test_fusion_refusals() -> None:
    """As many weights as rankings; no negative rank constant."""
    with pytest.raises(ValueError, match=r"^2 rankings need as many weights, got 1$"):
        weighted_sum([A, B], [1.0])
    with pytest.raises(ValueError, match=r"^k of the reciprocal rank must be at least 0, got -1$"):
        reciprocal_rank_fusion([A], -1)


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_search_is_the_sum_of_exact_scores(tmp_path: Path, depth: int) -> None:
    """Every candidate of either retriever gets both exact scores, however few candidates are taken."""
    bm25, dense = open_both(tmp_path)
    question = Question("q", "red fox unknownword", "en")
    lexical = {hit.passage_id: hit.score for hit in bm25.search([question], 99)[0]}
    near = {hit.passage_id: hit.score for hit in dense.search([question], 99)[0]}
    bags = [reference.BagOfWords(str(i), tuple(analyzer_by_name("en").terms(text))) for i, text in enumerate(TEXTS)]
    attainable = reference.bm25_attainable(bags, analyzer_by_name("en").terms(question.text))
    background = sorted(lexical.values())[-2]
    stands_out = {name: max(0.0, lexical.get(name, 0.0) - background) / attainable for name in near}
    assert sum(stands_out.values()) > 0
    weights = HybridWeights(0.7, 2)
    expected = {name: near[name] + 0.7 * stands_out[name] for name in near}
    found = HybridRetriever(bm25, dense, weights=weights, depth=depth).search([question], 1)[0]
    best = reference.best_first(expected, 1)[0]
    assert found[0].passage_id == best.passage_id
    assert found[0].score == pytest.approx(best.score, rel=1e-6)
    every = HybridRetriever(bm25, dense, weights=weights, depth=depth).search([question], 99)[0]
    assert {hit.passage_id: hit.score for hit in every} == pytest.approx(expected, rel=1e-6)


def test_reciprocal_rank_retriever(tmp_path: Path) -> None:
    """The other fusion is that of the two rankings."""
    bm25, dense = open_both(tmp_path)
    questions = [Question("q", "red sea", "en"), Question("r", "tree", "en")]
    found = HybridRetriever(bm25, dense, fusion="reciprocal_rank").search(questions, 3)
    rankings = zip(bm25.search(questions, 100), dense.search(questions, 100), strict=True)
    assert found == [reference.best_first(reference.reciprocal_ranks(both), 3) for both in rankings]


def test_batch_laws(tmp_path: Path) -> None:
    """Aligned, alone or together, empty, k over n, k below one."""
    hybrid = HybridRetriever(*open_both(tmp_path))
    a, b = [Question("1", "red fox"), Question("2", "unknown")], [Question("3", "sea")]
    assert hybrid.search([], 3) == []
    assert hybrid.search(a + b, 3) == hybrid.search(a, 3) + hybrid.search(b, 3)
    assert [len(ranking) for ranking in hybrid.search(a, 50)] == [7, 7]
    with pytest.raises(ValueError, match=r"^k must be at least 1, got 0$"):
        hybrid.search(a, 0)


def test_refusals(tmp_path: Path) -> None:
    """Unknown names, weights below 0, retrievers of different indexes."""
    bm25, dense = open_both(tmp_path)
    with pytest.raises(ConfigError) as error:
        HybridRetriever(bm25, dense, fusion="reciprocal")
    assert str(error.value) == (
        'unknown fusion "reciprocal"; known: reciprocal_rank, weighted_sum; did you mean "reciprocal_rank"?'
    )
    with pytest.raises(ValueError, match=r"^depth must be at least 1, got 0$"):
        HybridRetriever(bm25, dense, depth=0)
    with pytest.raises(ValueError, match=r"^bm25 has 0 passages, dense 7; open both over one index$"):
        HybridRetriever(Bm25Retriever([]), dense)
    with pytest.raises(ValueError, match=r"^bm25 must be at least 0, got -1$"):
        HybridWeights(-1)
    with pytest.raises(ValueError, match=r"^background_rank must be at least 1, got 0$"):
        HybridWeights(1.0, 0)
