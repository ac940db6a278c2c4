"""Answers brought into a form in which equal answers are equal strings: MLQA's rules and SQuAD's.

What is taken away is what the official scripts take away, in their order: case, punctuation, articles, spaces.
"""

import re
import string
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from openqa.text.languages import base_language

# As in MLQA's script, oddities included: in Arabic the letters of the article go wherever they stand.
_ARTICLES: Mapping[str, str] = MappingProxyType(
    {
        "ar": r"\sال^|ال",
        "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
        "en": r"\b(?:a|an|the)\b",
        "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
        "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    }
)
_DOTTED_I = frozenset({"az", "tr"})
# Where each character is a token; MLQA has the first line only.
_SEGMENTED: Mapping[str, str] = MappingProxyType(
    {
        "zh": "\u4e00-\u9fa5",
        "ja": "\u3005-\u3007\u3041-\u3096\u30a1-\u30fa\u30fc-\u30fe\u3400-\u9fff",
        "th": "\u0e01-\u0e4e",
        "lo": "\u0e81-\u0ece\u0edc-\u0edf",
        "km": "\u1780-\u17dd",
        "my": "\u1000-\u103f\u1050-\u108f\u109a-\u109f",
    }
)
_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalize_answer(text: str, lang: str) -> str:
    """Returns an answer in lower case, without punctuation and articles, its tokens joined by single spaces.

    Punctuation is every character of Unicode category P and the 32 of ASCII; articles go in ar, de, en, es and vi.
    Beyond MLQA: Turkish and Azerbaijani lower the dotted and the dotless i as they are written, and the languages of
    `answer_tokens` are cut into characters.

    Args:
        text: an answer.
        lang: BCP 47, the language of the passage that the answer stands in.

    Source: Lewis et al. 2020 (arXiv:1910.07475), mlqa_evaluation_v1.py.
    """
    return " ".join(answer_tokens(text, lang))


def answer_tokens(text: str, lang: str) -> list[str]:
    """Returns the tokens over which the F1 of an answer is counted.

    Tokens are what stands between spaces; in Chinese each ideograph is a token of its own (MLQA's mixed segmentation).
    MLQA has no Japanese, Thai, Lao, Khmer or Burmese: there each character of the language's script is a token too.

    Args:
        text: an answer.
        lang: BCP 47, the language of the passage that the answer stands in.
    """
    language = base_language(lang)
    if language in _DOTTED_I:
        text = text.replace("I", "ı").replace("İ", "i")
    bare = text.lower().translate(_punctuation())
    if language in _ARTICLES:
        bare = re.sub(_ARTICLES[language], " ", bare)
    if language in _SEGMENTED:
        bare = re.sub(f"([{_SEGMENTED[language]}])", r" \1 ", bare)
    return bare.split()


def squad_normalize(text: str) -> str:
    """Returns an answer in lower case, without ASCII punctuation and English articles, single spaces between tokens.

    For XQuAD and SQuAD figures that are to be compared with published ones; it leaves "东京。" as it is.

    Source: Rajpurkar et al. 2016 (arXiv:1606.05250), evaluate-v1.1.py.
    """
    return " ".join(squad_tokens(text))


def squad_tokens(text: str) -> list[str]:
    """Returns the tokens over which SQuAD's F1 is counted.

    Source: Rajpurkar et al. 2016 (arXiv:1606.05250), evaluate-v1.1.py.
    """
    return re.sub(r"\b(?:a|an|the)\b", " ", text.lower().translate(_ASCII_PUNCTUATION)).split()


@lru_cache(maxsize=1)
def _punctuation() -> dict[int, None]:
    """A translation that deletes MLQA's punctuation; category P has nothing above U+1FFFF."""
    marks = {code: None for code in range(0x20000) if unicodedata.category(chr(code)).startswith("P")}
    return marks | {ord(mark): None for mark in string.punctuation}
