import numpy as np

from openqa.encode.batching import batch_rows, pad_rows


def test_batches_group_like_lengths() -> None:
    """Longest first, each row once, rows x longest within the limit unless a batch is one row."""
    assert batch_rows([], 10) == []
    assert batch_rows([3, 20, 5, 5, 3], 10) == [[1], [2, 3], [0, 4]]
    assert batch_rows([0], 10) == [[0]]


def test_rows_are_padded_at_their_end() -> None:
    """With the mask beside them; no row gives an empty array."""
    ids, is_token = pad_rows([[5, 6, 7], np.array([8]), []], 9)
    assert ids.tolist() == [[5, 6, 7], [8, 9, 9], [9, 9, 9]]
    assert is_token.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert pad_rows([], 0)[0].shape == (0, 0)
