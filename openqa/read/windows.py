"""Passages that are longer than the reader can see, cut into overlapping windows and packed into batches.

Pure functions over token ids: they know neither the tokenizer nor the model.
Source: the sliding window of Devlin et al. 2019 (arXiv:1810.04805), with each token read where it has most context.
"""

from collections.abc import Sequence
from typing import NamedTuple

from openqa.encode.batching import pad_rows
from openqa.types import Array

N_SPECIAL = 3  # [CLS] question [SEP] passage [SEP]


class Window(NamedTuple):
    """A run of passage tokens, all half open: those seen, and those for which no other window sees more context."""

    start: int
    end: int
    own_start: int
    own_end: int


def cut_windows(n_tokens: int, room: int, stride: int) -> list[Window]:
    """Cuts a passage into windows; the tokens they own follow one another without gap or overlap.

    Where two windows overlap, the middle of the overlap parts what each owns. The last window is moved back to be full.

    Args:
        n_tokens: length of the passage; 0 gives no window.
        room: passage tokens that fit into one window.
        stride: tokens from one start to the next; taken as `room` where it is more, so that no token is missed.

    Raises:
        ValueError: room or stride is below 1.
    """
    if room < 1 or stride < 1:
        raise ValueError(f"room is {room} and stride is {stride}; both must be at least 1")
    if n_tokens == 0:
        return []
    last = max(0, n_tokens - room)
    starts = [*range(0, last, min(stride, room)), last]
    ends = [min(start + room, n_tokens) for start in starts]
    cuts = [0, *((start + end) // 2 for start, end in zip(starts[1:], ends[:-1], strict=True)), n_tokens]
    return [Window(*window) for window in zip(starts, ends, cuts[:-1], cuts[1:], strict=True)]


def shorten(ids: Sequence[int], limit: int) -> list[int]:
    """Returns at most `limit` ids: the first and the last, since a question's point stands at either end."""
    if len(ids) <= limit:
        return list(ids)
    head = (limit + 1) // 2
    return [*ids[:head], *ids[len(ids) - (limit - head) :]]


def pad_batch(
    questions: Sequence[Sequence[int]], passages: Sequence[Sequence[int]], cls_id: int, sep_id: int, pad_id: int
) -> tuple[Array, Array]:
    """Builds `[CLS] question [SEP] passage [SEP]` for each pair and pads to the longest.

    Args:
        questions: token ids of each row's question.
        passages: token ids of each row's window.
        cls_id: id of [CLS].
        sep_id: id of [SEP].
        pad_id: id of [PAD].

    Returns:
        ids, and is_token (1 token, 0 padding): two (B, L) int64.
    """
    rows = [
        [cls_id, *question, sep_id, *passage, sep_id] for question, passage in zip(questions, passages, strict=True)
    ]
    return pad_rows(rows, pad_id)
