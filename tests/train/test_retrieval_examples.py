"""Tests of the forms of retrieval training data."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from openqa.errors import DataError
from openqa.train.retrieval_examples import RetrievalExample, read_examples
from tests.train.tiny import squad, write_squad


def write(path: Path, *records: Mapping[str, object]) -> Path:
    """Writes JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_json_lines_in_several_words(tmp_path: Path) -> None:
    """Query and passage, or WebFAQ's question and answer; the line's language goes before the file's."""
    path = write(
        tmp_path / "a.jsonl",
        {"query": "q", "passage": "p", "negatives": ["n"], "scores": [2, 1.5], "lang": "tr"},
        {"id": 1, "question": "soru", "answer": "cevap", "topic": None},
    )
    assert list(read_examples(path, "jsonl", "und")) == [
        RetrievalExample("q", "p", "tr", (), ("n",), (2.0, 1.5)),
        RetrievalExample("soru", "cevap", "und"),
    ]


def test_squad_gives_answers(tmp_path: Path) -> None:
    """The passage is the whole paragraph."""
    write_squad(tmp_path / "s.json", [squad("Paris is a town.", "What is a town?", "Paris")])
    (found,) = read_examples(tmp_path / "s.json", "squad", "en")
    assert found == RetrievalExample("What is a town?", "Paris is a town.", "en", ("Paris",))


def test_parallel_text(tmp_path: Path) -> None:
    """A third column, such as the source, is left out."""
    (tmp_path / "p.tsv").write_text("dog\tHund\ttatoeba\n", encoding="utf-8")
    assert list(read_examples(tmp_path / "p.tsv", "parallel", "de")) == [RetrievalExample("dog", "Hund", "de")]


def test_nli_pairs_what_follows_with_what_contradicts(tmp_path: Path) -> None:
    """A neutral hypothesis is left out."""
    lines = [("one", "entailment"), ("two", "neutral"), ("three", "contradiction")]
    path = write(tmp_path / "n.jsonl", *({"premise": "p", "hypothesis": h, "label": label} for h, label in lines))
    assert list(read_examples(path, "nli", "hi")) == [RetrievalExample("p", "one", "hi", negatives=("three",))]


def test_sts_scores_are_within_0_and_1(tmp_path: Path) -> None:
    """Published scores go to 5."""
    path = write(tmp_path / "s.jsonl", {"sentence1": "a", "sentence2": "b", "score": 4})
    (found,) = read_examples(path, "sts", "en")
    assert found.scores == (4 / 5,)


@pytest.mark.parametrize(
    ("form", "line", "message"),
    [
        ("jsonl", '{"query": "q", "body": "p"}', "no text in 'passage' or 'positive' or 'answer' or 'text'"),
        ("jsonl", '{"query": " ", "passage": "p"}', "no text in 'query' or 'question' or 'anchor'"),
        ("jsonl", '{"query": "q", "passage": "p", "scores": [1, 2]}', "2 scores; 1, one for the passage"),
        ("jsonl", '{"query": "q", "passage": "p", "negatives": "n"}', '"negatives" is a string; a list of strings'),
        ("parallel", "only English", "English, a tab and its translation are needed"),
        ("sts", '{"sentence1": "a", "sentence2": "b", "score": 6}', '"score" is 6; a number within 0 and 5'),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, form: str, line: str, message: str) -> None:
    """The message starts with path and line."""
    path = tmp_path / "x.txt"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(DataError) as error:
        list(read_examples(path, form, "und"))
    assert str(error.value).startswith(f"{path}:1: ")
    assert message in str(error.value)
