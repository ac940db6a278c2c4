import numpy as np
import pytest

from openqa.evaluate import bootstrap, paired_bootstrap
from openqa.evaluate.intervals import bootstrap_cells, signed_rank


def test_mean_and_normal_interval() -> None:
    """For many scores the interval is mean +- 1.96 standard errors."""
    scores = np.random.default_rng(0).normal(5.0, 2.0, 2000)
    interval = bootstrap(scores)
    half = 1.96 * scores.std() / np.sqrt(2000)
    assert interval.mean == pytest.approx(scores.mean())
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.15 * half)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.15 * half)


def test_same_seed_same_interval() -> None:
    """The seed decides."""
    scores = np.arange(30.0)
    assert bootstrap(scores, seed=1) == bootstrap(scores, seed=1)
    assert bootstrap(scores, seed=1) != bootstrap(scores, seed=2)


def test_one_score_has_no_spread() -> None:
    """One question is its own interval."""
    interval = bootstrap(np.array([3.0]))
    assert (interval.mean, interval.low, interval.high) == (3.0, 3.0, 3.0)


def test_cells_are_resampled_together() -> None:
    """Two cells with the same questions vary as much as one, not as two independent ones."""
    scores = np.random.default_rng(1).normal(size=50)
    both = np.stack([scores, scores])
    one, two = bootstrap(scores), bootstrap_cells(both, np.ones_like(both, bool))
    assert (two.low, two.high) == pytest.approx((one.low, one.high))


def test_cells_of_unlike_size_weigh_the_same() -> None:
    """The mean is over cells: (mean(1, 3) + mean(10)) / 2; what is not asked does not count, even NaN."""
    scores = np.array([[1.0, 3.0, np.nan], [np.nan, 10.0, np.nan]])
    assert bootstrap_cells(scores, ~np.isnan(scores)).mean == ((1 + 3) / 2 + 10) / 2


def test_paired_difference() -> None:
    """A constant gain is certain; the difference of equal systems is nothing."""
    scores = np.random.default_rng(2).normal(size=40)
    gain = paired_bootstrap(scores + 1.0, scores)
    assert [gain.difference.mean, gain.difference.low, gain.p_value] == pytest.approx([1.0, 1.0, 0.0])
    same = paired_bootstrap(scores, scores)
    assert (same.difference.mean, same.p_value) == (0.0, 1.0)


def test_paired_is_antisymmetric() -> None:
    """Swapping the systems turns the difference round and keeps the p value."""
    a, b = np.random.default_rng(3).normal(size=(2, 60))
    forth, back = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert forth.difference.mean == pytest.approx(-back.difference.mean)
    assert forth.difference.low == pytest.approx(-back.difference.high)
    assert forth.p_value == back.p_value


def test_wrong_calls_are_refused() -> None:
    """Nothing, NaN, empty cells and unlike shapes raise."""
    with pytest.raises(ValueError, match=r"^a cell has no question; a mean over nothing has no interval$"):
        bootstrap(np.array([]))
    with pytest.raises(ValueError, match=r"^a score is NaN$"):
        bootstrap(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match=r"^scores have shape \(1, 2\), is_asked \(2,\); both must be \(C, n\)$"):
        bootstrap_cells(np.zeros((1, 2)), np.ones(2, bool))
    with pytest.raises(
        ValueError, match=r"^scores have shapes \(2,\) and \(3,\); both must be \(n,\), one score a question$"
    ):
        paired_bootstrap(np.zeros(2), np.zeros(3))


def test_signed_rank_by_hand() -> None:
    """Five differences of one sign: of 2^5 equally likely signs two are as far out. Pairs without one do not count."""
    a = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0])
    b = np.array([0.9, 1.8, 2.7, 3.6, 4.5, 7.0])
    assert signed_rank(a, b) == pytest.approx(2 / 32)
    assert signed_rank(b, a) == pytest.approx(2 / 32)
    assert signed_rank(a, a) == 1.0


def test_signed_rank_refuses_what_cannot_be_paired() -> None:
    """Other lengths, and NaN."""
    with pytest.raises(ValueError, match=r"^scores have shapes \(2,\) and \(3,\); both must be \(n,\)"):
        signed_rank(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"^a score is NaN$"):
        signed_rank(np.array([np.nan]), np.zeros(1))
