"""XQuAD: 240 paragraphs of SQuAD's dev set and their 1,190 questions, translated into 11 languages.

Source: Artetxe et al. 2020 (arXiv:1910.11856), files as published: xquad.ar.json and its siblings.
Texts stay as they are, a byte order mark at their beginning included, so that offsets are those of the files.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from openqa.corpus.mlqa import part, parts_name
from openqa.errors import DataError
from openqa.evaluate.parallel import ParallelQA, Side, make_side, read_paragraphs

LANGS = ("ar", "de", "el", "en", "es", "hi", "ro", "ru", "th", "tr", "vi", "zh")


def load_xquad(folder: Path, langs: Sequence[str] = LANGS, parts: Collection[int] | None = None) -> ParallelQA:
    """Loads XQuAD, or some parts of its articles.

    A passage's id is its article and its number in it, such as "Normans-0": the same in every language.

    Args:
        folder: holds xquad.ar.json and its siblings.
        langs: which languages to load.
        parts: some of 0 to 3, by the article's title as for MLQA (`corpus/mlqa.py`); all when None.

    Raises:
        ValueError: a part is not 0, 1, 2 or 3.
        DataError: the folder or a file is missing, or not XQuAD.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the one that holds xquad.en.json (google-deepmind/xquad)")
    name = "xquad" if parts is None else f"xquad-{parts_name(parts)}"
    sides = {lang: _load_side(folder / f"xquad.{lang}.json", lang, parts) for lang in langs}
    first = next(iter(sides), "")
    for lang, side in sides.items():
        if side.passage_ids != sides[first].passage_ids:
            raise DataError(
                f"{folder}: xquad.{lang}.json and xquad.{first}.json have other questions or paragraphs; "
                f"take both from one release"
            )
    return ParallelQA(name, sides)


def _load_side(path: Path, lang: str, parts: Collection[int] | None) -> Side:
    paragraphs = [
        paragraph for paragraph in read_paragraphs(path, lang) if parts is None or part(paragraph.title) in parts
    ]
    return make_side(paragraphs, [f"{paragraph.title}-{paragraph.number}" for paragraph in paragraphs], lang)
