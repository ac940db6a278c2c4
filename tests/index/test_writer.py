"""Tests of openqa/index/writer.py: all or nothing, the same bytes every time, and one writer."""

import multiprocessing
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from openqa.errors import DataError, EncoderMismatch, IndexFolderError, ModelError
from openqa.index.folder import open_folder, verify_folder
from openqa.index.writer import WriteOptions, WriteSummary, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document, lengths

SMALL = WriteOptions(segment_size=8, chunk_size=3)


def documents(n: int) -> Iterator[list[Passage]]:
    """Documents of one to three passages."""
    for i in range(n):
        yield document(f"d{i}", *(f"text {i} " * j for j in range(1 + i % 3)), title=f"title {i}")


def counts(summary: WriteSummary) -> tuple[int, int, int, int]:
    """Generation, new documents, new passages, documents that were there already."""
    return summary.generation, summary.n_documents, summary.n_passages, summary.n_skipped_documents


def contents(path: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes, the lock left out."""
    files = (file for file in path.rglob("*") if file.is_file() and file.name != "LOCK")
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_documents(tmp_path: Path, n: int) -> None:
    """An index of no, one and two documents is an index."""
    summary = build_folder(tmp_path / "i", documents(n), [LengthPart()])
    assert counts(summary) == (1, n, [0, 1, 3][n], 0)
    assert len(open_folder(tmp_path / "i", verify="full")) == [0, 1, 3][n]
    summary = add_to_folder(tmp_path / "i", documents(3), [LengthPart()])
    assert counts(summary) == (2, 3 - n, 6 - [0, 1, 3][n], n)
    assert len(open_folder(tmp_path / "i", verify="full")) == 6


def test_same_input_gives_same_bytes(tmp_path: Path) -> None:
    """A build again is byte for byte the same, from a list or a generator, after a failed attempt, in another place."""
    build_folder(tmp_path / "a", documents(20), [LengthPart()], settings={"words": 100}, options=SMALL)
    first = contents(tmp_path / "a")
    assert len(first) == 1 + 6 * 6
    build_folder(tmp_path / "b", list(documents(20)), [LengthPart()], settings={"words": 100}, options=SMALL)
    assert contents(tmp_path / "b") == first
    with pytest.raises(ZeroDivisionError):
        build_folder(tmp_path / "c", stopping(18), [LengthPart()], settings={"words": 100}, options=SMALL)
    build_folder(tmp_path / "c", documents(20), [LengthPart()], settings={"words": 100}, options=SMALL)
    assert contents(tmp_path / "c") == first


def test_input_chunks_leave_no_trace(tmp_path: Path) -> None:
    """The size of a chunk changes memory and time, not bytes."""
    for name, chunk_size in (("a", 1), ("b", 4), ("c", 1000)):
        options = WriteOptions(segment_size=8, chunk_size=chunk_size)
        build_folder(tmp_path / name, documents(20), [LengthPart()], options=options)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") == contents(tmp_path / "c")


def test_segments_hold_whole_documents(tmp_path: Path) -> None:
    """No document spans two segments; one larger than a segment gets a segment of its own."""
    large = document("large", *(str(n) for n in range(30)))
    build_folder(tmp_path / "i", [*documents(3), large, *documents(0)], [LengthPart()], options=SMALL)
    assert [len(segment) for segment in open_folder(tmp_path / "i").segments] == [6, 30]


def test_progress_counts_passages(tmp_path: Path) -> None:
    """Progress is told after every chunk, rising to the number of passages."""
    told: list[int] = []
    options = WriteOptions(segment_size=8, chunk_size=3, on_progress=told.append)
    build_folder(tmp_path / "i", documents(10), [LengthPart()], options=options)
    assert told == [3, 6, 7, 10, 13, 15, 18, 19]


def test_add_skips_what_is_there(tmp_path: Path) -> None:
    """The same documents again change nothing and commit nothing; new ones among them are added."""
    build_folder(tmp_path / "i", documents(10), [LengthPart()], options=SMALL)
    before = contents(tmp_path / "i")
    assert counts(add_to_folder(tmp_path / "i", documents(10), [LengthPart()])) == (1, 0, 0, 10)
    assert contents(tmp_path / "i") == before
    assert counts(add_to_folder(tmp_path / "i", documents(12), [LengthPart()])) == (2, 2, 5, 10)
    snapshot = open_folder(tmp_path / "i", verify="full")
    assert len(snapshot) == sum(len(each) for each in documents(12))
    assert snapshot.passage("d11#2") == list(documents(12))[11][2]
    assert [int(n) for n in lengths(snapshot.segments[-1])] == [
        len(p.text) for d in list(documents(12))[10:] for p in d
    ]


def test_changed_document_is_refused(tmp_path: Path) -> None:
    """A document of the index with other content, or a passage id of another document, stops the whole add."""
    build_folder(tmp_path / "i", documents(10), [LengthPart()], options=SMALL)
    before = contents(tmp_path / "i")
    with pytest.raises(DataError) as caught:
        add_to_folder(tmp_path / "i", [document("new", "x"), document("d4", "changed")], [LengthPart()])
    assert str(caught.value) == (
        f'document "d4" is already in index "{tmp_path}/i" with other content; give it another id, or replace the '
        f"one in the index (--replace, replace=True)"
    )
    with pytest.raises(DataError) as caught:
        add_to_folder(tmp_path / "i", [[Passage("d4#0", "other", "x")]], [LengthPart()])
    assert str(caught.value) == (
        f'passage "d4#0" is already in index "{tmp_path}/i", in another document; give it another id'
    )
    assert contents(tmp_path / "i") == before


@pytest.mark.parametrize("distance", [0, 1, 30])
def test_ids_twice_in_the_input_are_refused(tmp_path: Path, distance: int) -> None:
    """A document or passage id that comes again, near or many segments later, is named; nothing is committed."""
    restart = replace(SMALL, restart=True)
    between = list(documents(distance))
    with pytest.raises(DataError) as caught:
        build_folder(
            tmp_path / "i", [document("x", "a"), *between, document("x", "b")], [LengthPart()], options=restart
        )
    assert str(caught.value) == 'document id "x" occurs twice in the input; every document needs an id of its own'
    again = [Passage("x#0", "y", "a")]
    with pytest.raises(DataError) as caught:
        build_folder(tmp_path / "i", [document("x", "a"), *between, again], [LengthPart()], options=restart)
    assert str(caught.value) == 'passage id "x#0" occurs twice in the input; every passage needs an id of its own'
    within = [Passage("x", "y", "a"), Passage("x", "y", "b")]
    with pytest.raises(DataError, match='passage id "x" occurs twice in the input'):
        build_folder(tmp_path / "i", [*between, within], [LengthPart()], options=restart)
    with pytest.raises(IndexFolderError, match=r'" is not an index \(it has no generation'):
        open_folder(tmp_path / "i")


def stopping(n: int) -> Iterator[list[Passage]]:
    """Documents from a source that fails after n of them."""
    yield from documents(n)
    raise ZeroDivisionError


def test_failed_add_changes_nothing(tmp_path: Path) -> None:
    """An error in the input after several segments leaves the index as it was, and the same add goes on later."""
    for name in ("i", "whole"):
        build_folder(tmp_path / name, [document("first", "x")], [LengthPart()])
    before = contents(tmp_path / "i")
    with pytest.raises(ZeroDivisionError):
        add_to_folder(tmp_path / "i", stopping(30), [LengthPart()], options=SMALL)
    after = contents(tmp_path / "i")
    assert {name: after[name] for name in before} == before
    assert open_folder(tmp_path / "i").generation.number == 1
    for name in ("i", "whole"):
        assert add_to_folder(tmp_path / name, documents(30), [LengthPart()], options=SMALL).generation == 2
    assert contents(tmp_path / "i") == contents(tmp_path / "whole")


class Killed(BaseException):
    """Ends a command wherever it is, as a kill would but for what the operating system still writes."""


@dataclass(frozen=True)
class CountingPart(LengthPart):
    """A LengthPart that notes what it is given, and is killed at a chunk."""

    seen: list[str] = field(default_factory=list)
    kill_at: int | None = None

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Counts, then writes or dies."""
        self.seen.extend(passage.id for passage in passages)
        if self.kill_at is not None and len(self.seen) > self.kill_at:
            raise Killed
        super().write_chunk(folder, passages)


@pytest.mark.parametrize("kill_at", [0, 1, 5, 11, 17, 28, 35, 38])
def test_a_stopped_build_goes_on_from_its_last_chunk(tmp_path: Path, kill_at: int) -> None:
    """Nothing but the chunk at which it died is written again, and the bytes are those of an uninterrupted build."""
    build_folder(tmp_path / "whole", documents(20), [LengthPart()], options=SMALL)
    dying = CountingPart(kill_at=kill_at)
    with pytest.raises(Killed):
        build_folder(tmp_path / "i", documents(20), [dying], options=SMALL)
    resumed = CountingPart()
    told: list[int] = []
    summary = build_folder(tmp_path / "i", documents(20), [resumed], options=replace(SMALL, on_progress=told.append))
    assert contents(tmp_path / "i") == contents(tmp_path / "whole")
    again = set(dying.seen) & set(resumed.seen)
    assert 1 <= len(again) <= SMALL.chunk_size
    assert len(dying.seen) + len(resumed.seen) == 39 + len(again)
    assert (told[-1], summary.n_passages) == (39, 39)


def test_another_input_does_not_go_on(tmp_path: Path) -> None:
    """A changed, missing or added document in what is stored is named; so is another recipe; restart starts over."""
    path = tmp_path / "i"
    with pytest.raises(ZeroDivisionError):
        build_folder(path, stopping(18), [LengthPart()], options=SMALL)
    advice = "give the former input to go on with it, or start over with --restart (restart=True)"
    begun = f'index "{path}": an unfinished build stands there that was begun with'
    every = list(documents(20))
    changed = [*every[:6], document("d6", "changed"), *every[7:]]
    for other, difference in (
        (changed, 'document 7, "d6", has changed'),
        ([*every[:6], *every[7:]], 'document 7 was "d6", now it is "d7"'),
        ([document("new", "x"), *every], 'document 1 was "d0", now it is "new"'),
        (every[:2], "it had more than 2 documents"),
        (every[:4], "it had more than 4 documents"),
    ):
        with pytest.raises(IndexFolderError) as caught:
            build_folder(path, other, [LengthPart()], options=SMALL)
        assert str(caught.value) == f"{begun} other input: {difference}; {advice}"
    with pytest.raises(IndexFolderError) as caught:
        build_folder(path, every, [LengthPart()], settings={"words": 5}, options=replace(SMALL, segment_size=9))
    assert str(caught.value) == (
        f'{begun} segment_size 8, settings {{}}, this one has segment_size 9, settings {{"words": 5}}; run it as '
        f"before to go on with it, or start over with --restart (restart=True)"
    )
    build_folder(path, changed, [LengthPart()], options=replace(SMALL, restart=True))
    assert open_folder(path, verify="full").passage("d6#0").text == "changed"


def test_unfinished_work_of_another_command_stays(tmp_path: Path) -> None:
    """An add that was stopped goes on after another add was refused, and is dropped once something was committed."""
    path = tmp_path / "i"
    build_folder(path, [document("first", "x")], [LengthPart()])
    with pytest.raises(ZeroDivisionError):
        add_to_folder(path, stopping(18), [LengthPart()], options=SMALL)
    with pytest.raises(DataError):
        add_to_folder(path, [document("first", "other")], [LengthPart()], options=SMALL)
    resumed = CountingPart()
    add_to_folder(path, documents(20), [resumed], options=SMALL)
    assert set(resumed.seen) == {passage.id for each in every_after(17) for passage in each}


def every_after(n: int) -> list[list[Passage]]:
    """The documents of the 20 after the first n."""
    return list(documents(20))[n:]


def test_workers_write_the_same_bytes(tmp_path: Path) -> None:
    """Two processes give the bytes of one; an error in a worker ends the command, and it goes on later."""
    build_folder(tmp_path / "one", documents(20), [LengthPart()], options=SMALL)
    options = replace(SMALL, workers=2)
    with pytest.raises(ModelError, match="cannot take"):
        build_folder(tmp_path / "two", documents(20), [RefusingPart()], options=options)
    told: list[int] = []
    build_folder(tmp_path / "two", documents(20), [LengthPart()], options=replace(options, on_progress=told.append))
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert told == sorted(told)
    assert told[-1] == 39


class RefusingPart(LengthPart):
    """A LengthPart that cannot take one passage."""

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Writes all chunks but one."""
        if any(passage.id == "d12#0" for passage in passages):
            raise ModelError("cannot take d12#0")
        super().write_chunk(folder, passages)


def test_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    """When the disk refuses bytes the add fails, naming the file; the old generation serves on."""
    build_folder(tmp_path / "i", documents(5), [LengthPart()])
    before = contents(tmp_path / "i")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(IndexFolderError) as caught:
            add_to_folder(tmp_path / "i", documents(1000), [LengthPart()])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        f"{tmp_path}/i/segments/incoming/passages.jsonl: cannot be written (File too large); nothing was committed, "
        f"the index is as it was; make room or give write access, then run again"
    )
    assert contents(tmp_path / "i") == before
    assert len(open_folder(tmp_path / "i", verify="full")) == 9


def test_reader_sees_the_old_generation_until_the_commit(tmp_path: Path) -> None:
    """While a writer is in the middle, opening gives the generation before; an open snapshot stays what it is."""
    build_folder(tmp_path / "i", documents(5), [LengthPart()], options=SMALL)
    old = open_folder(tmp_path / "i")

    def watched() -> Iterator[list[Passage]]:
        for each in documents(30):
            assert open_folder(tmp_path / "i", verify="full").generation == old.generation
            yield each

    add_to_folder(tmp_path / "i", watched(), [LengthPart()], options=SMALL)
    assert open_folder(tmp_path / "i").generation.number == 2
    assert len(old) == 9
    assert old.passage("d4#1") == list(documents(5))[4][1]


def test_build_refuses_what_is_there(tmp_path: Path) -> None:
    """A folder with an index, with other files, or a file is no place to build; nothing in it changes."""
    build_folder(tmp_path / "i", documents(1), [LengthPart()])
    with pytest.raises(IndexFolderError) as caught:
        build_folder(tmp_path / "i", documents(1), [LengthPart()])
    assert str(caught.value) == (
        f'"{tmp_path}/i" already holds an index; add to it with openqa add, or give a new folder to build in'
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(IndexFolderError) as caught:
        build_folder(tmp_path / "other", documents(1), [LengthPart()])
    assert str(caught.value) == (
        f'"{tmp_path}/other" holds other files ("letter.txt"); give a new or an empty folder to build in'
    )
    assert contents(tmp_path / "other") == {"letter.txt": b"dear"}
    with pytest.raises(IndexFolderError) as caught:
        build_folder(tmp_path / "other" / "letter.txt", documents(1), [LengthPart()])
    assert str(caught.value) == (
        f'"{tmp_path}/other/letter.txt" is not a folder to build in (Not a directory); give a new one'
    )


def test_add_needs_the_index_and_its_parts(tmp_path: Path) -> None:
    """Without an index, with a part of another config, or without a part, nothing is added."""
    with pytest.raises(IndexFolderError, match=r'index ".*/i" does not exist; build it first'):
        add_to_folder(tmp_path / "i", documents(1), [LengthPart()])
    assert not (tmp_path / "i").exists()
    build_folder(tmp_path / "i", documents(1), [LengthPart()])
    with pytest.raises(EncoderMismatch, match='part "length" was built with unit "characters", now at hand is unit "w'):
        add_to_folder(tmp_path / "i", documents(2), [LengthPart("words")])
    with pytest.raises(IndexFolderError) as caught:
        add_to_folder(tmp_path / "i", documents(2), [])
    assert str(caught.value) == (f'index "{tmp_path}/i" has parts length, to add to it all are needed once, got none')
    with pytest.raises(IndexFolderError, match='has no part "other"'):
        add_to_folder(tmp_path / "i", documents(2), [LengthPart(name="other")])


def test_wrong_calls_are_refused(tmp_path: Path) -> None:
    """Sizes below 1, a part twice, and a part name that is no folder name are wrong calls."""
    with pytest.raises(ValueError, match="sizes and workers of at least 1 are needed, got 0, 5 and 1"):
        WriteOptions(segment_size=0, chunk_size=5)
    with pytest.raises(ValueError, match="each part may be given once, got length, length"):
        build_folder(tmp_path / "i", documents(1), [LengthPart(), LengthPart("words")])
    for name in ("../x", "ids", "A", ""):
        with pytest.raises(ValueError, match=f'a part cannot be named "{name}"'):
            build_folder(tmp_path / "i", documents(1), [LengthPart(name=name)])


def hold(path: Path, holding: Event, done: Event) -> None:
    """A writer that stays in the middle of a build until told."""

    def waiting() -> Iterator[Sequence[Passage]]:
        yield from documents(20)
        holding.set()
        done.wait(60)

    build_folder(path, waiting(), [LengthPart()], options=SMALL)


def test_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    """While one process writes another gets an error that names the index; killed, it leaves no lock behind."""
    context = multiprocessing.get_context("spawn")
    holding, done = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path / "i", holding, done))
    process.start()
    try:
        assert holding.wait(60)
        begin = time.monotonic()
        with pytest.raises(IndexFolderError) as caught:
            build_folder(tmp_path / "i", documents(1), [LengthPart()])
        assert time.monotonic() - begin < 1.0
        assert str(caught.value) == (
            f'index "{tmp_path}/i" is being written by another process or thread; wait until that is done, then run '
            f"again"
        )
    finally:
        process.kill()
        process.join()
    assert list((tmp_path / "i" / "segments").iterdir()) != []
    build_folder(tmp_path / "i", documents(20), [LengthPart()], options=SMALL)
    assert len(open_folder(tmp_path / "i", verify="full")) == sum(len(each) for each in documents(20))


@pytest.mark.slow
def test_hundred_thousand_passages_stream(tmp_path: Path) -> None:
    """A build of 100,000 passages of 100 words takes seconds and tens of megabytes."""

    def many() -> Iterator[list[Passage]]:
        for i in range(20_000):
            yield document(f"d{i}", *(f"{i} {j} " + "lorem ipsum dolor sit amet " * 20 for j in range(5)))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.monotonic()
    build_folder(tmp_path / "i", many(), [LengthPart()], options=WriteOptions(segment_size=50_000))
    assert time.monotonic() - begin < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000
    assert list(verify_folder(tmp_path / "i")) == []
