from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openqa.evaluate.calibration import plot_reliability, precision_at_coverage, reliability


def test_by_hand() -> None:
    """Two bins: (0.2, 0.4) with one of two right, (0.9, 1.0) with both right; the error weighs bins by answers."""
    found = reliability(np.array([0.2, 0.9, 0.4, 1.0]), np.array([True, True, False, True]), 2)
    assert found.counts.tolist() == [2, 2]
    assert np.allclose(found.confidence, [0.3, 0.95])
    assert np.allclose(found.accuracy, [0.5, 1.0])
    assert found.calibration_error == pytest.approx((0.2 + 0.05) / 2)


def test_edges_belong_to_the_bin_above() -> None:
    """1 to the last; empty bins count for nothing."""
    found = reliability(np.array([0.0, 0.5, 1.0]), np.array([False, True, True]), 4)
    assert found.counts.tolist() == [1, 0, 1, 1]
    assert np.isnan(found.accuracy[1])
    assert found.calibration_error == pytest.approx(0.5 / 3)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(0, 99))
def test_a_believable_probability_has_no_error(n: int, seed: int) -> None:
    """Probabilities that are 0 where wrong and 1 where right; one minus them has the greatest."""
    right = np.random.default_rng(seed).random(n) < 0.5
    assert reliability(right.astype(float), right).calibration_error == 0
    assert reliability(1 - right.astype(float), right).calibration_error == 1


def test_precision_rises_with_less_coverage() -> None:
    """The most probable half is right; at least one question is answered; the order given breaks ties."""
    probability, right = np.array([0.1, 0.9, 0.8, 0.3]), np.array([False, True, True, False])
    assert precision_at_coverage(probability, right, 1.0) == 0.5
    assert precision_at_coverage(probability, right, 0.5) == 1.0
    assert precision_at_coverage(probability, right, 0.01) == 1.0
    assert precision_at_coverage(np.ones(2), np.array([False, True]), 0.5) == 0.0


def test_wrong_calls_are_refused() -> None:
    """In words that say what is needed."""
    one = np.array([True])
    with pytest.raises(ValueError, match=r"^2 probabilities for 1 answers$"):
        reliability(np.ones(2), one)
    with pytest.raises(ValueError, match=r"^no answer was given; there is nothing to measure$"):
        reliability(np.ones(0), np.ones(0, bool))
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=r"^a probability is outside \[0, 1\]$"):
            precision_at_coverage(np.array([wrong]), one, 0.5)
    with pytest.raises(ValueError, match=r"^n_bins is 0; it must be at least 1$"):
        reliability(np.ones(1), one, 0)
    for coverage in (0.0, 1.5):
        with pytest.raises(ValueError, match=rf"^coverage is {coverage}; it must be above 0 and at most 1$"):
            precision_at_coverage(np.ones(1), one, coverage)


def test_the_diagram_is_written(tmp_path: Path) -> None:
    """As a picture, with an empty bin."""
    pytest.importorskip("matplotlib")
    found = reliability(np.array([0.15, 0.95, 0.9]), np.array([False, True, True]))
    plot_reliability(found, tmp_path / "reliability.png", title="three answers")
    assert (tmp_path / "reliability.png").read_bytes().startswith(b"\x89PNG")
