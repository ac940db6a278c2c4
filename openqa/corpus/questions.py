"""Questions from JSON Lines, TSV (`id<TAB>text`), plain text (one a line) or SQuAD files, and from a BEIR folder."""

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from openqa.corpus.jsonl import as_text, first_field, id_text, is_record, require_unicode
from openqa.corpus.squad import squad_questions
from openqa.errors import DataError
from openqa.files import display_name, json_type, parse_object, plain_suffix, read_lines, read_qrels
from openqa.types import Qrels, Question

_TEXT_FIELDS = ("text", "question", "query")
_Numbered: TypeAlias = tuple[int, Question]


def read_questions(path: str | Path, lang: str = "und") -> list[Question]:
    """Returns the questions of a file, in its order.

    The form is told by the suffix (.jsonl, .tsv, .txt, .json in SQuAD's form; each also with .gz), otherwise by the
    first line: one that starts with "{" is JSON Lines, one with a tab is TSV, all else is plain text. A question
    without an id is called by the number of its line.

    Args:
        path: the file; "-" is standard input.
        lang: the language of questions that do not name their own.

    Raises:
        DataError: the file cannot be read or holds no question, a question is empty, or an id stands twice; with
            path:line.
    """
    path = Path(path)
    lines = read_lines(path)
    first = next(lines, None)
    if first is None:
        raise DataError(f"{display_name(path)}: holds no questions; give a file with at least one")
    if plain_suffix(path.name) == ".json" and not is_record(first[1]):
        return [question for question, _ in squad_questions(path, lang)]
    parse = _parser(plain_suffix(path.name), first[1])
    return _distinct(_parsed(parse, first, lines, path, lang), path)


def read_beir_questions(folder: Path, split: str = "test", lang: str = "und") -> tuple[list[Question], Qrels]:
    """Returns the questions of a BEIR folder that one split judges, in the order of queries.jsonl, and the judgements.

    Args:
        folder: holds queries.jsonl (or .gz) and qrels/{split}.tsv.
        split: the name of the judgements, such as "test".
        lang: the language of the questions.

    Raises:
        DataError: a file is missing, or a judged question does not stand in queries.jsonl.
    """
    queries = folder / "queries.jsonl"
    questions = read_questions(queries if queries.exists() else folder / "queries.jsonl.gz", lang)
    qrels_path = folder / "qrels" / f"{split}.tsv"
    qrels = read_qrels(qrels_path)
    unknown = qrels.keys() - {question.id for question in questions}
    if unknown:
        raise DataError(f'{qrels_path}: question "{min(unknown)}" does not stand in {queries}; both must be of one set')
    return [question for question in questions if question.id in qrels], qrels


def _parsed(
    parse: Callable[[str, str, str], Question],
    first: tuple[int, str],
    rest: Iterator[tuple[int, str]],
    path: Path,
    lang: str,
) -> Iterator[_Numbered]:
    for number, line in chain([first], rest):
        where = f"{display_name(path)}:{number}"
        question = parse(line, where, lang)
        if not question.text.strip():
            raise DataError(f"{where}: the question is empty; write its text or take the line out")
        require_unicode(where, id=question.id, text=question.text, answers="".join(question.answers))
        yield number, question if question.id else replace(question, id=str(number))


def _distinct(numbered: Iterator[_Numbered], path: Path) -> list[Question]:
    lines: dict[str, int] = {}
    questions = []
    for number, question in numbered:
        if lines.setdefault(question.id, number) != number:
            raise DataError(
                f'{display_name(path)}:{number}: question id "{question.id}" stands in line {lines[question.id]} too; '
                f"every question needs its own id"
            )
        questions.append(question)
    return questions


def _parser(suffix: str, first_line: str) -> Callable[[str, str, str], Question]:
    if suffix == ".txt":
        return _from_text
    if suffix == ".tsv":
        return _from_tsv
    if suffix in (".jsonl", ".ndjson", ".json") or first_line.lstrip().startswith("{"):
        return _from_json
    return _from_tsv if "\t" in first_line else _from_text


def _from_text(line: str, where: str, lang: str) -> Question:
    return Question(id="", text=line.strip(), lang=lang)


def _from_tsv(line: str, where: str, lang: str) -> Question:
    fields = line.split("\t")
    if len(fields) != 2:
        raise DataError(f'{where}: a line is "id<TAB>question", found {len(fields)} tab-separated fields')
    return Question(id=id_text(fields[0], "id", where), text=fields[1].strip(), lang=lang)


def _from_json(line: str, where: str, lang: str) -> Question:
    record = parse_object(line, where)
    field = first_field(record, _TEXT_FIELDS)
    if field is None:
        found = ", ".join(json.dumps(name, ensure_ascii=False) for name in record) or "nothing"
        raise DataError(f'{where}: question has no "text", "question" or "query" (found: {found}); rename the field')
    text = record[field]
    if not isinstance(text, str):
        raise DataError(f'{where}: "{field}" is {json_type(text)}; a string is needed')
    id_name = first_field(record, ("id", "_id"))
    id = id_text(record[id_name], id_name, where) if id_name else ""
    own_lang = as_text(record.get("lang")).strip()
    return Question(id=id, text=text.strip(), lang=own_lang or lang, answers=_answers(record.get("answers"), where))


def _answers(value: Any, where: str) -> tuple[str, ...]:
    """Returns the gold answers, each once: of a string, a list, SQuAD's objects, or a list written as text (AfriQA)."""
    if isinstance(value, dict):
        value = value.get("text")
    items = _written_list(value) if isinstance(value, str) else [] if value is None else value
    if not isinstance(items, list):
        raise DataError(f'{where}: "answers" is {json_type(value)}; a list of strings is needed')
    texts = [item.get("text") if isinstance(item, dict) else item for item in items]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(texts):
        raise DataError(f'{where}: "answers" holds something other than strings; a list of strings is needed')
    return tuple(dict.fromkeys(text for text in known if text.strip()))


def _written_list(text: str) -> list[Any]:
    if text.startswith("[") and text.endswith("]"):
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
        return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else [text]
    return [text]
