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
    """Counts, sizes and settings of one generation of an index.

    `n_deleted_passages` are still in its segments, until these are merged; `folders` are those that it is synced with.
    """

    path: Path
    format: int
    generation: int
    created_by: str
    n_documents: int
    n_passages: int
    n_deleted_passages: int
    n_segments: int
    size_bytes: int
    parts: Mapping[str, PartInfo]
    settings: Mapping[str, Any]
    folders: tuple[str, ...]


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
        n_deleted_passages=sum(entry.n_passages for entry in generation.deletions.values()),
        n_segments=len(generation.segments),
        size_bytes=sum(entry.size_bytes for _, entry in generation.all_files()),
        parts={
            name: PartInfo(config, sum(segment.part_bytes(name) for segment in generation.segments))
            for name, config in generation.parts.items()
        },
        settings=generation.settings,
        folders=tuple(generation.sources),
    )
