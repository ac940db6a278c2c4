"""Tests of what a power loss, or the end of the process, leaves of an index: the old or the new generation, whole.

Each command runs once on a recorded disk. Then, for every step k and every kind of loss, what would be left after k
steps is laid into a folder and opened, and the command is run again on it. The model of the disk is in `disk.py`.
The sweep is tested in turn: with any one fsync left out, or any rename before its fsync, something must be wrong.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import pytest

from openqa.durable import fsync_folder, rename_into_place, write_bytes
from openqa.errors import IndexFolderError, OpenQAError
from openqa.index.backup import copy_folder
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder
from openqa.index.generation import generation_path
from openqa.index.merging import merge_folder
from openqa.index.parts import drop_part, write_parts_of_folder
from openqa.index.repair import repair_folder
from openqa.index.sources import SourceFile, SourceFolder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.retrieve.bm25 import Bm25Part
from openqa.retrieve.dense import DensePart
from openqa.types import Part, PartSource, Passage
from tests.fakes import LengthPart, document
from tests.index.disk import Content, Disk, RecordingSystem, Step, content_of, in_place_of_os, lay
from tests.retrieve.encoders import LetterEncoder

NO_INDEX = ("does not exist; build it first", "is not an index (it has no generation-*.json)")

NOT_NEEDED = {
    "*.chunks: _write_chunk make_folder fsync_folder": "a chunk gets its lasting name by a rename, which is forced",
    "*: combine_part make_folder fsync_folder": "so does a part",
    "segments: __init__ make_folder fsync_folder": "so does a segment",
    "segments: commit_next fsync_folder": "their names are forced by then; the commit relies on nobody",
    "i: commit_next fsync_folder": "the names of the folders are forced by then; the same",
    "*: collect rename_into_place fsync_folder": "the folder of a dropped part is never given its name again",
    "i: run make_folder fsync_folder": "the name of the folder `segments` is forced by the commit too",
    "i: merge_folder make_folder fsync_folder": "the same",
    "i: _write_rows make_folder fsync_folder": "that of `deletions` too",
    "encoder.json: write_chunk write_json write_bytes close": "nobody reads that of a chunk",
    "i: collect fsync_folder": "an old generation that comes back is older than the newest all the same",
    "deletions: collect rename_into_place fsync_folder": "a file goes in one step, there is no half of it",
    "i: repair_folder fsync_folder": "a damaged generation that comes back is older than the one committed before",
    "copy: _copy_files fsync_folder": "the commit of the copy forces it",
    "copy: _copy_files make_folder fsync_folder": "the commit of the copy forces it",
    "*: _copy_files make_folder fsync_folder": "forced again when all files are there",
}
"""Each fsync without which no loss does harm, by what it forces and the functions that call it, and why that is so."""

ORDER_NOT_NEEDED = {
    "deletions/*.npy.tmp": "a file that only the commit will name, and that each run writes anew",
    "sources/incoming.tmp": "the same",
}
"""Each rename that may come before the fsync of what is renamed, and why that does no harm."""


@dataclass(frozen=True)
class WatchedPart:
    """A part that tells which chunks it was asked for."""

    part: Part
    chunks: list[str] = field(default_factory=list, compare=False)

    @property
    def name(self) -> str:
        """Of the part."""
        return self.part.name

    def config(self) -> dict[str, Any]:
        """Of the part."""
        return self.part.config()

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Tells the first passage."""
        self.chunks.append(passages[0].id)
        self.part.write_chunk(folder, passages)

    def combine(self, folder: Path, sources: Sequence[PartSource]) -> None:
        """As the part does."""
        self.part.combine(folder, sources)


Call: TypeAlias = Callable[[Path, Sequence[Part], WriteOptions], object]
State: TypeAlias = frozenset[tuple[str, bytes | None]]


def documents(start: int, end: int) -> list[list[Passage]]:
    """Documents of one to three passages."""
    return [document(f"d{i}", *(f"text {i} " * j for j in range(1 + i % 3)), title=f"t{i}") for i in range(start, end)]


def build(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """Two segments, of one and two chunks."""
    build_folder(path, documents(0, 4), parts, options=options)


def add(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """One more segment of two chunks, and a document that is there."""
    add_to_folder(path, documents(3, 6), parts, options=options)


def sync(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """One document with other content, one without an heir, and what is known of the folder they come from."""
    known = SourceFolder("texts", (SourceFile("a.txt", 3, "c" * 64, ("d2",)),))
    changed = [document("d2", "other")]
    add_to_folder(path, changed, parts, replace=True, give_up=["d0"], known=known, source="texts", options=options)


def delete(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """A document, and a passage of another segment."""
    delete_from_folder(path, documents=["d1"], passages=["d3#0", "d2#1"], missing_ok=True)


def merge(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """All into one segment."""
    merge_folder(path, parts, segment_size=100, everything=True)


def add_part(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """A part for passages that are there."""
    write_parts_of_folder(path, [LengthPart("words", "words")], options=options)


def drop(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """That part."""
    drop_part(path, "words")


def copy(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """A snapshot."""
    copy_folder(path, path.parent / "copy")


def add_stopped(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """An add that ends after its first chunk, a day ago."""
    with pytest.raises(InterruptedError):
        add_to_folder(path, documents(3, 6), parts, options=replace(options, on_progress=stop))


def restart(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """The add from its start, what the stopped one has left being collected."""
    add_to_folder(path, documents(3, 6), parts, options=replace(options, restart=True))


def add_part_stopped(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """A new part that ends after its first chunk, a day ago."""
    with pytest.raises(InterruptedError):
        write_parts_of_folder(path, [LengthPart("words", "words")], options=replace(options, on_progress=stop))


def restart_part(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """The new part from its start."""
    write_parts_of_folder(path, [LengthPart("words", "words")], options=replace(options, restart=True))


def stop(_: int) -> None:
    """Ends a command."""
    raise InterruptedError


def repair(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """Back to what is sound."""
    repair_folder(path)


def spoil(path: Path, parts: Sequence[Part], options: WriteOptions) -> None:
    """Damages the newest segment."""
    newest = open_folder(path).segments[-1].folder / "ids"
    newest.write_bytes(newest.read_bytes().swapcase())


@dataclass(frozen=True)
class Command:
    """The call whose every step is looked at, the calls before it, and the index that it makes or changes.

    `is_aged` makes everything look an hour old before, so that the collector works; `is_aged_again` does the same
    before the command is run again after a loss.
    """

    call: Call
    before: tuple[Call, ...] = ()
    parts: tuple[Part, ...] = (LengthPart(),)
    index: str = "i"
    is_aged: bool = False
    is_aged_again: bool = True


COMMANDS = {
    "build": Command(build),
    "build with real parts": Command(build, parts=(Bm25Part(), DensePart(LetterEncoder()))),
    "add": Command(add, (build,)),
    "sync": Command(sync, (build,)),
    "delete": Command(delete, (build,)),
    "delete more": Command(delete, (build, sync)),
    "merge": Command(merge, (build, sync, delete)),
    "merge real parts": Command(merge, (build, delete), parts=(Bm25Part(), DensePart(LetterEncoder()))),
    "add, collecting": Command(add, (build, sync, delete, merge), is_aged=True),
    "add a part": Command(add_part, (build,)),
    "drop a part": Command(drop, (build, add_part)),
    "merge, collecting": Command(merge, (build, add_part, drop, delete, add), is_aged=True),
    "restart": Command(restart, (build, add_stopped), is_aged=True, is_aged_again=False),
    "restart a part": Command(restart_part, (build, add_part_stopped), is_aged=True, is_aged_again=False),
    "copy": Command(copy, (build, delete), index="copy"),
    "repair": Command(repair, (build, add, spoil)),
}


@dataclass(frozen=True)
class Loss:
    """What a power loss left, where it was, how many chunks were done then, and whether the command had returned."""

    content: Content
    where: str
    n_chunks: int
    is_over: bool


class Sweep:
    """A command's steps, and what is found in the folders that a power loss among them leaves."""

    def __init__(self, folder: Path, command: Command) -> None:
        """Runs the command once.

        Args:
            folder: empty, for everything that is laid here.
            command: what to run.
        """
        self._folder = folder
        self._command = command
        self._found: dict[State, tuple[object, str]] = {}
        self._again: dict[State, tuple[str, int]] = {}
        self._second: dict[int, list[Step]] = {}
        self._laid: Content = {}
        root = lay({}, folder / "disk")
        for call in command.before:
            self._run(root, call)
        self.initial = content_of(root)
        self.old = self._opened(self.initial)
        if command.is_aged:
            age(root)
        self.steps = self._run(root, command.call)[0]
        self.final = content_of(root)
        self.new = self._opened(self.final)

    def losses(self, steps: Sequence[Step], ks: Iterable[int], initial: Content | None = None) -> Iterator[Loss]:
        """Yields what each loss after k steps may leave, of a disk with the content before the command or another."""
        wanted = set(ks)
        disk = Disk(self.initial if initial is None else initial)
        n_chunks = 0
        for k in range(max(wanted, default=-1) + 1):
            if k in wanted:
                last = steps[k - 1] if k else Step("begin")
                for word, content in disk.losses(f"{k} {seed}" for seed in range(2)):
                    where = f"after step {k} of {len(steps)}, {last.call} {last.path} in {last.site}, {word}"
                    yield Loss(content, where, n_chunks, k == len(steps))
            if k < len(steps):
                disk.do(steps[k])
                n_chunks += steps[k].call == "mark"

    def is_old(self, loss: Loss) -> bool:
        """Whether a loss left the old generation."""
        return self._opened(loss.content) == self.old

    def wrong_when_opened(self, loss: Loss) -> str:
        """What is wrong with the index after a loss; "" where it is the old one or the new one."""
        found = self._opened(loss.content)
        if found == self.new or (found == self.old and not loss.is_over):
            return ""
        return f"{loss.where}: {found[1] or ('the old index' if found == self.old else 'another index')}"

    def wrong_when_run_again(self, loss: Loss) -> str:
        """What is wrong when the command runs again, an hour after a loss that left the old generation.

        It must end in the new generation, and write no chunk again that was done before the loss.
        """
        if not self.is_old(loss):
            return ""
        state = frozenset(loss.content.items())
        if state not in self._again:
            self._again[state] = self._run_again(loss.content)
        wrong, n_written = self._again[state]
        n_left = sum(step.call == "mark" for step in self.steps) - loss.n_chunks
        if not wrong and n_written > n_left:
            wrong = f"the second run wrote {n_written} chunks, {n_left} were left to do"
        return wrong and f"{loss.where}: {wrong}"

    def second_runs(self, every: int = 1) -> Iterator[tuple[int, list[Step]]]:
        """Yields k and the steps of a process that is killed after k of them and of a second run, where k matters."""
        disk = Disk(self.initial)
        n_runs = 0
        for k, step in enumerate(self.steps):
            if k and self.steps[k - 1].call in ("mkdir", "replace", "link", "unlink", "rmdir"):
                content = disk.everything()
                n_runs += 1
                if n_runs % every == 0 and self._opened(content) == self.old:
                    if k not in self._second:
                        root = lay(content, self._folder / "second")
                        self._second[k] = self._run(root, self._command.call)[0]
                    yield k, [*self.steps[:k], *self._second[k]]
            disk.do(step)

    def losses_of_a_second_run(self, loss: Loss, every: int) -> Iterator[Loss]:
        """Yields what each loss may leave of a run that follows a loss."""
        root = lay(loss.content, self._folder / "again")
        age(root)
        initial = content_of(root)
        steps = self._run(root, self._command.call)[0]
        return self.losses(steps, {*range(0, len(steps), every), len(steps)}, initial)

    def notices_at_the_end(self, steps: Sequence[Step], first: int) -> bool:
        """Whether a mutant is wrong after its last step; its steps differ from `first` on."""
        return any(map(self.wrong_when_opened, self.losses(steps, [len(steps)])))

    def notices_at_renames(self, steps: Sequence[Step], first: int) -> bool:
        """Whether a mutant is wrong after a loss that follows a rename or a chunk."""
        return self._is_wrong(steps, [k + 1 for k in range(first, len(steps)) if steps[k].call in ("replace", "mark")])

    def notices(self, steps: Sequence[Step], first: int) -> bool:
        """Whether a mutant is wrong anywhere."""
        return self._is_wrong(steps, range(first, len(steps) + 1))

    def notices_in_second_runs(self, fsync: str) -> bool:
        """Whether leaving an fsync out of a run that follows a killed one makes its end wrong."""
        for k, steps in self.second_runs():
            kept = [*steps[:k], *(step for step in steps[k:] if fsync_name(step) != fsync)]
            if any(map(self.wrong_when_opened, self.losses(kept, [len(kept)]))):
                return True
        return False

    def _is_wrong(self, steps: Sequence[Step], ks: Iterable[int]) -> bool:
        losses = self.losses(steps, ks)
        return any(self.wrong_when_opened(loss) or self.wrong_when_run_again(loss) for loss in losses)

    def _run(self, root: Path, call: Call) -> tuple[list[Step], int]:
        """Runs a call; returns its steps, with a mark after each chunk, and how many chunks it wrote."""
        system = RecordingSystem(root)
        parts = [WatchedPart(part) for part in self._command.parts]
        options = WriteOptions(segment_size=5, chunk_size=3, on_progress=lambda _: system.steps.append(Step("mark")))
        with in_place_of_os(system):
            call(root / "i", parts, options)
        return system.steps, len(parts[0].chunks)

    def _run_again(self, content: Content) -> tuple[str, int]:
        root = lay(content, self._folder / "again")
        if self._command.is_aged_again:
            age(root)
        try:
            _, n_chunks = self._run(root, self._command.call)
        except OpenQAError as error:
            return f"cannot be run again: {error}", 0
        found = self._opened(content_of(root))
        return "" if found == self.new else found[1] or "run again, it gives another index", n_chunks

    def _opened(self, content: Content) -> tuple[object, str]:
        """All that the index in a content holds, or what is wrong with it."""
        state = frozenset(content.items())
        if state not in self._found:
            path = lay(content, self._folder / "opened", self._laid) / self._command.index
            self._laid = content
            try:
                self._found[state] = committed(path), ""
            except OpenQAError as error:
                self._found[state] = None, str(error)
        return self._found[state]


def committed(path: Path) -> object:
    """All that an index holds, as bytes and as passages; None where there is none."""
    try:
        snapshot = open_folder(path, verify="full")
    except IndexFolderError as error:
        if any(text in str(error) for text in NO_INDEX):
            return None
        raise
    generation = snapshot.generation
    files = {name: (path / name).read_bytes() for name, _ in generation.all_files()}
    passages = [segment.store.passages(range(len(segment))) for segment in snapshot.segments]
    deleted = [segment.deleted_rows.tolist() for segment in snapshot.segments]
    return generation_path(path, generation.number).read_bytes(), files, passages, deleted


def age(root: Path) -> None:
    """Makes everything look an hour old."""
    then = time.time() - 3600
    for path in root.rglob("*"):
        os.utime(path, (then, then))


def fsync_name(step: Step) -> str:
    """What an fsync forces, and the functions that call it, from the one outside durable.py on; "" for other steps."""
    if step.call != "fsync":
        return ""
    return f"{pattern(step.path.split('/')[-1])}: {step.site}"


def pattern(name: str) -> str:
    """A name with hashes, numbers and names of parts left out."""
    return re.sub(r"[0-9a-f]{32}|[0-9]{6,}(-[0-9]{6,})?|^(length|words|bm25|dense)(-[0-9a-f]{8})?(?=$|\.)", "*", name)


def with_rename_first(steps: Sequence[Step], n: int) -> list[Step] | None:
    """The steps with the rename at n before the last fsync of what it renames; None where there is no such fsync."""
    source = steps[n].path
    forced = [k for k in range(n) if steps[k].call == "fsync" and steps[k].path == source]
    if not forced:
        return None
    again = [Step("open", steps[n].target, descriptor=-2), Step("fsync", steps[n].target, descriptor=-2)]
    return [*steps[: forced[-1]], *steps[forced[-1] + 1 : n + 1], *again, *steps[n + 1 :]]


class Sweeps:
    """The sweeps of all commands, each made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Sweep] = {}

    def __getitem__(self, name: str) -> Sweep:
        if name not in self._made:
            folder = self._folder / name.replace(" ", "-")
            folder.mkdir()
            self._made[name] = Sweep(folder, COMMANDS[name])
        return self._made[name]

    def __iter__(self) -> Iterator[Sweep]:
        return map(self.__getitem__, COMMANDS)


each_command = pytest.mark.parametrize("name", COMMANDS)
all_or_some = pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.exhaustive), 6], ids=["all", "some"])


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> Sweeps:
    """The sweeps of all commands."""
    return Sweeps(tmp_path_factory.mktemp("sweeps"))


def left_after(call: Callable[[Path], object], tmp_path: Path, n_lost: int = 0) -> list[Content]:
    """What losses after a call may leave, its last steps not taken; without what is the same."""
    system = RecordingSystem(lay({"a": b"old", "f": None}, tmp_path))
    disk = Disk(content_of(tmp_path))
    with in_place_of_os(system):
        call(tmp_path)
    for step in system.steps[: len(system.steps) - n_lost]:
        disk.do(step)
    contents: list[Content] = []
    for _, content in disk.losses(range(300)):
        if content not in contents:
            contents.append(content)
    return contents


def test_the_disk_loses_what_is_not_forced(tmp_path: Path) -> None:
    """Bytes until the fsync of the file, names until that of their folder, and never more."""
    old: Content = {"a": b"old", "f": None}
    new: Content = {**old, "b": b"new"}

    def write(root: Path) -> None:
        write_bytes(root / "b", b"new")

    def write_and_name(root: Path) -> None:
        write(root)
        fsync_folder(root)

    torn = left_after(write, tmp_path, 1)
    assert torn[:2] == [new, old]
    assert all({**old, "b": data} in torn for data in (b"", b"n", b"ne", b"\0\0\0"))
    assert left_after(write, tmp_path) == [new, old]
    assert left_after(write_and_name, tmp_path) == [new]


def test_the_disk_renames_in_one_step(tmp_path: Path) -> None:
    """Within a folder the old or the new name; from one folder into another either, both or none."""
    old, new = {"a": b"old", "f": None}, {"b": b"old", "f": None}
    assert left_after(lambda root: rename_into_place(root / "a", root / "b"), tmp_path, 2) == [new, old]
    assert left_after(lambda root: rename_into_place(root / "a", root / "b"), tmp_path) == [new]
    moved: Content = {"f": None, "f/a": b"old"}
    across = left_after(lambda root: rename_into_place(root / "a", root / "f" / "a"), tmp_path, 4)
    assert len(across) == 4
    assert all(content in across for content in (moved, old, {**old, **moved}, {"f": None}))
    assert left_after(lambda root: rename_into_place(root / "a", root / "f" / "a"), tmp_path) == [moved]


@each_command
def test_every_step_is_seen(sweeps: Sweeps, name: str) -> None:
    """The steps alone give the folder that the command has made: nothing is written past durable.py."""
    disk = Disk(sweeps[name].initial)
    for step in sweeps[name].steps:
        disk.do(step)
    assert disk.everything() == sweeps[name].final
    assert sweeps[name].new != sweeps[name].old
    assert sweeps[name].new[1] == ""


@all_or_some
@each_command
def test_a_loss_leaves_the_old_or_the_new_generation(sweeps: Sweeps, name: str, every: int) -> None:
    """After any step and any loss the index opens as it was or as it is to be; after the last step, as it is to be.

    Before the first commit there is no index. "some" is all for the smaller commands.
    """
    sweep = sweeps[name]
    ks = [k for k in range(len(sweep.steps) + 1) if k == 0 or sweep.steps[k - 1].call not in ("open", "mark")]
    some = ks if len(ks) < 100 or every == 1 else [*ks[:: len(ks) // 20], *ks[-10:]]
    assert [wrong for loss in sweep.losses(sweep.steps, some) if (wrong := sweep.wrong_when_opened(loss))] == []


@all_or_some
@each_command
def test_the_command_goes_through_after_a_loss(sweeps: Sweeps, name: str, every: int) -> None:
    """Run again on what any loss has left it gives the bytes of an uninterrupted run, doing no finished chunk again."""
    sweep = sweeps[name]
    ks = range(len(sweep.steps) + 1) if every == 1 else Random(name).sample(range(len(sweep.steps)), 3)
    wrong = [wrong for loss in sweep.losses(sweep.steps, ks) if (wrong := sweep.wrong_when_run_again(loss))]
    assert wrong == []


@all_or_some
@each_command
def test_a_loss_after_a_second_run(sweeps: Sweeps, name: str, every: int) -> None:
    """Killed anywhere and run again to its end, with the power lost only then, the new generation stands.

    What the first run has left in memory only is the second run's to bring to the disk.
    """
    sweep = sweeps[name]
    for _, steps in sweep.second_runs(every if len(sweep.steps) < 200 else 4 * every):
        assert [wrong for loss in sweep.losses(steps, [len(steps)]) if (wrong := sweep.wrong_when_opened(loss))] == []


@all_or_some
@each_command
def test_a_loss_in_a_second_run(sweeps: Sweeps, name: str, every: int) -> None:
    """The run that follows a loss may end in another one: the old or the new generation again."""
    sweep = sweeps[name]
    random = Random(name)
    for k in random.sample(range(len(sweep.steps)), 6 // every):
        loss = random.choice([*sweep.losses(sweep.steps, [k])])
        if sweep.wrong_when_run_again(loss) == "" and sweep.is_old(loss):
            losses = sweep.losses_of_a_second_run(loss, every)
            assert [wrong for loss in losses if (wrong := sweep.wrong_when_opened(loss))] == []


def test_every_fsync_is_needed(sweeps: Sweeps) -> None:
    """With any fsync left out of the code the sweep of some command finds something wrong, but for those of NOT_NEEDED.

    A mutant leaves out every call of one fsync of one kind of file or folder.
    """
    pending: dict[str, list[tuple[Sweep, list[Step], int]]] = {}
    for sweep in sweeps:
        firsts = {fsync_name(step): n for n, step in reversed([*enumerate(sweep.steps)])}
        for name in firsts.keys() - {"", *NOT_NEEDED}:
            mutant = [step for step in sweep.steps if fsync_name(step) != name]
            pending.setdefault(name, []).append((sweep, mutant, firsts[name]))
    for notices in (Sweep.notices_at_the_end, Sweep.notices_at_renames, Sweep.notices):
        for name, mutants in sorted(pending.items()):
            if any(notices(sweep, steps, first) for sweep, steps, first in mutants):
                del pending[name]
    assert sorted(pending) == []


@pytest.mark.exhaustive
def test_no_loss_needs_the_others(sweeps: Sweeps) -> None:
    """Those of NOT_NEEDED are there, and really not needed: not even in a run after one that was killed."""
    seen = set()
    for sweep in sweeps:
        for name in sorted(NOT_NEEDED.keys() & set(map(fsync_name, sweep.steps))):
            seen.add(name)
            first = [*map(fsync_name, sweep.steps)].index(name)
            assert not sweep.notices([step for step in sweep.steps if fsync_name(step) != name], first), name
            assert not sweep.notices_in_second_runs(name), name
    assert seen == NOT_NEEDED.keys()


def test_every_rename_must_follow_its_fsync(sweeps: Sweeps) -> None:
    """With any rename before the fsync of what it renames something is wrong, but for those of ORDER_NOT_NEEDED."""
    seen, noticed = set(), set()
    for sweep in sweeps:
        for n, step in enumerate(sweep.steps):
            name = "/".join(map(pattern, step.path.split("/")[1:]))
            mutant = with_rename_first(sweep.steps, n) if step.call == "replace" else None
            if mutant and name not in noticed:
                seen.add(name)
                if sweep.notices_at_renames(mutant, n - 1):
                    noticed.add(name)
    assert seen - noticed == ORDER_NOT_NEEDED.keys()


def test_chunks_of_another_size_are_not_taken(tmp_path: Path) -> None:
    """A build or a part that was stopped and is started over with other chunks gives the bytes of one from scratch."""
    small, large = WriteOptions(segment_size=9, chunk_size=2, on_progress=stop), WriteOptions(segment_size=9)
    words = [LengthPart("words", "words")]
    for name, first in (("a", replace(small, on_progress=None)), ("b", small)):
        with suppress(InterruptedError):
            build_folder(tmp_path / name, documents(0, 6), [LengthPart()], options=first)
        with suppress(IndexFolderError):
            build_folder(tmp_path / name, documents(0, 6), [LengthPart()], options=replace(large, restart=True))
    assert committed(tmp_path / "a") == committed(tmp_path / "b")
    with pytest.raises(InterruptedError):
        write_parts_of_folder(tmp_path / "b", words, options=small)
    write_parts_of_folder(tmp_path / "a", words, options=large)
    write_parts_of_folder(tmp_path / "b", words, options=replace(large, restart=True))
    assert committed(tmp_path / "a") == committed(tmp_path / "b")
