"""`openqa build`, `add`, `info`, `verify`."""

import re
from pathlib import Path

import pytest

from tests.cli.runs import bm25_index, corpus, openqa, write_jsonl
from tests.corpus.own import write_pdf


def test_build_says_what_it_built(tmp_path: Path) -> None:
    """To people on standard error, to programs on standard output."""
    ended = openqa("build", tmp_path / "index", corpus(tmp_path), "--parts", "bm25", "--json")
    assert ended.code == 0
    found = ended.json()
    assert {"documents": 4, "passages": 4, "generation": 1, "skipped_documents": 0}.items() <= found.items()
    assert found["seconds"] > 0
    assert found["passages_per_second"] == pytest.approx(4 / found["seconds"], rel=0.1)
    assert found["peak_memory_bytes"] > 10_000_000
    assert 0 < found["part_bytes"]["bm25"] < found["size_bytes"]
    assert re.fullmatch(
        rf'built "{tmp_path / "index"}": 4 passages of 4 documents in \d+ s \([\d,]+/s, peak memory [\d.]+ [MG]B\); '
        rf"bm25 [\d.]+ kB, [\d.]+ kB in all\n",
        ended.err,
    )


def test_build_from_a_recipe(tmp_path: Path) -> None:
    """The index is the folder beside it; options go before what it says."""
    corpus(tmp_path)
    recipe = tmp_path / "mine.toml"
    recipe.write_text('documents = ["corpus.jsonl"]\nparts = ["bm25"]\nlang = "en"\n')
    assert openqa("build", recipe, "--split", "document").code == 0
    assert openqa("info", tmp_path / "mine", "--json").json()["settings"]["split"] == "document"
    hits = openqa("search", tmp_path / "mine", "capital of Italy", "--json").json()["hits"]
    assert hits[0]["passage_id"] == "rome"


def test_build_from_standard_input(tmp_path: Path) -> None:
    """JSON lines, as in a file; the field of the text may be named."""
    ended = openqa(
        "build", tmp_path / "index", "-", "--parts=bm25", "--text-field=body", input='{"id": "a", "body": "Moon."}\n'
    )
    assert ended.code == 0, ended.err


def test_add_counts_what_is_new(tmp_path: Path) -> None:
    """The same file twice adds nothing the second time."""
    index = bm25_index(tmp_path)
    more = write_jsonl(tmp_path / "more.jsonl", [{"id": "oslo", "text": "Oslo is the capital of Norway."}])
    first, second = (openqa("add", index, more, corpus(tmp_path), "--json") for _ in range(2))
    assert (first.code, second.code) == (0, 0)
    assert {"documents": 1, "skipped_documents": 4, "generation": 2}.items() <= first.json().items()
    assert {"documents": 0, "skipped_documents": 5, "generation": 2}.items() <= second.json().items()
    assert "4 documents were there already" in first.err


def test_info_shows_parts_and_settings(tmp_path: Path) -> None:
    """To people and to programs."""
    index = bm25_index(tmp_path)
    shown, values = openqa("info", index), openqa("info", index, "--json").json()
    assert "passages    4\n" in shown.out
    assert "window_words 100" in shown.out
    assert (values["n_passages"], values["parts"]["bm25"]["config"]["format"]) == (4, 1)


def test_verify_finds_a_flipped_byte(tmp_path: Path) -> None:
    """Exit 1 and the name of the file; --quick finds it too, as the file is small."""
    index = bm25_index(tmp_path)
    assert openqa("verify", index).code == 0
    file = next(index.rglob("passages.jsonl"))
    content = file.read_bytes()
    file.write_bytes(content[:-10] + b"X" + content[-9:])
    for options in ([], ["--quick"]):
        ended = openqa("verify", index, *options, "--json")
        assert ended.code == 1
        assert ended.json()["damaged"] == [{"file": str(file), "problem": "does not match its checksum"}]
        assert f"{file}: does not match its checksum\n" in ended.err


def test_files_and_a_recipe_exclude_each_other(tmp_path: Path) -> None:
    """Wrong usage; so is neither."""
    recipe = tmp_path / "mine.toml"
    recipe.write_text('documents = ["corpus.jsonl"]\n')
    both = openqa("build", recipe, corpus(tmp_path))
    neither = openqa("build", tmp_path / "index")
    assert (both.code, neither.code) == (2, 2)
    assert "is a recipe and names its own documents; leave FILES out" in both.err
    assert "no documents given" in neither.err
    assert openqa("add", bm25_index(tmp_path)).code == 2


def test_an_encoder_may_be_named(tmp_path: Path) -> None:
    """The index keeps its name, and searches with it; an unknown one is refused with those that are known."""
    ended = openqa("build", tmp_path / "index", corpus(tmp_path), "--encoder", "static")
    assert ended.code == 0, ended.err
    assert openqa("info", tmp_path / "index", "--json").json()["settings"]["encoder"] == "static"
    assert openqa("search", tmp_path / "index", "capital of Italy", "-r", "dense", "--json").json()["hits"]
    refused = openqa("build", tmp_path / "other", corpus(tmp_path), "--encoder", "statik")
    assert (refused.code, refused.err) == (
        1,
        'unknown encoder "statik"; known: mini, static; did you mean "static"?\n',
    )


def test_a_folder_of_ones_own_files(tmp_path: Path) -> None:
    """What cannot be read is named, for people and for programs; the form of tables can be chosen."""
    docs = tmp_path / "docs"
    docs.mkdir()
    write_pdf(docs / "report.pdf", ["Oil wrestling is held in Edirne."])
    write_pdf(docs / "locked.pdf", ["Secret."], password="x")
    (docs / "cities.csv").write_text("city,river\nEdirne,Tunca\n")
    (docs / "photo.png").write_bytes(b"x")
    arguments = (docs, "--parts", "bm25", "--tables", "{city} lies on the {river}.", "--json")
    ended = openqa("build", tmp_path / "index", *arguments)
    assert ended.code == 0, ended.err
    assert ended.json()["left_out"] == [
        {"name": "1 × .png", "why": "is of a kind that is not read"},
        {"name": "locked.pdf", "why": "is encrypted; give a copy without a password"},
    ]
    assert "left out: locked.pdf: is encrypted; give a copy without a password\n" in ended.err
    found = openqa("search", tmp_path / "index", "Tunca", "-r", "bm25", "--json").json()
    assert found["hits"][0]["text"] == "Edirne lies on the Tunca."
    wrong = openqa("build", tmp_path / "other", docs, "--tables", "{town}")
    assert wrong.err.startswith('tables names the column "town"; there are: city, river\n')


def test_a_dry_run_says_what_would_be_built(tmp_path: Path) -> None:
    """For people and for programs; nothing is written."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(30):
        (docs / f"{number}.txt").write_text(f"Text number {number} of thirty.")
    (docs / "empty.txt").write_text("")
    shown = openqa("build", tmp_path / "index", docs, "--parts", "bm25", "--dry-run")
    assert shown.code == 0, shown.err
    assert f'"{tmp_path / "index"}" would have 30 documents in 30 passages, about ' in shown.err
    assert "left out: empty.txt: is empty" in shown.err
    values = openqa("build", tmp_path / "index", docs, "--parts", "bm25", "--dry-run", "--json").json()
    assert (values["n_documents"], values["is_whole"], len(values["left_out"])) == (30, True, 1)
    assert not (tmp_path / "index").exists()


def test_recipes_are_listed_and_printed(tmp_path: Path) -> None:
    """What is printed builds an index once its documents are there."""
    assert "wikipedia\n" in openqa("recipe").out
    (tmp_path / "indexes").mkdir()
    recipe = tmp_path / "indexes" / "mine.toml"
    recipe.write_text(openqa("recipe", "own-documents", "--lang", "tr").out.replace('["bm25", "dense"]', '["bm25"]'))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "a.md").write_text("# Edirne\n\nYağlı güreş.")
    assert openqa("build", recipe).code == 0
    assert (tmp_path / "indexes" / "mine").is_dir()
    assert openqa("recipe", "webfaq", "--lang", "sw").err.startswith('webfaq has no documents in "sw"; it has ar,')
