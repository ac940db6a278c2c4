"""How far a probability can be believed, and what is gained by answering only where it is high."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.errors import require
from openqa.types import Array

N_BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """Answers by their probability, in bins of equal width from 0 to 1.

    Attributes:
        counts: (M,) how many answers fall into each bin.
        confidence: (M,) their mean probability, NaN in an empty bin.
        accuracy: (M,) the share of them that is right, NaN in an empty bin.
    """

    counts: Array
    confidence: Array
    accuracy: Array

    @property
    def calibration_error(self) -> float:
        """The expected calibration error: mean distance of confidence and accuracy over the answers, within [0, 1].

        Source: Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017 (arXiv:1706.04599), equation 3.
        """
        kept = self.counts > 0
        distances = np.abs(self.confidence[kept] - self.accuracy[kept])
        return float(np.average(distances, weights=self.counts[kept]))


def reliability(probability: Array, right: Array, n_bins: int = N_BINS) -> Reliability:
    """Returns the answers by their probability.

    Args:
        probability: (B,) within [0, 1].
        right: (B,) bool.
        n_bins: M bins; a probability on an edge belongs to the bin above, 1 to the last.

    Raises:
        ValueError: there is no answer, the two differ in length, or a probability is outside [0, 1].
    """
    _check(probability, right)
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}; it must be at least 1")
    place = np.minimum((probability * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(place, minlength=n_bins)
    with np.errstate(invalid="ignore"):
        confidence, accuracy = (
            np.bincount(place, weights=values, minlength=n_bins) / counts for values in (probability, right)
        )
    return Reliability(counts, confidence, accuracy)


def precision_at_coverage(probability: Array, right: Array, coverage: float) -> float:
    """Returns the share of right answers among the most probable ones.

    Args:
        probability: (B,) within [0, 1].
        right: (B,) bool.
        coverage: share of the questions that is answered, above 0 and at most 1; at least one question is.

    Raises:
        ValueError: there is no answer, the two differ in length, a probability or the coverage is out of range.
    """
    _check(probability, right)
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage is {coverage}; it must be above 0 and at most 1")
    n = max(1, round(coverage * len(right)))
    return float(right[np.argsort(-probability, kind="stable")[:n]].mean())


def plot_reliability(found: Reliability, path: Path, *, title: str) -> None:
    """Writes the reliability diagram: the share of right answers over their probability, beside the diagonal.

    Args:
        found: answers by probability.
        path: the file, .png or another form that matplotlib knows.
        title: stands above.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("plot", "matplotlib")
    from matplotlib.figure import Figure

    width = 1 / len(found.counts)
    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.bar((np.arange(len(found.counts)) + 0.5) * width, np.nan_to_num(found.accuracy), width, edgecolor="white")
    axes.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=1)
    for place, (count, accuracy) in enumerate(zip(found.counts, np.nan_to_num(found.accuracy), strict=True)):
        if count:
            axes.text((place + 0.5) * width, accuracy + 0.01, str(count), ha="center", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("probability of the answer")
    axes.set_ylabel("share that is right (number of answers above the bar)")
    axes.set_title(f"{title}\ncalibration error {found.calibration_error:.3f}")
    figure.savefig(path, dpi=120)


def _check(probability: Array, right: Array) -> None:
    if len(probability) != len(right):
        raise ValueError(f"{len(probability)} probabilities for {len(right)} answers")
    if not len(right):
        raise ValueError("no answer was given; there is nothing to measure")
    if not ((probability >= 0) & (probability <= 1)).all():
        raise ValueError("a probability is outside [0, 1]")
