"""Segments for tests: a list of passage ids, a folder of parts, and the rows that are deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.types import Array, Part, PartSource, Passage


@dataclass(frozen=True)
class FakeSegment:
    """A segment whose ids are held in memory."""

    folder: Path
    names: tuple[str, ...]
    deleted: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def part_path(self, part: str) -> Path:
        """The folder of one part."""
        return self.folder / part

    @property
    def deleted_rows(self) -> Array:
        """Rows that are never found: (d,) int64, rising."""
        return np.array(sorted(self.deleted), np.int64)

    def passage_ids(self, rows: Array) -> list[str]:
        """Passage ids of the given rows."""
        return [self.names[row] for row in rows]


def write_segment(index: Path, name: str, parts: Sequence[Part], chunks: Sequence[Sequence[Passage]]) -> FakeSegment:
    """Writes passages, chunk by chunk, as one segment of an index folder."""
    folder = index / "segments" / name
    for part in parts:
        sources = []
        for number, chunk in enumerate(chunk for chunk in chunks if chunk):
            sources.append(PartSource(folder / f"{part.name}.chunks" / str(number), len(chunk)))
            sources[-1].folder.mkdir(parents=True)
            part.write_chunk(sources[-1].folder, chunk)
        (folder / part.name).mkdir(parents=True)
        part.combine(folder / part.name, sources)
    return FakeSegment(folder, tuple(passage.id for chunk in chunks for passage in chunk))


def text_passage(name: str, text: str, lang: str = "und", title: str = "") -> Passage:
    """A passage that is its own document."""
    return Passage(name, name, text, title, lang)


def part_bytes(folder: Path) -> dict[str, bytes]:
    """Every file of a part."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
