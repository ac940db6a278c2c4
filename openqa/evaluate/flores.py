"""FLORES devtest as sentence matching: a sentence in one language is asked for its translation among all of another.

R@1 is then the accuracy by which Tatoeba-style matching is reported. Read from sentence pairs with English, a file a
language: en-ar.tsv and its siblings, lines of "English, tab, translation, tab, source" (source: flores-devtest).
Source: Artetxe & Schwenk 2019 (arXiv:1812.10464), section 4.3, for the task; the set: NLLB Team 2022
(arXiv:2207.04672).
"""

from collections.abc import Sequence
from pathlib import Path

from openqa.errors import DataError
from openqa.evaluate.parallel import ParallelQA, Side
from openqa.files import read_tsv
from openqa.types import Passage, Question

LANGS = (
    "ar", "bn", "de", "el", "en", "es", "fa", "fi", "fr", "hi", "id", "it",
    "ja", "ko", "pt", "ro", "ru", "sw", "te", "th", "tr", "vi", "zh",
)  # fmt: skip
SOURCE = "flores-devtest"


def load_flores(folder: Path, langs: Sequence[str] = LANGS) -> ParallelQA:
    """Loads the sentences; one is a question in its own language and a passage in every one.

    Args:
        folder: holds en-ar.tsv and its siblings, .gz or not.
        langs: which languages to load; "en" is the English side of another's file.

    Raises:
        DataError: the folder or a file is missing, or a language has other sentences than the others.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the one that holds en-ar.tsv.gz and its siblings")
    translations = {lang: _translations(folder, lang) for lang in langs if lang != "en"}
    if "en" in langs:
        known = next(iter(translations.values()), None) or _translations(folder, LANGS[0])
        translations["en"] = {english: english for english in known}
    first = min(translations, default="en")
    order = sorted(translations.get(first, ()))
    for lang, found in translations.items():
        if found.keys() != set(order):
            raise DataError(f"{folder}: en-{lang} and en-{first} have other {SOURCE} sentences; take both from one set")
    return ParallelQA("flores-devtest", {lang: _side(translations[lang], order, lang) for lang in langs})


def _translations(folder: Path, lang: str) -> dict[str, str]:
    """The translation of every English sentence."""
    plain = folder / f"en-{lang}.tsv"
    packed = plain.with_name(plain.name + ".gz")
    path = packed if packed.is_file() else plain
    found = {english: other for _, (english, other, source) in read_tsv(path, 3) if source == SOURCE}
    if not found:
        raise DataError(f"{path}: no line of source {SOURCE}; lines of English, translation and source are needed")
    return found


def _side(translations: dict[str, str], order: Sequence[str], lang: str) -> Side:
    ids = [f"flores-{number}" for number in range(len(order))]
    texts = [translations[english] for english in order]
    passages = tuple(Passage(id, id, text, lang=lang) for id, text in zip(ids, texts, strict=True))
    questions = {id: Question(id, text, lang) for id, text in zip(ids, texts, strict=True)}
    return Side(passages, questions, {id: id for id in ids})
