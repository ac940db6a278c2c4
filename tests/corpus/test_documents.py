import gzip
import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from openqa.corpus import Fields, read_documents
from openqa.corpus.documents import KNOWN_LAYOUTS, folder_files
from openqa.errors import DataError


def put(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = "".join(line + "\n" for line in lines).encode("utf-8")
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def record(id: str, text: str = "x") -> str:
    return json.dumps({"_id": id, "title": "", "text": text})


def ids(*paths: Path) -> list[str]:
    return [document.id for document in read_documents(paths)]


def refusal(*paths: Path) -> str:
    with pytest.raises(DataError) as caught:
        ids(*paths)
    return str(caught.value)


def test_files_of_several_layouts_are_read_one_after_the_other(tmp_path: Path) -> None:
    """Each path is recognised by itself, and the language reaches every reader."""
    squad = {"data": [{"title": "", "paragraphs": [{"context": "Kedi uyur."}]}]}
    paths = [
        put(tmp_path / "a.jsonl.gz", record("a")),
        put(tmp_path / "s.json", json.dumps(squad)),
        put(tmp_path / "lines.json", record("b"), record("c")),
        put(tmp_path / "t.txt", "Metin"),
        put(tmp_path / "m.md.gz", "# Başlık"),
    ]
    documents = list(read_documents(paths, lang="tr"))
    digest = hashlib.sha256(b"Kedi uyur.").hexdigest()[:12]
    assert [document.id for document in documents] == ["a", digest, "b", "c", "t.txt", "m.md.gz"]
    assert {document.lang for document in documents} == {"tr"}


def test_a_squad_file_is_known_however_it_is_laid_out(tmp_path: Path) -> None:
    """One line, many lines, or gz."""
    squad = {"version": 1, "data": [{"paragraphs": [{"context": "x"}]}]}
    one = ids(put(tmp_path / "one.json.gz", json.dumps(squad)))
    assert ids(put(tmp_path / "many.json", *json.dumps(squad, indent=1).split("\n"))) == one


def test_a_beir_folder_gives_its_corpus_only(tmp_path: Path) -> None:
    """queries.jsonl and qrels are no documents."""
    put(tmp_path / "corpus.jsonl", record("d1"), record("d2"))
    put(tmp_path / "queries.jsonl", record("q1"))
    put(tmp_path / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore")
    put(tmp_path / "README.md", "# BEIR")
    assert ids(tmp_path) == ["d1", "d2"]


def test_a_miracl_folder_gives_its_shards_in_order_of_their_numbers(tmp_path: Path) -> None:
    """docs-2 comes before docs-10."""
    for n in (10, 2, 0):
        put(tmp_path / f"docs-{n}.jsonl.gz", json.dumps({"docid": f"{n}#0", "title": "T", "text": "x"}))
    put(tmp_path / "README.md", "# MIRACL")
    assert ids(tmp_path) == ["0#0", "2#0", "10#0"]


def test_a_folder_of_texts_is_read_at_any_depth(tmp_path: Path) -> None:
    """Ids are paths below the folder."""
    put(tmp_path / "a" / "b" / "x.md", "# X")
    put(tmp_path / "y.txt", "Y")
    assert ids(tmp_path) == ["y.txt", "a/b/x.md"]


def test_standard_input_is_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads records from standard input and leaves it open; errors name it."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"{record('a')}\n{{\n".encode())))
    documents = read_documents([Path("-")])
    assert next(documents).id == "a"
    with pytest.raises(DataError) as caught:
        next(documents)
    assert str(caught.value).startswith("standard input:2: not valid JSON")
    assert not sys.stdin.closed


def test_the_fields_can_be_named(tmp_path: Path) -> None:
    """Other names reach JSON Lines."""
    path = put(tmp_path / "a.jsonl", '{"key": "k", "body": "b"}')
    (document,) = read_documents([path], fields=Fields("body", "key"))
    assert (document.id, document.text) == ("k", "b")


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz", "c.txt", "c.md"])
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file without documents is an error, not an empty index."""
    path = put(tmp_path / name)
    kind = "is empty; give a file with text" if path.suffix in (".txt", ".md") else "holds no documents; give a file"
    assert refusal(path).startswith(f"{path}: {kind}")


def test_folders_without_documents_are_refused(tmp_path: Path) -> None:
    """The message says what was found and what is known."""
    expected = f"{tmp_path}: holds no documents of a known kind (found: %s); {KNOWN_LAYOUTS}"
    assert refusal(tmp_path) == expected % "nothing"
    put(tmp_path / "b.odt")
    put(tmp_path / "queries.jsonl", record("q"))
    assert refusal(tmp_path) == expected % "b.odt, queries.jsonl"


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    """The message lists the known kinds."""
    for name in ("report.odt", "report.pdf.gz"):
        path = put(tmp_path / name, "x")
        assert refusal(path) == (
            f"{path}: not a known kind of corpus; known: .jsonl (one passage a line), .json in SQuAD's form, .csv, "
            f".tsv, .txt, .md and .html, each also with .gz; .parquet, .pdf, .docx, MediaWiki's .xml, .xml.bz2 and "
            f".xml.gz; a folder with corpus.jsonl (BEIR), with .jsonl, .parquet or MediaWiki files (MIRACL, the "
            f"hub's), or with files of the other kinds at any depth; hub:OWNER/NAME/CONFIGURATION; - for .jsonl from "
            f"standard input"
        )


def test_a_missing_path_is_refused_before_the_first_document(tmp_path: Path) -> None:
    """All paths are looked at by the call itself."""
    good, missing = put(tmp_path / "a.jsonl", record("a")), tmp_path / "b.jsonl"
    with pytest.raises(DataError) as caught:
        read_documents([good, missing])
    assert str(caught.value) == f"{missing}: No such file or directory; give a file that exists and can be read"


def test_text_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Given one by one their ids would be equal."""
    one, two = put(tmp_path / "a" / "x.md", "A"), put(tmp_path / "b" / "x.md", "B")
    assert refusal(one, two) == f'{two}: its id "x.md" is taken by {one}; give the folder that holds both instead'


def test_damaged_gz_files_are_refused(tmp_path: Path) -> None:
    """Cut off, corrupted inside, or no gz at all: what stood before is read, then the line is named."""
    whole = gzip.compress("".join(record(str(n), f"text {n * 7919}") + "\n" for n in range(2000)).encode())
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot read on (Compressed file ended before the end-of-stream marker was reached)" in refusal(path)
    path.write_bytes(whole[:200] + bytes(100) + whole[300:])
    assert refusal(path).endswith("; the file is damaged or cut off")
    path.write_bytes(b"plain")
    assert refusal(path) == f"{path}:1: cannot read on (Not a gzipped file (b'pl')); the file is damaged or cut off"


def test_invalid_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """The line is the one that holds the byte, however the file is buffered."""
    path = tmp_path / "c.jsonl"
    path.write_bytes((record("a") + "\n").encode() * 3 + b'{"_id": "b", "text": "\xe9"}\n' + record("c").encode())
    assert refusal(path) == (
        f"{path}:4: byte 0xe9 is not UTF-8; convert the file, for example with iconv -f ISO-8859-1 -t UTF-8"
    )


def test_a_json_list_is_refused(tmp_path: Path) -> None:
    """A list of records is not SQuAD, and the message says what was needed."""
    path = put(tmp_path / "c.json", '[{"id": "a", "text": "x"}]')
    assert refusal(path) == f"{path}: an object is needed, as in SQuAD's form, found a list"


def test_wrong_calls_are_value_errors() -> None:
    """No path, or one path that is not in a list."""
    wrong: list[Any] = [[], "corpus.jsonl", Path("corpus.jsonl")]
    for paths in wrong:
        with pytest.raises(ValueError, match="paths must be a sequence of at least one path"):
            read_documents(paths)


def test_the_files_of_a_folder_are_those_that_are_read(tmp_path: Path) -> None:
    """Texts at any depth, or JSON Lines, by their path below the folder; their documents together are the folder's."""
    found: list[tuple[str, str]] = []

    def left_out(name: str, why: str) -> None:
        found.append((name, why))

    for name in ("b.txt", "sub/a.md", "notes.odt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"Text of {name}.")
    files = folder_files(tmp_path, "en", Fields(), left_out)
    assert [(file.name, file.path) for file in files] == [(name, tmp_path / name) for name in ("b.txt", "sub/a.md")]
    assert [document for file in files for document in file.read()] == list(read_documents([tmp_path], lang="en"))
    assert found == [("1 × .odt", "is of a kind that is not read")]
    (tmp_path / "queries.jsonl").write_text("")
    (tmp_path / "docs-2.jsonl").write_text('{"id": "2", "body": "x"}\n')
    (tmp_path / "docs-10.jsonl").write_text('{"id": "10", "body": "x"}\n')
    files = folder_files(tmp_path, "und", Fields("body"), left_out)
    assert [file.name for file in files] == ["docs-2.jsonl", "docs-10.jsonl"]
    assert [document.id for file in files for document in file.read()] == ["2", "10"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no documents of a known kind"):
        folder_files(tmp_path / "empty", "und", Fields(), left_out)
