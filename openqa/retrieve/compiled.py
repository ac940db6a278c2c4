"""Compiles the loops of kernels.py with numba, once a process, from a cache on disk after the first time.

Importing this module does not load numba; `compiled()` does. Arrays on disk are mapped read-only, which is a type of
its own to numba: every signature is written out, and arrays that come from an index must be read-only.
"""

import os
import stat
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from openqa.retrieve import kernels
from openqa.retrieve.kernels import Columns, Formula, QueryTerms
from openqa.types import Array

_CALLED = (
    *("posting_score", "seek", "confine", "term_bounds", "push", "accumulate"),
    *("clear", "look_up", "split", "next_row", "scores_at"),
)


class Compiled(NamedTuple):
    """The compiled functions."""

    top_rows: Callable[[Columns, QueryTerms, Formula, int, float], tuple[Array, Array]]
    scores_at: Callable[[Columns, QueryTerms, Formula, Array], Array]
    widen: Callable[[Array, Array], None]


@cache
def compiled() -> Compiled:
    """Compiles the loops, or loads them from the cache of an earlier process; once a process."""
    import numba
    from numba.extending import register_jitable

    for name in _CALLED:
        register_jitable(getattr(kernels, name))
    njit: Any = partial(numba.njit, cache=_prepare_cache(numba), nogil=True, error_model="numpy")
    types: Any = numba.types
    columns = (types.int32, types.uint16, types.uint16, types.float32, types.int32, types.int32)
    query = (
        types.NamedTuple([_read_only(dtype, types) for dtype in columns], Columns),
        types.NamedTuple([types.int64[::1]] * 4 + [types.float64[::1]], QueryTerms),
        types.NamedUniTuple(types.float64, 3, Formula),
    )
    found = types.Tuple((types.int64[::1], types.float64[::1]))
    return Compiled(
        njit(found(*query, types.int64, types.float64))(kernels.top_rows),
        njit(types.float64[::1](*query, types.int64[::1]))(kernels.scores_at),
        njit(types.void(_read_only(types.uint16, types), types.uint32[::1]))(kernels.widen),
    )


def _read_only(dtype: Any, types: Any) -> Any:
    return types.Array(dtype, 1, "C", readonly=True)


def _prepare_cache(numba: Any) -> bool:
    """Finds numba a folder it can write to; False where there is none, then every process compiles anew.

    numba's own choices are NUMBA_CACHE_DIR, the folder of kernels.py, and the user's cache folder. Where all are
    read-only, a private folder below the system's temporary one is taken; one that others could write to is not,
    since the cache holds code.
    """
    try:
        numba.njit(cache=True)(kernels.seek)
    except RuntimeError:
        folder = Path(tempfile.gettempdir()) / f"openqa-numba-{os.getuid()}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            status = folder.lstat()
        except OSError:
            return False
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            return False
        numba.config.CACHE_DIR = str(folder)
    return True
