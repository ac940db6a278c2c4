"""Letters that are written in more than one way made one, and what an apostrophe means, per language.

All functions take a word in NFKC and folded case.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from openqa.text.scripts import INVISIBLE

WordFunction = Callable[[str], str]

# Characters that may stand inside a word, besides letters, marks and numbers.
INNER: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("az", "be", "en", "fr", "ga", "ha", "it", "sw", "tr", "uk", "uz"), "'"),
        "ca": "'·",
        "he": "'\"׳״",
        "yi": "'\"׳״",
    }
)
_JOINED = frozenset({"be", "ha", "he", "sw", "uk", "uz", "yi"})  # the mark is part of the word: ng'ombe, м'ята, צה"ל
_ELIDING = frozenset({"ca", "fr", "it"})  # what precedes the mark is another word, without its vowel: l'eau
_SUFFIXING = frozenset({"az", "tr"})  # what follows the mark is an ending: Ankara'nın
_ELISION = re.compile(r"\A(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|un|all|dall|dell|nell|sull|gl|quest|quell)'")

_POINTS = "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_VOWEL_SIGNS = "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06ed"
_DROPPED = re.compile(f"[{INVISIBLE}{_POINTS}{_VOWEL_SIGNS}]+|(?<=i)\u0307")


def clean(word: str) -> str:
    """Returns a word without invisible characters, Arabic vowel signs and tatweel, Hebrew points; its digits in ASCII.

    The dot that case folding leaves on the i of a foreign İstanbul goes as well.
    """
    if word.isascii():
        return word
    word = _DROPPED.sub("", word)
    if word.isalpha():
        return word
    return "".join(str(unicodedata.decimal(character, character)) for character in word)


def letter_steps(lang: str) -> tuple[WordFunction, ...]:
    """Returns what is done to a word of a language before it is stemmed, in order; `clean` is the first of all.

    Args:
        lang: a code of `LANGUAGES`, or any other string, for which it is `clean` only.
    """
    return (clean, *_apostrophe_step(lang), *_LETTERS.get(lang, ()))


def _apostrophe_step(lang: str) -> tuple[WordFunction, ...]:
    if lang in _JOINED:
        return (_substitution("['\"׳״ʼʻ]", ""),)
    if lang in _ELIDING:
        return (lambda word: _ELISION.sub("", word, count=1),)
    if lang in _SUFFIXING:
        return (lambda word: word.split("'", 1)[0],)
    return ()


def _translation(old: str, new: str) -> WordFunction:
    table = str.maketrans(old, new)
    return lambda word: word.translate(table)


def _substitution(pattern: str, replacement: str) -> WordFunction:
    compiled = re.compile(pattern)
    return lambda word: compiled.sub(replacement, word)


_VIETNAMESE_TONES = str.maketrans("àáảãạèéẻẽẹỳýỷỹỵ", "aaaaaeeeeeyyyyy")
_VIETNAMESE_GLIDES = {
    **dict(zip(("o" + vowel for vowel in "àáảãạèéẻẽẹ"), "òóỏõọòóỏõọ", strict=True)),
    **dict(zip(("u" + vowel for vowel in "ỳýỷỹỵ"), "ùúủũụ", strict=True)),
}


def _vietnamese_tone(word: str) -> str:
    """The tone mark of oa, oe and uy is written on either vowel: hoà and hòa are one word, quý is left alone."""
    glide = _VIETNAMESE_GLIDES.get(word[-2:])
    return word[:-2] + glide + word[-1].translate(_VIETNAMESE_TONES) if glide and word[0] != "q" else word


# A nasal consonant before another one is written as anusvara (हिन्दी and हिंदी are one word), the nukta left out.
_DEVANAGARI = (_translation("ँऑॉऍॅ", "ंआाएे"), _substitution("़", ""), _substitution("[ङञणनम]्(?=[क-ह])", "ं"))
_PERSIAN = (_translation("يىئكةۀأإ", "ییئکههاا"),)

_LETTERS: Mapping[str, tuple[WordFunction, ...]] = MappingProxyType(
    {
        "ar": (_translation("أإآٱىةكی", "اااايهكي"),),
        "be": (_translation("ё", "е"),),
        "fa": _PERSIAN,
        "hi": _DEVANAGARI,
        "mr": _DEVANAGARI,
        "ne": _DEVANAGARI,
        "ps": _PERSIAN,
        "ro": (_translation("şţ", "șț"),),
        "ru": (_translation("ё", "е"),),
        "ur": (_translation("يىكهۀةأإ", "ییکہہہاا"),),
        "vi": (_vietnamese_tone,),
    }
)
