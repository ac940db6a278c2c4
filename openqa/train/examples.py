"""What the reader learns from, by kind: English, SQuAD put into other languages, other sets, aligned sets, cloze."""

import random
from collections.abc import Iterator
from pathlib import Path

from openqa.train.cloze import cloze_examples
from openqa.train.codeswitch import Lexicon, switch
from openqa.train.corpora import LANGUAGES, QA_FILES, ReadingExample, aligned_examples, reading_examples

EXAMPLE_KINDS = {  # share of sequences
    "english": 0.30,
    "switched": 0.15,
    "others": 0.30,
    "aligned": 0.15,
    "cloze": 0.10,
}


def examples_of(data: Path, kind: str, rng: random.Random) -> Iterator[ReadingExample]:
    """Yields the training examples of one kind.

    Args:
        data: the shared data folder.
        kind: a key of `EXAMPLE_KINDS`.
        rng: source of chance for what is sampled.
    """
    yield from _READERS[kind](data, rng)


def _english(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """English questions on English passages."""
    for name, lang in QA_FILES.items():
        if lang == "en":
            yield from reading_examples(data, name)


def _switched(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """SQuAD with question and passage put word by word into other languages, or left in English by chance."""
    lexicons = [Lexicon.read(data, lang) for lang in LANGUAGES if lang not in ("en", "bn", "te")]
    for example in reading_examples(data, "squad.en.train"):
        question_lexicon, context_lexicon = rng.choice(lexicons), rng.choice(lexicons)
        question, _ = switch(example.question, [question_lexicon], rng.choice([0.0, 0.9, 0.9]), rng)
        span, share = (example.start, example.end), rng.choice([0.0, 0.6, 0.9])
        context, (start, end) = switch(example.context, [context_lexicon], share, rng, span=span)
        yield ReadingExample(example.id, question, question_lexicon.lang, context, context_lexicon.lang, start, end)


def _others(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """Question and passage in one language other than English."""
    for name, lang in QA_FILES.items():
        if lang != "en":
            yield from reading_examples(data, name)


def _aligned(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """Question and passage in any two languages: the parts of MLQA dev that may be trained on."""
    yield from aligned_examples(data, (0, 1))


def _cloze(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """Sentences with a word asked for, and their translations among others; see `train/cloze.py`."""
    for lang in LANGUAGES:
        if lang not in ("en", "bn", "te"):
            yield from cloze_examples(data, lang, 3_500, rng)


_READERS = {"english": _english, "switched": _switched, "others": _others, "aligned": _aligned, "cloze": _cloze}
