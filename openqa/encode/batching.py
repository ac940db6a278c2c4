"""Texts of like length in one batch: padding is computed too, so it should be little."""

from collections.abc import Sequence

import numpy as np

from openqa.types import Array


def batch_rows(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Groups sequences of like length: rows x longest is at most `max_tokens`, or the batch is one row.

    Args:
        lengths: tokens of each sequence.
        max_tokens: tokens of a batch, padding included.

    Returns:
        Row numbers, longest sequences first; every row once.
    """
    batches: list[list[int]] = []
    room = 0
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        if room < 1:
            batches.append([])
            room = max_tokens // max(1, lengths[row])
        batches[-1].append(row)
        room -= 1
    return batches


def pad_rows(rows: Sequence[Sequence[int] | Array], pad_id: int) -> tuple[Array, Array]:
    """Pads sequences at their end to the longest.

    Args:
        rows: token ids of each sequence.
        pad_id: id of [PAD].

    Returns:
        ids and is_token (1 token, 0 padding): two (B, L) int64.
    """
    width = max(map(len, rows), default=0)
    ids = np.full((len(rows), width), pad_id, np.int64)
    for row, tokens in zip(ids, rows, strict=True):
        row[: len(tokens)] = tokens
    lengths = np.array([len(tokens) for tokens in rows], np.int64)
    return ids, (np.arange(width) < lengths[:, None]).astype(np.int64)
