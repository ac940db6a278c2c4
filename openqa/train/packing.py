"""Texts as packed token ids: flat arrays with offsets, small enough to travel to another machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.encode.tokenizer import SharedTokenizer
from openqa.types import Array


@dataclass(frozen=True, slots=True)
class PackedTexts:
    """N texts as token ids: text i is `ids[offsets[i] : offsets[i + 1]]`."""

    ids: Array
    offsets: Array

    def __len__(self) -> int:
        """Number of texts N."""
        return len(self.offsets) - 1

    @classmethod
    def encode(cls, tokenizer: SharedTokenizer, texts: Sequence[str], max_tokens: int) -> "PackedTexts":
        """Returns the texts as token ids, each cut after `max_tokens`.

        Args:
            tokenizer: the shared tokenizer.
            texts: N texts.
            max_tokens: longest text kept, in tokens.
        """
        place = {text: row for row, text in enumerate(dict.fromkeys(texts))}  # a passage has many questions
        rows = [ids[:max_tokens] for ids in tokenizer.ids(list(place))]
        return cls.join(rows).take(np.asarray([place[text] for text in texts], dtype=np.int64))

    @classmethod
    def join(cls, rows: Sequence[Array]) -> "PackedTexts":
        """Returns texts that are token ids already.

        Args:
            rows: N texts.
        """
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        return cls(np.concatenate([*rows, np.empty(0, np.int32)]).astype(np.int32), offsets)

    def take(self, rows: Array) -> "PackedTexts":
        """Returns the given texts, in the given order.

        Args:
            rows: (B,) text numbers.
        """
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        index = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], lengths)
        return PackedTexts(self.ids[index], offsets)


@dataclass(frozen=True, slots=True)
class PairSet:
    """Pairs of texts that should lie close together, as ids of the shared tokenizer.

    `weight` is the share of the static encoder's batches that is drawn from this set.
    """

    name: str
    left: PackedTexts
    right: PackedTexts
    group: Array
    weight: float

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.group)

    def save(self, path: Path) -> None:
        """Writes the pairs as one compressed .npz.

        Args:
            path: the file.
        """
        columns: dict[str, Array] = {"group": self.group.astype(np.int32), "weight": np.array(self.weight, np.float32)}
        for side in SIDES:
            texts: PackedTexts = getattr(self, side)
            columns[f"{side}_ids"] = texts.ids
            columns[f"{side}_lengths"] = np.diff(texts.offsets).astype(np.uint16)
        np.savez_compressed(path, allow_pickle=False, **columns)

    @classmethod
    def load(cls, path: Path) -> "PairSet":
        """Returns the pairs of a file that `save` wrote.

        Args:
            path: the file.
        """
        with np.load(path) as packed:
            sides = {}
            for side in SIDES:
                offsets = np.concatenate([[0], np.cumsum(packed[f"{side}_lengths"], dtype=np.int64)])
                sides[side] = PackedTexts(packed[f"{side}_ids"], offsets)
            return cls(name=path.stem, group=packed["group"], weight=float(packed["weight"]), **sides)


SIDES = ("left", "right")
