"""What may be asked: checks that every way of asking shares, and the language where it is not given."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Integral

from openqa.errors import ConfigError
from openqa.text.identify import identify
from openqa.text.languages import UNDETERMINED
from openqa.types import Question

LONGEST_QUESTION = 10_000
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*")


def check_questions(questions: Sequence[Question], k: int) -> None:
    """Makes sure that questions can be asked.

    Args:
        questions: none blank, none longer than LONGEST_QUESTION characters: cutting one off would silently answer
            another question.
        k: how many results are wanted; at least 1.

    Raises:
        TypeError: something other than a Question is among them, or k is no whole number.
        ValueError: one is blank, too long or no valid Unicode, or k is below 1.
    """
    if isinstance(questions, str) or not isinstance(questions, Sequence):
        raise TypeError(
            f"questions must be a sequence of openqa.Question, got {type(questions).__name__}; "
            f"only OpenQA.ask takes a bare string"
        )
    if not isinstance(k, Integral):
        raise TypeError(f"k must be a whole number, got {type(k).__name__}: {k!r:.100}")
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    for question in questions:
        if not isinstance(question, Question):
            raise TypeError(f"questions must be of openqa.Question, got {type(question).__name__}: {question!r:.100}")
        if not question.text.strip():
            raise ValueError(f'question "{question.id}" is blank; ask something')
        if len(question.text) > LONGEST_QUESTION:
            raise ValueError(
                f'question "{question.id}" has {len(question.text):,} characters, at most {LONGEST_QUESTION:,} are '
                f"allowed; shorten it"
            )
        if not _is_unicode(question.text):
            raise ValueError(f'question "{question.id}" holds half a character; write it as UTF-8')


def with_languages(questions: Iterable[Question]) -> list[Question]:
    """Returns the questions, the language of those that name none identified."""
    return [
        question if is_known(question.lang) else replace(question, lang=identify(question.text))
        for question in questions
    ]


def check_language(lang: str) -> None:
    """Makes sure that a language is given as a tag: a name would silently be treated as a language without rules.

    Args:
        lang: BCP 47 in form, such as "tr" or "zh-Hant"; "_" for "-" is taken too.

    Raises:
        ConfigError: it is not.
    """
    if not _LANGUAGE_TAG.fullmatch(lang):
        raise ConfigError(
            f'lang is {json.dumps(lang, ensure_ascii=False)}; a BCP 47 tag such as "tr", or "und", is needed'
        )


def is_known(lang: str) -> bool:
    """True when a language is named."""
    return lang not in ("", UNDETERMINED)


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
