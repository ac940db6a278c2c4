"""Matrices of a body that are kept in 4 bits on the disk, and become its 8-bit codes when it is loaded.

    codes_W = round((code - 8) · step · rows · columns)

with a step for each block of 32 rows of a column, one number a row and one a column; `train/quantise.py` says what
codes_W are and where the numbers come from. The file is an .npz, four arrays a matrix, without pickles.
"""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from openqa.errors import ModelError
from openqa.types import Array

BLOCK = 32


class FourBitMatrix(NamedTuple):
    """A matrix of R rows and C columns."""

    packed: Array  # (R / 2, C) uint8: codes of the first half of the rows in the low bits, of the second in the high
    steps: Array  # (R / 32, C) float16
    rows: Array  # (R,) float32
    columns: Array  # (C,) float32


def unpack(matrix: FourBitMatrix) -> Array:
    """Returns codes_W, (R, C) int8.

    Args:
        matrix: in 4 bits.
    """
    half, n_columns = matrix.packed.shape
    codes = np.empty((2 * half, n_columns), np.float32)
    np.bitwise_and(matrix.packed, 15, out=codes[:half], casting="unsafe")
    np.right_shift(matrix.packed, 4, out=codes[half:], casting="unsafe")
    codes -= 8
    blocks = codes.reshape(-1, BLOCK, n_columns)
    blocks *= (matrix.steps.astype(np.float32) * matrix.columns)[:, None]
    codes *= matrix.rows[:, None]
    return np.rint(codes, out=codes).astype(np.int8)


def read_codes(path: Path) -> dict[str, Array]:
    """Returns codes_W of every matrix of a file by name, on all cores.

    Args:
        path: file that `train.quantise.write_matrices` wrote.

    Raises:
        ModelError: the file is damaged or of another form.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            names = list(dict.fromkeys(key.rpartition("/")[0] for key in file.files))
            matrices = [FourBitMatrix(*(file[f"{name}/{field}"] for field in FourBitMatrix._fields)) for name in names]
        with ThreadPoolExecutor() as pool:
            return dict(zip(names, pool.map(unpack, matrices), strict=True))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: holds no matrices in 4 bits ({error}); export the model again") from error
