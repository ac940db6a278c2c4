"""Small real implementations of the protocols, for tests of what stands above or below them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from openqa.durable import ArrayWriter, map_array
from openqa.types import Array, Passage, SegmentView


@dataclass(frozen=True)
class LengthPart:
    """A part that stores the length of every passage, in characters or in words."""

    unit: str = "characters"
    name: str = "length"

    def config(self) -> dict[str, Any]:
        """The unit."""
        return {"unit": self.unit}

    def writer(self, folder: Path) -> "LengthWriter":
        """A writer into an empty folder."""
        return LengthWriter(folder, self.unit)


class LengthWriter:
    """Writes lengths.npy, chunk by chunk."""

    def __init__(self, folder: Path, unit: str) -> None:
        self._unit = unit
        self._lengths = ArrayWriter(folder / "lengths.npy", np.uint32)

    def add(self, passages: Sequence[Passage]) -> None:
        """Appends the lengths of a chunk."""
        texts = [passage.text if self._unit == "characters" else passage.text.split() for passage in passages]
        self._lengths.append(np.array([len(text) for text in texts], dtype=np.uint32))

    def finish(self) -> None:
        """Closes the file."""
        self._lengths.close()


def lengths(segment: SegmentView) -> Array:
    """What a LengthPart has stored of a segment: (N,) uint32."""
    return map_array(segment.part_path("length") / "lengths.npy")


def document(document_id: str, *texts: str, **fields: Any) -> list[Passage]:
    """The passages of one document, with ids `document_id#0`, `document_id#1` and so on."""
    return [Passage(f"{document_id}#{n}", document_id, text, **fields) for n, text in enumerate(texts)]
