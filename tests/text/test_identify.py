import json
import os
from pathlib import Path

import pytest

from openqa.text.identify import identify, main_script
from openqa.text.languages import LANGUAGES

DATA = Path(os.environ.get("OPENQA_DATA") or "../shared/data")


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Who wrote this book?", "en"),
        ("Kitabı kim yazdı?", "tr"),
        ("من كتب هذا الكتاب؟", "ar"),
        ("این کتاب را چه کسی نوشته است؟", "fa"),
        ("Кто написал эту книгу?", "ru"),
        ("Хто написав цю книгу?", "uk"),
        ("यह किताब किसने लिखी?", "hi"),
        ("Nani aliandika kitabu hiki?", "sw"),
        ("이 책은 누가 썼습니까?", "ko"),
        ("ใครเขียนหนังสือเล่มนี้", "th"),
        ("東京はどこですか", "ja"),
        ("カナダ", "ja"),
        ("北京在哪里？", "zh"),
        ("Ποιος έγραψε το βιβλίο;", "el"),
        ("מי כתב את הספר?", "he"),
        ("এই বইটি কে লিখেছেন?", "bn"),
        ("ဒီစာအုပ်ကို ဘယ်သူရေးတာလဲ", "my"),
    ],
)
def test_short_questions(text: str, lang: str) -> None:
    """A question of a few words is enough."""
    assert identify(text) == lang


@pytest.mark.parametrize("text", ["", "   \n", "1984", "?!…", "😀", "Ⅷ", "\x00"])
def test_what_has_no_language_is_undetermined(text: str) -> None:
    """Digits, punctuation and nothing at all are of no language."""
    assert identify(text) == "und"


def test_foreign_names_do_not_outweigh_the_script() -> None:
    """A Thai question about Latin names is Thai, a Japanese one with a single kana Japanese."""
    assert identify("Bruno Mars และ Beyoncé ร้องเพลงอะไร") == "th"
    assert main_script("東京の人口") == "Hiragana"
    assert main_script("abc") == "Latin"
    assert main_script("") == ""


def test_line_ends_and_long_texts_are_taken() -> None:
    """The model refuses line ends and stops at 80 characters by itself; neither may show."""
    assert identify("Wer schrieb\ndieses\r\nBuch?") == "de"
    assert identify("x " * 50 + "Dies ist ein langer deutscher Satz über die Geschichte der Stadt. " * 1000) == "de"


@pytest.mark.data
@pytest.mark.parametrize("lang", ["ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh"])
def test_xquad_questions(lang: str) -> None:
    """At least 97 of 100 questions of XQuAD are told right, in every language."""
    path = DATA / "qa" / "xquad" / f"xquad.{lang}.json"
    if not path.exists():
        pytest.skip(f"{path} is missing; set OPENQA_DATA to the shared data folder")
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    questions = [qa["question"] for article in articles for p in article["paragraphs"] for qa in p["qas"]]
    right = sum(identify(question) == lang for question in questions[::4])
    assert right / len(questions[::4]) >= 0.97
    assert lang in LANGUAGES
