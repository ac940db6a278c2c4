"""What the reader learns from, by kind: English sets, SQuAD put into other languages, other sets, aligned sets."""

import random
from collections.abc import Iterator
from pathlib import Path

from openqa.train.codeswitch import Lexicon, switch
from openqa.train.corpora import LANGUAGES, QA_FILES, ReadingExample, aligned_examples, reading_examples

EXAMPLE_KINDS = {"english": 0.32, "switched": 0.30, "others": 0.23, "aligned": 0.15}  # share of sequences


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
    """SQuAD with question and passage put word by word into other languages, the answer left as it is."""
    lexicons = [Lexicon.read(data, lang) for lang in LANGUAGES if lang not in ("en", "bn", "te")]
    for example in reading_examples(data, "squad.en.train"):
        question_lexicon, context_lexicon = rng.sample(lexicons, 2)
        question, _ = switch(example.question, [question_lexicon], 0.9, rng)
        share = rng.choice([0.0, 0.5, 0.8])
        answer = (example.start, example.end)
        context, (start, end) = switch(example.context, [context_lexicon], share, rng, keep=answer)
        yield ReadingExample(example.id, question, question_lexicon.lang, context, context_lexicon.lang, start, end)


def _others(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """Question and passage in one language other than English."""
    for name, lang in QA_FILES.items():
        if lang != "en":
            yield from reading_examples(data, name)


def _aligned(data: Path, rng: random.Random) -> Iterator[ReadingExample]:
    """Question and passage in any two languages: the parts of MLQA dev that may be trained on."""
    yield from aligned_examples(data, (0, 1))


_READERS = {"english": _english, "switched": _switched, "others": _others, "aligned": _aligned}
