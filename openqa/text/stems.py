"""Words to stems: Snowball where it has an algorithm that helps, else light stemmers of our own.

Ours take off the commonest prefixes and endings only. Those of ar, ko, sw and tr were chosen by
`scripts/benchmark_analysis.py`; those of bn, he, te and uk, for which there is no data here, keep to what light
stemmers of these languages agree on. All functions take a word in NFKC and folded case.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from openqa.text.languages import LANGUAGES
from openqa.text.letters import WordFunction


def stemmer(lang: str) -> WordFunction:
    """Returns the function from a word to its stem; the word itself where nothing is known about the language.

    Args:
        lang: a code of `LANGUAGES`, or any other string.
    """
    if lang in _OWN:
        return _OWN[lang]
    language = LANGUAGES.get(lang)
    if language is None or not language.stemmer:
        return str
    import Stemmer

    stem: WordFunction = Stemmer.Stemmer(language.stemmer, 0).stemWord
    return stem


def without_ending(word: str, endings: tuple[str, ...], least: int) -> str:
    """Returns a word without the first of the endings that leaves at least so many characters."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)]
    return word


def korean_noun(word: str) -> str:
    """Returns a Korean word without its particle, copula or verb ending, where two syllables stay."""
    return without_ending(word, _KOREAN, 2)


def _endings(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split(), key=lambda ending: (-len(ending), ending)))


def _light(text: str, least: int) -> WordFunction:
    """The stemmer that takes off the longest of the endings that leaves at least so many characters."""
    endings = _endings(text)
    return lambda word: without_ending(word, endings, least)


_ARABIC_PREFIXES = ("وبال", "ولل", "وال", "بال", "كال", "فال", "لل", "ال", "و", "ب", "ل")
_ARABIC_ENDINGS = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


def _arabic(word: str) -> str:
    """One prefix, then each ending once. Source: after light10, Larkey et al. 2002 (SIGIR)."""
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= (3 if len(prefix) == 1 else 2):
            word = word[len(prefix) :]
            break
    for ending in _ARABIC_ENDINGS:
        word = without_ending(word, (ending,), 2)
    return word


def _hebrew(word: str) -> str:
    """The conjunction and the article taken off, where three letters stay."""
    for prefix in "וה":
        if len(word) > 3:
            word = word.removeprefix(prefix)
    return word


_SWAHILI_VERB = re.compile(
    r"\A(?:ni|u|a|tu|m|wa|i|li|ya|ki|vi|zi|ku|pa)(?:na|li|ta|me)(?:ye|o|cho|vyo|lo|yo|zo)?(?=.{4})"
)


def _swahili(word: str) -> str:
    """A verb without its subject, tense and relative prefixes: alizaliwa, waliozaliwa -> zaliwa."""
    return _SWAHILI_VERB.sub("", word)


def _turkish(word: str) -> str:
    """The first six letters. Source: fixed prefixes do as well as a lemmatiser, Can et al. 2008 (JASIST 59)."""
    return word[:6]


_BENGALI = """
গুলোতে গুলিতে গুলোকে গুলিকে গুলোর গুলির গুলো গুলি দের টির টার টিকে টাকে টিতে টি টা রা কে তে ের য়ের র ে
"""
_TELUGU = "లతో లలో లకు లను లు డు తో లో కు ను ల ని కి వు"
_UKRAINIAN = """
ями ами ові еві єві ого ому ими ій ої ою ею єю ах ях ів їв ам ям ом ем єм ий ім їм им их іх їх а я о е у ю и і ї є ь й
"""
# Particles; the copula; the verbs hada and doeda, which make verbs of nouns.
_KOREAN = _endings("""
은 는 이 가 을 를 의 에 에서 에게 에게서 께서 와 과 도 로 으로 으로서 으로써 로서 로써 만 부터 까지 보다 처럼 이나 나
이란 란 이라는 라는 이라고 라고 에는 에서는 에도 으로는 로는 에서의 으로부터 로부터 들 들은 들이 들을 들의 들에게 과의
와의 마다 조차 밖에 뿐
이다 이었다 였다 입니다 인 인가 인가요 이며 이고 이자 일까 였는가 이었는가 이었나 였나
하다 했다 하는 한 할 하고 하여 해 하며 하기 했던 하였다 되다 됐다 되는 된 될 되고 되어 되며 되었다 하였는가 했는가
되었는가 하는가 했나 하였나 되었나
""")

_OWN: Mapping[str, WordFunction] = MappingProxyType(
    {
        "ar": _arabic,
        "bn": _light(_BENGALI, 2),
        "he": _hebrew,
        "sw": _swahili,
        "te": _light(_TELUGU, 2),
        "tr": _turkish,
        "uk": _light(_UKRAINIAN, 3),
    }
)
