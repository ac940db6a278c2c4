"""What a user gets wrong: the message alone on standard error, exit 1 or 2, and nothing lost."""

import hashlib
from pathlib import Path

import pytest

from openqa.errors import OpenQAError
from openqa.index.lock import writer_lock
from openqa.pipeline.index import open_index
from tests.cli.runs import Ended, bm25_index, corpus, openqa, write_jsonl


def refused(ended: Ended, message: str, code: int = 1) -> None:
    """The command ended with the message alone."""
    assert (ended.code, ended.out) == (code, "")
    if code == 1:
        assert ended.err == f"{message}\n"
    else:
        assert " ".join(ended.err.split()).endswith(message)
        assert "Traceback" not in ended.err


def sound(index: Path) -> None:
    """The index is as it was built."""
    assert openqa("verify", index).code == 0
    assert openqa("search", index, "Italy", "-k", "1", "--json").json()["hits"][0]["passage_id"] == "rome#0"
    assert openqa("info", index, "--json").json()["n_passages"] == 4


def rewrite_generation(index: Path, old: bytes, new: bytes) -> None:
    """Changes the generation file and gives it the checksum of what it holds now."""
    file = index / "generation-000001.json"
    head, _, content = file.read_bytes().partition(b'",\n')
    content = content.replace(old, new)
    file.write_bytes(head[:-64] + hashlib.sha256(content).hexdigest().encode() + b'",\n' + content)


CASES = {
    "empty": (b"", "{file}: holds no documents; give a file or folder with at least one"),
    "broken": (
        b'{"id": "a", "text": "x"}\n{"id": "b"',
        "{file}:2: not valid JSON (Expecting ',' delimiter at column 11); one object a line is needed",
    ),
    "not_utf8": (
        b'{"id": "a", "text": "x"}\n{"id": "b", "text": "\xe9"}\n',
        "{file}:2: byte 0xe9 is not UTF-8; convert the file, for example with iconv -f ISO-8859-1 -t UTF-8",
    ),
    "twice": (
        b'{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n',
        'document id "a" occurs twice in the input; every document needs an id of its own',
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_documents_are_refused(tmp_path: Path, name: str) -> None:
    """By build, which leaves no index, and by add, which leaves the index as it was."""
    content, message = CASES[name]
    file = tmp_path / f"{name}.jsonl"
    file.write_bytes(content)
    message = message.format(file=file)
    refused(openqa("build", tmp_path / "new", file, "--parts", "bm25"), message)
    assert openqa("info", tmp_path / "new").code == 1
    index = bm25_index(tmp_path)
    refused(openqa("add", index, file), message)
    sound(index)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """By its name, before anything is written."""
    file = tmp_path / "none.jsonl"
    ended = openqa("build", tmp_path / "new", file, "--parts", "bm25")
    refused(ended, f"{file}: No such file or directory; give a file that exists and can be read")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["search", "ask"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], 'question "1" is blank; ask something'),
        (["  "], 'question "1" is blank; ask something'),
        (["a" * 100_000], 'question "1" has 100,000 characters, at most 10,000 are allowed; shorten it'),
        (["caf\udce9"], 'question "1" holds half a character; write it as UTF-8'),
        (["x", "-k", "0"], "Invalid value: k is 0; it must be at least 1"),
    ],
)
def test_a_question_that_cannot_be_asked_is_wrong_usage(
    tmp_path: Path, command: str, arguments: list[str], message: str
) -> None:
    """Exit 2."""
    index = bm25_index(tmp_path)
    ended = openqa(command, index, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert message.replace(" ", "") in "".join(ended.err.split())
    sound(index)


def test_an_empty_question_in_a_file_is_refused_by_its_line(tmp_path: Path) -> None:
    """As is a file without a question."""
    index = bm25_index(tmp_path)
    file = write_jsonl(tmp_path / "asked.jsonl", [{"id": "a", "text": "x"}, {"id": "b", "text": " "}])
    refused(openqa("search", index, file), f"{file}:2: the question is empty; write its text or take the line out")
    refused(openqa("search", index, "-", input=""), "standard input: holds no questions; give a file with at least one")


def test_a_truncated_index_file_is_refused(tmp_path: Path) -> None:
    """Every file of the index in turn: an error that names it, by search as by add."""
    index = bm25_index(tmp_path)
    for file in sorted(path for path in index.rglob("*") if path.is_file() and path.stat().st_size):
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        for ended in (openqa("search", index, "Italy"), openqa("add", index, corpus(tmp_path))):
            assert (ended.code, ended.out) == (1, "")
            assert str(file) in ended.err
            assert ended.err.count("\n") == 1
        file.write_bytes(content)
    sound(index)


def test_an_index_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    """The message says what to upgrade."""
    index = bm25_index(tmp_path)
    rewrite_generation(index, b'"format": 1,\n "number"', b'"format": 2,\n "number"')
    message = f'index "{index}" has format 2, this openqa reads 1; upgrade with pip install -U openqa'
    for command in (("search", index, "x"), ("info", index), ("verify", index), ("add", index, corpus(tmp_path))):
        refused(openqa(*command), message)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """At once; the first loses nothing and readers go on."""
    index = bm25_index(tmp_path)
    more = write_jsonl(tmp_path / "more.jsonl", [{"id": "oslo", "text": "Oslo is the capital of Norway."}])
    busy = f'index "{index}" is being written by another process or thread; wait until that is done, then run again'
    with writer_lock(index):
        refused(openqa("add", index, more), busy)
        sound(index)
    with writer_lock(tmp_path / "new"):
        ended = openqa("build", tmp_path / "new", more, "--parts", "bm25")
        assert (ended.code, "is being written by another process" in ended.err) == (1, True)
    assert openqa("add", index, more).code == 0


def test_a_folder_that_is_no_index_is_refused(tmp_path: Path) -> None:
    """So is one that is not there; the message says how to build."""
    missing = tmp_path / "missing"
    refused(
        openqa("ask", missing, "x"),
        f'index "{missing}" does not exist; build it first: openqa build {missing} FILES...',
    )
    (tmp_path / "folder").mkdir()
    ended = openqa("search", tmp_path / "folder", "x")
    assert ended.code == 1
    assert "is not an index (it has no generation-*.json)" in ended.err


def test_unknown_names_are_refused_with_what_is_known(tmp_path: Path) -> None:
    """Retriever, part, way of splitting, data set, key of a recipe."""
    index, file = bm25_index(tmp_path), corpus(tmp_path)
    recipe = tmp_path / "wrong.toml"
    recipe.write_text("document = 'corpus.jsonl'\n")
    refused(
        openqa("search", index, "x", "--retriever", "bm-25"),
        'unknown retriever "bm-25"; known: bm25, dense, hybrid; did you mean "bm25"?',
    )
    refused(
        openqa("build", tmp_path / "new", file, "--parts", "bm25,dens"),
        'unknown part "dens"; known: bm25, dense; did you mean "dense"?',
    )
    refused(
        openqa("build", tmp_path / "new", file, "--split", "sentence"),
        'unknown way of splitting "sentence"; known: document, sentences; did you mean "sentences"?',
    )
    refused(
        openqa("evaluate", "retrieval", "--dataset", "xqad", "--data", tmp_path),
        'unknown dataset "xqad"; known: flores, mlqa-dev, xquad; did you mean "xquad"?',
    )
    assert f'{recipe}: unknown key "document"; known: ' in openqa("build", recipe).err


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    """With what the index can be searched by."""
    index = bm25_index(tmp_path)
    ended = openqa("search", index, "x", "--retriever", "hybrid")
    refused(
        ended,
        f'index "{index}" has no part "dense", which retriever "hybrid" needs (it has: bm25); '
        f"search with retriever bm25, or add the part: openqa parts {index} add dense",
    )


def test_an_unknown_command_or_option_is_wrong_usage(tmp_path: Path) -> None:
    """Exit 2, and the nearest name."""
    ended = openqa("serch", tmp_path, "x")
    assert ended.code == 2
    assert "serch" in ended.err
    assert openqa("search", tmp_path, "x", "--retreiver", "bm25").code == 2


def test_the_library_raises_what_the_command_prints(tmp_path: Path) -> None:
    """The message of the error, and nothing else."""
    with pytest.raises(OpenQAError) as error:
        open_index(tmp_path / "none")
    refused(openqa("info", tmp_path / "none"), str(error.value))


def test_a_run_and_json_exclude_each_other(tmp_path: Path) -> None:
    """Neither is silently left out."""
    index = bm25_index(tmp_path)
    ended = openqa("search", index, "capital", "--run", tmp_path / "out.trec", "--json")
    refused(ended, "--run and --json exclude each other; give one of them", 2)
    assert not (tmp_path / "out.trec").exists()


def test_an_id_that_would_break_a_run_is_refused(tmp_path: Path) -> None:
    """A space in it would make one more field of its line."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "my file.txt").write_text("Ankara is a city.", encoding="utf-8")
    assert openqa("build", tmp_path / "index", tmp_path / "texts", "--parts", "bm25").code == 0
    message = (
        'passage id "my file.txt#0" has white space, which a TREC run cannot hold; '
        "rename it in the corpus and build the index again"
    )
    refused(openqa("search", tmp_path / "index", "Ankara", "--run", tmp_path / "out.trec"), message)
    refused(openqa("search", tmp_path / "index", "Ankara", "--run", "-"), message)
    assert not (tmp_path / "out.trec").exists()


def test_a_language_that_is_no_tag_is_refused(tmp_path: Path) -> None:
    """A name instead of a tag would silently be analysed as a language without rules of its own."""
    message = 'lang is "turkish"; a BCP 47 tag such as "tr", or "und", is needed'
    refused(openqa("build", tmp_path / "new", corpus(tmp_path), "--lang", "turkish"), message)
    index = bm25_index(tmp_path)
    refused(openqa("add", index, corpus(tmp_path), "--lang", "turkish"), message)
    refused(openqa("search", index, "Italy", "--lang", "turkish"), message)
    assert openqa("search", index, "Italy", "--lang", "zh-Hant-TW").code == 0
