import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from openqa.evaluate import Matrix, ParallelQA, Result, Signature, evaluate_reading, evaluate_retrieval, load_xquad
from openqa.evaluate.transfer import Search
from openqa.types import Hit, Passage, Question, Ranking
from tests.evaluate.sets import write_xquad

LANGS = ("de", "en", "th")


@pytest.fixture
def data(tmp_path: Path) -> ParallelQA:
    write_xquad(tmp_path)
    return load_xquad(tmp_path, LANGS)


def fixed_search(lang: str) -> Search:
    """Ranks Rivers-0 first, Rivers-1 second, whatever is asked; in Thai nothing is found."""

    def search(questions: Sequence[Question]) -> list[Ranking]:
        assert all(question.answers == () for question in questions)
        ranking = [] if lang == "th" else [Hit("Rivers-0", 2.0), Hit("Rivers-1", 1.0)]
        return [ranking for _ in questions]

    return search


def make_matrix(values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str]) -> Matrix:
    cells = {}
    for row, line in zip(rows, values, strict=True):
        for column, value in zip(columns, line, strict=True):
            signature = Signature("F1", "made", "squad", f"{row}>{column}", 2, "1.0.0")
            cells[row, column] = Result(signature, ("a", "b"), np.array([value - 1, value + 1]))
    return Matrix(cells)


def test_retrieval_of_every_pair(data: ParallelQA) -> None:
    """Two of four questions have the first passage, one the second: R@1 2/4, RR@10 (1 + 1 + 1/2) / 4; Thai 0."""
    steps: list[tuple[int, int]] = []
    searches = {lang: fixed_search(lang) for lang in LANGS}
    found = evaluate_retrieval(searches, data, progress=lambda done, total: steps.append((done, total)))
    assert list(found) == ["R@1", "R@5", "RR@10"]
    assert found["R@1"].values.tolist() == [[2 / 4, 2 / 4, 0.0]] * 3
    assert found["RR@10"].values[0].tolist() == [2.5 / 4, 2.5 / 4, 0.0]
    assert steps == [(number, 9) for number in range(10)]
    assert str(found["R@1"].signature).startswith("R@1|data:xquad|norm:none|lang:de+en+th>de+en+th|n:36|openqa:")
    assert str(found["R@1"].results["th", "de"].signature).startswith("R@1|data:xquad|norm:none|lang:th>de|n:4|")


def test_reading_of_every_pair(data: ParallelQA) -> None:
    """A reader that always says "Rom Tiber": German half right (2 * 1 / 3 twice), English once, Thai never."""
    asked: list[tuple[str, str]] = []

    def read(questions: Sequence[Question], passages: Sequence[Passage]) -> list[str]:
        assert all(question.answers == () for question in questions)
        asked.extend((question.text, passage.text) for question, passage in zip(questions, passages, strict=True))
        return ["Rom Tiber"] * len(questions)

    found = evaluate_reading(read, data)
    two_thirds = 100 * 2 / 3
    assert found["F1"].values[0] == pytest.approx([2 * two_thirds / 4, two_thirds / 4, 0.0])
    assert found["EM"].values.tolist() == [[0.0] * 3] * 3
    assert ("th 3?", "Der Mond ist fern.") in asked
    assert len(asked) == 9 * 4
    assert found["F1"].signature.normalization == "squad"
    assert evaluate_reading(read, data, normalization="mlqa")["F1"].signature.normalization == "mlqa"


def test_reading_a_sample(data: ParallelQA) -> None:
    """Two questions a cell, the same in all cells."""
    found = evaluate_reading(lambda questions, passages: [""] * len(questions), data, n_questions=2)["EM"]
    assert len({result.question_ids for result in found.results.values()}) == 1
    assert found.signature.n == 9 * 2


def test_means_over_cells() -> None:
    """All cells, the diagonal, the rest; the worst row and column."""
    matrix = make_matrix([[60.0, 20.0], [30.0, 50.0]], ["de", "en"], ["de", "en"])
    assert matrix.means() == {
        "all": (60 + 20 + 30 + 50) / 4,
        "same_language": (60 + 50) / 2,
        "cross_language": (20 + 30) / 2,
    }
    assert matrix.worst_question_lang() == ("de", (60 + 20) / 2)
    assert matrix.worst_passage_lang() == ("en", (20 + 50) / 2)


def test_one_language_has_no_cross_language_mean() -> None:
    """What has no cell is left out."""
    assert make_matrix([[5.0]], ["de"], ["de"]).means() == {"all": 5.0, "same_language": 5.0}
    assert make_matrix([[5.0]], ["de"], ["en"]).means() == {"all": 5.0, "cross_language": 5.0}


def test_intervals_draw_questions_not_cells() -> None:
    """Two questions with value - 1 and value + 1 in every cell: draws give value - 1, value, value + 1."""
    matrix = make_matrix([[60.0, 20.0], [30.0, 50.0]], ["de", "en"], ["de", "en"])
    intervals = matrix.intervals()
    assert (intervals["all"].low, intervals["all"].mean, intervals["all"].high) == (39.0, 40.0, 41.0)
    assert intervals["cross_language"].low == 24.0


def test_table_on_the_screen() -> None:
    """Rows are question languages, columns passage languages; means at the edges; the signature below."""
    matrix = make_matrix([[60.0, 20.0], [30.0, 50.0]], ["de", "en"], ["de", "en"])
    assert matrix.render(decimals=1) == (
        "F1: questions down, passages across\n"
        "        de   en mean\n"
        "   de 60.0 20.0 40.0\n"
        "   en 30.0 50.0 40.0\n"
        " mean 45.0 35.0 40.0\n"
        "all 40.0, 95 % interval 39.0 to 41.0\n"
        "same language 55.0, 95 % interval 54.0 to 56.0\n"
        "cross language 25.0, 95 % interval 24.0 to 26.0\n"
        "F1|data:made|norm:squad|lang:de+en>de+en|n:8|openqa:1.0.0"
    )


def test_json_holds_the_whole_table() -> None:
    """Values, counts, means and signature survive JSON."""
    matrix = make_matrix([[60.0, 20.0], [30.0, 50.0]], ["de", "en"], ["de", "en"])
    record = json.loads(json.dumps(matrix.to_json()))
    assert record["values"] == [[60.0, 20.0], [30.0, 50.0]]
    assert record["n"] == [[2, 2], [2, 2]]
    assert record["means"]["all"] == 40.0
    assert record["intervals_95"]["all"] == [39.0, 41.0]
    assert record["worst_question_lang"] == {"lang": "de", "mean": 40.0}
    assert record["signature"] == str(matrix.signature)


def test_results_without_questions_or_with_nan_are_refused() -> None:
    """No questions, scores that do not fit, NaN and missing cells raise."""
    signature = Signature("F1", "made", "squad", "de>de", 1, "1.0.0")
    with pytest.raises(ValueError, match=r"^F1 over no questions has no mean; give at least one$"):
        Result(signature, (), np.zeros(0))
    with pytest.raises(ValueError, match=r"^1 questions, but scores of shape \(2,\)$"):
        Result(signature, ("a",), np.zeros(2))
    with pytest.raises(ValueError, match=r'^F1 of question "b" is NaN$'):
        Result(signature, ("a", "b"), np.array([0.0, np.nan]))
    result = Result(signature, ("a",), np.zeros(1))
    with pytest.raises(
        ValueError, match=r"^2 cells for 2 question languages and 2 passage languages; each pair needs one$"
    ):
        Matrix({("de", "de"): result, ("en", "en"): result})


def test_callables_that_break_the_rules_are_refused(data: ParallelQA) -> None:
    """A missing language, too few rankings or answers, and an empty sample raise."""
    with pytest.raises(ValueError, match=r'^no search for passages in "th"; the data has de, en, th$'):
        evaluate_retrieval({"de": fixed_search("de"), "en": fixed_search("en")}, data)
    with pytest.raises(ValueError, match=r"^the search gave 0 rankings for 4 questions$"):
        evaluate_retrieval({lang: lambda questions: [] for lang in LANGS}, data)
    with pytest.raises(ValueError, match=r"^the reader gave 1 answers for 4 questions$"):
        evaluate_reading(lambda questions, passages: ["x"], data)
    with pytest.raises(ValueError, match=r"^n_questions is 0; it must be at least 1, or None for all$"):
        evaluate_reading(lambda questions, passages: [], data, n_questions=0)
