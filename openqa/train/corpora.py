"""The shared training data as plain tuples: sentence pairs, word pairs, question-passage pairs, reading examples.

Layout and licences are those of the shared data folder's SOURCES.md. What is a benchmark there is not readable through
the functions that training uses: XQuAD, SQuAD dev and FLORES devtest not at all, MLQA dev only by the parts asked for.
"""

import gzip
import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openqa.corpus.mlqa import question_parts
from openqa.errors import DataError
from openqa.files import read_json

LANGUAGES = (
    "ar", "bn", "de", "el", "en", "es", "fa", "fi", "fr", "hi", "id", "it",
    "ja", "ko", "pt", "ro", "ru", "sw", "te", "th", "tr", "vi", "zh",
)  # fmt: skip
BENCHMARK_SOURCES = frozenset({"flores-devtest"})
QA_FILES = {
    "squad.en.train": "en",
    "jaquad.ja.train": "ja",
    "piaf.fr.train": "fr",
    "thquad.tr.train": "tr",
    "drcd.zh.train": "zh",
    "cmrc2018.zh.train": "zh",
    "pquad.fa.train": "fa",
    "arcd.ar.train": "ar",
    "arcd.ar.test": "ar",
    "tydiqa-goldp.en.train": "en",
    "tydiqa-goldp.sw.train": "sw",
    "tydiqa-goldp.ko.train": "ko",
    "tydiqa-goldp.id.train": "id",
    "iapp.th.train": "th",
}


@dataclass(frozen=True, slots=True)
class ReadingExample:
    """A question, the passage that answers it, and where: `context[start:end]` is the answer; -1 where none is."""

    id: str
    question: str
    question_lang: str
    context: str
    context_lang: str
    start: int
    end: int


def sentence_pairs(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    """Yields (english, other) sentence pairs of one language, benchmark sources left out.

    Args:
        data: the shared data folder.
        lang: language of the other side.

    Raises:
        DataError: the file is missing.
    """
    for english, other, source in _tsv(data / "parallel" / f"en-{lang}.tsv.gz"):
        if source not in BENCHMARK_SOURCES:
            yield english, other


def word_pairs(data: Path, lang: str) -> Iterator[tuple[str, str]]:
    """Yields (english, other) words and entity names of one language; nothing where there is no lexicon.

    Args:
        data: the shared data folder.
        lang: language of the other side.
    """
    path = data / "lexicon" / f"en-{lang}.tsv.gz"
    if path.exists():
        yield from ((english, other) for english, other, _ in _tsv(path))


def reading_examples(data: Path, name: str) -> Iterator[ReadingExample]:
    """Yields the examples of one extractive set, the first answer of each question.

    Args:
        data: the shared data folder.
        name: a key of `QA_FILES`.

    Raises:
        DataError: the file is missing, or an answer does not stand at its offset.
    """
    lang = QA_FILES[name]
    yield from squad_examples(data / "qa" / f"{name}.json.gz", lang, lang)


def squad_examples(
    path: Path,
    question_lang: str,
    context_lang: str,
    *,
    only: Collection[str] | None = None,
    unanswerable: bool = False,
) -> Iterator[ReadingExample]:
    """Yields the examples of a SQuAD-format file, the first answer of each question.

    Unlike `corpus.squad.read_squad` it keeps a question that stands twice: SQuAD's training set has 41 such, and
    without them every example after would be switched by other chances.

    Args:
        path: the file, .json or .json.gz.
        question_lang: language of its questions.
        context_lang: language of its passages.
        only: the question ids to read; all when None.
        unanswerable: yields questions without answers too, as SQuAD 2.0 has them, with -1 for start and end.

    Raises:
        DataError: the file cannot be read, is not of SQuAD's form, or has a question without an answer at its offset.
    """
    try:
        for article in read_json(path)["data"]:
            for paragraph in article["paragraphs"]:
                context = paragraph["context"]
                for item in paragraph["qas"]:
                    if only is None or item["id"] in only:
                        is_none = unanswerable and not item["answers"]
                        start, end = (-1, -1) if is_none else _first_span(item, context, path)
                        yield ReadingExample(
                            item["id"], item["question"], question_lang, context, context_lang, start, end
                        )
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: not of SQuAD's form; data > paragraphs > qas > answers is needed") from error


def _first_span(item: dict[str, Any], context: str, path: Path) -> tuple[int, int]:
    """Where the first answer of a question stands."""
    for answer in item["answers"]:
        start, text = answer["answer_start"], answer["text"]
        if not context.startswith(text, start):
            raise DataError(f'{path}: question "{item["id"]}": answer "{text}" does not stand at offset {start}')
        return start, start + len(text)
    raise DataError(f'{path}: question "{item["id"]}" has no answer; leave it out, or set unanswerable = true')


def aligned_examples(data: Path, parts: Collection[int]) -> Iterator[ReadingExample]:
    """Yields MLQA dev examples of every question and passage language, of the given parts of its article split.

    Parts 0 and 1 may be trained on; 2 selects models and 3 calibrates them (`corpus/mlqa.py`).

    Args:
        data: the shared data folder.
        parts: numbers within 0..3.

    Raises:
        DataError: a file is missing, or an answer does not stand at its offset.
    """
    yield from mlqa_examples(data / "qa" / "mlqa-dev", parts)


def mlqa_examples(folder: Path, parts: Collection[int]) -> Iterator[ReadingExample]:
    """Yields the examples of a folder of MLQA's files, of every question and passage language.

    Args:
        folder: holds dev-context-en-question-en.json.gz and its siblings.
        parts: of the article split, numbers within 0..3.

    Raises:
        DataError: a file is missing, or an answer does not stand at its offset.
    """
    part_of = question_parts(folder / "dev-context-en-question-en.json.gz")
    chosen = {id for id, part in part_of.items() if part in parts}
    for path in sorted(folder.glob("dev-context-*-question-*.json.gz")):
        _, _, context_lang, _, question_lang = path.name.split(".")[0].split("-")
        yield from squad_examples(path, question_lang, context_lang, only=chosen)


def vocabulary_texts(data: Path, characters: int) -> Iterator[str]:
    """Yields texts of every language, small languages repeated up to four times.

    Args:
        data: the shared data folder.
        characters: about how many of each language.
    """
    passages: dict[str, set[str]] = {lang: set() for lang in LANGUAGES}
    for name, lang in QA_FILES.items():
        for example in reading_examples(data, name):
            passages[lang].update((example.question, example.context))
    for lang in LANGUAGES:
        texts = sorted(passages[lang])
        if lang != "en":
            texts += [other for _, other in sentence_pairs(data, lang)] + [other for _, other in word_pairs(data, lang)]
        else:
            texts += [english for english, _ in sentence_pairs(data, "tr")]
        yield from _budget(texts, characters)


def running_texts(data: Path, lang: str, characters: int) -> Iterator[str]:
    """Yields questions, passages and sentences of a language in a mixed order that is always the same.

    Args:
        data: the shared data folder.
        lang: language code.
        characters: about how many.
    """
    named = {name for name, file_lang in QA_FILES.items() if file_lang == lang}
    examples = [example for name in sorted(named) for example in reading_examples(data, name)]
    texts = sorted({text for example in examples for text in (example.question, example.context)})
    side = 0 if lang == "en" else 1
    texts += [pair[side] for pair in sentence_pairs(data, "tr" if lang == "en" else lang)]
    random.Random(0).shuffle(texts)
    n = 0
    for text in texts:
        yield text
        n += len(text)
        if n > characters:
            return


def sample_sentences(data: Path, lang: str, n: int) -> list[str]:
    """Returns sentences of a language that have a translation, always the same ones.

    Args:
        data: the shared data folder.
        lang: language code.
        n: how many at most.
    """
    side = 0 if lang == "en" else 1
    sentences = [pair[side] for pair in sentence_pairs(data, "tr" if lang == "en" else lang)]
    return random.Random(1).sample(sentences, min(n, len(sentences)))


def _budget(texts: list[str], characters: int) -> Iterator[str]:
    """Yields every n-th text, or all of them up to four times, to come near a number of characters."""
    total = sum(map(len, texts))
    repeats = min(4, max(1, characters // max(total, 1)))
    step = max(1, round(total / characters))
    for _ in range(repeats):
        yield from texts[::step]


def _tsv(path: Path) -> Iterator[tuple[str, str, str]]:
    if not path.exists():
        raise DataError(f"{path}: no such file; point --data at the shared data folder")
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        for line in lines:
            english, other, source = line.rstrip("\n").split("\t")
            yield english, other, source
