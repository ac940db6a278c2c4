"""`openqa delete`, `sync`, `merge`, `parts`, and `add --replace`."""

import json
import os
import pty
import re
import shutil
from pathlib import Path

import pytest

from openqa.index.lock import writer_lock
from tests.cli.runs import bm25_index, corpus, needs_models, openqa, spawn, write_jsonl
from tests.cli.test_wrong_input import refused


def found(index: Path, question: str) -> list[str]:
    """Ids of the passages that are found."""
    hits = openqa("search", index, question, "--json").json()["hits"]
    return [hit["passage_id"] for hit in hits]


def texts(folder: Path, **files: str) -> Path:
    """A folder of text files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_delete_by_document(tmp_path: Path) -> None:
    """It is found no more; to people and to programs."""
    index = bm25_index(tmp_path)
    ended = openqa("delete", index, "rome", "mond", "--json")
    assert ended.code == 0
    assert {"documents": 2, "passages": 2, "missing": 0}.items() <= ended.json().items()
    assert ended.err == f'deleted from "{index}": 2 passages, 2 whole documents\n'
    assert found(index, "capital") == ["paris#0"]
    assert openqa("info", index, "--json").json()["n_passages"] == 2


def test_delete_by_passage(tmp_path: Path) -> None:
    """With --passages."""
    index = bm25_index(tmp_path)
    assert openqa("delete", index, "--passages", "rome#0").code == 0
    assert found(index, "Italy") == []


def test_delete_takes_ids_from_a_file_and_from_standard_input(tmp_path: Path) -> None:
    """One a line, whatever is in it; blank lines are passed over."""
    index = bm25_index(tmp_path)
    openqa("add", index, write_jsonl(tmp_path / "odd.jsonl", [{"id": "a b,c", "text": "Oslo."}]))
    (tmp_path / "gone.txt").write_text("a b,c\n\nmond\n")
    ended = openqa("delete", index, "-", "paris", "--ids", tmp_path / "gone.txt", "--json", input="rome\n")
    assert (ended.code, ended.json()["documents"]) == (0, 4)
    assert openqa("info", index, "--json").json()["n_documents"] == 1


def test_delete_refuses_what_is_not_there(tmp_path: Path) -> None:
    """Nothing is deleted; with --missing-ok what is there is."""
    index = bm25_index(tmp_path)
    refused(
        openqa("delete", index, "rome", "nowhere"),
        f'index "{index}" has no document "nowhere"; nothing was deleted; leave out what is not there, or say that it '
        f"may be missing (--missing-ok, missing_ok=True)",
    )
    assert found(index, "Italy") == ["rome#0"]
    ended = openqa("delete", index, "rome", "nowhere", "--missing-ok", "--json")
    assert (ended.code, ended.json()["missing"]) == (0, 1)
    assert ended.err.endswith("; 1 ids were not there\n")
    refused(
        openqa("delete", index),
        "no ids given; name at least one, a file with --ids FILE, or - for standard input",
        2,
    )
    missing = tmp_path / "none.txt"
    message = f"{missing}: No such file or directory; give a file that exists and can be read"
    refused(openqa("delete", index, "--ids", missing), message)


def test_add_replaces_with_its_option(tmp_path: Path) -> None:
    """Without it other content is refused, with the option's name."""
    index = bm25_index(tmp_path)
    file = write_jsonl(tmp_path / "new.jsonl", [{"id": "rome", "text": "Rome lies on the Tiber.", "title": "Rome"}])
    ended = openqa("add", index, file)
    assert ended.code == 1
    assert "or replace the one in the index (--replace, replace=True)" in ended.err
    ended = openqa("add", index, file, "--replace", "--json")
    assert (ended.code, ended.json()["replaced_documents"], ended.json()["deleted_passages"]) == (0, 1, 1)
    assert ended.err.endswith("0 documents were there already, 1 replaced others\n")
    assert (found(index, "Tiber"), found(index, "Italy")) == (["rome#0"], [])


def test_sync_follows_a_folder(tmp_path: Path) -> None:
    """A dry run lists the files and does nothing; the second run finds nothing to do."""
    index, docs = bm25_index(tmp_path), texts(tmp_path / "docs", oslo="Oslo in Norway.", bern="Bern in Switzerland.")
    assert openqa("sync", index, docs).code == 0
    (docs / "bern.txt").unlink()
    texts(docs, oslo="Oslo on the fjord.", riga="Riga in Latvia.")
    dry = openqa("sync", index, docs, "--dry-run")
    assert dry.out.splitlines() == ["added    riga.txt", "changed  oslo.txt", "removed  bern.txt"]
    assert dry.err == (
        f'"{docs}": 1 files added, 1 changed, 1 removed, 0 unchanged; 2 documents to read, 1 to remove; '
        f"nothing was done (--dry-run)\n"
    )
    record = openqa("sync", index, docs, "--dry-run", "--json").json()
    assert record["files"] == {"added": ["riga.txt"], "changed": ["oslo.txt"], "removed": ["bern.txt"]}
    assert (record["dry_run"], record["generation"]) == (True, 2)
    ended = openqa("sync", index, docs, "--json")
    counts = {"added_files": 1, "changed_files": 1, "removed_files": 1, "unchanged_files": 0, "documents": 2}
    assert (counts.items() <= ended.json().items(), ended.json()["removed_documents"]) == (True, 1)
    assert (found(index, "fjord"), found(index, "Switzerland")) == (["oslo.txt#0"], [])
    again = openqa("sync", index, docs)
    assert again.err == (f'"{index}" is up to date with "{docs}": 0 files added, 0 changed, 0 removed, 2 unchanged\n')
    assert str(docs.resolve()) in openqa("info", index).out


def test_sync_refuses_what_cannot_be_meant(tmp_path: Path) -> None:
    """A file for a folder, a folder without documents, an index that is not there."""
    index, docs = bm25_index(tmp_path), texts(tmp_path / "docs", oslo="Oslo in Norway.")
    file = docs / "oslo.txt"
    message = f"{file}: is not a folder that can be read; give the folder that holds the documents"
    refused(openqa("sync", index, file), message)
    ended = openqa("sync", index, texts(tmp_path / "empty"))
    assert (ended.code, "holds no documents of a known kind (found: nothing)" in ended.err) == (1, True)
    none = tmp_path / "none"
    refused(openqa("sync", none, docs), f'index "{none}" does not exist; build it first: openqa build {none} FILES...')


def test_merge_says_what_it_did(tmp_path: Path) -> None:
    """Nothing where it is not time; with --all one segment."""
    index = bm25_index(tmp_path)
    openqa("add", index, write_jsonl(tmp_path / "more.jsonl", [{"id": "oslo", "text": "Oslo in Norway."}]))
    assert openqa("merge", index).err == f'"{index}": nothing to merge; it has 2 segments\n'
    ended = openqa("merge", index, "--all", "--json")
    counts = {"merged_segments": 2, "new_segments": 1, "segments": 1, "generation": 3}
    assert counts.items() <= ended.json().items()
    assert ended.err == f'"{index}": merged 2 segments into 1; it now has 1\n'
    assert found(index, "Norway") == ["oslo#0"]


@needs_models
def test_parts_are_added_rebuilt_and_dropped(tmp_path: Path) -> None:
    """From the stored passages: the corpus is gone."""
    index = bm25_index(tmp_path)
    corpus(tmp_path).unlink()
    ended = openqa("parts", index, "add", "dense", "--json", "--workers", "2")
    assert (ended.code, sorted(ended.json()["part_bytes"])) == (0, ["bm25", "dense"])
    assert ended.err == f'"{index}" now has parts bm25, dense (generation 2)\n'
    assert openqa("search", index, "capital", "--retriever", "hybrid").code == 0
    assert openqa("parts", index, "rebuild", "dense", "--encoder", "mini").code == 0
    assert openqa("parts", index, "drop", "bm25").err == f'"{index}" now has parts dense (generation 4)\n'
    assert openqa("verify", index).code == 0


def test_wrong_parts_are_refused(tmp_path: Path) -> None:
    """Word for word; the index stays as it is."""
    index = bm25_index(tmp_path)
    cases = {
        ("ad", "bm25"): 'unknown action "ad"; known: add, drop, rebuild; did you mean "add"?',
        ("add", "bm26"): 'unknown part "bm26"; known: bm25, dense; did you mean "bm25"?',
        ("drop", "bm26"): 'unknown part "bm26"; known: bm25, dense; did you mean "bm25"?',
        ("add", "bm25"): (
            f'index "{index}" has part "bm25" already; write it anew with openqa parts {index} rebuild bm25'
        ),
        ("rebuild", "dense"): (
            f'index "{index}" has no part "dense" (it has: bm25); add it with openqa parts {index} add dense'
        ),
        ("drop", "dense"): f'index "{index}" has no part "dense" to drop (it has: bm25)',
        ("drop", "bm25"): (
            f'index "{index}" has no part but "bm25"; without one it cannot be searched: add another one first'
        ),
        ("add", "dense", "--encoder", "mimi"): 'unknown encoder "mimi"; known: mini, static; did you mean "mini"?',
        ("rebuild", "bm25", "--encoder", "mini"): 'part "bm25" has no encoder; name none, or write part dense',
    }
    for arguments, message in cases.items():
        refused(openqa("parts", index, *arguments), message)
    refused(
        openqa("parts", index, "drop", "bm25", "--encoder", "mini"),
        "--encoder is for add and rebuild; leave it out to drop a part",
        2,
    )
    assert openqa("parts", index, "add", "dense", "--workers", "0").code == 2
    assert openqa("info", index, "--json").json()["generation"] == 1


def test_a_change_is_refused_while_another_one_writes(tmp_path: Path) -> None:
    """At once, by every command that writes."""
    index, docs = bm25_index(tmp_path), texts(tmp_path / "docs", oslo="Oslo in Norway.")
    busy = f'index "{index}" is being written by another process or thread; wait until that is done, then run again'
    commands: tuple[tuple[str | Path, ...], ...] = (
        ("delete", index, "rome"),
        ("sync", index, docs),
        ("merge", index, "--all"),
        ("parts", index, "rebuild", "bm25"),
        ("verify", index, "--repair"),
    )
    with writer_lock(index):
        for command in commands:
            refused(openqa(*command), busy)


def test_a_stopped_build_is_told_from_another_one(tmp_path: Path) -> None:
    """Other documents are refused with the option that starts over; two workers do not change the bytes."""
    recipe = tmp_path / "mine.toml"
    recipe.write_text('documents = ["corpus.jsonl"]\nparts = ["bm25"]\nsegment_size = 1000\n')
    records = [{"id": f"d{n}", "text": f"Passage number {n}.", "lang": "en"} for n in range(2500)]
    write_jsonl(tmp_path / "corpus.jsonl", [*records, {"id": "d0", "text": "Again.", "lang": "en"}])
    assert openqa("build", recipe).code == 1
    write_jsonl(tmp_path / "corpus.jsonl", records[1:])
    ended = openqa("build", recipe)
    assert ended.code == 1
    assert 'document 1 was "d0", now it is "d1"; ' in ended.err
    assert "or start over with --restart (restart=True)" in ended.err
    assert openqa("build", recipe, "--restart", "--workers", "2").code == 0
    first = openqa("info", tmp_path / "mine", "--json").json()
    assert (first["n_passages"], first["n_segments"]) == (2499, 3)
    shutil.copy(tmp_path / "mine" / "generation-000001.json", tmp_path / "two.json")
    shutil.rmtree(tmp_path / "mine")
    assert openqa("build", recipe).code == 0
    assert (tmp_path / "mine" / "generation-000001.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.skipif(not hasattr(pty, "openpty"), reason="there are no pseudo-terminals here")
def test_a_terminal_shows_progress(tmp_path: Path) -> None:
    """On standard error, which people look at; the line is gone at the end, standard output is data only."""
    file = write_jsonl(tmp_path / "a.jsonl", [{"id": str(n), "text": f"Number {n}."} for n in range(3000)])
    main, end = pty.openpty()
    process = spawn("build", tmp_path / "index", file, "--parts", "bm25", "--json", stderr=end)
    os.close(end)
    shown = b""
    try:
        while chunk := os.read(main, 1 << 16):
            shown += chunk
    except OSError:  # the other end is closed
        pass
    out, _ = process.communicate(timeout=60)
    os.close(main)
    assert process.returncode == 0
    assert json.loads(out)["passages"] == 3000
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"building: [\d,]+ passages", text)
    assert f'built "{tmp_path / "index"}": 3,000 passages of 3,000 documents in ' in text
