"""Questions made from sentence pairs: a sentence with one word asked for, its translation among other sentences.

The word and its place in the translation come from the lexicon, or from a number that stands in both. It gives natural
text and true cross-lingual questions to languages without a set of their own.
Source of the idea: unsupervised question answering by cloze translation (Lewis et al. 2019, arXiv:1906.04980).
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import regex

from openqa.train.codeswitch import WORD, Lexicon, switch
from openqa.train.corpora import ReadingExample, sentence_pairs

WHAT = {
    "ar": "ماذا", "de": "was", "el": "τι", "en": "what", "es": "qué", "fa": "چه", "fi": "mikä", "fr": "quoi",
    "hi": "क्या", "id": "apa", "it": "cosa", "ja": "何", "ko": "무엇", "pt": "o quê", "ro": "ce", "ru": "что",
    "sw": "nini", "th": "อะไร", "tr": "ne", "vi": "gì", "zh": "什么",
}  # fmt: skip
UNSPACED = frozenset({"ja", "th", "zh"})
NUMBER = regex.compile(r"(?<![\w:./-])(?:\d[\d.,]*\d|\d)(?![\w:/-])")
N_COMMON = 100  # English words so frequent that no question asks for them
SHORTEST = 30  # characters of an English sentence; shorter ones say too little to be found again


def cloze_examples(data: Path, lang: str, limit: int, rng: random.Random) -> Iterator[ReadingExample]:
    """Yields questions over sentences of one language and over English ones, half of each.

    The question is in the other language of the pair; an English one is put into a third language half of the time.

    Args:
        data: the shared data folder.
        lang: a key of `WHAT` other than "en".
        limit: number of examples at most.
        rng: source of chance.
    """
    pairs = [pair for pair in sentence_pairs(data, lang) if len(pair[0]) >= SHORTEST]
    counts = Counter(word.lower() for english, _ in pairs for word in WORD.findall(english))
    common = {word for word, _ in counts.most_common(N_COMMON)}
    lexicon = Lexicon.read(data, lang)
    third = Lexicon.read(data, rng.choice([other for other in WHAT if other not in ("en", lang)]))
    n_made = 0
    for row in rng.sample(range(len(pairs)), len(pairs)):
        if n_made == limit:
            return
        english, other = pairs[row]
        spans = _aligned_spans(english, other, lexicon, common)
        if not spans:
            continue
        asked, answer = rng.choice(spans)
        distractors = [pairs[rng.randrange(len(pairs))] for _ in range(rng.randint(2, 6))]
        if n_made % 2:
            question, answer = _ask(other, answer, WHAT[lang]), asked
            question_lang, context_lang, side, text = lang, "en", 0, english
        else:
            question = _ask(english, asked, "how many" if english[asked[0]].isdigit() else "what")
            question_lang, context_lang, side, text = "en", lang, 1, other
            if rng.random() < 0.5:
                question, question_lang = switch(question, [third], 0.9, rng)[0], third.lang
        context, start = _among(text, [pair[side] for pair in distractors], rng)
        first, last = start + answer[0], start + answer[1]
        yield ReadingExample(f"cloze-{lang}-{row}", question, question_lang, context, context_lang, first, last)
        n_made += 1


def _aligned_spans(
    english: str, other: str, lexicon: Lexicon, common: set[str]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Words and numbers of the English sentence with their one place in the other."""
    found = []
    for match in WORD.finditer(english):
        word = match.group().lower()
        for translation in lexicon.translations.get(word, ()) if word not in common else ():
            place = _place(translation, other, lexicon.lang)
            if place is not None:
                found.append((match.span(), place))
                break
    numbers = {match.group(): match.span() for match in NUMBER.finditer(other)}
    found += [(m.span(), numbers[m.group()]) for m in NUMBER.finditer(english) if m.group() in numbers]
    return found


def _place(translation: str, other: str, lang: str) -> tuple[int, int] | None:
    """Where a translation stands in a sentence, only when it does so once; with its ending, where words have one."""
    if len(translation) < (2 if lang in UNSPACED else 4):
        return None
    if lang in UNSPACED:
        pattern = regex.escape(translation)
    else:
        stem = translation[: max(4, len(translation) - 2)]
        pattern = rf"(?<![\p{{L}}\p{{M}}]){regex.escape(stem)}[\p{{L}}\p{{M}}]*"
    places = [match.span() for match in regex.finditer(pattern, other, regex.IGNORECASE)]
    return places[0] if len(places) == 1 else None


def _ask(sentence: str, span: tuple[int, int], what: str) -> str:
    """The sentence as a question for what stands in the span."""
    return f"{sentence[: span[0]]}{what}{sentence[span[1] :]}".rstrip(" .!?。।؟") + "?"


def _among(text: str, others: list[str], rng: random.Random) -> tuple[str, int]:
    """The sentence at a chance place among others, and where it starts."""
    others = [other for other in others if other != text]
    at = rng.randint(0, len(others))
    before = "".join(f"{other} " for other in others[:at])
    return " ".join([before + text, *others[at:]]), len(before)
