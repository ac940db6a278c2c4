import gzip
import io
import json
import sys
from pathlib import Path

import pytest

from openqa.corpus import read_beir_questions, read_questions
from openqa.errors import DataError
from openqa.types import Question


def put(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = "".join(line + "\n" for line in lines).encode("utf-8")
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        read_questions(path)
    return str(caught.value).replace(str(path), path.name)


def test_json_lines_are_read(tmp_path: Path) -> None:
    """Every spelling of id and text; the line's number is the id of a question that has none."""
    path = put(
        tmp_path / "q.jsonl",
        '{"id": "a", "text": " Nani? ", "lang": "sw", "answers": ["Musa", "Musa", ""]}',
        '{"_id": 2, "question": "من؟"}',
        "",
        '{"query": "谁？", "answers": "周"}',
    )
    assert read_questions(path, "en") == [
        Question("a", "Nani?", "sw", ("Musa",)),
        Question("2", "من؟", "en"),
        Question("4", "谁？", "en", ("周",)),
    ]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (None, ()),
        ([], ()),
        ("", ()),
        ("[update]", ("[update]",)),
        ("['Emukwai', \"a'b\"]", ("Emukwai", "a'b")),
        ({"text": ["x", "y"], "answer_start": [1, 2]}, ("x", "y")),
        ([{"text": "x", "answer_start": 1}], ("x",)),
    ],
)
def test_published_forms_of_answers_are_read(tmp_path: Path, answers: object, expected: tuple[str, ...]) -> None:
    """A list, one string, SQuAD's objects, the hub's columns, and AfriQA's list written as a string."""
    path = put(tmp_path / "q.jsonl", json.dumps({"id": "a", "text": "?", "answers": answers}))
    assert read_questions(path)[0].answers == expected


def test_tsv_and_plain_text_are_read(tmp_path: Path) -> None:
    """By suffix, or by the first line when the suffix says nothing."""
    tabbed = [Question("7", "Ni nini?", "sw"), Question("x", "ماذا؟", "sw")]
    assert read_questions(put(tmp_path / "q.tsv", "7\tNi nini?", "x\tماذا؟"), "sw") == tabbed
    assert read_questions(put(tmp_path / "topics", "7\tNi nini?", "x\tماذا؟"), "sw") == tabbed
    plain = [Question("1", "Ni nini?"), Question("3", "ماذا؟")]
    assert read_questions(put(tmp_path / "q.txt.gz", "Ni nini?", " ", "ماذا؟")) == plain
    assert read_questions(str(put(tmp_path / "q", "Ni nini?", " ", "ماذا؟"))) == plain


def test_squad_files_are_read(tmp_path: Path) -> None:
    """The questions of a SQuAD file, and JSON Lines under the suffix .json."""
    squad = {"data": [{"paragraphs": [{"context": "x", "qas": [{"id": "q", "question": "?", "answers": []}]}]}]}
    assert read_questions(put(tmp_path / "s.json", json.dumps(squad)), "en") == [Question("q", "?", "en")]
    assert read_questions(put(tmp_path / "l.json", '{"id": 0, "question": "?"}')) == [Question("0", "?")]


@pytest.mark.parametrize("lines", ["Nani?\n", "1\tNani?\n", '{"id": 1, "text": "Nani?"}'])
def test_standard_input_is_told_by_its_first_line(monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    """A dash takes any of the three forms, with a byte order mark and CRLF."""
    raw = ("\ufeff" + lines.replace("\n", "\r\n")).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert read_questions("-", "sw") == [Question("1", "Nani?", "sw")]


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("q.txt", [], "q.txt: holds no questions; give a file with at least one"),
        ("q.txt", [" "], "q.txt: holds no questions; give a file with at least one"),
        ("q.tsv", ["1\tx", "2\t "], "q.tsv:2: the question is empty; write its text or take the line out"),
        ("q.tsv", ["1"], 'q.tsv:1: a line is "id<TAB>question", found 1 tab-separated fields'),
        (
            "q.tsv",
            ["1\tx", "", "1\ty"],
            'q.tsv:3: question id "1" stands in line 1 too; every question needs its own id',
        ),
        ("q.jsonl", ['{"text": ""}'], "q.jsonl:1: the question is empty; write its text or take the line out"),
        ("q.jsonl", ['{"text": 1}'], 'q.jsonl:1: "text" is a number; a string is needed'),
        (
            "q.jsonl",
            ['{"id": 1, "ask": "x"}'],
            'q.jsonl:1: question has no "text", "question" or "query" (found: "id", "ask"); rename the field',
        ),
        (
            "q.jsonl",
            ['{"text": "x", "answers": 5}'],
            'q.jsonl:1: "answers" is a number; a list of strings is needed',
        ),
        (
            "q.jsonl",
            ['{"text": "x", "answers": [5]}'],
            'q.jsonl:1: "answers" holds something other than strings; a list of strings is needed',
        ),
        ("q.jsonl", ["{"], "q.jsonl:1: not valid JSON (%s at column 2); one object a line is needed"),
    ],
)
def test_wrong_questions_are_refused(tmp_path: Path, name: str, lines: list[str], message: str) -> None:
    """Each message names file and line."""
    fault = "Expecting property name enclosed in double quotes"
    assert refusal(put(tmp_path / name, *lines)) == message.replace("%s", fault)


def test_a_beir_split_gives_the_judged_questions(tmp_path: Path) -> None:
    """queries.jsonl holds all splits; only those of the asked one come back, in its order."""
    put(tmp_path / "queries.jsonl.gz", *(json.dumps({"_id": f"q{n}", "text": "?"}) for n in range(4)))
    put(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore", "q3\td1\t1", "q1\td1\t2", "q1\td2\t0")
    questions, qrels = read_beir_questions(tmp_path, lang="en")
    assert questions == [Question("q1", "?", "en"), Question("q3", "?", "en")]
    assert qrels == {"q3": {"d1": 1}, "q1": {"d1": 2, "d2": 0}}


def test_a_beir_split_with_unknown_questions_is_refused(tmp_path: Path) -> None:
    """Judgements of another set are not silently ignored."""
    queries = put(tmp_path / "queries.jsonl", '{"_id": "q1", "text": "?"}')
    qrels = put(tmp_path / "qrels" / "dev.tsv", "query-id\tcorpus-id\tscore", "q9\td1\t1")
    with pytest.raises(DataError) as caught:
        read_beir_questions(tmp_path, "dev")
    assert str(caught.value) == f'{qrels}: question "q9" does not stand in {queries}; both must be of one set'
    with pytest.raises(DataError, match=r"test\.tsv: No such file or directory; give a file that exists"):
        read_beir_questions(tmp_path, "test")
