"""Question sets that exist in several languages at once, so that any language can be asked about any other.

A question id means the same question in every language; each language has its own passages and its own answers.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from openqa.errors import DataError, unknown_name
from openqa.evaluate.answers import is_right
from openqa.files import read_json
from openqa.types import Document, Passage, Qrels, Question


@dataclass(frozen=True, slots=True)
class Side:
    """One language of a parallel set.

    Attributes:
        passages: the pool of this language.
        questions: by id, with the answers as they stand in this language's passages.
        passage_ids: the passage that answers each question, by question id.
    """

    passages: tuple[Passage, ...]
    questions: Mapping[str, Question]
    passage_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ParallelQA:
    """A question set with a side for each language; a cell is a question language and a passage language.

    Attributes:
        name: for signatures, such as "xquad".
        sides: by language.
    """

    name: str
    sides: Mapping[str, Side]

    @property
    def langs(self) -> tuple[str, ...]:
        """The languages in order."""
        return tuple(self.sides)

    def select(self, langs: Sequence[str]) -> "ParallelQA":
        """Returns the set with some of its languages only.

        Raises:
            ConfigError: the set has not one of them.
        """
        for lang in langs:
            if lang not in self.sides:
                raise unknown_name("language", lang, self.sides)
        return replace(self, sides={lang: self.sides[lang] for lang in langs})

    def passages(self, lang: str) -> tuple[Passage, ...]:
        """Returns the pool of one language."""
        return self.sides[lang].passages

    def documents(self, *langs: str) -> Iterator[Document]:
        """Yields the pools as documents to index, one for each passage and with its id.

        Args:
            langs: whose pools; every language's when none is named.
        """
        for lang in langs or self.langs:
            for passage in self.passages(lang):
                yield Document(passage.id, passage.text, title=passage.title, lang=passage.lang)

    def is_right(self, question_id: str, answer: str, lang: str) -> bool:
        """Returns True if an answer found in one language's passages is right; not where that has no such question."""
        gold = self.sides[lang].questions.get(question_id)
        return gold is not None and is_right(answer, gold.answers, lang)

    def questions(self, question_lang: str, passage_lang: str, n: int | None = None, seed: int = 0) -> list[Question]:
        """Returns a cell's questions: asked in one language, with the answers of the other.

        Args:
            question_lang: language of the texts.
            passage_lang: language of the answers.
            n: keep a fixed sample of this many, or all when None or when there are fewer. It depends on ids and seed
                only, so cells that share questions share the sample.
            seed: another seed, another sample.
        """
        asked, answered = self.sides[question_lang].questions, self.sides[passage_lang].questions
        ids = [question_id for question_id in asked if question_id in answered]
        if n is not None:
            kept = set(sorted(ids, key=lambda question_id: _shuffled(question_id, seed))[:n])
            ids = [question_id for question_id in ids if question_id in kept]
        return [replace(asked[question_id], answers=answered[question_id].answers) for question_id in ids]

    def gold_passages(self, questions: Sequence[Question], passage_lang: str) -> list[Passage]:
        """Returns the passage of one language that answers each question."""
        side = self.sides[passage_lang]
        by_id = {passage.id: passage for passage in side.passages}
        return [by_id[side.passage_ids[question.id]] for question in questions]

    def qrels(self, questions: Sequence[Question], passage_lang: str) -> Qrels:
        """Returns the judgements of the questions over the pool of one language: one relevant passage each."""
        passage_ids = self.sides[passage_lang].passage_ids
        return {question.id: {passage_ids[question.id]: 1} for question in questions}


class Paragraph(NamedTuple):
    """One paragraph of a SQuAD file: its article's title, its number in the article from 0, its text, its questions."""

    title: str
    number: int
    text: str
    questions: tuple[Question, ...]


def read_paragraphs(path: Path, lang: str) -> Iterator[Paragraph]:
    """Yields the paragraphs of a SQuAD-format file, text untouched, every answer checked against its offset.

    Args:
        path: a .json or .json.gz file.
        lang: BCP 47, given to the questions.

    Raises:
        DataError: the file cannot be read, is not of SQuAD's form, or an answer does not stand at its offset.
    """
    record = read_json(path)
    try:
        for article in record["data"]:
            for number, paragraph in enumerate(article["paragraphs"]):
                text = paragraph["context"]
                questions = tuple(_question(path, text, entry, lang) for entry in paragraph["qas"])
                yield Paragraph(article["title"], number, text, questions)
    except (KeyError, TypeError) as error:
        missing = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise DataError(
            f"{path}: not of SQuAD's form ({missing}); data > paragraphs > qas > answers is needed"
        ) from error


def make_side(paragraphs: Sequence[Paragraph], passage_ids: Sequence[str], lang: str) -> Side:
    """Returns the side that some paragraphs make: each paragraph one passage, its article's title in the metadata.

    The title stays out of `Passage.title`, since XQuAD's titles are English in every language.

    Raises:
        DataError: a question id comes twice.
    """
    passages = []
    questions: dict[str, Question] = {}
    answered_by: dict[str, str] = {}
    for passage_id, paragraph in zip(passage_ids, paragraphs, strict=True):
        passages.append(
            Passage(passage_id, passage_id, paragraph.text, lang=lang, metadata={"article": paragraph.title})
        )
        for question in paragraph.questions:
            if question.id in questions:
                raise DataError(f'question id "{question.id}" comes twice in language "{lang}"; ids must be unique')
            questions[question.id] = question
            answered_by[question.id] = passage_id
    return Side(tuple(passages), questions, answered_by)


def _question(path: Path, text: str, entry: Mapping[str, Any], lang: str) -> Question:
    for answer in entry["answers"]:
        start = answer["answer_start"]
        if text[start : start + len(answer["text"])] != answer["text"]:
            raise DataError(
                f'{path}: question "{entry["id"]}": answer "{answer["text"]}" does not stand at offset {start} of its '
                f"passage; offsets are code points"
            )
    answers = tuple(dict.fromkeys(answer["text"] for answer in entry["answers"]))
    return Question(entry["id"], entry["question"], lang, answers)


def _shuffled(question_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{question_id}".encode()).digest()
