import pytest

from openqa.text.languages import LANGUAGES, base_language


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("tr", "tr"),
        ("TR", "tr"),
        ("zh-Hant-TW", "zh"),
        ("cmn", "zh"),
        ("pt_BR", "pt"),
        ("iw", "he"),
        ("tur", "tr"),
        ("nb", "no"),
        ("in", "id"),
        ("swh", "sw"),
        ("fil", "tl"),
        ("und", "und"),
        ("", "und"),
        (" de ", "de"),
        ("tlh", "tlh"),
    ],
)
def test_a_tag_leads_to_its_language(tag: str, language: str) -> None:
    """Regions, scripts, old and three-letter codes all lead to the code of the table; unknown codes stay."""
    assert base_language(tag) == language


def test_every_language_promised_is_in_the_table() -> None:
    """The languages of the first release have their own entry, each with an English name and a script."""
    promised = "ar bn de el en es fa fi fr he hi hu id it ja km ko my nl pl pt ro ru sv sw ta te th tr uk ur vi zh"
    assert set(promised.split()) <= set(LANGUAGES)
    assert all(language.code == code and language.name and language.script for code, language in LANGUAGES.items())


def test_a_code_of_the_table_is_its_own_base_language() -> None:
    """No alias shadows a language."""
    assert all(base_language(code) == code for code in LANGUAGES)
