"""Segments for tests: a list of passage ids and a folder of parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openqa.types import Array, Part, Passage


@dataclass(frozen=True)
class FakeSegment:
    """A segment whose ids are held in memory."""

    folder: Path
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def part_path(self, part: str) -> Path:
        """The folder of one part."""
        return self.folder / part

    def passage_ids(self, rows: Array) -> list[str]:
        """Passage ids of the given rows."""
        return [self.names[row] for row in rows]


def write_segment(index: Path, name: str, parts: Sequence[Part], chunks: Sequence[Sequence[Passage]]) -> FakeSegment:
    """Writes passages, chunk by chunk, as one segment of an index folder."""
    folder = index / "segments" / name
    for part in parts:
        (folder / part.name).mkdir(parents=True)
        writer = part.writer(folder / part.name)
        for chunk in chunks:
            writer.add(chunk)
        writer.finish()
    return FakeSegment(folder, tuple(passage.id for chunk in chunks for passage in chunk))


def text_passage(name: str, text: str, lang: str = "und", title: str = "") -> Passage:
    """A passage that is its own document."""
    return Passage(name, name, text, title, lang)
