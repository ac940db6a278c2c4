"""Tests of openqa/index/folder.py: opening, looking up, and naming what is damaged."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openqa.durable import make_folder, remove
from openqa.errors import ConfigError, EncoderMismatch, IndexFolderError
from openqa.index.folder import Damage, open_folder, verify_folder
from openqa.index.generation import commit_generation, generation_path
from openqa.index.segments import SegmentWriter, segment_entry
from openqa.index.store import PassageStore, pack_document
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from tests.fakes import LengthPart, document, lengths

DOCUMENTS = [document(f"d{i}", *("ab" * j for j in range(1 + i % 3))) for i in range(10)]


def build(path: Path, segment_size: int = 8) -> Path:
    """A small index of several segments."""
    build_folder(path, DOCUMENTS, [LengthPart()], options=WriteOptions(segment_size=segment_size, chunk_size=3))
    return path


def committed_files(path: Path) -> list[Path]:
    """All files that the newest generation names."""
    return [path / name for name, _ in open_folder(path).generation.all_files()]


def test_snapshot_shows_the_whole_index(tmp_path: Path) -> None:
    """Length, passages by id, segments, their ids and parts: all that was given, in order."""
    snapshot = open_folder(build(tmp_path / "i"))
    passages = [passage for each in DOCUMENTS for passage in each]
    assert len(snapshot) == len(passages) == 19
    assert [len(segment) for segment in snapshot.segments] == [7, 8, 4]
    assert [snapshot.passage(passage.id) for passage in passages] == passages
    ids = [name for segment in snapshot.segments for name in segment.passage_ids(np.arange(len(segment)))]
    assert ids == [passage.id for passage in passages]
    stored = np.concatenate([lengths(segment) for segment in snapshot.segments])
    assert stored.tolist() == [len(passage.text) for passage in passages]
    assert snapshot.part_config("length") == {"unit": "characters"}
    assert list(verify_folder(tmp_path / "i")) == []


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    """A passage, part or mode that is not there is named with what is."""
    snapshot = open_folder(build(tmp_path / "i"))
    with pytest.raises(KeyError) as no_passage:
        snapshot.passage("no")
    assert no_passage.value.args == (f'index "{tmp_path}/i" has no passage "no"',)
    with pytest.raises(IndexFolderError) as caught:
        snapshot.part_config("dense")
    assert str(caught.value) == (
        f'index "{tmp_path}/i" has no part "dense" (it has: length); add it: openqa parts INDEX add dense'
    )
    with pytest.raises(IndexFolderError, match='has no part "dense"'):
        snapshot.segments[0].part_path("dense")
    with pytest.raises(ConfigError) as unknown:
        open_folder(tmp_path / "i", verify="ful")
    assert str(unknown.value) == 'unknown verify mode "ful"; known: full, quick; did you mean "full"?'


def test_other_part_config_is_refused(tmp_path: Path) -> None:
    """A part of another config names both; the same config passes."""
    snapshot = open_folder(build(tmp_path / "i"))
    snapshot.check_part(LengthPart())
    with pytest.raises(EncoderMismatch) as caught:
        snapshot.check_part(LengthPart("words"))
    assert str(caught.value) == (
        f'index "{tmp_path}/i": part "length" was built with unit "characters", now at hand is unit "words"; '
        f"use the former, or write the part anew: openqa parts {tmp_path}/i rebuild length"
    )


@pytest.mark.parametrize("mode", ["quick", "full"])
def test_damage_of_every_file_is_named(tmp_path: Path, mode: str) -> None:
    """Each file in turn missing, cut off, grown or with a flipped byte: opening names it, verifying yields only it."""
    build(tmp_path / "i")
    for file in committed_files(tmp_path / "i"):
        sound = file.read_bytes()
        flipped = sound[:-1] + bytes([sound[-1] ^ 1])
        wrong_size = f"has {{}} bytes, {len(sound)} were committed"
        cases: list[tuple[bytes | None, str]] = [
            (None, "is missing"),
            (sound[:-1], wrong_size.format(len(sound) - 1)),
            (b"", wrong_size.format(0)),
            (sound + b"x", wrong_size.format(len(sound) + 1)),
            (flipped, "does not match its checksum"),
        ]
        for content, problem in cases:
            file.unlink()
            if content is not None:
                file.write_bytes(content)
            with pytest.raises(IndexFolderError) as caught:
                open_folder(tmp_path / "i", verify=mode)
            assert str(caught.value) == (
                f'index "{tmp_path}/i" is damaged: {file}: {problem}; restore that file from a copy, or see how to '
                f"go on without it: openqa verify {tmp_path}/i"
            )
            assert list(verify_folder(tmp_path / "i", mode)) == [Damage(file, problem)]
            file.write_bytes(sound)
    open_folder(tmp_path / "i", verify=mode)


def test_quick_leaves_large_files_to_full(tmp_path: Path) -> None:
    """Above the limit `quick` checks the size only, `full` every byte."""
    build(tmp_path / "i", segment_size=100)
    file = tmp_path / "i" / "segments" / open_folder(tmp_path / "i").segments[0].name / "passages.jsonl"
    file.write_bytes(file.read_bytes().replace(b"ab", b"ba"))
    open_folder(tmp_path / "i", quick_limit_bytes=file.stat().st_size - 1)
    with pytest.raises(IndexFolderError, match="does not match its checksum"):
        open_folder(tmp_path / "i", quick_limit_bytes=file.stat().st_size)
    with pytest.raises(IndexFolderError, match="does not match its checksum"):
        open_folder(tmp_path / "i", verify="full", quick_limit_bytes=0)
    assert list(verify_folder(tmp_path / "i", "quick", quick_limit_bytes=0)) == []
    assert list(verify_folder(tmp_path / "i", "full", quick_limit_bytes=0)) == [
        Damage(file, "does not match its checksum")
    ]


def test_flipped_bytes_never_crash_an_unchecked_open(tmp_path: Path) -> None:
    """With no checksum looked at, each flipped byte gives an answer or an IndexFolderError that names a file."""
    build(tmp_path / "i", segment_size=100)
    for file in committed_files(tmp_path / "i"):
        sound = file.read_bytes()
        for n in range(0, len(sound), 1 + len(sound) // 150):
            file.write_bytes(sound[:n] + bytes([sound[n] ^ 0x81]) + sound[n + 1 :])
            try:
                snapshot = open_folder(tmp_path / "i", quick_limit_bytes=-1)
                for segment in snapshot.segments:
                    segment.passage_ids(np.arange(len(segment)))
                    segment.store.passages(range(len(segment)))
                for each in DOCUMENTS:
                    segment.store.document(each[0].document_id)
                    segment.store.row(each[0].id)
            except IndexFolderError as error:
                assert str(tmp_path) in str(error)  # noqa: PT017
        file.write_bytes(sound)


def test_damaged_newer_generation(tmp_path: Path) -> None:
    """Readers go on from the sound one before and can tell; `full` and writers refuse to pass over it."""
    build(tmp_path / "i")
    add_to_folder(tmp_path / "i", [document("new", "x")], [LengthPart()])
    file = tmp_path / "i" / "generation-000002.json"
    file.write_bytes(file.read_bytes().replace(b"length", b"lenght"))
    snapshot = open_folder(tmp_path / "i")
    assert snapshot.generation.number == 1
    assert snapshot.damaged_newer == (file,)
    assert list(verify_folder(tmp_path / "i")) == [Damage(file, "does not match its own checksum")]
    for refuse in (
        lambda: open_folder(tmp_path / "i", verify="full"),
        lambda: add_to_folder(tmp_path / "i", [document("newer", "x")], [LengthPart()]),
    ):
        with pytest.raises(IndexFolderError, match=r"generation-000002\.json: does not match its own checksum"):
            refuse()
    file.unlink()
    assert add_to_folder(tmp_path / "i", [document("newer", "x")], [LengthPart()]).generation == 2
    assert len(open_folder(tmp_path / "i", verify="full")) == 20


def replace_all(path: Path, n: int) -> None:
    """Commits a generation of one new segment and removes the files of the one before at once, as no writer does."""
    before = open_folder(path).generation
    writer = SegmentWriter(path)
    writer.add(pack_document(document(f"round {n}", *("x" for _ in range(n + 1)))))
    folder = writer.take_name(writer.finish({"round": n}))
    make_folder(folder / "length")
    LengthPart().write_chunk(folder / "length", PassageStore(folder).passages(range(n + 1)))
    entry = segment_entry(folder, {"length": "length"})
    commit_generation(path, replace(before, number=before.number + 1, segments=(entry,)))
    remove(generation_path(path, before.number))
    for old in before.segments:
        remove(path / "segments" / old.name)


def test_opening_goes_on_when_files_go(tmp_path: Path) -> None:
    """While generations replace one another and old files vanish, opening gives a whole one, and numbers only rise."""
    build_folder(tmp_path / "i", [], [LengthPart()])
    seen: list[int] = []
    done = threading.Event()

    def write() -> None:
        try:
            for n in range(40):
                replace_all(tmp_path / "i", n)
        finally:
            done.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        while not done.is_set():
            snapshot = open_folder(tmp_path / "i", verify="full")
            assert len(snapshot) == snapshot.generation.number - 1
            seen.append(snapshot.generation.number)
    finally:
        thread.join()
    assert seen == sorted(seen)
    assert open_folder(tmp_path / "i").generation.number == 41


def test_opens_read_only_folder(tmp_path: Path) -> None:
    """Reading needs no write access and leaves nothing behind."""
    path = build(tmp_path / "i")
    before = sorted(file.relative_to(path) for file in path.rglob("*"))
    for folder in [path, *(entry for entry in path.rglob("*") if entry.is_dir())]:
        folder.chmod(0o555)
    try:
        assert len(open_folder(path, verify="full")) == 19
    finally:
        for folder in [path, *(entry for entry in path.rglob("*") if entry.is_dir())]:
            folder.chmod(0o755)
    assert sorted(file.relative_to(path) for file in path.rglob("*")) == before
