"""What every retriever shares: which text of a passage is indexed, and rows numbered through all segments.

A row is a passage's place in its segment; a global row counts on from segment to segment.
Retrievers work on global rows and turn the best of them into passage ids at the end. A deleted passage keeps its row.
"""

from collections.abc import Sequence

import numpy as np

from openqa.types import Array, Hit, Passage, Ranking, SegmentView


def indexed_text(passage: Passage) -> str:
    """The text under which a passage is found: its title, where it has one, a space, and its text."""
    return f"{passage.title} {passage.text}" if passage.title else passage.text


def check_k(k: int) -> None:
    """Refuses a number of hits below one.

    Raises:
        ValueError: k is 0 or negative.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")


def index_name(segment: SegmentView, part: str) -> str:
    """The index folder of a segment, for messages: its part stands in INDEX/segments/NAME/PART."""
    path = segment.part_path(part)
    return str(path.parents[2]) if len(path.parents) > 2 else str(path)


class Rows:
    """The passages of several segments as one sequence of global rows."""

    def __init__(self, segments: Sequence[SegmentView]) -> None:
        """Counts the rows.

        Args:
            segments: in the order of the index.
        """
        self._segments = tuple(segments)
        self.starts: Array = np.cumsum([0, *(len(segment) for segment in self._segments)])  # (S + 1,)
        deleted = [segment.deleted_rows + start for segment, start in zip(segments, self.starts, strict=False)]
        self.deleted: Array = np.concatenate([np.empty(0, np.int64), *deleted])  # rising

    def __len__(self) -> int:
        return int(self.starts[-1])

    def ids(self, rows: Array) -> list[str]:
        """Passage ids of global rows: (n,) integers."""
        owners = np.searchsorted(self.starts, rows, side="right") - 1
        found = [""] * len(rows)
        for owner in set(owners.tolist()):
            places = np.flatnonzero(owners == owner)
            names = self._segments[owner].passage_ids(rows[places] - self.starts[owner])
            for place, name in zip(places.tolist(), names, strict=True):
                found[place] = name
        return found

    def ranking(self, rows: Array, scores: Array, k: int) -> Ranking:
        """The k best hits, equal scores in the order of passage ids.

        Args:
            rows: (n,) global rows, distinct.
            scores: (n,) their scores.
            k: hits kept.
        """
        if len(scores) > k:
            kept = at_least_kth(scores, k)
            rows, scores = rows[kept], scores[kept]
        named = zip(scores.tolist(), self.ids(rows), strict=True)
        best = sorted(named, key=lambda pair: (-pair[0], pair[1]))[:k]
        return [Hit(passage_id, score) for score, passage_id in best]


def at_least_kth(scores: Array, k: int) -> Array:
    """Places of all scores that are not below the k-th best: (m,) integers, m above k only by ties."""
    if len(scores) <= k:
        return np.arange(len(scores))
    return np.flatnonzero(scores >= np.partition(scores, len(scores) - k)[len(scores) - k])
