"""Trains the static encoder on packed pairs.

Example:
    python scripts/train_static.py --pairs work/pairs --tokenizer work/tokenizer.json --steps 3000 --out work/static.npy
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from openqa.encode.tokenizer import SharedTokenizer
from openqa.train.packing import PairSet
from openqa.train.static import StaticSettings, train_static


def main() -> None:
    """Parses the command line, trains, saves the vectors as float32."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=Path, required=True, help="folder of scripts/pack_pairs.py")
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--steps", type=int, default=3000, help="optimiser steps")
    parser.add_argument("--out", type=Path, required=True, help="file for the vectors, .npy")
    arguments = parser.parse_args()
    pairs = [PairSet.load(path) for path in sorted(arguments.pairs.glob("*.npz"))]
    losses: dict[str, list[float]] = defaultdict(list)
    started = time.monotonic()

    def report(step: int, kind: str, loss: float) -> None:
        losses[kind].append(loss)
        if (step + 1) % 100 == 0:
            means = " ".join(f"{kind} {np.mean(values[-10:]):.2f}" for kind, values in sorted(losses.items()))
            print(f"{step + 1} {time.monotonic() - started:.0f} s {means}", flush=True)

    n_pieces = SharedTokenizer.load(arguments.tokenizer).n_pieces
    vectors = train_static(pairs, n_pieces, StaticSettings(steps=arguments.steps), report)
    np.save(arguments.out, vectors)


if __name__ == "__main__":
    main()
