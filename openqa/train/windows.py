"""Question and passage as windows of a hub tokenizer, with the answer's place in tokens.

Source: Devlin et al. 2019 (arXiv:1810.04805), section 4.2, and the windows of its SQuAD code: a passage that is too
long is cut into overlapping ones; a window without the whole answer has the first position as its answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openqa.errors import DataError
from openqa.train.corpora import ReadingExample
from openqa.types import Array

_TEXTS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ReadingWindow:
    """One window of one example.

    Attributes:
        example: number of the example.
        inputs: what the model takes, by name: lists of L numbers.
        allowed: (L,) bool: where an answer can stand, the first position for "none" included.
        start: position of the answer's first token, 0 where the window has not the whole answer.
        end: position of its last token.
        offsets: (L, 2) the range of the passage's code points that each token stands for; empty outside the passage.
    """

    example: int
    inputs: Mapping[str, Sequence[int]]
    allowed: Array
    start: int
    end: int
    offsets: Array


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
    if not getattr(tokenizer, "is_fast", False):
        raise DataError(f"{type(tokenizer).__name__} gives no offsets; a model with a fast tokenizer is needed")
    for first in range(0, len(examples), _TEXTS_AT_ONCE):
        some = examples[first : first + _TEXTS_AT_ONCE]
        longest = max(
            map(len, tokenizer([example.question for example in some], add_special_tokens=False)["input_ids"])
        )
        if longest + tokenizer.num_special_tokens_to_add(pair=True) + stride >= max_tokens:
            raise DataError(
                f"a question has {longest} tokens; with a stride of {stride} it leaves no room for a passage in "
                f"max_tokens {max_tokens}; give more max_tokens or a smaller stride"
            )
        encoded = tokenizer(
            [example.question for example in some],
            [example.context for example in some],
            truncation="only_second",
            max_length=max_tokens,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        rows, offsets = encoded["overflow_to_sample_mapping"], encoded["offset_mapping"]
        names = [name for name in tokenizer.model_input_names if name in encoded]
        for window, row in enumerate(rows):
            inputs = {name: encoded[name][window] for name in names}
            sides = np.array([side if side is not None else -1 for side in encoded.sequence_ids(window)])
            yield _window(first + row, some[row], inputs, sides == 1, np.asarray(offsets[window]))


def _window(
    number: int, example: ReadingExample, inputs: Mapping[str, Sequence[int]], is_passage: Array, offsets: Array
) -> ReadingWindow:
    offsets = np.where(is_passage[:, None], offsets, 0)
    places = np.flatnonzero(is_passage & (offsets[:, 1] > offsets[:, 0]))
    allowed = is_passage.copy()
    allowed[0] = True
    start = end = 0
    is_inside = len(places) and offsets[places[0], 0] <= example.start and example.end <= offsets[places[-1], 1]
    if example.start >= 0 and is_inside:
        touched = places[(offsets[places, 1] > example.start) & (offsets[places, 0] < example.end)]
        if len(touched):
            start, end = int(touched[0]), int(touched[-1])
    return ReadingWindow(number, inputs, allowed, start, end, offsets)
