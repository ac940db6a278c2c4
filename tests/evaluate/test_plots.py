from pathlib import Path

import numpy as np
from matplotlib.image import imread

from openqa.evaluate.matrix import Matrix
from openqa.evaluate.plots import plot_matrix
from openqa.evaluate.results import Result, Signature


def test_a_heat_map_has_a_cell_for_each_pair(tmp_path: Path) -> None:
    """Written as a PNG with at least as many colours as there are values; more cells, a larger picture."""
    sizes = []
    for n in (2, 6):
        langs = [f"l{number}" for number in range(n)]
        results = {
            (row, column): Result(Signature("F1", "x", "squad", f"{row}>{column}", 1, "0"), ("q",), np.array([value]))
            for value, (row, column) in enumerate([(a, b) for a in langs for b in langs])
        }
        path = tmp_path / f"{n}.png"
        plot_matrix(Matrix(results), path, title="F1")
        picture = imread(path)
        sizes.append(picture.shape[0] * picture.shape[1])
        assert len(np.unique(picture.reshape(-1, picture.shape[2]), axis=0)) >= n * n
    assert sizes[1] > sizes[0]
