"""A disk that may lose power at any moment: what openqa asks of the system, recorded, and what may be left of it.

A `RecordingSystem` takes the place of `os` in `openqa.durable`. It hands every call on to the system, fsync aside, so
that the command at work sees real files, and writes down each step. A `Disk` is led through the first k of the steps
and tells what a power loss may leave then. fsync is not carried out: nothing here depends on the real disk.

The model is weaker than any common file system, and as weak as POSIX allows, with one exception (the last line):
- The bytes of a file are safe up to its last fsync. Of later writes each may be there, not be there, or be there up to
  some byte; where a later one is there, what is missing before it is zeros. The file may also have its full length with
  zeros where bytes are missing, or end where the last fsync left it.
- A name (made, given by link or rename, taken away) is safe with the next fsync of the folder it stands in. Neither the
  fsync of the file nor that of another folder makes it safe. A folder that was not safe takes all below it along.
- Of the later changes of names in one folder any first ones may be there. Folders are independent of each other, and of
  the bytes: a new name may be there without the bytes of its file.
- A rename within a folder is one change. A rename from one folder into another is two, one in each: after a power loss
  the file may have both names, or neither.
- Changes of names in one folder keep their order, and no write to one file harms another.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from operator import is_, is_not
from pathlib import Path, PurePosixPath
from random import Random
from types import FrameType
from typing import Any, TypeAlias

import pytest

Content: TypeAlias = Mapping[str, bytes | None]
"""What stands in a folder: by relative path the bytes of a file, or None for a folder."""

OUTSIDE = ".."
_READS = {"fstat", "stat", "scandir", "listdir", "path", "fspath", "strerror"}


@dataclass(frozen=True, slots=True)
class Step:
    """One call that changes the disk, or opens a file or folder; paths are relative to the recorded folder.

    The call "mark" is none: a test may put it among the steps to find a place again. `site` says where in openqa the
    call was made: the names of the calling functions, from the innermost one outside durable.py on.
    """

    call: str
    path: str = ""
    target: str = ""
    descriptor: int = -1
    offset: int = 0
    data: bytes = b""
    site: str = field(default="", compare=False)


class RecordingSystem:
    """Stands in for the `os` of durable.py; `steps` are those that it has carried out below one folder."""

    def __init__(self, root: Path) -> None:
        self.steps: list[Step] = []
        self._root = root
        self._open: dict[int, str] = {}
        self._offsets: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("O_", "SEEK_")) or name in _READS:
            return getattr(os, name)
        raise AssertionError(f"durable.py calls os.{name}, which the recorded disk does not know")

    def before(self, step: Step) -> None:
        """Called before each step; another class may refuse it with an OSError."""

    def open(self, path: Path, flags: int, mode: int = 0o777) -> int:
        """Opens a new file for writing, or anything for reading."""
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_TRUNC | os.O_CREAT)
        assert writes in (0, os.O_WRONLY | os.O_CREAT), "files are written once, from start to end"
        assert not writes or flags & os.O_EXCL, "an older file is never opened for writing"
        call = "create" if writes else "open"
        if not writes and not path.is_relative_to(self._root):
            descriptor = os.open(path, flags)
            self._open[descriptor] = OUTSIDE
            return descriptor
        self.before(Step(call, self._name(path)))
        descriptor = os.open(path, flags, mode)
        self._open[descriptor] = self._name(path)
        self._offsets[descriptor] = 0
        self._note(Step(call, self._name(path), descriptor=descriptor))
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        """Writes to a file opened here."""
        offset = self._offsets[descriptor]
        self.before(Step("write", self._open[descriptor], descriptor=descriptor, offset=offset, data=bytes(data)))
        n_written = os.write(descriptor, data)
        self._offsets[descriptor] += n_written
        written = bytes(data[:n_written])
        self._note(Step("write", self._open[descriptor], descriptor=descriptor, offset=offset, data=written))
        return n_written

    def lseek(self, descriptor: int, position: int, whence: int) -> int:
        """Moves to another place; changes nothing on the disk."""
        self._offsets[descriptor] = os.lseek(descriptor, position, whence)
        return self._offsets[descriptor]

    def fsync(self, descriptor: int) -> None:
        """Is noted only."""
        step = Step("fsync", self._open[descriptor], descriptor=descriptor)
        if step.path != OUTSIDE:
            self.before(step)
            self._note(step)

    def close(self, descriptor: int) -> None:
        """Changes nothing on the disk."""
        os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        """Renames."""
        self._do("replace", os.replace, source, target)

    def link(self, source: Path, target: Path) -> None:
        """Gives a second name."""
        self._do("link", os.link, source, target)

    def unlink(self, path: Path) -> None:
        """Takes a file's name away; where there is none no step is taken."""
        os.lstat(path)
        self._do("unlink", os.unlink, path)

    def mkdir(self, path: Path) -> None:
        """Makes a folder."""
        self._do("mkdir", os.mkdir, path)

    def rmdir(self, path: Path) -> None:
        """Takes an empty folder away."""
        self._do("rmdir", os.rmdir, path)

    def _do(self, call: str, function: Callable[..., None], *paths: Path) -> None:
        step = Step(call, self._name(paths[0]), "".join(map(self._name, paths[1:])))
        self.before(step)
        function(*paths)
        self._note(step)

    def _note(self, step: Step) -> None:
        self.steps.append(replace(step, site=_site()))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


@contextmanager
def in_place_of_os(system: Any, buffer_bytes: int = 256) -> Iterator[None]:
    """Lets durable.py work on another system for a while, with a small buffer so that small files are many writes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("openqa.durable.os", system)
        patch.setattr("openqa.durable.BUFFER_BYTES", buffer_bytes)
        yield


class _File:
    """The bytes that are safe, and the writes since."""

    def __init__(self, content: bytes = b"") -> None:
        self.now = self.safe = content
        self.later: list[tuple[int, bytes]] = []

    def write(self, offset: int, data: bytes) -> None:
        self.later.append((offset, data))
        self.now = _written(self.now, offset, data)

    def sync(self) -> None:
        self.safe = self.now
        self.later = []

    def partly(self, random: Random) -> bytes:
        """The safe bytes and some of the rest."""
        if not self.later:
            return self.safe
        content = self.safe
        kind = random.choice(("first ones", "any", "zeros"))
        for offset, data in self.later:
            if kind == "zeros":
                end = offset + len(data)
                content = content.ljust(end, b"\0")
            fate = random.choice(("there", "cut", "lost"))
            n_kept = {"there": len(data), "cut": random.randint(0, len(data)), "lost": 0}[fate]
            if n_kept:
                content = _written(content, offset, data[:n_kept])
            if kind == "first ones" and fate != "there":
                break
        return content


class _Folder:
    """The names that are safe, and the changes since; None takes a name away."""

    def __init__(self) -> None:
        self.now: dict[str, _File | _Folder] = {}
        self.safe: dict[str, _File | _Folder] = {}
        self.later: list[dict[str, _File | _Folder | None]] = []

    def change(self, names: "dict[str, _File | _Folder | None]") -> None:
        self.later.append(names)
        self.now = _changed(self.now, names)

    def sync(self) -> None:
        self.safe = self.now
        self.later = []

    def partly(self, random: Random) -> "dict[str, _File | _Folder]":
        """The safe names after some of the changes."""
        names = self.safe
        for change in self.later[: random.randint(0, len(self.later))]:
            names = _changed(names, change)
        return names


_Choice: TypeAlias = Callable[[_File | _Folder], Any]  # the bytes or names that are left


class Disk:
    """A disk that is led through steps and tells what a power loss would leave."""

    def __init__(self, content: Content) -> None:
        """Starts with a content that is safe."""
        self._root = _Folder()
        self._open: dict[int, _File | _Folder] = {}
        for path, data in sorted(content.items()):
            self._folder_of(path).change({PurePosixPath(path).name: _Folder() if data is None else _File(data)})
        for _, node in list(_nodes(self._root)):
            node.sync()

    def do(self, step: Step) -> None:
        """Carries out one step."""
        _DO[step.call](self, step)

    def everything(self) -> dict[str, bytes | None]:
        """What stands on the disk while the power stays."""
        return self._left(_keep(lambda _: True))

    def losses(self, seeds: Iterable[object] = ()) -> Iterator[tuple[str, dict[str, bytes | None]]]:
        """Yields what a power loss now may leave, each with a word on it.

        Nothing is lost; all that is not safe is lost; only bytes; only names; only what belongs to one file or folder;
        all but that; and for each seed, some of it by chance.
        """
        unsafe = {id(node): (path, node) for path, node in _nodes(self._root) if node.later}
        yield "nothing is lost", self.everything()
        if not unsafe:
            return
        yield "all is lost", self._left(_keep(lambda _: False))
        yield "bytes are lost", self._left(_keep(lambda node: isinstance(node, _Folder)))
        yield "names are lost", self._left(_keep(lambda node: isinstance(node, _File)))
        for path, node in unsafe.values():
            yield f"lost in {path}", self._left(_keep(partial(is_not, node)))
            yield f"lost but in {path}", self._left(_keep(partial(is_, node)))
        for seed in seeds:
            yield f"lost by chance {seed}", self._left(partial(_keep_by_chance, Random(str(seed))))

    def _left(self, choose: _Choice) -> dict[str, bytes | None]:
        content: dict[str, bytes | None] = {}
        chosen: dict[int, Any] = {}  # by file or folder, which may have two names
        folders = [("", self._root)]
        for prefix, folder in folders:
            chosen.setdefault(id(folder), choose(folder))
            for name, node in chosen[id(folder)].items():
                path = f"{prefix}{name}"
                if isinstance(node, _Folder):
                    folders.append((f"{path}/", node))
                    content[path] = None
                else:
                    chosen.setdefault(id(node), choose(node))
                    content[path] = chosen[id(node)]
        return content

    def _create(self, step: Step) -> None:
        file = _File()
        self._folder_of(step.path).change({PurePosixPath(step.path).name: file})
        self._open[step.descriptor] = file

    def _open_again(self, step: Step) -> None:
        self._open[step.descriptor] = self._node(step.path)

    def _write(self, step: Step) -> None:
        file = self._open[step.descriptor]
        assert isinstance(file, _File)
        file.write(step.offset, step.data)

    def _fsync(self, step: Step) -> None:
        self._open[step.descriptor].sync()

    def _replace(self, step: Step) -> None:
        node = self._node(step.path)
        source, target = self._folder_of(step.path), self._folder_of(step.target)
        taken = {PurePosixPath(step.path).name: None}
        given = {PurePosixPath(step.target).name: node}
        if source is target:
            source.change({**taken, **given})
        else:
            target.change({**given})
            source.change({**taken})

    def _link(self, step: Step) -> None:
        self._folder_of(step.target).change({PurePosixPath(step.target).name: self._node(step.path)})

    def _take_away(self, step: Step) -> None:
        self._folder_of(step.path).change({PurePosixPath(step.path).name: None})

    def _mkdir(self, step: Step) -> None:
        self._folder_of(step.path).change({PurePosixPath(step.path).name: _Folder()})

    def _node(self, path: str) -> _File | _Folder:
        node: _File | _Folder = self._root
        for name in PurePosixPath(path).parts:
            assert isinstance(node, _Folder)
            node = node.now[name]
        return node

    def _folder_of(self, path: str) -> _Folder:
        folder = self._node(PurePosixPath(path).parent.as_posix())
        assert isinstance(folder, _Folder)
        return folder


_DO: dict[str, Callable[[Disk, Step], None]] = {
    "create": Disk._create,
    "open": Disk._open_again,
    "write": Disk._write,
    "fsync": Disk._fsync,
    "replace": Disk._replace,
    "link": Disk._link,
    "unlink": Disk._take_away,
    "rmdir": Disk._take_away,
    "mkdir": Disk._mkdir,
    "mark": lambda disk, step: None,
}


def content_of(root: Path) -> dict[str, bytes | None]:
    """What stands in a real folder, locks left out."""
    paths = (path for path in sorted(root.rglob("*")) if path.name != "LOCK")
    return {path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None for path in paths}


def lay(content: Content, root: Path, there: Content | None = None) -> Path:
    """Makes a real folder hold a content; files that differ are new ones. Returns the folder.

    Args:
        content: what to lay.
        root: the folder, which is made if it is not there.
        there: what stands in it, when that is known.
    """
    root.mkdir(exist_ok=True)
    if there is None:
        for lock in root.rglob("LOCK"):
            lock.unlink()
        there = content_of(root)
    for path in sorted(there, reverse=True):
        if path not in content or (content[path] is None) != (there[path] is None):
            (root / path).unlink() if there[path] is not None else (root / path).rmdir()
        elif content[path] != there[path]:
            (root / path).unlink()
    for path, data in sorted(content.items()):
        if data is None:
            (root / path).mkdir(exist_ok=True)
        elif there.get(path) != data:
            (root / path).write_bytes(data)
    return root


def _site() -> str:
    names: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame:
        module, name = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if module.startswith("openqa.") and name not in ("_sync", "_unlink", "__exit__", *names[-1:]):
            names.append(name)
            if module != "openqa.durable":
                break
        frame = frame.f_back
    return " ".join(reversed(names))


def _keep(is_kept: Callable[[_File | _Folder], bool]) -> _Choice:
    return lambda node: node.now if is_kept(node) else node.safe


def _keep_by_chance(random: Random, node: _File | _Folder) -> Any:
    return node.partly(random)


def _nodes(folder: _Folder, prefix: str = "") -> "Iterator[tuple[str, _File | _Folder]]":
    """Yields all that has a name, or would have one after a power loss."""
    yield prefix or ".", folder
    gone = {name: node for name, node in folder.safe.items() if folder.now.get(name) is not node}
    for name, node in (*folder.now.items(), *gone.items()):
        if isinstance(node, _Folder):
            yield from _nodes(node, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", node


def _written(content: bytes, offset: int, data: bytes) -> bytes:
    return content[:offset].ljust(offset, b"\0") + data + content[offset + len(data) :]


def _changed(
    names: "dict[str, _File | _Folder]", change: "dict[str, _File | _Folder | None]"
) -> "dict[str, _File | _Folder]":
    return {name: node for name, node in {**names, **change}.items() if node is not None}
