"""The bundled passages and questions: a small index in twelve languages, asked across them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from openqa.corpus.jsonl import jsonl_documents
from openqa.errors import IndexFolderError
from openqa.evaluate.answers import is_right
from openqa.files import read_jsonl
from openqa.index.generation import generation_numbers
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import Index, build, open_index
from openqa.types import Answer, Document, Encoder, Passage, Question

DEMO = Path(__file__).parent.parent / "demo"


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    """A question, its answers as they stand in the passages, and the passages that answer it."""

    question: Question
    passage_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a demo question: the best answer and the passage it stands in, None where nothing answered."""

    asked: DemoQuestion
    answer: Answer | None
    passage: Passage | None

    @property
    def is_correct(self) -> bool:
        """True when the answer stands in an accepted passage and its F1 against an expected one is at least 0.5."""
        if self.answer is None or self.passage is None or self.passage.id not in self.asked.passage_ids:
            return False
        return is_right(self.answer.text, self.asked.question.answers, self.passage.lang)


def demo_documents() -> list[Document]:
    """Returns the bundled passages, language by language."""
    return [document for path in sorted((DEMO / "passages").glob("*.jsonl")) for document in jsonl_documents(path)]


def demo_questions() -> list[DemoQuestion]:
    """Returns the 60 bundled questions, each in another language than its passage."""
    return [
        DemoQuestion(
            Question(record["id"], record["question"], record["lang"], tuple(record["answers"])),
            tuple(record["passage_ids"]),
        )
        for _, record in read_jsonl(DEMO / "questions.jsonl")
    ]


def one_of_each_language(questions: Sequence[DemoQuestion]) -> list[DemoQuestion]:
    """Returns the first question of every language, for a short tour."""
    firsts: dict[str, DemoQuestion] = {}
    for asked in questions:
        firsts.setdefault(asked.question.lang, asked)
    return list(firsts.values())


def demo_index(
    path: Path, *, encoder: Encoder | None = None, on_progress: Callable[[int], None] | None = None
) -> Index:
    """Builds the demo's index, or opens the one that is there; every passage keeps its id.

    Args:
        path: the index folder.
        encoder: instead of the bundled one.
        on_progress: as for `build`.

    Raises:
        IndexFolderError: the folder holds something else.
    """
    documents = demo_documents()
    if not generation_numbers(path):
        return build(path, documents, config=IndexConfig(split="document"), encoder=encoder, on_progress=on_progress)
    index = open_index(path, encoder=encoder)
    try:
        index.passage(documents[0].id)
    except KeyError as error:
        raise IndexFolderError(f'index "{path}" is not the demo\'s; give a new folder') from error
    return index


def outcome(index: Index, asked: DemoQuestion, answers: Sequence[Answer]) -> Outcome:
    """Returns what came of a question whose answers are known."""
    best = answers[0] if answers else None
    return Outcome(asked, best, index.passage(best.support[0].passage_id) if best else None)
