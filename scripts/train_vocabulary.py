"""Trains a tokenizer of our own on the shared data folder.

Example:
    python scripts/train_vocabulary.py --data ../shared/data --pieces 48000 --out work/tokenizer.json
"""

import argparse
from pathlib import Path

from openqa.train.corpora import vocabulary_texts
from openqa.train.vocabulary import train_tokenizer


def main() -> None:
    """Parses the command line, trains, saves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--pieces", type=int, default=48_000, help="size of the vocabulary")
    parser.add_argument("--characters", type=int, default=1_000_000, help="training text per language")
    parser.add_argument("--out", type=Path, required=True, help="where tokenizer.json goes")
    arguments = parser.parse_args()
    tokenizer = train_tokenizer(vocabulary_texts(arguments.data, arguments.characters), arguments.pieces)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(arguments.out), pretty=False)
    print(f"{arguments.out}: {tokenizer.get_vocab_size()} pieces, {arguments.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
