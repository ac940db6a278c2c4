"""Deleted passages: every retriever ranks as over an index that never had them."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.retrieve import collection, vectors
from openqa.retrieve.bm25 import Bm25Part, Bm25Retriever
from openqa.retrieve.dense import DensePart, DenseRetriever
from openqa.retrieve.hybrid import HybridRetriever
from openqa.types import Passage, Question, Ranking, Retriever
from tests.retrieve.encoders import LetterEncoder
from tests.retrieve.segments import FakeSegment, text_passage

WORDS = ("one", "two", "three", "four", "houses", "evler")
LANGS = ("en", "tr", "und")
ENCODER = LetterEncoder(8)

Augmented = tuple[Passage, list[Question]]


def write(folder: Path, some: Sequence[Augmented]) -> FakeSegment:
    """Writes a segment of bm25 and dense."""
    passages = [passage for passage, _ in some]
    for part in ("bm25", "dense"):
        (folder / part).mkdir(parents=True)
    Bm25Part().write_chunk(folder / "bm25", passages, generated=[queries for _, queries in some])
    DensePart(ENCODER).write_chunk(folder / "dense", passages)
    return FakeSegment(folder, tuple(passage.id for passage in passages))


@st.composite
def indexes(draw: st.DrawFn) -> tuple[list[list[Augmented]], list[tuple[int, ...]]]:
    """Passages in segments, and the deleted rows of each segment."""
    text = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)
    lang = st.sampled_from(LANGS[: draw(st.integers(1, 3))])
    query = st.builds(Question, st.just(""), text, lang)
    found = draw(st.lists(st.tuples(text, lang, st.lists(query, max_size=2)), min_size=1, max_size=30))
    is_augmented = draw(st.booleans())
    names = draw(st.permutations([f"p{i:02}" for i in range(len(found))]))
    passages = [
        (text_passage(name, text, lang), own if is_augmented else [])
        for name, (text, lang, own) in zip(names, found, strict=True)
    ]
    places = sorted({0, len(found), *draw(st.lists(st.integers(0, len(found)), max_size=3))})
    segments = [passages[start:end] for start, end in pairwise(places)]
    deleted = [draw(st.sets(st.integers(0, len(own) - 1))) for own in segments]
    return segments, [tuple(sorted(rows)) for rows in deleted]


def open_both(
    folder: Path, segments: Sequence[Sequence[Augmented]], deleted: Sequence[tuple[int, ...]]
) -> tuple[list[FakeSegment], list[FakeSegment]]:
    """The index with its deletions, and one segment of what is left, in the same order."""
    written = [
        replace(write(folder / f"s{i}", own), deleted=rows)
        for i, (own, rows) in enumerate(zip(segments, deleted, strict=True))
    ]
    left = [
        passage
        for own, rows in zip(segments, deleted, strict=True)
        for row, passage in enumerate(own)
        if row not in rows
    ]
    return written, [write(folder / "fresh", left)] if left else []


def check_equal(found: Sequence[Ranking], expected: Sequence[Ranking]) -> None:
    for own, other in zip(found, expected, strict=True):
        assert [hit.passage_id for hit in own] == [hit.passage_id for hit in other]
        assert [hit.score for hit in own] == pytest.approx([hit.score for hit in other], rel=1e-6, abs=1e-12)


def draw_questions(data: st.DataObject) -> tuple[list[Question], int]:
    words = st.lists(st.sampled_from((*WORDS, "unknown")), max_size=6).map(" ".join)
    texts = data.draw(st.lists(words, min_size=1, max_size=3))
    return [Question(str(i), text) for i, text in enumerate(texts)], data.draw(st.integers(1, 35))


@pytest.mark.parametrize("compiled_rows", [0, 10**9])
@given(data=st.data())
@settings(max_examples=120, deadline=None)
def test_bm25(compiled_rows: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Several analyzers, generated queries, every setting, compiled and not: a fresh index of what is left."""
    folder = tmp_path_factory.mktemp("deleted")
    segments, fresh = open_both(folder, *data.draw(indexes()))
    questions, k = draw_questions(data)
    numbers = {
        "k1": data.draw(st.sampled_from((0.9, 0.0))),
        "b": data.draw(st.sampled_from((0.4, 0.0, 1.0))),
        "generated_weight": data.draw(st.sampled_from((1.0, 0.0, 0.3))),
    }
    length_norm = data.draw(st.sampled_from(("exact", "lucene")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collection, "COMPILED_ROWS", compiled_rows)
        found = Bm25Retriever(segments, **numbers, length_norm=length_norm)
        expected = Bm25Retriever(fresh, **numbers, length_norm=length_norm)
        check_equal(found.search(questions, k), expected.search(questions, k))
        every = np.arange(len(found.rows))
        live = np.setdiff1d(every, found.rows.deleted)
        rank = data.draw(st.integers(1, 5))
        own = found.outstanding(found.weigh(questions), [every] * len(questions), rank)
        other = expected.outstanding(expected.weigh(questions), [np.arange(len(live))] * len(questions), rank)
    shutil.rmtree(folder)
    for scores, wanted in zip(own, other, strict=True):
        assert scores[live] == pytest.approx(wanted, rel=1e-6, abs=1e-12)
        assert (scores[found.rows.deleted] == 0).all()


@pytest.mark.parametrize("compiled_numbers", [0, 10**9])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_dense(compiled_numbers: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Over several blocks, compiled and not: a fresh index of what is left, k live rows where there are as many."""
    folder = tmp_path_factory.mktemp("deleted")
    segments, fresh = open_both(folder, *data.draw(indexes()))
    questions, k = draw_questions(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "COMPILED_NUMBERS", compiled_numbers)
        patch.setattr(vectors, "BLOCK_ROWS", data.draw(st.sampled_from((3, 1024))))
        found = DenseRetriever(segments, ENCODER).search(questions, k)
        check_equal(found, DenseRetriever(fresh, ENCODER).search(questions, k))
    n_live = sum(len(segment) for segment in fresh)
    shutil.rmtree(folder)
    assert [len(ranking) for ranking in found] == [min(k, n_live)] * len(questions)


@pytest.mark.parametrize("fusion", ["weighted_sum", "reciprocal_rank"])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_hybrid(fusion: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Both fusions, at any depth: a fresh index of what is left."""
    folder = tmp_path_factory.mktemp("deleted")
    questions, k = draw_questions(data)
    depth = data.draw(st.integers(1, 10))
    found, expected = (
        HybridRetriever(Bm25Retriever(own), DenseRetriever(own, ENCODER), fusion=fusion, depth=depth)
        for own in open_both(folder, *data.draw(indexes()))
    )
    check_equal(found.search(questions, k), expected.search(questions, k))
    shutil.rmtree(folder)


@pytest.mark.parametrize("compiled_rows", [0, 10**9])
def test_pruning_stays_exact_on_a_larger_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_rows: int
) -> None:
    """Windows, many ties, and the best passages deleted: as a fresh index, with and without length in the score."""
    rng = np.random.default_rng(3)
    words = np.array([f"w{i}" for i in range(300)])
    weights = 1 / np.arange(1, 301)
    texts = [" ".join(rng.choice(words, rng.integers(1, 40), p=weights / weights.sum())) for _ in range(12_000)]
    passages: list[Augmented] = [(text_passage(f"p{i:05}", text), []) for i, text in enumerate(texts)]
    deleted = [tuple(range(1000, 4000)), tuple(sorted(rng.choice(2500, 300, replace=False).tolist()))]
    segments, fresh = open_both(tmp_path, [passages[:9500], passages[9500:]], deleted)
    questions = [Question(str(i), " ".join(rng.choice(words, rng.integers(1, 9)))) for i in range(60)]
    questions += [Question(str(i), texts[i]) for i in range(995, 1010)]
    monkeypatch.setattr(collection, "COMPILED_ROWS", compiled_rows)
    for b in (0.0, 0.4):
        found, expected = Bm25Retriever(segments, b=b), Bm25Retriever(fresh, b=b)
        for k in (1, 10, 500):
            check_equal(found.search(questions, k), expected.search(questions, k))


def test_a_deleted_passage_counts_nowhere(tmp_path: Path) -> None:
    """N, df and the average length written out: "b" is deleted, so "x" stands in one of two passages of 3 words."""
    texts = {"a": "x y", "b": "x x x x x x", "c": "y y y z"}
    segment = write(tmp_path / "s", [(text_passage(name, text), []) for name, text in texts.items()])
    retriever = Bm25Retriever([replace(segment, deleted=(1,))])
    found = retriever.search([Question("q", "x")], 3)[0]
    assert [hit.passage_id for hit in found] == ["a"]
    expected = math.log(1 + (2 - 1 + 0.5) / (1 + 0.5)) * 1 / (1 + 0.9 * (1 - 0.4 + 0.4 * 2 / 3))
    assert found[0].score == pytest.approx(expected, rel=1e-7)


def test_an_index_of_deleted_passages_finds_nothing(tmp_path: Path) -> None:
    """With every passage deleted all retrievers give empty rankings; an analyzer without passages is no analyzer."""
    passages: list[Augmented] = [(text_passage("a", "x", "en"), []), (text_passage("b", "x", "tr"), [])]
    segment = write(tmp_path / "s", passages)
    emptied = replace(segment, deleted=(0, 1))
    question = [Question("q", "x")]
    bm25, dense = Bm25Retriever([emptied]), DenseRetriever([emptied], ENCODER)
    retrievers: list[Retriever] = [bm25, dense, HybridRetriever(bm25, dense)]
    for retriever in retrievers:
        assert retriever.search(question, 3) == [[]]
    english = write(tmp_path / "e", passages[:1])
    found = Bm25Retriever([replace(segment, deleted=(1,))]).search(question, 3)
    assert found == Bm25Retriever([english]).search(question, 3)
