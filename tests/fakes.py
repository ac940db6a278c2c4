"""Small real implementations of the protocols, for tests of what stands above or below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openqa.durable import ArrayWriter, map_array, write_array
from openqa.types import Array, PartSource, Passage, SegmentView


@dataclass(frozen=True)
class LengthPart:
    """A part that stores the length of every passage, in characters or in words."""

    unit: str = "characters"
    name: str = "length"

    def config(self) -> dict[str, Any]:
        """The unit."""
        return {"unit": self.unit}

    def write_chunk(self, folder: Path, passages: Sequence[Passage]) -> None:
        """Writes lengths.npy."""
        texts = [passage.text if self.unit == "characters" else passage.text.split() for passage in passages]
        write_array(folder / "lengths.npy", np.array([len(text) for text in texts], dtype=np.uint32))

    def combine(self, folder: Path, sources: Sequence[PartSource]) -> None:
        """Writes the lengths of all sources into one file."""
        with ArrayWriter(folder / "lengths.npy", np.uint32) as file:
            for source in sources:
                rows = map_array(source.folder / "lengths.npy")
                file.append(rows if source.kept is None else rows[source.kept])


def lengths(segment: SegmentView) -> Array:
    """What a LengthPart has stored of a segment: (N,) uint32."""
    return map_array(segment.part_path("length") / "lengths.npy")


def document(document_id: str, *texts: str, **fields: Any) -> list[Passage]:
    """The passages of one document, with ids `document_id#0`, `document_id#1` and so on."""
    return [Passage(f"{document_id}#{n}", document_id, text, **fields) for n, text in enumerate(texts)]
