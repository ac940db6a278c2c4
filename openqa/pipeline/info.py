"""What an index is made of, for people and programs that look at one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openqa.index.folder import Snapshot
from openqa.index.generation import FORMAT


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One part of an index: the config it was built with, and its size in all segments."""

    config: Mapping[str, Any]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Counts, sizes and settings of one generation of an index."""

    path: Path
    format: int
    generation: int
    created_by: str
    n_documents: int
    n_passages: int
    n_segments: int
    size_bytes: int
    parts: Mapping[str, PartInfo]
    settings: Mapping[str, Any]


def index_info(snapshot: Snapshot) -> IndexInfo:
    """Returns what is committed in an open generation; sizes are those that were committed."""
    generation = snapshot.generation
    return IndexInfo(
        path=snapshot.path,
        format=FORMAT,
        generation=generation.number,
        created_by=generation.created_by,
        n_documents=generation.n_documents,
        n_passages=generation.n_passages,
        n_segments=len(generation.segments),
        size_bytes=sum(entry.size_bytes for _, entry in generation.all_files()),
        parts={name: PartInfo(config, _part_bytes(snapshot, name)) for name, config in generation.parts.items()},
        settings=generation.settings,
    )


def _part_bytes(snapshot: Snapshot, part: str) -> int:
    return sum(
        entry.size_bytes
        for segment in snapshot.generation.segments
        for name, entry in segment.files.items()
        if part in segment.parts and name.startswith(f"{segment.parts[part]}/")
    )
