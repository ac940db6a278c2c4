"""Bootstrap intervals: how far a mean would move had other questions of the same kind been drawn.

Source: Efron 1979, percentile method; paired as in Koehn 2004 (aclanthology.org/W04-3250). Questions are drawn, never
cells: a question that is asked in twelve languages is one observation.
"""

from dataclasses import dataclass

import numpy as np

from openqa.errors import require
from openqa.types import Array

N_SAMPLES = 2000
_BLOCK = 200  # samples at a time, so that memory stays at some megabytes


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the bounds between which 95 % of the resampled means lie."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two means over the same questions.

    Attributes:
        difference: mean of a minus mean of b, with its interval.
        p_value: two-sided: twice the smaller share of resampled differences on one side of 0, at most 1.
    """

    difference: Interval
    p_value: float


def bootstrap(scores: Array, *, seed: int = 0, n_samples: int = N_SAMPLES) -> Interval:
    """Returns the 95 % interval of the mean of one score for each question.

    Args:
        scores: (n,) float.
        seed: the same seed gives the same interval.
        n_samples: how often n questions are drawn with replacement.

    Raises:
        ValueError: there is no score, or one is NaN.
    """
    return bootstrap_cells(scores[None, :], np.ones((1, len(scores)), bool), seed=seed, n_samples=n_samples)


def bootstrap_cells(scores: Array, is_asked: Array, *, seed: int = 0, n_samples: int = N_SAMPLES) -> Interval:
    """Returns the 95 % interval of the mean over cells of each cell's mean over its questions.

    Args:
        scores: (C, n) float: a row for each cell, a column for each question.
        is_asked: (C, n) bool, False where a question is not in a cell; each row has a True.
        seed: the same seed gives the same interval.
        n_samples: how often n questions are drawn with replacement, the same for all cells.

    Raises:
        ValueError: there is no cell or an empty one, or a score is NaN.
    """
    means = _resampled(scores, is_asked, seed, n_samples)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(_mean_of_means(scores, is_asked), float(low), float(high))


def paired_bootstrap(a: Array, b: Array, *, seed: int = 0, n_samples: int = N_SAMPLES) -> Comparison:
    """Compares two systems on the same questions.

    Args:
        a: (n,) scores of one system.
        b: (n,) scores of the other, questions in the same order.
        seed: the same seed gives the same result.
        n_samples: how often n questions are drawn with replacement.

    Raises:
        ValueError: the shapes differ, there is no score, or one is NaN.
    """
    _check_pairs(a, b)
    differences = (a - b)[None, :]
    is_asked = np.ones_like(differences, bool)
    means = _resampled(differences, is_asked, seed, n_samples)
    low, high = np.quantile(means, [0.025, 0.975])
    share = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return Comparison(Interval(_mean_of_means(differences, is_asked), float(low), float(high)), min(1.0, 2 * share))


def signed_rank(a: Array, b: Array) -> float:
    """Returns the two-sided p value of Wilcoxon's signed-rank test over questions; 1 where no pair differs.

    Needs scipy, which the extra `eval` installs.

    Args:
        a: (n,) scores of one system.
        b: (n,) scores of the other, questions in the same order; pairs without a difference are left out.

    Raises:
        ValueError: the shapes differ, or a score is NaN.
        MissingExtra: scipy is not installed.

    Source: Wilcoxon 1945, as Carrino et al. 2023 (arXiv:2309.17134) use it.
    """
    _check_pairs(a, b)
    if np.isnan(a).any() or np.isnan(b).any():
        raise ValueError("a score is NaN")
    require("eval", "scipy")
    from scipy.stats import wilcoxon

    return float(wilcoxon(a, b).pvalue) if (a != b).any() else 1.0


def _check_pairs(a: Array, b: Array) -> None:
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"scores have shapes {a.shape} and {b.shape}; both must be (n,), one score a question")


def _mean_of_means(scores: Array, is_asked: Array) -> float:
    return float((np.where(is_asked, scores, 0.0).sum(axis=1) / is_asked.sum(axis=1)).mean())


def _resampled(scores: Array, is_asked: Array, seed: int, n_samples: int) -> Array:
    """(n_samples,) means over cells; a cell that a draw leaves empty drops out of that draw's mean."""
    if scores.shape != is_asked.shape or scores.ndim != 2:
        raise ValueError(f"scores have shape {scores.shape}, is_asked {is_asked.shape}; both must be (C, n)")
    if scores.size == 0 or not is_asked.any(axis=1).all():
        raise ValueError("a cell has no question; a mean over nothing has no interval")
    if np.isnan(scores[is_asked]).any():
        raise ValueError("a score is NaN")
    ever = is_asked.any(axis=0)  # a question of no cell would make empty draws possible
    asked = is_asked[:, ever].astype(np.float64)
    filled = np.where(is_asked, scores, 0.0)[:, ever]
    n_questions = asked.shape[1]
    random = np.random.default_rng(seed)
    means = []
    for first in range(0, n_samples, _BLOCK):
        drawn = random.integers(0, n_questions, (min(_BLOCK, n_samples - first), n_questions))
        counts = np.stack([np.bincount(row, minlength=n_questions) for row in drawn]).astype(np.float64)  # (S, n)
        n_asked = counts @ asked.T  # (S, C)
        sums = counts @ filled.T
        cells = np.divide(sums, n_asked, out=np.full_like(sums, np.nan), where=n_asked > 0)
        means.append(np.nanmean(cells, axis=1))
    return np.concatenate(means)
