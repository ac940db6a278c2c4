"""Tables of what is built here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from openqa.errors import ConfigError
from openqa.evaluate.parallel import ParallelQA
from openqa.evaluate.xquad import load_xquad
from openqa.pipeline.evaluation import EncodingOnce, reading_tables, retrieval_tables
from openqa.types import Array
from tests.evaluate.sets import write_xquad
from tests.pipeline.fakes import WordEncoder, WordReader


def questions(folder: Path) -> ParallelQA:
    """Three paragraphs and four questions in two languages."""
    write_xquad(folder)
    return load_xquad(folder, ("de", "en"))


def test_retrieval_is_measured_for_every_pair_and_retriever(tmp_path: Path) -> None:
    """Progress counts the cells of all."""
    done: list[tuple[int, int]] = []
    tables = retrieval_tables(
        questions(tmp_path),
        ("bm25", "hybrid"),
        encoder=WordEncoder(),
        progress=lambda n, total: done.append((n, total)),
    )
    assert list(tables) == ["bm25", "hybrid"]
    assert list(tables["bm25"]) == ["R@1", "R@5", "RR@10"]
    assert tables["hybrid"]["R@5"].values.tolist() == [[1.0, 1.0], [1.0, 1.0]]  # three passages: all are found
    assert (done[0], done[-1]) == ((0, 8), (8, 8))


def test_bm25_alone_needs_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is loaded."""
    monkeypatch.setattr("openqa.pipeline.evaluation.load_encoder", None)
    tables = retrieval_tables(questions(tmp_path), ("bm25",), n_questions=2)
    assert tables["bm25"]["R@1"].signature.n == 8


def test_an_unknown_retriever_is_refused(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(
        ConfigError, match=r'^unknown retriever "bm26"; known: bm25, dense, hybrid; did you mean "bm25"'
    ):
        retrieval_tables(questions(tmp_path), ("bm26",), encoder=WordEncoder())


def test_reading_is_measured_in_the_passage_that_answers(tmp_path: Path) -> None:
    """Right answers are those of the passage's language; no span is no answer."""
    reader = WordReader({"Rome": 2.0, "Rom": 1.0, "far": 1.0})
    tables = reading_tables(questions(tmp_path), reader)
    assert tables["EM"].values.tolist() == [[25.0, 50.0], [25.0, 50.0]]  # de: Rom; en: Rome, far


def test_each_question_is_encoded_once() -> None:
    """In any order, with repeats; the rows are the encoder's own."""
    plain = WordEncoder()
    asked: list[str] = []

    class Counting(WordEncoder):
        def encode_queries(self, texts: Sequence[str]) -> Array:
            asked.extend(texts)
            return super().encode_queries(texts)

    once = EncodingOnce(Counting())
    assert (once.identity, once.dim) == (plain.identity, plain.dim)
    for texts in (["a b", "c"], ["c", "d", "c"], [], ["a b"]):
        assert np.array_equal(once.encode_queries(texts), plain.encode_queries(texts))
    assert asked == ["a b", "c", "d"]
    assert np.array_equal(once.encode_passages(["x"]), plain.encode_passages(["x"]))
