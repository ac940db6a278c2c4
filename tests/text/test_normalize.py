import pytest

from openqa.text.normalize import answer_tokens, normalize_answer, squad_normalize, squad_tokens


@pytest.mark.parametrize(
    ("text", "lang", "expected"),
    [
        ("The U.S. Army", "en", "us army"),
        ("a  cat\tand\nthe dog", "en", "cat and dog"),
        ("other", "en", "other"),
        ("$5+", "en", "5"),
        ("€5", "en", "€5"),
        ("Los Ángeles de la Guarda", "es", "ángeles de guarda"),
        ("Der Bundestag des Landes", "de", "bundestag landes"),
        ("những cái bàn", "vi", "bàn"),
        ("«दिल्ली»।", "hi", "दिल्ली"),
        ("the book", "fr", "the book"),
        ("", "en", ""),
        ("...", "en", ""),
    ],
)
def test_mlqa_normalisation(text: str, lang: str, expected: str) -> None:
    """Case, Unicode and ASCII punctuation and the language's own articles go, symbols outside ASCII stay."""
    assert normalize_answer(text, lang) == expected


def test_arabic_article_goes_anywhere_in_a_word_as_in_the_official_script() -> None:
    """MLQA's pattern takes the letters of the article out of the middle of a word too, leaving a space."""
    assert normalize_answer("القاهرة", "ar") == "قاهرة"
    assert normalize_answer("مثال", "ar") == "مث"
    assert answer_tokens("خالد", "ar") == ["خ", "د"]


@pytest.mark.parametrize(
    ("dressed", "bare", "lang"), [("باريس؟", "باريس", "ar"), ("东京。", "东京", "zh"), ("दिल्ली।", "दिल्ली", "hi")]
)
def test_punctuation_of_other_scripts_is_punctuation(dressed: str, bare: str, lang: str) -> None:
    """FiD and contriever strip ASCII punctuation only and find these answers different."""
    assert normalize_answer(dressed, lang) == normalize_answer(bare, lang)


def test_chinese_is_cut_at_ideographs_and_nowhere_else() -> None:
    """MLQA's mixed segmentation: each ideograph is a token, Latin words and numbers stay whole."""
    assert answer_tokens("2008年的Beijing奥运会！", "zh-Hans") == ["2008", "年", "的", "beijing", "奥", "运", "会"]


def test_other_scripts_without_spaces_are_cut_into_characters_too() -> None:
    """Japanese, Thai, Lao, Khmer and Burmese answers overlap by characters, as Chinese ones do in MLQA."""
    assert answer_tokens("東京タワー", "ja") == ["東", "京", "タ", "ワ", "ー"]
    assert answer_tokens("ไทย 2023", "th") == ["ไ", "ท", "ย", "2023"]
    assert answer_tokens("ລາວ", "lo") == ["ລ", "າ", "ວ"]
    assert answer_tokens("ខ្មែ", "km") == ["ខ", "្", "ម", "ែ"]
    assert answer_tokens("မြန်", "my") == ["မ", "ြ", "န", "်"]


def test_turkish_i_is_lowered_as_turkish() -> None:
    """The dotted and the dotless i are two letters; elsewhere the usual lower case applies."""
    assert normalize_answer("IĞDIR İzmir", "tr") == "ığdır izmir"
    assert normalize_answer("IRAN", "en") == "iran"


def test_normalised_answers_are_fixed_points() -> None:
    """Normalising twice changes nothing more."""
    for text, lang in [("The a an U.S.", "en"), ("东京。", "zh"), ("Die Straße", "de"), ("İzmir'in", "tr")]:
        once = normalize_answer(text, lang)
        assert normalize_answer(once, lang) == once


def test_squad_normalisation_knows_ascii_and_english_only() -> None:
    """The official SQuAD 1.1 script: articles go after punctuation; other scripts stay as they are."""
    assert squad_normalize("The  Denver-Broncos, an AFC team.") == "denverbroncos afc team"
    assert squad_tokens("a.n. the") == []
    assert squad_normalize("东京。") == "东京。"
    assert squad_normalize("der Hund") == "der hund"
