"""Texts into the terms that bm25 counts, per language.

NFKC, case folding, words (marks kept inside them), then per word: the language's own normalisation and its stem.
Scripts without spaces between words, and Hangul, give overlapping pairs, mixed with ordinary words where those stand.
Left out: compounds are not split, numbers are cut at their separators, no synonyms.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

from openqa.errors import unknown_name
from openqa.text.languages import LANGUAGES, base_language
from openqa.text.letters import INNER, letter_steps
from openqa.text.scripts import pairs, spaceless_class, word_class
from openqa.text.stems import korean_noun, stemmer
from openqa.text.stopwords import STOP_WORDS

DEFAULT = "default"
VERSION = 1

Terms = tuple[str, ...]

_LONGEST_TERM = 64  # characters; the rest of a longer word is dropped
_LONGEST_REMEMBERED = 24  # characters; longer words seldom come again, nor do runs that give several terms
_MOST_REMEMBERED = 50_000  # words of a language, about 9 MB; beyond, the memory starts anew


class _TermsOfWord(dict[str, Terms]):
    """A bounded memory of what each word becomes; a dictionary, so that a known word costs one look-up."""

    def __init__(self, analyze: Callable[[str], Terms]) -> None:
        super().__init__()
        self._analyze = analyze

    def __missing__(self, word: str) -> Terms:
        terms = self._analyze(word)
        if len(word) <= _LONGEST_REMEMBERED and len(terms) < 2:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[word] = terms
        return terms


@dataclass(frozen=True, slots=True)
class Analyzer:
    """Turns texts into terms; name and version together say how, and stand in every index that was built with it."""

    name: str
    version: int
    _fold: Callable[[str], str] = field(repr=False, compare=False)
    _find_words: Callable[[str], list[str]] = field(repr=False, compare=False)
    _terms_of_word: _TermsOfWord = field(repr=False, compare=False)

    def terms(self, text: str) -> list[str]:
        """Returns the terms of a text in order, with repeats."""
        words = self._find_words(self._fold(text))
        return list(chain.from_iterable(map(self._terms_of_word.__getitem__, words)))


def analyzer_name(lang: str) -> str:
    """Returns the name of the analyzer for a BCP 47 tag, without loading it."""
    language = base_language(lang)
    return language if language in LANGUAGES else DEFAULT


def analyzer(lang: str) -> Analyzer:
    """Returns the analyzer for a BCP 47 tag; a language without its own gets the default one."""
    return _load(analyzer_name(lang))


def analyzer_by_name(name: str) -> Analyzer:
    """Returns the analyzer of that name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name != DEFAULT and name not in LANGUAGES:
        raise unknown_name("analyzer", name, [DEFAULT, *LANGUAGES])
    return _load(name)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    return text.casefold().replace("’", "'")


def _fold_turkic(text: str) -> str:
    return _fold(unicodedata.normalize("NFKC", text).replace("I", "ı").replace("İ", "i"))


def _fold_persian(text: str) -> str:
    """As the others, and the joiner that keeps the parts of a word apart becomes a space."""
    return _fold(text.replace("\u200c", " "))


@cache
def _load(name: str) -> Analyzer:
    fold = {"az": _fold_turkic, "tr": _fold_turkic, "fa": _fold_persian}.get(name, _fold)
    return Analyzer(name, VERSION, fold, _word_pattern(INNER.get(name, "")).findall, _TermsOfWord(_word_analysis(name)))


@cache
def _word_pattern(inner: str) -> re.Pattern[str]:
    """Runs of a script without spaces, or words, which the inner characters join."""
    word = f"[{word_class()}]+"
    if inner:
        word = f"{word}(?:[{re.escape(inner)}]{word})*"
    return re.compile(f"{word}|[{spaceless_class()}]+")


def _word_analysis(name: str) -> Callable[[str], Terms]:
    steps = letter_steps(name)
    stem = stemmer(name)
    stop_words = STOP_WORDS.get(name, frozenset())
    is_spaceless = re.compile(f"[{spaceless_class()}]").match

    def analyze(word: str) -> Terms:
        if is_spaceless(word):
            return pairs(korean_noun(word) if name == "ko" else word)
        if word in stop_words:
            return ()
        word = word[:_LONGEST_TERM]
        for step in steps:
            word = step(word)
        return (stem(word),) if word else ()

    return analyze
