"""MLQA dev: questions over Wikipedia in seven languages, aligned on average over four of them.

Source: Lewis et al. 2020 (arXiv:1910.07475), files as published: dev-context-ar-question-ar.json and its siblings.
Only the seven files with question and passage in one language are read: the other 42 repeat their questions and
passages, each for the ids that its two languages share.

Every question is in the English file, so its article's English title is known in every language. The titles part the
set into four, for training, selection and calibration without a common article: see `corpus/mlqa.py`.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from openqa.corpus.mlqa import part, parts_name
from openqa.errors import DataError
from openqa.evaluate.parallel import ParallelQA, make_side, read_paragraphs

LANGS = ("ar", "de", "en", "es", "hi", "vi", "zh")


def load_mlqa_dev(folder: Path, parts: Collection[int], langs: Sequence[str] = LANGS) -> ParallelQA:
    """Loads some parts of MLQA's dev set, by convention: 0 and 1 train, 2 select, 3 calibrates and fits weights.

    A passage's id is its language and its paragraph's number in the file, such as "mlqa-ar-17", the same for any
    parts; passages without a question of the parts are left out.

    Args:
        folder: holds dev-context-en-question-en.json and its siblings, .gz or not.
        parts: numbers from 0 to 3.
        langs: which languages to load.

    Raises:
        ValueError: a part is not 0, 1, 2 or 3.
        DataError: the folder or a file is missing, or not MLQA's.
    """
    name = f"mlqa-dev-{parts_name(parts)}"
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; give the one that holds dev-context-en-question-en.json (facebookresearch/MLQA)"
        )
    titles = {
        question.id: paragraph.title
        for paragraph in read_paragraphs(_path(folder, "en"), "en")
        for question in paragraph.questions
    }
    kept_ids = {question_id for question_id, title in titles.items() if part(title) in parts}
    sides = {}
    for lang in langs:
        kept = []
        for number, paragraph in enumerate(read_paragraphs(_path(folder, lang), lang)):
            questions = tuple(question for question in paragraph.questions if question.id in kept_ids)
            if questions:
                kept.append((f"mlqa-{lang}-{number}", paragraph._replace(questions=questions)))
        sides[lang] = make_side([paragraph for _, paragraph in kept], [passage_id for passage_id, _ in kept], lang)
    return ParallelQA(name, sides)


def _path(folder: Path, lang: str) -> Path:
    plain = folder / f"dev-context-{lang}-question-{lang}.json"
    packed = plain.with_name(plain.name + ".gz")
    return packed if packed.is_file() else plain
