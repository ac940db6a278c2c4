"""What the static encoder learns from, by kind: sentences, paragraphs, words, questions with their passages."""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from openqa.train.codeswitch import Lexicon, switch
from openqa.train.corpora import (
    LANGUAGES,
    QA_FILES,
    aligned_examples,
    reading_examples,
    sentence_pairs,
    word_pairs,
)

OTHERS = tuple(lang for lang in LANGUAGES if lang != "en")
PAIR_KINDS = {  # share of batches; chosen on MLQA dev part 2
    "sentences": 0.2,
    "paragraphs": 0.15,
    "crossed": 0.1,
    "words": 0.15,
    "questions": 0.15,
    "switched": 0.2,
    "aligned": 0.05,
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that should lie close together, and the group within which pairs are not each other's negatives."""

    left: str
    right: str
    group: int


def read_pairs(data: Path, kind: str, rng: random.Random) -> Iterator[Pair]:
    """Yields the training pairs of one kind.

    Args:
        data: the shared data folder.
        kind: a key of `PAIR_KINDS`.
        rng: source of chance for what is sampled.
    """
    yield from _READERS[kind](data, rng)


def _sentences(data: Path, rng: random.Random) -> Iterator[Pair]:
    """English sentences with their translations; translations of one sentence form a group."""
    groups: dict[str, int] = {}
    for lang in OTHERS:
        for english, other in sentence_pairs(data, lang):
            yield Pair(english, other, groups.setdefault(english, len(groups)))


def _paragraphs(data: Path, rng: random.Random) -> Iterator[Pair]:
    """A sentence or paragraph in one language with the English paragraph, or the other way round."""
    group = 0
    for lang in OTHERS:
        pairs = [pair for pair in sentence_pairs(data, lang) if len(pair[0]) > 60]
        for start in range(0, len(pairs) - 6, 3):
            window = pairs[start : start + rng.randint(3, 6)]
            english, other = (" ".join(side) for side in zip(*window, strict=True))
            sentence = rng.choice(window)
            group += 1
            yield rng.choice(
                [
                    Pair(sentence[1], english, group),
                    Pair(sentence[0], other, group),
                    Pair(english, other, group),
                ]
            )


def _crossed(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Two translations, neither English, of one English sentence."""
    translations: dict[str, list[str]] = defaultdict(list)
    for lang in OTHERS:
        for english, other in sentence_pairs(data, lang):
            translations[english].append(other)
    for group, others in enumerate(translations.values()):
        for _ in range(min(6, len(others) // 2)):
            left, right = rng.sample(others, 2)
            yield Pair(left, right, group)


def _words(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Words and entity names, at most 60,000 a language."""
    groups: dict[str, int] = {}
    for lang in OTHERS:
        pairs = list(word_pairs(data, lang))
        for english, other in rng.sample(pairs, min(60_000, len(pairs))):
            yield Pair(english, other, groups.setdefault(english.lower(), len(groups)))


def _questions(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Questions with their passages, in one language."""
    for name in QA_FILES:
        groups: dict[str, int] = {}
        for example in reading_examples(data, name):
            yield Pair(example.question, example.context, groups.setdefault(example.context, len(groups)))


def _switched(data: Path, rng: random.Random) -> Iterator[Pair]:
    """English questions and passages, each put word by word into other languages."""
    lexicons = [Lexicon.read(data, lang) for lang in OTHERS if lang not in ("bn", "te")]
    groups: dict[str, int] = {}
    for example in reading_examples(data, "squad.en.train"):
        question, _ = switch(example.question, [rng.choice(lexicons)], 0.95, rng)
        context, _ = switch(example.context, [rng.choice(lexicons)], rng.choice([0.0, 0.9]), rng)
        group = groups.setdefault(example.context, len(groups))
        yield Pair(question, context, group)


def _aligned(data: Path, rng: random.Random) -> Iterator[Pair]:
    """Questions with passages of another language: the parts of MLQA dev that may be trained on."""
    groups: dict[str, int] = {}
    for example in aligned_examples(data, (0, 1)):
        yield Pair(example.question, example.context, groups.setdefault(example.id, len(groups)))


_READERS = {
    "sentences": _sentences,
    "paragraphs": _paragraphs,
    "crossed": _crossed,
    "words": _words,
    "questions": _questions,
    "switched": _switched,
    "aligned": _aligned,
}
