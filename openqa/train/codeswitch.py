"""Code-switching: English words replaced by dictionary translations, so that one text trains many languages.

Source: CoSDA-ML (Qin et al. 2020, arXiv:2006.06402). Only single words are looked up, with a light English
stemming where the inflected form is not in the dictionary.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from openqa.train.corpora import word_pairs

WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
SUFFIXES = (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("d", ""))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """English words with their translations in one language."""

    lang: str
    translations: dict[str, list[str]]

    @classmethod
    def read(cls, data: Path, lang: str) -> "Lexicon":
        """Returns the lexicon of `lang` from the shared data folder, single English words only.

        Args:
            data: the shared data folder.
            lang: language of the translations.
        """
        translations: dict[str, list[str]] = {}
        for english, other in word_pairs(data, lang):
            if " " not in english and len(other) <= 30:
                translations.setdefault(english.lower(), []).append(other)
        return cls(lang, translations)

    def translate(self, word: str, rng: random.Random) -> str | None:
        """Returns one translation of an English word, or None when neither it nor its stem is known.

        Args:
            word: an English word in any case.
            rng: chooses among the first three translations.
        """
        lower = word.lower()
        found = self.translations.get(lower)
        for suffix, ending in SUFFIXES if found is None else ():
            if lower.endswith(suffix) and len(lower) - len(suffix) >= 3:
                found = self.translations.get(lower[: -len(suffix)] + ending)
                if found is not None:
                    break
        return rng.choice(found[:3]) if found else None


def switch(
    text: str, lexicons: Sequence[Lexicon], share: float, rng: random.Random, *, keep: tuple[int, int] = (0, 0)
) -> tuple[str, tuple[int, int]]:
    """Replaces words of an English text, each by its translation into one of several languages.

    Args:
        text: English text.
        lexicons: the languages to mix; one lexicon translates the whole text into one language.
        share: probability that a word is looked up.
        rng: source of chance.
        keep: half-open span of characters that stays as it is, such as the answer.

    Returns:
        The new text, and where the kept span stands in it.
    """
    pieces: list[str] = []
    copied, length = 0, 0
    start, end = keep
    moved_start, moved_end = start, end
    for match in WORD.finditer(text):
        outside = match.end() <= start or match.start() >= end
        new = rng.choice(lexicons).translate(match.group(), rng) if outside and rng.random() < share else None
        if new is None:
            continue
        pieces += [text[copied : match.start()], new]
        length += match.start() - copied + len(new)
        copied = match.end()
        if match.end() <= start:
            moved_start, moved_end = start + length - copied, end + length - copied
    return "".join([*pieces, text[copied:]]), (moved_start, moved_end)
