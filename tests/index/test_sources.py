"""Tests of openqa/index/sources.py: what a folder held is committed with the documents, or not at all."""

from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.collect import collect
from openqa.index.folder import open_folder
from openqa.index.merging import merge_folder
from openqa.index.sources import SourceFile, SourceFolder, read_sources
from openqa.index.writer import add_to_folder, build_folder
from tests.fakes import LengthPart, document

A = SourceFile("a b/日.txt", 3, "0" * 64, ("d1", "d\u20282"))
B = SourceFile("b.jsonl", 4, "1" * 64, (), {"lang": "tr"})


def known(path: Path, folder: str) -> list[SourceFile]:
    """What the newest generation says of a folder."""
    return read_sources(path, open_folder(path, verify="full").generation, folder)


def test_a_folder_is_known_as_it_was_given(tmp_path: Path) -> None:
    """With the documents, and where there are none too; others stay, and nothing new makes no generation."""
    path = tmp_path / "i"
    build_folder(path, [], [LengthPart()])
    assert known(path, "/x") == []
    add_to_folder(path, [document("d1", "x")], [LengthPart()], known=SourceFolder("/x", (A, B)))
    assert add_to_folder(path, [], [LengthPart()], known=SourceFolder("/ü", (B,))).generation == 3
    assert (known(path, "/x"), known(path, "/ü"), known(path, "/y")) == ([A, B], [B], [])
    assert add_to_folder(path, [], [LengthPart()], known=SourceFolder("/ü", (B,))).generation == 3
    assert add_to_folder(path, [], [LengthPart()], known=SourceFolder("/x", (B,))).generation == 4
    assert (known(path, "/x"), known(path, "/ü")) == ([B], [B])
    add_to_folder(path, [], [LengthPart()], known=SourceFolder("/x", ()))
    assert (known(path, "/x"), known(path, "/ü")) == ([], [B])


def test_the_collector_keeps_what_is_known(tmp_path: Path) -> None:
    """And removes what is not any more; merging keeps it too."""
    path = tmp_path / "i"
    build_folder(path, [document("d0", "x")], [LengthPart()])
    for files in ((A,), (A, B), (B,)):
        add_to_folder(
            path, [document(f"d{len(files)}{files[0].path}", "x")], [LengthPart()], known=SourceFolder("/x", files)
        )
    merge_folder(path, [LengthPart()], segment_size=100, everything=True)
    collect(path, keep_s=0)
    assert known(path, "/x") == [B]
    assert len(list((path / "sources").iterdir())) == 1


def test_a_failed_add_changes_nothing_that_is_known(tmp_path: Path) -> None:
    """The file is committed by the generation that names it."""
    path = tmp_path / "i"
    build_folder(path, [document("d0", "x")], [LengthPart()])
    add_to_folder(path, [], [LengthPart()], known=SourceFolder("/x", (A,)))
    with pytest.raises(ValueError, match="a document without passages"):
        add_to_folder(path, [document("d1", "x"), []], [LengthPart()], known=SourceFolder("/x", (B,)))
    assert known(path, "/x") == [A]


def test_damage_is_named(tmp_path: Path) -> None:
    """By the file; verification finds it too."""
    path = tmp_path / "i"
    build_folder(path, [], [LengthPart()])
    add_to_folder(path, [], [LengthPart()], known=SourceFolder("/x", (A,)))
    generation = open_folder(path).generation
    (file,) = (path / "sources").iterdir()
    file.write_text('{"path": "a"}\n')
    with pytest.raises(IndexFolderError) as error:
        read_sources(path, generation, "/x")
    assert str(error.value) == f"{file}: is missing or damaged ('size_bytes'); restore it from a copy"
    with pytest.raises(IndexFolderError, match=f"{file}: has 14 bytes"):
        open_folder(path)


def test_a_change_that_is_none_is_refused(tmp_path: Path) -> None:
    """A misspelt name would silently change nothing."""
    build_folder(tmp_path / "i", [], [LengthPart()])
    with pytest.raises(TypeError) as error:
        add_to_folder(tmp_path / "i", [], [LengthPart()], replaces=True)  # type: ignore[call-arg]
    assert str(error.value) == '"replaces" is not one of the changes replace, give_up, source, known'
