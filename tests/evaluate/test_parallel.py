from openqa.evaluate.parallel import ParallelQA, Side
from openqa.types import Passage, Question

TEXTS = {"en": ("The capital is Paris.", "Paris"), "de": ("Die Hauptstadt ist Paris.", "Paris")}
SIDES = {
    lang: Side(
        (Passage(f"{lang}-1", f"{lang}-1", text, lang=lang),),
        {"q": Question("q", "?", lang, (answer,))} if lang == "en" else {},
        {"q": f"{lang}-1"},
    )
    for lang, (text, answer) in TEXTS.items()
}
DATA = ParallelQA("tiny", SIDES)


def test_documents_keep_ids_and_languages() -> None:
    """Of every language in order, or of those that are named."""
    assert [(document.id, document.lang) for document in DATA.documents()] == [("en-1", "en"), ("de-1", "de")]
    assert [(document.id, document.text) for document in DATA.documents("de")] == [("de-1", TEXTS["de"][0])]


def test_an_answer_is_right_where_its_language_has_the_question() -> None:
    """By MLQA's rules; German has no such question here."""
    assert DATA.is_right("q", "the Paris", "en")
    assert not DATA.is_right("q", "Rome", "en")
    assert not DATA.is_right("q", "Paris", "de")
