"""What a folder of documents held when it was last read into an index: what the next `sync` compares with.

`sources/<hash>.jsonl` has one line for each file of the folder; the generation names it, so it is committed together
with the documents. It names documents by their ids, which are in memory while a folder is compared.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from openqa.durable import DurableWriter, make_folder, rename_into_place
from openqa.errors import DataError, IndexFolderError
from openqa.files import read_jsonl
from openqa.index.generation import SOURCES_FOLDER, FileEntry, Generation


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as it was read: its path below the folder, its bytes, its documents, and the options of reading it."""

    path: str
    size_bytes: int
    checksum: str
    document_ids: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A folder, and all its files that were read."""

    folder: str
    files: tuple[SourceFile, ...]


def read_sources(path: Path, generation: Generation, folder: str) -> list[SourceFile]:
    """What an index knows of a folder; [] where it was never read.

    Args:
        path: the index folder.
        generation: what is committed.
        folder: as it was named then.

    Raises:
        IndexFolderError: the file that says so is missing or damaged.
    """
    if folder not in generation.sources:
        return []
    file = path / generation.sources[folder]
    try:
        return [
            SourceFile(
                path=str(record["path"]),
                size_bytes=int(record["size_bytes"]),
                checksum=str(record["checksum"]),
                document_ids=tuple(map(str, record["document_ids"])),
                options=dict(record["options"]),
            )
            for _, record in read_jsonl(file)
        ]
    except (DataError, KeyError, TypeError, ValueError) as error:
        raise IndexFolderError(f"{file}: is missing or damaged ({error}); restore it from a copy") from error


def with_sources(path: Path, generation: Generation, known: SourceFolder) -> Generation:
    """The generation with what is now known of a folder, the file written; the same object where nothing changes.

    Args:
        path: the index folder, held for writing.
        generation: the one to go on from.
        known: the folder.
    """
    name, entry = _write(path, known.files)
    before = generation.sources.get(known.folder)
    if before == name:
        return generation
    files = {**generation.files, name: entry}
    if before and before not in (value for key, value in generation.sources.items() if key != known.folder):
        files.pop(before)
    return replace(generation, sources={**generation.sources, known.folder: name}, files=files)


def _write(path: Path, files: Iterable[SourceFile]) -> tuple[str, FileEntry]:
    folder = path / SOURCES_FOLDER
    make_folder(folder)
    content = hashlib.sha256()
    temporary = folder / "incoming.tmp"
    with DurableWriter(temporary) as writer:
        for file in files:
            line = json.dumps(asdict(file), ensure_ascii=False, sort_keys=True).encode("utf-8") + b"\n"
            content.update(line)
            writer.write(line)
    target = folder / f"{content.hexdigest()[:32]}.jsonl"
    rename_into_place(temporary, target)
    return f"{SOURCES_FOLDER}/{target.name}", FileEntry(writer.size_bytes, content.hexdigest())
