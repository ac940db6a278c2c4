import time

import pytest

from openqa.text.sentences import n_words, sentence_ends


def sentences(text: str, lang: str) -> list[str]:
    """The sentences between the ends."""
    ends = sentence_ends(text, lang)
    return [text[start:end].strip() for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ["Dr. Smith left the U.S. in 1990.", "He paid $3.14 to J. R. R. Tolkien.", "Really?", "Yes!"]),
        ("en", ['"Really?" he asked.', "(Indeed.)", "No. 5 is alive ... or not.", 'He said "stop."', "Then he went."]),
        ("en", ["It is in the U.S.", "The end."]),
        ("en", ["See e.g. Smith et al. 2001 at www.example.com for v. 2.5.", "Done…", "Good."]),
        ("de", ["Am 3. Oktober 1990 kam z. B. Herr Dr. Müller.", "Das war im Jahr 1990.", "Er sagte „nein.“", "Gut."]),
        ("fr", ["M. Dupont vit av. J.-C. à Rome.", "Où ?", "« Ici. »", "Il dit : « Oui ! ».", "Bien."]),
        ("es", ["¿Qué es?", "¡Hola!", "El Sr. López vive en EE. UU. Desde 1990.", "No . . .", "Sí."]),
        ("tr", ["II. Dünya Savaşı 1945'te bitti.", "5. Ordu geldi."]),
        ("ru", ["В 1917 г. В. И. Ленин, т.е. Ульянов, приехал.", "Потом он уехал."]),
        ("ar", ["هل هذا صحيح؟", "نعم. ", "د. أحمد هنا."]),
        ("ur", ["یہ ہے۔", "وہ ہے۔"]),
        ("hi", ["यह एक वाक्य है।", "डॉ. सिंह आए।", "दूसरा वाक्य॥"]),
        ("my", ["ဒီဟာက။", "ဟိုဟာက။"]),
        ("km", ["នេះ។", "នោះ។"]),
        ("am", ["ይህ ነው።", "ያ ነው።"]),
        ("el", ["Τι είναι αυτό;", "Ο κ. Παπαδόπουλος π.χ. ήρθε."]),
    ],
)
def test_sentences_with_spaces_between(lang: str, expected: list[str]) -> None:
    """Full stops end sentences unless they belong to an abbreviation, an initial, an ordinal or a number."""
    expected = [sentence.strip() for sentence in expected]
    assert sentences(" ".join(expected), lang) == expected


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("zh", ["他说：“你好。”", "然后走了。", "东京！", "是吗？", "3.14是π"]),
        ("ja", ["「え？」と言った。", "「そうです。」", "彼は行った。"]),
    ],
)
def test_sentences_without_spaces_between(lang: str, expected: list[str]) -> None:
    """Chinese and Japanese stops end sentences where they stand, after the closing quotation mark."""
    assert sentences("".join(expected), lang) == expected


def test_thai_phrases_end_at_spaces_between_thai_words() -> None:
    """Thai has no full stop; the space around a number or before a repetition sign is no boundary."""
    assert sentences("เขาไปโรงเรียน ในปี 1990 เขากลับบ้าน และต่าง ๆ", "th") == [
        "เขาไปโรงเรียน",
        "ในปี 1990 เขากลับบ้าน",
        "และต่าง ๆ",
    ]


def test_line_ends_are_sentence_ends() -> None:
    """Headings, list items and paragraphs end with their line; numbering belongs to its item."""
    assert sentences("Title\n1. First item\r\n2. Second item\n\n\nPara two. End", "en") == [
        "Title", "1. First item", "2. Second item", "Para two.", "End",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", []),
        ("  \n ", []),
        ("a", [1]),
        ("abc  ", [5]),
        ("a. ", [2]),
        ("Hi. You", [3, 7]),
        ("?", [1]),
        ("a\n\n", [1]),
    ],
)
def test_edges(text: str, ends: list[int]) -> None:
    """No end without text; the last end is the length of the text unless only blanks are left."""
    assert sentence_ends(text, "en") == ends


@pytest.mark.parametrize(
    "text", ["\n" * 100_000, " " * 100_000, "a. " * 50_000, "1. " * 50_000, "ก " * 50_000, "\"'" * 50_000]
)
def test_time_is_linear_in_the_text(text: str) -> None:
    """No input makes the rules look at the same characters again and again."""
    started = time.perf_counter()
    ends = sentence_ends(text, "en")
    assert time.perf_counter() - started < 5
    assert ends == sorted(set(ends))


@pytest.mark.parametrize(
    ("text", "lang", "words"),
    [
        ("", "en", 0),
        ("  ", "en", 0),
        ("one two  three", "en", 3),
        ("यह एक वाक्य है", "hi", 4),
        ("안녕 하세요", "ko", 2),
        ("北" * 17, "zh", 10),
        ("か" * 30, "ja", 10),
        ("ก" * 56, "th", 10),
        ("東" * 17 + "か" * 30 + " in Tokyo 2020", "ja", 23),
        ("北", "zh", 1),
    ],
)
def test_words_are_counted_in_every_script(text: str, lang: str, words: int) -> None:
    """Spaces count words; letters of scripts without spaces count as fractions of one."""
    assert n_words(text, lang) == words
