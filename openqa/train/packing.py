"""Texts as packed token ids: flat arrays with offsets, small enough to travel to another machine."""

from collections.abc import Sequence
from dataclasses import dataclass

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
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum([len(row) for row in rows], out=offsets[1:])
        distinct = cls(np.concatenate([*rows, np.empty(0, np.uint16)]).astype(np.uint16), offsets)
        return distinct.take(np.asarray([place[text] for text in texts], dtype=np.int64))

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
