"""Documents and questions of extractive reading sets in SQuAD's JSON form: SQuAD 1.1 and 2.0, XQuAD, MLQA and others.

A paragraph is a document. Its id is made from the article's title and the paragraph's text (`Warsaw-3f1a90c2b7d4`), so
it neither depends on the order of the file nor collides between languages; equal paragraphs are one document.
The text is kept as published, a stray U+FEFF at its start included, so that `answer_start` stays right.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openqa.corpus.jsonl import id_text, require_unicode
from openqa.errors import DataError
from openqa.files import display_name, json_type, read_json
from openqa.types import Document, Question


@dataclass(frozen=True, slots=True)
class SquadQuestion:
    """A question, the document that answers it, and where.

    `spans` are (start, end) in the document's text, only of answers that stand where the file says
    (`document.text[start:end]` is in `question.answers`), so it may be shorter than the answers, or empty.
    """

    question: Question
    document_id: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class SquadSet:
    """What one SQuAD file holds."""

    documents: tuple[Document, ...]
    questions: tuple[SquadQuestion, ...]


def read_squad(path: Path, lang: str = "und", *, question_lang: str | None = None) -> SquadSet:
    """Returns the documents and questions of a SQuAD file.

    A question that stands twice with the same id, text and document is kept once; another question under an id that is
    taken gets the id with "-2", "-3" ... added (TyDi QA's repackings number their questions anew in every article).

    Args:
        path: the file; may end in .gz.
        lang: the language of the passages.
        question_lang: the language of the questions; that of the passages by default.

    Raises:
        DataError: the file is not JSON in SQuAD's form, or holds no paragraph; the message names the place in it.
    """
    name = display_name(path)
    documents: dict[str, Document] = {}
    questions: dict[str, SquadQuestion] = {}
    for where, title, paragraph in _paragraphs(read_json(path), name):
        text = _field(paragraph, "context", str, where)
        document = documents.setdefault(text, _document(text, title, lang, where))
        for number, item in enumerate(_field(paragraph, "qas", list, where) if "qas" in paragraph else []):
            asked = _question(item, f"{where}.qas[{number}]", document, question_lang or lang)
            _put(questions, asked)
    if not documents:
        raise DataError(f"{name}: holds no paragraph; a SQuAD file with at least one is needed")
    return SquadSet(tuple(documents.values()), tuple(questions.values()))


def squad_documents(path: Path, lang: str = "und") -> Iterator[Document]:
    """Yields the paragraphs of a SQuAD file as documents, each distinct one once.

    Raises:
        DataError: as `read_squad`.
    """
    yield from read_squad(path, lang).documents


def squad_questions(path: Path, lang: str = "und") -> list[tuple[Question, str]]:
    """Returns the questions of a SQuAD file, each with the id of the document that answers it.

    With one passage a document (`whole`), that is the id of the passage too.

    Raises:
        DataError: as `read_squad`.
    """
    return [(asked.question, asked.document_id) for asked in read_squad(path, lang).questions]


def _paragraphs(content: Any, name: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yields (place in the file, title of the article, paragraph)."""
    for a, article in enumerate(_field(_mapping(content, name), "data", list, name)):
        where = f"{name}: data[{a}]"
        title = _mapping(article, where).get("title") or ""
        if not isinstance(title, str):
            raise DataError(f'{where}: "title" is {json_type(title)}; a string is needed')
        for p, paragraph in enumerate(_field(article, "paragraphs", list, where)):
            place = f"{where}.paragraphs[{p}]"
            yield place, title, _mapping(paragraph, place)


def _document(text: str, title: str, lang: str, where: str) -> Document:
    require_unicode(where, context=text, title=title)
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
    words = title.split()
    id = f"{'_'.join(words)}-{digest}" if words else digest
    spaced = title.replace("_", " ") if len(words) == 1 else title
    return Document(id=id, text=text, title=spaced.strip(), lang=lang)


def _question(item: Any, where: str, document: Document, lang: str) -> SquadQuestion:
    fields = _mapping(item, where)
    text = _field(fields, "question", str, where)
    found: dict[str, tuple[int, int] | None] = {}
    for number, answer in enumerate(fields.get("answers") or []):
        place = f"{where}.answers[{number}]"
        gold = _field(_mapping(answer, place), "text", str, place)
        if not gold.strip():
            continue
        start = answer.get("answer_start")
        stands = isinstance(start, int) and start >= 0 and document.text.startswith(gold, start)
        found[gold] = found.get(gold) or ((start, start + len(gold)) if stands else None)
    id = id_text(fields.get("id"), "id", where)
    require_unicode(where, id=id, question=text, answers="".join(found))
    question = Question(id=id, text=text, lang=lang, answers=tuple(found))
    return SquadQuestion(question, document.id, tuple(span for span in found.values() if span))


def _put(questions: dict[str, SquadQuestion], asked: SquadQuestion) -> None:
    id, n = asked.question.id, 1
    while id in questions:
        taken = questions[id]
        if (taken.question.text, taken.document_id) == (asked.question.text, asked.document_id):
            return
        n += 1
        id = f"{asked.question.id}-{n}"
    questions[id] = replace(asked, question=replace(asked.question, id=id))


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{where}: an object is needed, as in SQuAD's form, found {json_type(value)}")
    return value


def _field(fields: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    if not isinstance(fields.get(name), kind):
        needed = json_type(kind())
        found = json_type(fields[name]) if name in fields else f"{', '.join(map(repr, fields)) or 'nothing'}"
        raise DataError(f'{where}: no "{name}" that is {needed}, as in SQuAD\'s form (found: {found})')
    return fields[name]
