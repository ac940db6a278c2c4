import numpy as np
import pytest

from openqa.read.windows import Window, cut_windows, pad_batch, shorten


def test_no_tokens_no_window() -> None:
    """An empty passage has no window."""
    assert cut_windows(0, 5, 2) == []


def test_short_passage_is_one_window() -> None:
    """What fits is one window that owns all its tokens."""
    assert cut_windows(1, 5, 2) == [Window(0, 1, 0, 1)]
    assert cut_windows(5, 5, 2) == [Window(0, 5, 0, 5)]


def test_two_windows_share_the_overlap() -> None:
    """The last window is moved back to be full; the middle of the overlap [2, 6) parts ownership."""
    assert cut_windows(8, 6, 4) == [Window(0, 6, 0, 4), Window(2, 8, 4, 8)]


@pytest.mark.parametrize("n_tokens", [1, 7, 8, 9, 30, 31, 97])
@pytest.mark.parametrize("stride", [1, 3, 7, 50])
def test_every_token_is_owned_once_where_it_sees_most(n_tokens: int, stride: int) -> None:
    """Owned ranges follow one another; no other window has the token further from its nearer inner edge."""
    windows = cut_windows(n_tokens, 7, stride)
    assert [token for window in windows for token in range(window.own_start, window.own_end)] == list(range(n_tokens))

    def context(window: Window, token: int) -> int:
        before = token - window.start if window.start > 0 else n_tokens
        after = window.end - 1 - token if window.end < n_tokens else n_tokens
        return min(before, after) if window.start <= token < window.end else -1

    for window in windows:
        assert window.end - window.start == min(7, n_tokens)
        for token in range(window.own_start, window.own_end):
            assert context(window, token) == max(context(other, token) for other in windows)


def test_window_sizes_are_refused() -> None:
    """Room and stride below 1 are refused."""
    with pytest.raises(ValueError, match=r"^room is 0 and stride is 2; both must be at least 1$"):
        cut_windows(5, 0, 2)


def test_shorten_keeps_both_ends() -> None:
    """A question over the limit loses its middle."""
    assert shorten([1, 2, 3], 3) == [1, 2, 3]
    assert shorten([1, 2, 3, 4, 5, 6], 3) == [1, 2, 6]
    assert shorten([1, 2, 3, 4, 5, 6], 4) == [1, 2, 5, 6]
    assert shorten([1, 2], 1) == [1]
    assert shorten([], 4) == []


def test_pad_batch_builds_pairs() -> None:
    """[CLS] question [SEP] passage [SEP], and the mask beside it."""
    ids, is_token = pad_batch([[7], [8, 9]], [[5, 6], []], 2, 3, 0)
    assert ids.tolist() == [[2, 7, 3, 5, 6, 3], [2, 8, 9, 3, 3, 0]]
    assert is_token.tolist() == [[1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]]
    assert {array.dtype for array in (ids, is_token)} == {np.dtype(np.int64)}
