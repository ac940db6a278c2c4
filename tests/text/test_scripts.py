import re
import sys
import unicodedata

import pytest

from openqa.text.scripts import pairs, spaceless_class, word_class


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("京", ("京",)),
        ("東京", ("東京", "東", "京")),
        ("タワー", ("タワ", "ワー")),
        ("대한민국", ("대한", "한민", "민국")),
        ("เมือง", ("เมือ", "อง")),
        ("ประเทศ", ("ประ", "ระเท", "เทศ")),
        ("ន", ("ន",)),
        ("ភ្នំពេញ", ("ភ្នំពេ", "ពេញ")),
        ("မြန်မာ", ("မြန်မာ",)),
        ("ລາວ", ("ລາວ",)),
        ("𠮷野", ("𠮷野", "𠮷", "野")),
    ],
)
def test_pairs(run: str, expected: tuple[str, ...]) -> None:
    """Characters in Han (also alone), Kana and Hangul, clusters with their vowels and marks in Thai and its kin."""
    assert pairs(run) == expected


def test_classes_divide_letters_marks_and_numbers() -> None:
    """A letter, mark or number of the first plane is in exactly one class, other visible characters in none.

    Above it this holds for letters that NFKC leaves alone.
    """
    word, spaceless = re.compile(f"[{word_class()}]"), re.compile(f"[{spaceless_class()}]")
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        kind = unicodedata.category(character)
        found = bool(word.match(character)) + bool(spaceless.match(character))
        if code < 0x10000:
            assert found == (kind[0] in "LMN") or kind == "Cf", f"U+{code:04X}"
        elif kind[0] == "L" and unicodedata.is_normalized("NFKC", character):
            assert found == 1, f"U+{code:04X}"
