"""Which language pairs of an aligned question set a reader is trained on.

Source: Carrino, Escolano & Fonollosa 2023 (arXiv:2309.17134), section 3.1, and its code's counts.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

LANGUAGES = ("en", "es", "de", "ar", "vi", "hi", "zh")


class Cell(NamedTuple):
    """One example: a question in one language with the passage, and so the answer, of another."""

    question_id: str
    question_lang: str
    passage_lang: str

    @property
    def id(self) -> str:
        """The example's id, `{question id}_{question language}-{passage language}`."""
        return f"{self.question_id}_{self.question_lang}-{self.passage_lang}"


def cross_lingual_cells(
    question_ids: Sequence[str], n_languages: int, *, langs: Sequence[str] = LANGUAGES, seed: int = 3
) -> list[Cell]:
    """Returns, for each question, all pairs of English and some other languages drawn at random.

    Args:
        question_ids: ids that mean the same question in every language; their order does not matter.
        n_languages: `ntl`, languages drawn beside English: every pair of them and English is an example. 0 stands for
            every language with itself; as many as there are others, or more, for all pairs.
        langs: English first, then the languages that are drawn from.
        seed: decides what is drawn.

    Raises:
        ValueError: n_languages is negative, English does not come first, or an id comes twice.
    """
    if n_languages < 0:
        raise ValueError(f"n_languages is {n_languages}; it must be at least 0")
    if not langs or langs[0] != "en" or len(set(langs)) < len(langs):
        raise ValueError(f"langs is {', '.join(langs)}; en first, and each once, is needed")
    if len(set(question_ids)) < len(question_ids):
        raise ValueError("a question id comes twice; ids must be unique")
    rng = random.Random(seed)
    others = sorted(langs[1:])
    cells = []
    for question_id in sorted(question_ids):
        if n_languages == 0:
            cells += [Cell(question_id, lang, lang) for lang in langs]
            continue
        drawn = ["en", *rng.sample(others, min(n_languages, len(others)))]
        cells += [Cell(question_id, asked, shown) for asked in drawn for shown in drawn]
    return cells
