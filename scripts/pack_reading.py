"""Packs the reader's training examples as token ids, one .npz a kind.

Example:
    python scripts/pack_reading.py --data ../shared/data --tokenizer work/vocabulary/tokenizer.json --out work/reading
"""

import argparse
import random
from pathlib import Path

from openqa.encode.tokenizer import SharedTokenizer
from openqa.train.data import ReadingSet
from openqa.train.examples import EXAMPLE_KINDS, examples_of


def main() -> None:
    """Parses the command line and packs kind by kind; a kind that is there already is left alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--tokenizer", type=Path, required=True, help="tokenizer.json of scripts/cut_vocabulary.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for the packed examples")
    arguments = parser.parse_args()
    tokenizer = SharedTokenizer.load(arguments.tokenizer)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for kind, weight in EXAMPLE_KINDS.items():
        path = arguments.out / f"{kind}.npz"
        if path.exists():
            continue
        examples = list(examples_of(arguments.data, kind, random.Random(kind)))
        temporary = path.with_suffix(".tmp.npz")
        ReadingSet.encode(tokenizer, examples, weight).save(temporary)
        temporary.replace(path)
        print(f"{kind}: {len(examples):,} examples, {path.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
