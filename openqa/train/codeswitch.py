"""Code-switching: English words replaced by dictionary translations, so that one text trains many languages.

Source: CoSDA-ML (Qin et al. 2020, arXiv:2006.06402). Only single words are looked up, with a light English
stemming where the inflected form is not in the dictionary.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import regex

from openqa.train.corpora import sentence_pairs, word_pairs

WORD = regex.compile(r"\p{L}[\p{L}\p{M}]*")
LATIN = frozenset({"de", "es", "fi", "fr", "id", "it", "pt", "ro", "sw", "tr", "vi"})
# the lexicons hold usage notes, patterns and other scripts, too
IN_LATIN = regex.compile(r"[\p{Latin}\p{M}'’ -]+")
IN_OTHER_SCRIPT = regex.compile(r"[[\p{L}--\p{Latin}]\p{M}'’ \u200c\u200d-]+", regex.V1)
SEEN_OFTEN = 10  # sentence pairs with a word that none of its translations shares: they are no everyday translations
SUFFIXES = (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("d", ""))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """English words with their translations in one language."""

    lang: str
    translations: dict[str, list[str]]

    @classmethod
    def read(cls, data: Path, lang: str) -> "Lexicon":
        """Returns the lexicon of `lang` from the shared data folder, single English words only.

        The translations that share most sentence pairs with their word come first; notes and patterns are left out.

        Args:
            data: the shared data folder.
            lang: language of the translations.

        Raises:
            DataError: the sentence pairs of the language are missing.
        """
        form = IN_LATIN if lang in LATIN else IN_OTHER_SCRIPT
        shared: dict[str, dict[str, int]] = {}
        for english, other in word_pairs(data, lang):
            if " " not in english and len(other) <= 30 and form.fullmatch(other):
                shared.setdefault(english.lower(), {})[other] = 0
        seen: Counter[str] = Counter()
        for english, other in sentence_pairs(data, lang) if shared else ():
            other = other.lower()
            for word in set(WORD.findall(english.lower())):
                seen[word] += 1
                for translation in shared.get(word, ()):
                    shared[word][translation] += translation.lower() in other
        translations = {}
        for word, counts in shared.items():
            least = 1 if seen[word] >= SEEN_OFTEN else 0
            translations[word] = sorted((t for t in counts if counts[t] >= least), key=lambda t: -counts[t])
        return cls(lang, {word: found for word, found in translations.items() if found})

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
    text: str, lexicons: Sequence[Lexicon], share: float, rng: random.Random, *, span: tuple[int, int] = (0, 0)
) -> tuple[str, tuple[int, int]]:
    """Replaces words of an English text, each by its translation into one of several languages.

    Args:
        text: English text.
        lexicons: the languages to mix; one lexicon translates the whole text into one language.
        share: probability that a word is looked up.
        rng: source of chance.
        span: half-open range of characters to follow through, such as the answer. Its words are replaced like any
            other: an answer left in English would give itself away.

    Returns:
        The new text, and where the span stands in it; a replaced word that the span cuts through is taken in whole.
    """
    pieces: list[str] = []
    copied, length = 0, 0
    start, end = span
    moved_start, moved_end = start, end
    for match in WORD.finditer(text):
        new = rng.choice(lexicons).translate(match.group(), rng) if rng.random() < share else None
        if new is None:
            continue
        pieces += [text[copied : match.start()], new]
        length += match.start() - copied + len(new)
        copied = match.end()
        if match.start() <= start < match.end():
            moved_start = length - len(new)
        elif match.end() <= start:
            moved_start = start + length - copied
        if match.start() < end <= match.end():
            moved_end = length
        elif match.end() <= end:
            moved_end = end + length - copied
    return "".join([*pieces, text[copied:]]), (moved_start, moved_end)
