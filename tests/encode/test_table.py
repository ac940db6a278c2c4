import re
from pathlib import Path

import numpy as np
import pytest

from openqa.durable import write_array
from openqa.encode.table import EmbeddingTable
from openqa.errors import ModelError
from openqa.types import Array
from tests.encode.tiny import random_values


def save(table: EmbeddingTable, folder: Path) -> None:
    write_array(folder / "table.codes.npy", table.codes)
    write_array(folder / "table.scales.npy", table.scales)


def test_codes_and_scales_by_arithmetic() -> None:
    """Value = (code - 8) · scale, the even column in the low four bits."""
    table = EmbeddingTable.quantise(np.array([[7, -7, 3.5, 0.5], [0, 0, -14, 2]], np.float32), 2)
    assert table.scales.tolist() == [[1.0, 0.5], [table.scales[1, 0], 2.0]]
    assert table.codes.tolist() == [[15 | 1 << 4, 15 | 9 << 4], [8 | 8 << 4, 1 | 9 << 4]]
    assert table.rows(np.array([0, 1])).tolist() == [[7, -7, 3.5, 0.5], [0, 0, -14, 2]]
    assert (len(table), table.dim) == (2, 4)


def test_quantisation_is_as_near_as_the_best_tried_scale() -> None:
    """No ratio of the largest value gives a smaller squared error, and the plain one bounds it: half a step each."""
    values = random_values(50, 32)
    table = EmbeddingTable.quantise(values, 16)
    groups, largest = values.reshape(50, 2, 16), np.abs(values).reshape(50, 2, 16).max(axis=2)
    error = ((table.rows(np.arange(50)) - values) ** 2).reshape(50, 2, 16).sum(axis=2)
    for ratio in np.linspace(0.5, 1, 11):
        scale = (largest * ratio / 7).astype(np.float16).astype(np.float32)[:, :, None]
        near = np.clip(np.round(groups / scale), -7, 7) * scale
        assert (error <= ((near - groups) ** 2).sum(axis=2) + 1e-5).all()
    assert (error <= 16 * (largest / 14) ** 2 * 1.01).all()


def test_quantised_again_is_nearly_the_same() -> None:
    """The values of a table lie on its own grid."""
    once = EmbeddingTable.quantise(random_values(20, 16), 8)
    rows = once.rows(np.arange(20))
    assert np.abs(EmbeddingTable.quantise(rows, 8).rows(np.arange(20)) - rows).max() < 2e-3


@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (2, 3), (2, 0), (2, 2, 2)])
def test_ids_of_any_shape(shape: tuple[int, ...]) -> None:
    """The rows have the shape of the ids, and one axis more."""
    table = EmbeddingTable.quantise(random_values(9, 12), 4)
    ids = np.random.default_rng(1).integers(9, size=shape)
    rows = table.rows(ids)
    assert rows.shape == (*shape, 12)
    assert rows.dtype == np.float32
    assert np.array_equal(rows, table.rows(np.arange(9))[ids])


def test_saved_and_loaded_equals_the_original(tmp_path: Path) -> None:
    """The files are mapped, not read, and give the same rows."""
    table = EmbeddingTable.quantise(random_values(9, 12), 4)
    save(table, tmp_path)
    loaded = EmbeddingTable.load(tmp_path)
    assert np.array_equal(loaded.rows(np.arange(9)), table.rows(np.arange(9)))
    assert not loaded.codes.flags.writeable
    assert not loaded.codes.flags.owndata


@pytest.mark.parametrize("name", ["table.codes.npy", "table.scales.npy"])
def test_a_missing_or_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    """A table without one of its files, or with an empty, cut or foreign one, names the file and what to do."""
    save(EmbeddingTable.quantise(random_values(9, 12), 4), tmp_path)
    path = tmp_path / name
    whole = path.read_bytes()
    for content in (b"", whole[:-1], whole[:20], b"\x93NUMPY\x01\x00\x04\x00{(]\n", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(
            ModelError, match=f"^the embedding table cannot be read: {re.escape(str(path))}: .*; install openqa again$"
        ):
            EmbeddingTable.load(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match=f"^the embedding table cannot be read: {re.escape(str(path))}: "):
        EmbeddingTable.load(tmp_path)


@pytest.mark.parametrize(
    ("codes", "scales", "found"),
    [
        (np.zeros((3, 4), np.uint8), np.zeros((2, 2), np.float16), "codes (3, 4) uint8 and scales (2, 2) float16"),
        (np.zeros((3, 4), np.uint8), np.zeros((3, 3), np.float16), "codes (3, 4) uint8 and scales (3, 3) float16"),
        (np.zeros((3, 4), np.uint8), np.zeros((3, 0), np.float16), "codes (3, 4) uint8 and scales (3, 0) float16"),
        (np.zeros(12, np.uint8), np.zeros((3, 2), np.float16), "codes (12,) uint8 and scales (3, 2) float16"),
        (np.zeros((3, 4), np.int8), np.zeros((3, 2), np.float16), "codes (3, 4) int8 and scales (3, 2) float16"),
        (np.zeros((3, 4), np.uint8), np.zeros((3, 2), np.float32), "codes (3, 4) uint8 and scales (3, 2) float32"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, codes: Array, scales: Array, found: str) -> None:
    """The message names both shapes and types."""
    save(EmbeddingTable(codes, scales), tmp_path)
    message = f"{tmp_path}: the embedding table's {found} do not fit; install openqa again"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        EmbeddingTable.load(tmp_path)


def test_wrong_calls_are_refused() -> None:
    """Ids out of range, -1 among them, raise; so do values that are not finite."""
    table = EmbeddingTable.quantise(random_values(9, 12), 4)
    for ids, message in (([-1, 3], "-1 to 3"), ([0, 9], "0 to 9")):
        with pytest.raises(ValueError, match=f"^piece ids are {message}; the table has 0 to 8$"):
            table.rows(np.array(ids))
    with pytest.raises(ValueError, match=r"^12 columns; an even number of them that 5 divides is needed$"):
        EmbeddingTable.quantise(random_values(9, 12), 5)
    with pytest.raises(ValueError, match=r"^a value of the table is not finite$"):
        EmbeddingTable.quantise(np.array([[1.0, np.nan]], np.float32), 2)
