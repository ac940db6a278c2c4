"""Packs the static encoder's training pairs as token ids, one .npz a kind.

Example:
    python scripts/pack_pairs.py --data ../shared/data --tokenizer work/vocabulary/tokenizer.json --out work/pairs
"""

import argparse
import random
from pathlib import Path

import numpy as np

from openqa.encode.tokenizer import SharedTokenizer
from openqa.train.packing import PackedTexts, PairSet
from openqa.train.pairs import PAIR_KINDS, read_pairs


def main() -> None:
    """Parses the command line and packs kind by kind; a kind that is there already is left alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of scripts/cut_vocabulary.py")
    parser.add_argument("--max-tokens", type=int, default=200, help="longest text kept, in tokens")
    parser.add_argument("--out", type=Path, required=True, help="folder for the packed pairs")
    arguments = parser.parse_args()
    tokenizer = SharedTokenizer.load(arguments.tokenizer)

    def packed(texts: list[str]) -> PackedTexts:
        return PackedTexts.encode(tokenizer, texts, arguments.max_tokens)

    arguments.out.mkdir(parents=True, exist_ok=True)
    for kind, weight in PAIR_KINDS.items():
        path = arguments.out / f"{kind}.npz"
        if path.exists():
            continue
        pairs = list(read_pairs(arguments.data, kind, random.Random(kind)))
        temporary = path.with_suffix(".tmp.npz")
        PairSet(
            name=kind,
            left=packed([pair.left for pair in pairs]),
            right=packed([pair.right for pair in pairs]),
            group=np.asarray([pair.group for pair in pairs], dtype=np.int32),
            weight=weight,
        ).save(temporary)
        temporary.replace(path)
        print(f"{kind}: {len(pairs):,} pairs, {path.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
