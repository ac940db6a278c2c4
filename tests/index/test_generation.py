"""Tests of openqa/index/generation.py: what is committed is read back, and every change of a byte is noticed."""

import hashlib
import json
from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.generation import (
    FileEntry,
    Generation,
    SegmentEntry,
    commit_generation,
    generation_numbers,
    generation_path,
    newest_generation,
    read_generation,
)

SEGMENT = SegmentEntry("0" * 32, 3, 2, {"bm25": "bm25"}, {"ids": FileEntry(4, "c" * 64)})
GENERATION = Generation(7, (SEGMENT,), {"bm25": {"k1": 0.9}}, {"window_words": 100}, created_by="openqa 0.1.0")


def write_record(path: Path, number: int, **changed: object) -> None:
    """A generation file with a right checksum and some keys changed."""
    commit_generation(path, GENERATION)
    record = json.loads(generation_path(path, 7).read_bytes())
    generation_path(path, 7).unlink()
    del record["checksum"]
    content = json.dumps({**record, "number": number, **changed}).encode()[1:]
    digest = hashlib.sha256(content).hexdigest()
    generation_path(path, number).write_bytes(b'{\n "checksum": "' + digest.encode() + b'",\n' + content)


def test_round_trip(tmp_path: Path) -> None:
    """A committed generation is read back equal, and no temporary file stays."""
    commit_generation(tmp_path, GENERATION)
    assert newest_generation(tmp_path) == (GENERATION, ())
    assert read_generation(tmp_path, 7) == GENERATION
    assert [entry.name for entry in tmp_path.iterdir()] == ["generation-000007.json"]
    assert list(GENERATION.all_files()) == [(f"segments/{'0' * 32}/ids", FileEntry(4, "c" * 64))]


def test_the_file_is_json_in_the_documented_form(tmp_path: Path) -> None:
    """Anyone can read the file: format, counts, parts, settings, segments, and empty places for what comes later."""
    commit_generation(tmp_path, GENERATION)
    record = json.loads(generation_path(tmp_path, 7).read_bytes())
    del record["checksum"]
    assert record == {
        "counts": {"documents": 2, "passages": 3},
        "created_by": "openqa 0.1.0",
        "deletions": {},
        "files": {},
        "format": 1,
        "number": 7,
        "parts": {"bm25": {"k1": 0.9}},
        "segments": [
            {
                "files": {"ids": {"checksum": "c" * 64, "size_bytes": 4}},
                "n_documents": 2,
                "n_passages": 3,
                "name": "0" * 32,
                "parts": {"bm25": "bm25"},
            }
        ],
        "settings": {"window_words": 100},
        "sources": {},
    }


def test_every_flipped_byte_and_every_cut_is_noticed(tmp_path: Path) -> None:
    """Each byte changed in turn, and each length shorter, gives the damage error that names the file."""
    commit_generation(tmp_path, GENERATION)
    path = generation_path(tmp_path, 7)
    sound = path.read_bytes()
    expected = (
        f"{path}: does not match its own checksum, the file is damaged; restore it from a copy, or go back to the "
        f"newest sound generation, if there is one: openqa verify {tmp_path} --repair"
    )
    flipped = (sound[:n] + bytes([sound[n] ^ 1]) + sound[n + 1 :] for n in range(len(sound)))
    for content in (*flipped, *(sound[:n] for n in range(len(sound)))):
        path.write_bytes(content)
        with pytest.raises(IndexFolderError) as caught:
            newest_generation(tmp_path)
        assert str(caught.value) == expected
        with pytest.raises(IndexFolderError) as caught:
            read_generation(tmp_path, 7)
        assert str(caught.value) == expected


def test_newest_sound_one_wins(tmp_path: Path) -> None:
    """Generations count by number, not by name; damaged newer ones are passed over and reported."""
    for number in (9, 10, 1_000_000):
        commit_generation(tmp_path, Generation(number))
    (tmp_path / "generation-0000011.json").write_bytes(b"not a name of ours")
    (tmp_path / "generation-000012.json.tmp").write_bytes(b"left by a crash")
    assert generation_numbers(tmp_path) == [9, 10, 1_000_000]
    generation_path(tmp_path, 1_000_000).write_bytes(b"")
    generation, damaged = newest_generation(tmp_path)
    assert generation.number == 10
    assert damaged == (generation_path(tmp_path, 1_000_000),)


def test_newer_format_is_refused(tmp_path: Path) -> None:
    """An index of a newer format says which version reads it, and an older generation does not hide it."""
    commit_generation(tmp_path, Generation(1))
    write_record(tmp_path, 8, format=9, segments={"of": "another form"})
    with pytest.raises(IndexFolderError) as caught:
        newest_generation(tmp_path)
    assert str(caught.value) == (
        f'index "{tmp_path}" has format 9, this openqa reads 1; upgrade with pip install -U openqa'
    )


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"format": "one"}, "its format is 'one'"),
        ({"format": 0}, "its format is 0"),
        ({"deletions": {"x": 1}}, "'int' object is not subscriptable"),
        (
            {"deletions": {"x": {"file": "a", "n_passages": 1, "n_documents": 0}}},
            "the deletions of segment x are not among its files",
        ),
        ({"counts": {}}, "its counts are {}, its segments have {'documents': 2, 'passages': 3}"),
        ({"segments": 3}, "'int' object is not iterable"),
        ({"segments": [{"name": "../x"}]}, "'../x' is not a name"),
        ({"files": {"../../etc/passwd": {"size_bytes": 1, "checksum": ""}}}, "'../../etc/passwd' is not a name"),
        ({"files": {"/etc": {"size_bytes": 1, "checksum": ""}}}, "'/etc' is not a name"),
        ({"files": {"a": {"size_bytes": -1, "checksum": ""}}}, "-1 is not a count"),
        ({"files": {"a": {"size_bytes": True, "checksum": ""}}}, "True is not a count"),
        ({"parts": {"A/B": {}}}, "'A/B' is not a name"),
    ],
)
def test_strange_content_is_refused(tmp_path: Path, changed: dict[str, object], found: str) -> None:
    """A right checksum over something else is refused, paths that lead out of the folder among it."""
    write_record(tmp_path, 8, **changed)
    with pytest.raises(IndexFolderError) as caught:
        newest_generation(tmp_path)
    assert str(caught.value) == (
        f"{generation_path(tmp_path, 8)}: is not what format 1 says ({found}); restore it from a copy or build the "
        f"index again"
    )


def test_missing_and_misnamed_files_are_named(tmp_path: Path) -> None:
    """No folder, a folder without an index, a missing generation and one under another's name each say so."""
    with pytest.raises(IndexFolderError) as caught:
        newest_generation(tmp_path / "no")
    assert str(caught.value) == (
        f'index "{tmp_path}/no" does not exist; build it first: openqa build {tmp_path}/no FILES...'
    )
    with pytest.raises(IndexFolderError) as caught:
        newest_generation(tmp_path)
    assert str(caught.value) == (
        f'"{tmp_path}" is not an index (it has no generation-*.json); build one in a new folder, or give the folder of '
        f"one"
    )
    with pytest.raises(IndexFolderError) as caught:
        read_generation(tmp_path, 3)
    assert str(caught.value) == (
        f"{tmp_path}/generation-000003.json: is missing; restore it from a copy or build the index again"
    )
    commit_generation(tmp_path, Generation(1))
    generation_path(tmp_path, 1).rename(generation_path(tmp_path, 2))
    with pytest.raises(IndexFolderError) as caught:
        newest_generation(tmp_path)
    assert (
        str(caught.value) == f"{tmp_path}/generation-000002.json: holds generation 1; give the file its own name back"
    )


def test_nothing_unreadable_is_committed(tmp_path: Path) -> None:
    """A generation that could not be read again is refused before a byte is written."""
    with pytest.raises(IndexFolderError, match="is not what format 1 says"):
        commit_generation(tmp_path, Generation(1, files={"a b": FileEntry(1, "")}))
    assert list(tmp_path.iterdir()) == []
