"""What a retriever learns from, read from files of five forms into one record.

`jsonl`: one object a line with a query and the passage that answers it (WebFAQ's question and answer too), and, where
there are any, negatives, the teacher's scores and the answers. `squad`: SQuAD's JSON. `parallel`: English, a tab, its
translation. `nli`: premise, hypothesis, label. `sts`: two sentences and how alike they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from openqa.corpus.jsonl import first_field
from openqa.corpus.squad import read_squad
from openqa.errors import DataError
from openqa.files import display_name, json_type, read_jsonl, read_lines

QUERY_FIELDS = ("query", "question", "anchor")
PASSAGE_FIELDS = ("passage", "positive", "answer", "text")
NLI_FIELDS = (("premise", "sentence1"), ("hypothesis", "sentence2"), ("label", "gold_label"))
ENTAILMENT, CONTRADICTION = frozenset({"entailment", "0"}), frozenset({"contradiction", "2"})
HIGHEST_STS = 5.0  # of the published sets; scores are given out within [0, 1]


@dataclass(frozen=True, slots=True)
class RetrievalExample:
    """A query and a text that should lie near it.

    `scores` are what a teacher says of the passage and of each negative, or how alike two sentences are, alone.
    """

    query: str
    passage: str
    lang: str = "und"
    answers: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


def read_examples(path: Path, form: str, lang: str) -> Iterator[RetrievalExample]:
    """Yields the examples of a file.

    Args:
        path: the file; may end in .gz.
        form: a key of `FORMS`.
        lang: BCP 47, of lines that do not name their own language.

    Raises:
        DataError: the file is missing or damaged, or a line has not what the form needs.
    """
    yield from FORMS[form](path, lang)


def _jsonl(path: Path, lang: str) -> Iterator[RetrievalExample]:
    for number, record in read_jsonl(path):
        where = f"{display_name(path)}:{number}"
        query, passage = _text(record, QUERY_FIELDS, where), _text(record, PASSAGE_FIELDS, where)
        answers, negatives = (_texts(record, name, where) for name in ("answers", "negatives"))
        scores = _scores(record, where)
        if scores and len(scores) != 1 + len(negatives):
            needed = f"{1 + len(negatives)}, one for the passage and one for each negative, are needed"
            raise DataError(f"{where}: {len(scores)} scores; {needed}")
        yield RetrievalExample(query, passage, str(record.get("lang", lang)), answers, negatives, scores)


def _squad(path: Path, lang: str) -> Iterator[RetrievalExample]:
    found = read_squad(path, lang)
    texts = {document.id: document.text for document in found.documents}
    for asked in found.questions:
        if asked.question.answers:
            yield RetrievalExample(asked.question.text, texts[asked.document_id], lang, asked.question.answers)


def _parallel(path: Path, lang: str) -> Iterator[RetrievalExample]:
    for number, line in read_lines(path):
        fields = line.split("\t")
        if len(fields) < 2 or not all(field.strip() for field in fields[:2]):
            raise DataError(f"{display_name(path)}:{number}: English, a tab and its translation are needed")
        yield RetrievalExample(fields[0], fields[1], lang)


def _nli(path: Path, lang: str) -> Iterator[RetrievalExample]:
    """Each entailed hypothesis, with one that contradicts the same premise where there is one."""
    entailed, contradicting = defaultdict(list), defaultdict(list)
    for number, record in read_jsonl(path):
        where = f"{display_name(path)}:{number}"
        premise, hypothesis = (_text(record, names, where) for names in NLI_FIELDS[:2])
        label = str(record.get(first_field(record, NLI_FIELDS[2]) or "", "")).lower()
        if label in ENTAILMENT:
            entailed[premise].append(hypothesis)
        elif label in CONTRADICTION:
            contradicting[premise].append(hypothesis)
    for premise, hypotheses in entailed.items():
        against = contradicting[premise]
        for i, hypothesis in enumerate(hypotheses):
            negatives = (against[i % len(against)],) if against else ()
            yield RetrievalExample(premise, hypothesis, lang, negatives=negatives)


def _sts(path: Path, lang: str) -> Iterator[RetrievalExample]:
    for number, record in read_jsonl(path):
        where = f"{display_name(path)}:{number}"
        left, right = _text(record, ("sentence1",), where), _text(record, ("sentence2",), where)
        score = record.get("score")
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= HIGHEST_STS:
            raise DataError(f'{where}: "score" is {score!r}; a number within 0 and {HIGHEST_STS:g} is needed')
        yield RetrievalExample(left, right, lang, scores=(score / HIGHEST_STS,))


FORMS: Mapping[str, Callable[[Path, str], Iterator[RetrievalExample]]] = MappingProxyType(
    {"jsonl": _jsonl, "squad": _squad, "parallel": _parallel, "nli": _nli, "sts": _sts}
)


def _text(record: dict[str, Any], names: tuple[str, ...], where: str) -> str:
    name = first_field(record, names)
    value = record[name] if name else None
    if not isinstance(value, str) or not value.strip():
        found = ", ".join(f'"{key}"' for key in record) or "nothing"
        raise DataError(f"{where}: no text in {' or '.join(repr(name) for name in names)} (found: {found})")
    return value


def _texts(record: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    values = record.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise DataError(f'{where}: "{name}" is {json_type(values)}; a list of strings is needed')
    return tuple(values)


def _scores(record: dict[str, Any], where: str) -> tuple[float, ...]:
    values = record.get("scores", [])
    if not isinstance(values, list) or not all(isinstance(value, int | float) for value in values):
        raise DataError(f'{where}: "scores" is {json_type(values)}; a list of numbers is needed')
    return tuple(float(value) for value in values)
