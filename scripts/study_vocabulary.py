"""Pieces per word in every language for several vocabulary sizes, and what each costs in bytes.

It chose the 48,000 pieces of version 3 of the bundled encoder, whose tokenizer was our own.

Example:
    python scripts/study_vocabulary.py --data ../shared/data --sizes 16000,32000,48000,64000
"""

import argparse
from pathlib import Path

from openqa.text.sentences import n_words
from openqa.train.corpora import LANGUAGES, sentence_pairs, vocabulary_texts
from openqa.train.vocabulary import pieces_per_word, train_tokenizer

COLUMNS, GROUP = 384, 64


def main() -> None:
    """Parses the command line, trains one tokenizer a size, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--sizes", default="16000,32000,48000,64000", help="vocabulary sizes, joined by commas")
    parser.add_argument("--characters", type=int, default=300_000, help="training text per language")
    arguments = parser.parse_args()
    texts = list(vocabulary_texts(arguments.data, arguments.characters))
    samples = {lang: _sample(arguments.data, lang) for lang in LANGUAGES}
    words = {lang: [n_words(text, lang) for text in sample] for lang, sample in samples.items()}
    print("pieces", "table MB", *LANGUAGES, "mean", sep="\t")
    for size in map(int, arguments.sizes.split(",")):
        tokenizer = train_tokenizer(texts, size)
        rates = [pieces_per_word(tokenizer, samples[lang], words[lang]) for lang in LANGUAGES]
        table = size * (COLUMNS / 2 + 2 * COLUMNS / GROUP) / 1e6
        print(
            size,
            f"{table:.1f}",
            *(f"{rate:.2f}" for rate in rates),
            f"{sum(rates) / len(rates):.2f}",
            sep="\t",
            flush=True,
        )


def _sample(data: Path, lang: str) -> list[str]:
    """The first thousand news sentences of a language; English is the other side of Turkish."""
    pairs = list(sentence_pairs(data, "tr" if lang == "en" else lang))[-1000:]
    return [english if lang == "en" else other for english, other in pairs]


if __name__ == "__main__":
    main()
