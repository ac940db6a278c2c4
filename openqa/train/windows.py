"""Windows of question and passage with the answer's place in tokens, to train a reader of the hub on.

A window without the whole answer has the first position as its answer. Source: Devlin et al. 2019 (arXiv:1810.04805),
section 4.2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openqa.read.hub import PairWindow, pair_windows
from openqa.train.corpora import ReadingExample
from openqa.types import Array

_TEXTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ReadingWindow:
    """One window of an example.

    Attributes:
        window: the tokens.
        start: position of the answer's first token, 0 where the window has not the whole answer.
        end: position of its last token.
    """

    window: PairWindow
    start: int
    end: int

    @property
    def allowed(self) -> Array:
        """(L,) bool: where an answer can stand, the first position for "none" included."""
        found: Array = self.window.is_passage.copy()
        found[0] = True
        return found


def reading_windows(
    tokenizer: Any, examples: Sequence[ReadingExample], *, max_tokens: int = 384, stride: int = 128
) -> Iterator[ReadingWindow]:
    """Yields the windows of examples, in their order.

    Args:
        tokenizer: a fast tokenizer of transformers.
        examples: questions with passages; one that starts below 0 has no answer.
        max_tokens: longest window L.
        stride: tokens that two windows of one passage share.

    Raises:
        DataError: a question leaves no room for a passage, or the tokenizer is not a fast one.
    """
    for first in range(0, len(examples), _TEXTS_AT_ONCE):
        some = examples[first : first + _TEXTS_AT_ONCE]
        questions, contexts = [example.question for example in some], [example.context for example in some]
        for window in pair_windows(tokenizer, questions, contexts, max_tokens=max_tokens, stride=stride):
            yield ReadingWindow(window, *_place(some[window.row], window))


def _place(example: ReadingExample, window: PairWindow) -> tuple[int, int]:
    """The first and last token of the answer; the first position where the window has not all of it."""
    starts, ends = window.offsets[:, 0], window.offsets[:, 1]
    places = np.flatnonzero(window.is_passage & (ends > starts))
    if example.start < 0 or not len(places) or starts[places[0]] > example.start or ends[places[-1]] < example.end:
        return 0, 0
    touched = places[(ends[places] > example.start) & (starts[places] < example.end)]
    return (int(touched[0]), int(touched[-1])) if len(touched) else (0, 0)
