"""Measures exact dense search beside bare FAISS (IndexFlatIP), same vectors, same threads; prints ratios.

Run: python scripts/benchmark_dense.py [--passages 200000] [--dim 384]
Needs faiss-cpu. FAISS holds fp32 in memory, openqa fp16 on disk, already in the page cache.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np

from openqa.durable import map_array, write_array
from openqa.retrieve.vectors import Vectors


def best_seconds(work: Callable[[], object], rounds: int) -> float:
    """The least wall time of a few rounds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Builds both, checks that they agree, and measures batches of several sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=200_000)
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--k", type=int, default=10)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((given.passages, given.dim), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    halves = vectors.astype(np.float16)
    flat = faiss.IndexFlatIP(given.dim)
    flat.add(halves.astype(np.float32))
    del vectors
    queries = rng.standard_normal((1000, given.dim), np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    with tempfile.TemporaryDirectory() as folder:
        write_array(Path(folder) / "vectors.npy", halves)
        ours = Vectors([map_array(Path(folder) / "vectors.npy")], given.dim)
        ours.top_rows(queries[:2], given.k)
        for n, rounds in ((1, 20), (8, 8), (100, 3), (1000, 2)):
            some = queries[:n]
            found = ours.top_rows(some, given.k)
            theirs = flat.search(some, given.k)[1]
            same = np.mean(
                [set(rows.tolist()) == set(own.tolist()) for (rows, _), own in zip(found, theirs, strict=True)]
            )
            own_s = best_seconds(lambda some=some: ours.top_rows(some, given.k), rounds)  # type: ignore[misc]
            faiss_s = best_seconds(lambda some=some: flat.search(some, given.k), rounds)  # type: ignore[misc]
            print(
                f"{n:5} questions: openqa {own_s * 1e3:8.1f} ms, faiss flat {faiss_s * 1e3:8.1f} ms, "
                f"openqa / faiss {own_s / faiss_s:.2f}, same top {given.k}: {same:.3f}"
            )


if __name__ == "__main__":
    main()
