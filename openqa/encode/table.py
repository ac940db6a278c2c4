"""The embedding table that all bundled models share: 4 bits a value, memory-mapped, rows unpacked on demand.

A row is cut into groups of columns with one scale each: value = (code - 8) · scale, codes 1..15, two codes a byte.
Encoder, reader and static encoder all read it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from openqa.durable import map_array
from openqa.errors import IndexFolderError, ModelError
from openqa.types import Array

GROUP_COLUMNS = 64  # share a scale in the bundled table


@dataclass(frozen=True, slots=True)
class EmbeddingTable:
    """V rows of D columns, quantised."""

    codes: Array  # (V, D / 2) uint8, the even column in the low four bits
    scales: Array  # (V, D / group) float16

    @classmethod
    def load(cls, folder: Path) -> "EmbeddingTable":
        """Returns the table of a folder, memory-mapped.

        Args:
            folder: holds table.codes.npy and table.scales.npy.

        Raises:
            ModelError: a file is missing or damaged, or the two do not fit.
        """
        try:
            codes, scales = map_array(folder / "table.codes.npy"), map_array(folder / "table.scales.npy")
        except IndexFolderError as error:
            raise ModelError(f"the embedding table cannot be read: {error}; install openqa again") from error
        fits = codes.ndim == scales.ndim == 2 and len(codes) == len(scales) and scales.shape[1] > 0
        is_typed = codes.dtype == np.uint8 and scales.dtype == np.float16
        if not fits or not is_typed or codes.shape[1] * 2 % scales.shape[1]:
            found = f"codes {codes.shape} {codes.dtype} and scales {scales.shape} {scales.dtype}"
            raise ModelError(f"{folder}: the embedding table's {found} do not fit; install openqa again")
        return cls(codes, scales)

    @classmethod
    def quantise(cls, values: Array, group: int) -> "EmbeddingTable":
        """Returns the quantised form of a float table; each scale minimises the squared error of its group.

        Args:
            values: (V, D) float32, D even.
            group: columns that share a scale; divides D.

        Raises:
            ValueError: the group does not divide D, D is odd, or a value is not finite.
        """
        if values.shape[1] % group or values.shape[1] % 2:
            raise ValueError(f"{values.shape[1]} columns; an even number of them that {group} divides is needed")
        if not np.isfinite(values).all():
            raise ValueError("a value of the table is not finite")
        rows = values.reshape(len(values), -1, group).astype(np.float32)  # (V, G, group)
        largest = np.maximum(np.abs(rows).max(axis=2), 1e-6)
        best = np.full(largest.shape, np.inf, dtype=np.float32)
        scales = np.zeros_like(largest)
        for ratio in np.linspace(0.5, 1.0, 11):
            scale = (largest * ratio / 7).astype(np.float16).astype(np.float32)
            error = ((_codes(rows, scale) * scale[:, :, None] - rows) ** 2).sum(axis=2)
            scales = np.where(error < best, scale, scales)
            best = np.minimum(error, best)
        codes = (_codes(rows, scales) + 8).astype(np.uint8).reshape(len(values), -1)
        return cls(codes[:, 0::2] | codes[:, 1::2] << 4, scales.astype(np.float16))

    @property
    def dim(self) -> int:
        """Number of columns D."""
        return int(self.codes.shape[1]) * 2

    def __len__(self) -> int:
        """Number of rows V."""
        return len(self.codes)

    def every_row(self) -> Array:
        """Returns the whole table unpacked, (V, D) float32."""
        return self.rows(np.arange(len(self)))

    def rows(self, ids: Array) -> Array:
        """Unpacks rows.

        Args:
            ids: piece ids within [0, V), any shape.

        Returns:
            (*ids.shape, D) float32.

        Raises:
            ValueError: an id is out of range.
        """
        unique, place = np.unique(ids, return_inverse=True)
        if len(unique) and not 0 <= unique[0] <= unique[-1] < len(self):
            raise ValueError(f"piece ids are {unique[0]} to {unique[-1]}; the table has 0 to {len(self) - 1}")
        packed = self.codes[unique]
        codes = np.empty((len(unique), self.dim), dtype=np.int8)
        codes[:, 0::2] = packed & 15
        codes[:, 1::2] = packed >> 4
        scales = np.repeat(self.scales[unique].astype(np.float32), self.dim // self.scales.shape[1], axis=1)
        values: Array = (codes - np.int8(8)) * scales
        return values[place.reshape(ids.shape)]


def _codes(rows: Array, scales: Array) -> Array:
    return np.clip(np.rint(rows / np.maximum(scales, 1e-12)[:, :, None]), -7, 7)
