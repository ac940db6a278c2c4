"""`openqa search` and `openqa ask`."""

import inspect
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from openqa.cli.ask import ask
from openqa.files import read_run
from openqa.pipeline.openqa import DEPTH
from tests.cli.runs import bm25_index, openqa, write_jsonl
from tests.pipeline.fakes import documents
from tests.read.tiny import CONFIG, save_reader


def reader_folder(folder: Path, threshold: float) -> Path:
    """A reader with random weights, which answers whatever its score if the threshold is low enough."""
    folder.mkdir()
    save_reader(folder, [document.text for document in documents()])
    config = replace(CONFIG, no_answer_threshold=threshold)
    (folder / "config.json").write_text(json.dumps(asdict(config)))
    return folder


def test_search_shows_ranked_passages(tmp_path: Path) -> None:
    """Rank, score, title, language, address, id, and the text below."""
    ended = openqa("search", bm25_index(tmp_path), "capital of France", "-k", "1")
    assert ended.code == 0
    first, second = ended.out.splitlines()
    assert first.startswith(" 1. ")
    assert first.endswith("Paris · en · https://example.org/paris · passage paris#0")
    assert second == "    The capital of France is Paris."


def test_search_gives_json_lines_for_a_file_of_questions(tmp_path: Path) -> None:
    """One object a question, in their order."""
    index = bm25_index(tmp_path)
    asked = write_jsonl(tmp_path / "asked.jsonl", [{"id": "b", "text": "Italy"}, {"id": "a", "text": "France"}])
    ended = openqa("search", index, asked, "--json", "-k", "1", "--retriever", "bm25")
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [(record["question_id"], record["hits"][0]["passage_id"]) for record in found] == [
        ("b", "rome#0"),
        ("a", "paris#0"),
    ]
    assert found[0]["hits"][0]["text"] == "Rome is the capital of Italy."


def test_search_takes_questions_from_standard_input(tmp_path: Path) -> None:
    """Plain text, one a line; each is shown above its passages."""
    ended = openqa("search", bm25_index(tmp_path), "-", "-k", "1", input="Italy\nFrance\n")
    assert ended.code == 0
    assert ended.out.splitlines()[0] == "Italy"
    assert "passage paris#0" in ended.out


def test_search_writes_a_run(tmp_path: Path) -> None:
    """As TREC has it; the same to standard output with -."""
    index = bm25_index(tmp_path)
    asked = tmp_path / "asked.tsv"
    asked.write_text("q1\tcapital of Italy\nq2\tMond\nq3\txyzzy\n")
    ended = openqa("search", index, asked, "--run", tmp_path / "out.trec")
    assert (ended.code, ended.out) == (0, "")
    run = read_run(tmp_path / "out.trec")
    assert {key: ranking[0].passage_id for key, ranking in run.items()} == {"q1": "rome#0", "q2": "mond#0"}
    assert openqa("search", index, asked, "--run", "-").out == (tmp_path / "out.trec").read_text()


def test_search_says_when_nothing_matches(tmp_path: Path) -> None:
    """And ends well."""
    ended = openqa("search", bm25_index(tmp_path), "xyzzy")
    assert (ended.code, ended.out, ended.err) == (0, "", "no passage found\n")


def test_a_question_that_looks_like_a_path_is_a_question(tmp_path: Path) -> None:
    """Unless it ends as a file of questions does; then the file must be there."""
    index = bm25_index(tmp_path)
    assert openqa("search", index, "What is in tmp/paris").code == 0
    ended = openqa("search", index, "questions.jsonl")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "questions.jsonl: No such file or directory; give a file that exists and can be read\n"


def test_ask_cites_its_answers(tmp_path: Path) -> None:
    """Every answer stands where it says."""
    index, reader = bm25_index(tmp_path), reader_folder(tmp_path / "reader", -1000.0)
    ended = openqa("ask", index, "capital of France", "--reader", reader, "--json", "-k", "2", "--depth", "2")
    assert ended.code == 0, ended.err
    record = ended.json()
    assert (record["question_id"], record["question"]) == ("1", "capital of France")
    assert 1 <= len(record["answers"]) <= 2
    for answer in record["answers"]:
        assert 0.0 <= answer["probability"] <= 1.0
        assert answer["support"]
        for span in answer["support"]:
            assert span["passage"][span["start"] : span["end"]] == span["text"]
            assert {"passage_id", "document_id", "title", "url", "lang"} <= span.keys()


def test_ask_marks_the_answer_in_its_passage(tmp_path: Path) -> None:
    """With its probability and its source."""
    index, reader = bm25_index(tmp_path), reader_folder(tmp_path / "reader", -1000.0)
    ended = openqa("ask", index, "capital of France", "--reader", reader, "-k", "1", "--depth", "1")
    lines = ended.out.splitlines()
    assert lines[0] == "capital of France"
    assert lines[1].startswith(" 1. ")
    assert re.search(r"\(probability [01]\.\d\d\)$", lines[1])
    assert lines[2].count("**") == 2
    assert lines[2].strip().replace("**", "") == "The capital of France is Paris."
    assert lines[3].strip() == "Paris · en · https://example.org/paris · passage paris#0"


@pytest.mark.parametrize("question", ["capital of France", "xyzzy"])
def test_ask_is_honest_when_nothing_answers(tmp_path: Path, question: str) -> None:
    """Neither a guess nor an error."""
    index, reader = bm25_index(tmp_path), reader_folder(tmp_path / "reader", 1000.0)
    shown = openqa("ask", index, question, "--reader", reader)
    assert (shown.code, shown.out) == (0, f"{question}\n   no answer found\n\n")
    assert openqa("ask", index, question, "--reader", reader, "--json").json()["answers"] == []


def test_several_questions_are_asked_from_a_file(tmp_path: Path) -> None:
    """One line of JSON each."""
    index, reader = bm25_index(tmp_path), reader_folder(tmp_path / "reader", -1000.0)
    asked = write_jsonl(tmp_path / "asked.jsonl", [{"id": str(n), "question": "capital of Italy"} for n in range(3)])
    found = openqa("ask", index, asked, "--reader", reader, "--json").out.splitlines()
    assert [json.loads(line)["question_id"] for line in found] == ["0", "1", "2"]


def test_the_command_reads_as_deep_as_the_library() -> None:
    """The default stands twice, since a command is read before the library is loaded."""
    assert inspect.signature(ask).parameters["depth"].default == DEPTH
