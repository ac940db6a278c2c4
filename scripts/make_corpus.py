"""Writes a corpus of any size whose words and their frequencies are those of real text, in several languages.

A word is drawn by taking a random word of real text, which is a draw from its distribution. Real text also brings new
words for ever: the share of words that the sample has not seen is that of those it has seen once (Good and Turing),
and how fast they become more is its own growth (Heaps). Such words are made up of halves of real ones, and their
numbers drawn from the power law that gives this growth. Where words stand without spaces, pieces of six characters are
drawn instead; new words then come about where they meet.

One document a line, one passage a document: {"id": ..., "lang": ..., "text": ...}. The passages do not depend on how
many are written, so a smaller corpus is the beginning of a larger one.

Example:
    python scripts/make_corpus.py --data ../shared/data --passages 100000 --out work/corpus.jsonl.gz
    python scripts/make_corpus.py --languages en=0.7,tr=0.2,th=0.1 --passages 1000 --out work/small.jsonl
"""

import argparse
import gzip
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np

from openqa.text.analysis import analyzer
from openqa.text.sentences import n_words
from openqa.train.corpora import QA_FILES, reading_examples, sentence_pairs
from openqa.types import Array

LANGUAGES = "en=0.4,zh=0.1,ja=0.1,fa=0.1,tr=0.1,fr=0.1,ar=0.05,th=0.05"
PASSAGE_WORDS = 100
BLOCK = 4_096  # passages drawn at a time
PIECE = 6  # characters, where there are no spaces
LONGEST_WORD = 12.0  # a higher mean length between spaces is that of a language without them


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a language as they stand in real text, and how new ones come.

    `tokens` is (n,) int32, the text as numbers of `words`, which are `n_terms` to the language's analyzer; `rare_share`
    is the probability that a word is one that is not in the text; `growth` is Heaps' exponent; `passage_units` are the
    mean number of tokens in a passage.
    """

    words: tuple[str, ...]
    tokens: Array
    n_terms: int
    rare_share: float
    growth: float
    halves: tuple[tuple[str, ...], tuple[str, ...]]
    joiner: str
    passage_units: int


def real_texts(data: Path, lang: str, characters: int) -> Iterator[str]:
    """Yields distinct texts of a language: passages of reading sets, then single sentences.

    Args:
        data: the shared data folder.
        lang: the language.
        characters: about how many are enough.

    Raises:
        DataError: there is nothing for this language.
    """
    names = [name for name, own in QA_FILES.items() if own == lang]
    texts = dict.fromkeys(example.context for name in names for example in reading_examples(data, name))
    sentences = (other for _, other in sentence_pairs(data, lang)) if lang != "en" else ()
    for text in chain(texts, sentences):
        yield text
        characters -= len(text)
        if characters <= 0:
            return


def vocabulary(lang: str, texts: Iterable[str]) -> Vocabulary:
    """Returns the vocabulary of real texts.

    Args:
        lang: their language.
        texts: at least one that is not blank.
    """
    texts = list(texts)
    units = [unit for text in texts for unit in text.split()]
    is_spaced = sum(map(len, units)) < LONGEST_WORD * len(units)
    if not is_spaced:
        units = [unit[at : at + PIECE] for unit in units for at in range(0, len(unit), PIECE)]
    numbers: dict[str, int] = {}
    tokens = np.array([numbers.setdefault(unit, len(numbers)) for unit in units], np.int32)
    terms = analyzer(lang).terms
    counts = np.array(list(Counter(term for text in texts for term in terms(text)).values()))
    rare_share = float(np.count_nonzero(counts == 1) / len(tokens)) if is_spaced else 0.0
    in_half = float(np.sum(1.0 - 0.5**counts))  # distinct terms in a random half of the text
    words = tuple(numbers)
    letters = [word for word in words if word.isalpha() and len(word) > 3] or list(words)
    halves = tuple(word[: len(word) // 2] for word in letters), tuple(word[len(word) // 2 :] for word in letters)
    per_unit = sum(n_words(text, lang) for text in texts) / len(units)
    growth = min(0.9, math.log2(len(counts) / in_half))
    passage_units = max(2, round(PASSAGE_WORDS / per_unit))
    return Vocabulary(words, tokens, len(counts), rare_share, growth, halves, " " if is_spaced else "", passage_units)


def draw_texts(vocabulary: Vocabulary, n: int, rng: np.random.Generator) -> Iterator[str]:
    """Yields passages, half to one and a half times as long as the mean.

    Args:
        vocabulary: what to draw from.
        n: how many.
        rng: advanced by the draws.
    """
    mean = vocabulary.passage_units
    ends = np.cumsum(rng.integers(mean - mean // 2, mean + mean // 2, n, endpoint=True))
    n_tokens = int(ends[-1]) if n else 0
    drawn = vocabulary.tokens[rng.integers(0, len(vocabulary.tokens), n_tokens)]
    units = list(map(vocabulary.words.__getitem__, drawn.tolist()))
    places = np.flatnonzero(rng.random(n_tokens) < vocabulary.rare_share)
    spread = (1.0 - rng.random(len(places))) ** (-vocabulary.growth / (1.0 - vocabulary.growth)) - 1.0
    ranks = np.minimum(spread * vocabulary.n_terms, 2.0**62).astype(np.int64)
    for place, rank in zip(places.tolist(), ranks.tolist(), strict=True):
        units[place] = rare_word(vocabulary, rank)
    start = 0
    for end in ends.tolist():
        yield vocabulary.joiner.join(units[start:end])
        start = end


def rare_word(vocabulary: Vocabulary, rank: int) -> str:
    """Returns the made-up word of a number: halves of real words, other ones for every number.

    Args:
        vocabulary: of the language.
        rank: from 0.
    """
    first, second = vocabulary.halves
    rest, head = divmod(rank, len(first))
    rest, tail = divmod(rest, len(second))
    word = first[head] + second[(tail + 31 * head) % len(second)]
    while rest:
        rest, more = divmod(rest, len(second))
        word += second[more]
    return word


def passages(
    vocabularies: Mapping[str, Vocabulary], shares: Mapping[str, float], n: int, seed: int = 0
) -> Iterator[tuple[str, str]]:
    """Yields (language, text) of generated passages.

    Args:
        vocabularies: by language.
        shares: of each language, any positive numbers.
        n: how many passages.
        seed: another one gives other passages.
    """
    langs = sorted(shares)
    weights = np.array([shares[lang] for lang in langs])
    for block in range(-(-n // BLOCK)):
        rng = np.random.default_rng([seed, block])
        chosen = rng.choice(len(langs), BLOCK, p=weights / weights.sum())
        counts = np.bincount(chosen, minlength=len(langs)).tolist()
        texts = [draw_texts(vocabularies[lang], count, rng) for lang, count in zip(langs, counts, strict=True)]
        made = [list(drawn)[::-1] for drawn in texts]
        for number in chosen[: n - block * BLOCK].tolist():
            yield langs[number], made[number].pop()


def write_corpus(path: Path, rows: Iterable[tuple[str, str]]) -> None:
    """Writes passages as JSON Lines, the same bytes for the same passages.

    Args:
        path: .jsonl, or .jsonl.gz to be compressed.
        rows: (language, text).
    """
    encode = json.JSONEncoder(ensure_ascii=False).encode
    lines = (f'{{"id": "p{n:07}", "lang": "{lang}", "text": {encode(text)}}}\n' for n, (lang, text) in enumerate(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        opened = gzip.GzipFile("", "wb", 1, file, mtime=0) if path.suffix == ".gz" else nullcontext(file)
        with opened as out:
            while block := "".join(islice(lines, BLOCK)):
                out.write(block.encode("utf-8"))


def read_shares(text: str) -> dict[str, float]:
    """Returns the languages and shares of "en=0.5,tr=0.5".

    Raises:
        ValueError: it is not of this form, or a share is not above 0.
    """
    shares = {lang: float(share) for lang, _, share in (item.partition("=") for item in text.split(","))}
    if not all(share > 0 for share in shares.values()):
        raise ValueError(f"every share must be above 0, got {text}")
    return shares


def main() -> None:
    """Parses the command line, reads the real texts, writes the corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--passages", type=int, default=100_000, help="how many, of about 100 words")
    parser.add_argument("--languages", type=read_shares, default=LANGUAGES, help=f"with their shares; {LANGUAGES}")
    parser.add_argument("--characters", type=int, default=5_000_000, help="real text read of each language, at most")
    parser.add_argument("--seed", type=int, default=0, help="another one gives other passages")
    parser.add_argument("--out", type=Path, required=True, help="a .jsonl or .jsonl.gz file")
    given = parser.parse_args()
    vocabularies = {}
    for lang in given.languages:
        vocabularies[lang] = made = vocabulary(lang, real_texts(given.data, lang, given.characters))
        print(
            f"{lang}: {len(made.tokens):,} words read, {made.n_terms:,} terms; "
            f"{made.rare_share:.1%} new ones, growth {made.growth:.2f}",
            flush=True,
        )
    started = time.perf_counter()
    write_corpus(given.out, passages(vocabularies, given.languages, given.passages, given.seed))
    elapsed_s = time.perf_counter() - started
    rate = given.passages / elapsed_s
    size_mb = given.out.stat().st_size / 1e6
    print(f"{given.out}: {given.passages:,} passages, {size_mb:.0f} MB, {elapsed_s:.1f} s, {rate:,.0f} passages/s")


if __name__ == "__main__":
    main()
