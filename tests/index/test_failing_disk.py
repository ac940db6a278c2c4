"""Tests of a disk that refuses: full, failing, read-only, interrupted. What was committed serves on.

When the disk is well again the same command goes through. A `FailingSystem` takes the place of `os` in durable.py and
refuses chosen steps; see `disk.py`.
"""

import errno
import itertools
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from openqa.errors import IndexFolderError
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder
from openqa.index.generation import generation_path
from openqa.index.merging import merge_folder
from openqa.index.parts import write_parts_of_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document
from tests.index.disk import RecordingSystem, Step, content_of, in_place_of_os, lay

OPTIONS = WriteOptions(segment_size=5, chunk_size=3)


def documents(start: int, end: int) -> list[list[Passage]]:
    """Documents of one to three passages."""
    return [document(f"d{i}", *(f"text {i} " * j for j in range(1 + i % 3)), title=f"t{i}") for i in range(start, end)]


def build(path: Path) -> None:
    """Two segments."""
    build_folder(path, documents(0, 4), [LengthPart()], options=OPTIONS)


def add(path: Path) -> None:
    """One more segment, and one document with other content."""
    changed = [document("d2", "other"), *documents(4, 6)]
    add_to_folder(path, changed, [LengthPart()], replace=True, options=OPTIONS)


def delete(path: Path) -> None:
    """A document of the first segment, and a passage of the second."""
    delete_from_folder(path, documents=["d1"], passages=["d3#0"])


def merge(path: Path) -> None:
    """All into one segment."""
    merge_folder(path, [LengthPart()], segment_size=100, everything=True)


def add_part(path: Path) -> None:
    """A part for passages that are there."""
    write_parts_of_folder(path, [LengthPart("words", "words")], options=OPTIONS)


COMMANDS: dict[str, tuple[Callable[[Path], None], ...]] = {
    "build": (build,),
    "add": (build, add),
    "delete": (build, delete),
    "merge": (build, delete, merge),
    "add a part": (build, add_part),
}


class FailingSystem(RecordingSystem):
    """Refuses steps of some kinds: the n-th of them, and with `stays` all after it."""

    def __init__(self, root: Path, number: int, calls: Sequence[str], nth: int, stays: bool = False) -> None:
        super().__init__(root)
        self.number = number
        self.refused: list[Step] = []
        self._calls = calls
        self._nth = nth
        self._stays = stays
        self._n_seen = 0

    def before(self, step: Step) -> None:
        """Counts and refuses."""
        if step.call in self._calls:
            self._n_seen += 1
            if self._n_seen == self._nth or (self._stays and self._n_seen > self._nth):
                self.refuse(step)

    def refuse(self, step: Step) -> None:
        """Notes the step and fails as the system does."""
        self.refused.append(step)
        raise OSError(self.number, os.strerror(self.number))


class FullSystem(FailingSystem):
    """Has room for so many bytes: the write that reaches the end is short, those after it are refused."""

    def __init__(self, root: Path, room_bytes: int) -> None:
        super().__init__(root, errno.ENOSPC, (), 0)
        self._room_bytes = room_bytes

    def write(self, descriptor: int, data: memoryview) -> int:
        """Writes what there is room for."""
        if not self._room_bytes:
            self.refuse(Step("write"))
        n_written = super().write(descriptor, data[: self._room_bytes])
        self._room_bytes -= n_written
        return n_written


class ShortSystem(RecordingSystem):
    """Takes a few bytes only of each write."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._sizes = itertools.cycle((1, 2, 3, 50))

    def write(self, descriptor: int, data: memoryview) -> int:
        """Writes fewer bytes than are given."""
        return super().write(descriptor, data[: next(self._sizes)])


def committed(path: Path) -> dict[str, bytes] | None:
    """The bytes of the newest generation and of all files that it names, each checked; None where there is no index."""
    try:
        generation = open_folder(path, verify="full").generation
    except IndexFolderError as error:
        assert "does not exist; build it first" in str(error) or "is not an index (it has no" in str(error)  # noqa: PT017
        return None
    files = [path / name for name, _ in generation.all_files()]
    return {file.name: file.read_bytes() for file in (*files, generation_path(path, generation.number))}


class Case:
    """A command, the index before it and after it, and its steps."""

    def __init__(self, root: Path, calls: Sequence[Callable[[Path], None]]) -> None:
        """Runs the command once.

        Args:
            root: empty.
            calls: the command, after those that make the index before it.
        """
        self.root = root
        self._command = calls[-1]
        for call in calls[:-1]:
            call(root / "i")
        self._content = content_of(root)
        self.old = committed(root / "i")
        system = RecordingSystem(root)
        assert self.run(system) == ""
        self.steps = system.steps
        self.new = committed(root / "i")

    def count(self, calls: Sequence[str]) -> int:
        """How many steps of some kinds there are."""
        return sum(step.call in calls for step in self.steps)

    def run(self, system: RecordingSystem) -> str:
        """Runs the command on the index before; returns the message of the error that it ends with, or ""."""
        lay(self._content, self.root)
        return self.run_again(system)

    def run_again(self, system: RecordingSystem) -> str:
        """Runs the command on what is there; returns the message of the error that it ends with, or ""."""
        with in_place_of_os(system, buffer_bytes=1000):
            try:
                self._command(self.root / "i")
            except IndexFolderError as error:
                return str(error)
        return ""

    def check(self, system: FailingSystem) -> None:
        """Runs on a disk that refuses: a clear error, the old generation, and the new one once the disk is well."""
        message = self.run(system)
        after = committed(self.root / "i")
        if not message:
            assert after == self.new, f"no error, though {system.refused} was refused"
            return
        assert str(self.root) in message
        assert os.strerror(system.number) in message
        assert message.endswith("run again")
        if "is in place, but the disk does not confirm its name" not in message:
            assert "nothing was committed, the index is as it was" in message
            assert after == self.old, f"the error says {message}, after {system.refused}"
        assert after in (self.old, self.new)
        if after == self.old:
            assert self.run_again(RecordingSystem(self.root)) == ""
            assert committed(self.root / "i") == self.new


@pytest.fixture(scope="module", params=COMMANDS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One command after the other."""
    return Case(tmp_path_factory.mktemp("case"), COMMANDS[request.param])


def places(n: int, every: int) -> list[int]:
    """From 1 to n in steps, the last two always among them."""
    return sorted({*range(1, n + 1, every), max(n - 1, 1), n})


all_or_some = pytest.mark.parametrize("every", [pytest.param(1, marks=pytest.mark.exhaustive), 6], ids=["all", "some"])


@all_or_some
@pytest.mark.parametrize("stays", [False, True], ids=["once", "stays"])
def test_no_space(case: Case, stays: bool, every: int) -> None:
    """ENOSPC at each write, once or for all that needs room from there on."""
    calls = ("write", "create", "mkdir") if stays else ("write",)
    for nth in places(case.count(calls), every):
        case.check(FailingSystem(case.root, errno.ENOSPC, calls, nth, stays=stays))


@all_or_some
def test_room_for_some_bytes(case: Case, every: int) -> None:
    """A disk with room for so many bytes: the last write is a short one, then ENOSPC."""
    n_bytes = sum(len(step.data) for step in case.steps if step.call == "write")
    for room_bytes in range(0, n_bytes, 37 * every):
        case.check(FullSystem(case.root, room_bytes))
    assert case.run(FullSystem(case.root, n_bytes)) == ""


@all_or_some
@pytest.mark.parametrize("stays", [False, True], ids=["once", "stays"])
def test_failing_fsync(case: Case, stays: bool, every: int) -> None:
    """EIO at each fsync, of files and of folders."""
    for nth in places(case.count(("fsync",)), every):
        case.check(FailingSystem(case.root, errno.EIO, ("fsync",), nth, stays=stays))


@all_or_some
def test_failing_steps(case: Case, every: int) -> None:
    """EIO at each rename, removal, new file and new folder."""
    calls = ("replace", "unlink", "rmdir", "create", "mkdir", "open")
    for nth in places(case.count(calls), every):
        case.check(FailingSystem(case.root, errno.EIO, calls, nth))


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES], ids=["EROFS", "EACCES"])
def test_read_only_disk(case: Case, number: int) -> None:
    """Where nothing may be changed the first step is refused, and the index stays."""
    calls = ("create", "write", "replace", "unlink", "mkdir", "rmdir")
    system = FailingSystem(case.root, number, calls, 1, stays=True)
    case.check(system)
    assert system.refused[0].call in ("mkdir", "create")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    """A folder without write access: a clear error, and reading goes on."""
    build(tmp_path / "i")
    before = committed(tmp_path / "i")
    folders = [tmp_path / "i", *(path for path in (tmp_path / "i").rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        with pytest.raises(IndexFolderError, match="Permission denied"):
            add(tmp_path / "i")
        assert committed(tmp_path / "i") == before
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_short_writes(case: Case) -> None:
    """A disk that takes a few bytes at a time gets them all."""
    assert case.run(ShortSystem(case.root)) == ""
    assert committed(case.root / "i") == case.new


@all_or_some
def test_interrupted_calls(case: Case, every: int) -> None:
    """EINTR, which Python itself retries: should one come through, it is an error like others."""
    calls = ("write", "fsync", "create", "open")
    for nth in places(case.count(calls), 2 * every):
        case.check(FailingSystem(case.root, errno.EINTR, calls, nth))


def test_signals(tmp_path: Path) -> None:
    """Signals that arrive all the time change nothing."""
    build(tmp_path / "quiet")
    n_signals = 0

    def count(*_: object) -> None:
        nonlocal n_signals
        n_signals += 1

    before = signal.signal(signal.SIGALRM, count)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        build(tmp_path / "i")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert n_signals > 10
    assert committed(tmp_path / "i") == committed(tmp_path / "quiet")
