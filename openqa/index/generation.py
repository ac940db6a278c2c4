"""The generation file: what of an index folder is committed, and by which bytes it can be known again.

`generation-000007.json` names the segments, their parts, and size and checksum of every file. Its first key is the
checksum of all bytes after that line, so a change of any byte is noticed. It is written last, under another name,
and renamed when it is on the disk: a reader sees the generation before or the generation after, never a mix.
There are no times in it: the same input gives the same bytes.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from openqa.durable import json_bytes, rename_into_place, write_bytes
from openqa.errors import IndexFolderError

FORMAT = 1
SEGMENTS_FOLDER = "segments"
DELETIONS_FOLDER = "deletions"
SOURCES_FOLDER = "sources"
_MAX_BYTES = 1 << 28
_FILE_NAME = re.compile(r"generation-([0-9]{6,12})\.json")
_HEAD = re.compile(rb'\{\n "checksum": "([0-9a-f]{64})",\n')
PART_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_SEGMENT_NAME = re.compile(r"[0-9a-f]{32}")
_RELATIVE_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,15}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What one committed file must be."""

    size_bytes: int
    checksum: str


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One committed segment: `parts` gives each part's folder in it, `files` every file by its path in it."""

    name: str
    n_passages: int
    n_documents: int
    parts: Mapping[str, str]
    files: Mapping[str, FileEntry]

    def part_bytes(self, part: str) -> int:
        """Bytes of all files of a part; 0 where the segment has no such part."""
        folder = self.parts.get(part, "")
        return sum(entry.size_bytes for name, entry in self.files.items() if name.startswith(f"{folder}/"))


@dataclass(frozen=True, slots=True)
class DeletionEntry:
    """What of one segment is deleted: a file of rows in the index folder, and how many passages and whole documents."""

    file: str
    n_passages: int
    n_documents: int


@dataclass(frozen=True, slots=True)
class Generation:
    """All that is committed; number 0 is the empty one before the first commit.

    `parts` holds each part's config, `settings` what the writer wants to find again, such as how documents were cut,
    `deletions` what is deleted, by segment, `sources` what folders of documents held when they were last read, and
    `files` every file outside the segments.
    """

    number: int
    segments: tuple[SegmentEntry, ...] = ()
    parts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    deletions: Mapping[str, DeletionEntry] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    created_by: str = ""

    @property
    def n_passages(self) -> int:
        """Passages in all segments, without the deleted."""
        deleted = sum(entry.n_passages for entry in self.deletions.values())
        return sum(segment.n_passages for segment in self.segments) - deleted

    @property
    def n_documents(self) -> int:
        """Documents in all segments, without those of which every passage is deleted."""
        deleted = sum(entry.n_documents for entry in self.deletions.values())
        return sum(segment.n_documents for segment in self.segments) - deleted

    def without(self, names: Collection[str]) -> "Generation":
        """Returns the generation as if it had not the segments of these names."""
        segments = tuple(segment for segment in self.segments if segment.name not in names)
        deletions = {name: entry for name, entry in self.deletions.items() if name not in names}
        return replace(self, segments=segments, deletions=deletions)

    def all_files(self) -> Iterator[tuple[str, FileEntry]]:
        """Yields every committed file: its path in the index folder and what it must be."""
        for segment in self.segments:
            for name, entry in segment.files.items():
                yield f"{SEGMENTS_FOLDER}/{segment.name}/{name}", entry
        yield from self.files.items()


def generation_path(path: Path, number: int) -> Path:
    """The file of one generation of an index folder."""
    return path / f"generation-{number:06d}.json"


def generation_numbers(path: Path) -> list[int]:
    """The numbers of the generation files in an index folder, rising; [] where there is no folder."""
    try:
        names = [entry.name for entry in path.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise IndexFolderError(f'index "{path}" cannot be read ({error.strerror}); give read access') from error
    numbers = (int(match[1]) for match in map(_FILE_NAME.fullmatch, names) if match)
    return sorted(number for number in numbers if generation_path(path, number).name in names)


def commit_generation(path: Path, generation: Generation) -> None:
    """Writes a generation file; when this returns the generation is committed and survives loss of power.

    Args:
        path: the index folder; all files that the generation names are already on the disk.
        generation: its number is above that of every generation there.

    Raises:
        IndexFolderError: the disk refuses it.
    """
    target = generation_path(path, generation.number)
    temporary = target.with_name(target.name + ".tmp")
    content = _to_bytes(generation)
    _parse(path, generation.number, content)
    write_bytes(temporary, content)
    rename_into_place(temporary, target)


def read_generation(path: Path, number: int) -> Generation:
    """Reads one generation file.

    Args:
        path: the index folder.
        number: which generation.

    Raises:
        IndexFolderError: it is missing, damaged, or of a newer format.
    """
    file = generation_path(path, number)
    try:
        content = _sound_bytes(file)
    except FileNotFoundError as error:
        raise IndexFolderError(f"{file}: is missing; restore it from a copy or build the index again") from error
    if not content:
        raise damaged_generation(file)
    return _parse(path, number, content)


def newest_generation(path: Path) -> tuple[Generation, tuple[Path, ...]]:
    """The newest generation whose own checksum is right, and the files of newer ones that are damaged.

    Args:
        path: the index folder.

    Raises:
        IndexFolderError: there is no index, none of its generations is sound, or the newest is of a newer format.
    """
    damaged: list[Path] = []
    numbers = generation_numbers(path)
    for number in reversed(numbers):
        file = generation_path(path, number)
        try:
            content = _sound_bytes(file)
        except FileNotFoundError:
            continue  # collected since the folder was listed: a newer one is there
        if content:
            return _parse(path, number, content), tuple(damaged)
        damaged.append(file)
    if damaged:
        raise damaged_generation(damaged[0])
    if numbers:
        return newest_generation(path)
    if not path.exists():
        raise IndexFolderError(f'index "{path}" does not exist; build it first: openqa build {path} FILES...')
    raise IndexFolderError(
        f'"{path}" is not an index (it has no generation-*.json); build one in a new folder, or give the folder of one'
    )


def damaged_generation(file: Path) -> IndexFolderError:
    """The error for a generation file that does not match its own checksum."""
    return IndexFolderError(
        f"{file}: does not match its own checksum, the file is damaged; restore it from a copy, or go back to the "
        f"newest sound generation, if there is one: openqa verify {file.parent} --repair"
    )


def _to_bytes(generation: Generation) -> bytes:
    segments = [
        {
            "name": segment.name,
            "n_passages": segment.n_passages,
            "n_documents": segment.n_documents,
            "parts": dict(segment.parts),
            "files": _files_to_json(segment.files),
        }
        for segment in generation.segments
    ]
    content = json_bytes(
        {
            "counts": {"documents": generation.n_documents, "passages": generation.n_passages},
            "created_by": generation.created_by,
            "deletions": {name: asdict(entry) for name, entry in generation.deletions.items()},
            "files": _files_to_json(generation.files),
            "format": FORMAT,
            "number": generation.number,
            "parts": {name: dict(config) for name, config in generation.parts.items()},
            "segments": segments,
            "settings": dict(generation.settings),
            "sources": dict(generation.sources),
        }
    )[2:]
    return b'{\n "checksum": "' + hashlib.sha256(content).hexdigest().encode("ascii") + b'",\n' + content


def _files_to_json(files: Mapping[str, FileEntry]) -> dict[str, dict[str, Any]]:
    return {name: {"size_bytes": entry.size_bytes, "checksum": entry.checksum} for name, entry in files.items()}


def _sound_bytes(path: Path) -> bytes:
    try:
        content = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else b""
    except FileNotFoundError:
        raise
    except OSError as error:
        raise IndexFolderError(f"{path}: cannot be read ({error.strerror}); give read access") from error
    head = _HEAD.match(content)
    is_sound = head is not None and hashlib.sha256(content[head.end() :]).hexdigest().encode("ascii") == head[1]
    return content if is_sound else b""


def _parse(path: Path, number: int, content: bytes) -> Generation:
    file = generation_path(path, number)
    try:
        record = json.loads(content)
        found_format = record["format"]
        if type(found_format) is int and found_format > FORMAT:
            raise IndexFolderError(
                f'index "{path}" has format {found_format}, this openqa reads {FORMAT}; '
                f"upgrade with pip install -U openqa"
            )
        generation = _generation(record)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise IndexFolderError(
            f"{file}: is not what format {FORMAT} says ({error}); restore it from a copy or build the index again"
        ) from error
    if generation.number != number:
        raise IndexFolderError(f"{file}: holds generation {generation.number}; give the file its own name back")
    return generation


def _generation(record: dict[str, Any]) -> Generation:
    if record["format"] != FORMAT:
        raise ValueError(f"its format is {record['format']!r}")
    segments = tuple(_segment(segment) for segment in record["segments"])
    generation = Generation(
        number=_count(record["number"]),
        segments=segments,
        parts={_matching(PART_NAME, name): dict(config) for name, config in record["parts"].items()},
        settings=dict(record["settings"]),
        deletions=_deletions(record, segments),
        sources=_sources(record),
        files=_files(record["files"]),
        created_by=str(record["created_by"]),
    )
    counts = {"documents": generation.n_documents, "passages": generation.n_passages}
    if record["counts"] != counts:
        raise ValueError(f"its counts are {record['counts']}, its segments have {counts}")
    return generation


def _deletions(record: dict[str, Any], segments: tuple[SegmentEntry, ...]) -> dict[str, DeletionEntry]:
    stored = {segment.name: segment for segment in segments}
    deletions = {}
    for name, entry in record["deletions"].items():
        deletion = DeletionEntry(
            _matching(_RELATIVE_PATH, entry["file"]), _count(entry["n_passages"]), _count(entry["n_documents"])
        )
        if deletion.file not in record["files"]:
            raise ValueError(f"the deletions of segment {name} are not among its files")
        if deletion.n_passages > stored[name].n_passages or deletion.n_documents > stored[name].n_documents:
            raise ValueError(f"more is deleted of segment {name} than it holds")
        deletions[name] = deletion
    return deletions


def _sources(record: dict[str, Any]) -> dict[str, str]:
    sources = {str(folder): _matching(_RELATIVE_PATH, file) for folder, file in record["sources"].items()}
    for folder, file in sources.items():
        if file not in record["files"]:
            raise ValueError(f"what it knows of folder {folder!r} is not among its files")
    return sources


def _segment(record: dict[str, Any]) -> SegmentEntry:
    return SegmentEntry(
        name=_matching(_SEGMENT_NAME, record["name"]),
        n_passages=_count(record["n_passages"]),
        n_documents=_count(record["n_documents"]),
        parts={_matching(PART_NAME, k): _matching(_RELATIVE_PATH, v) for k, v in record["parts"].items()},
        files=_files(record["files"]),
    )


def _files(record: dict[str, Any]) -> dict[str, FileEntry]:
    return {
        _matching(_RELATIVE_PATH, name): FileEntry(_count(entry["size_bytes"]), str(entry["checksum"]))
        for name, entry in record.items()
    }


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a count")
    return value


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError(f"{value!r} is not a name")
    return value
