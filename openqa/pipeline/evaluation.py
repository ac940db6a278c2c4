"""Measuring what is built here: an index for each passage language, and a reader on the passages that answer."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from openqa.corpus.squad import read_squad
from openqa.encode import load_encoder
from openqa.errors import ConfigError
from openqa.evaluate.matrix import Matrix
from openqa.evaluate.parallel import ParallelQA
from openqa.evaluate.retrieval import parse_measure
from openqa.evaluate.transfer import RETRIEVAL_MEASURES, Progress, evaluate_reading, evaluate_retrieval
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import Index, build
from openqa.read.reader import BatchReader
from openqa.types import Array, Encoder, Passage, Question, Ranking, Reader

_DEPTH = 10
_BATCH_QUESTIONS = 64


def retrieval_tables(
    data: ParallelQA,
    retrievers: Sequence[str],
    *,
    encoder: Encoder | None = None,
    measures: Sequence[str] = RETRIEVAL_MEASURES,
    n_questions: int | None = None,
    progress: Progress | None = None,
) -> dict[str, dict[str, Matrix]]:
    """Measures retrievers over one temporary index for each passage language, one passage a paragraph.

    Args:
        data: the question set.
        retrievers: such as "bm25", "dense", "hybrid"; at least one.
        encoder: for the dense part; the bundled one when None.
        measures: names such as "R@5", cutoffs up to 10.
        n_questions: a fixed sample of this many for each pair of languages; all when None.
        progress: called with pairs done and pairs in all, over all retrievers.

    Returns:
        For each retriever a matrix of question by passage language for each measure.

    Raises:
        ConfigError: a retriever or a measure is unknown, or its cutoff is above 10.
    """
    for measure in measures:
        if parse_measure(measure)[1] > _DEPTH:
            raise ConfigError(f'measure "{measure}" looks below rank {_DEPTH}; a cutoff of at most {_DEPTH} is needed')
    parts = ("bm25",) if set(retrievers) == {"bm25"} else ("bm25", "dense")
    config = IndexConfig(parts=parts, split="document")
    once = None if parts == ("bm25",) else EncodingOnce(encoder or load_encoder(config.encoder))
    tables = {}
    with tempfile.TemporaryDirectory(prefix="openqa-evaluate-") as folder:
        indexes = {
            lang: build(Path(folder) / lang, data.documents(lang), config=config, encoder=once) for lang in data.langs
        }
        for number, name in enumerate(retrievers):
            searches = {lang: partial(_search, index, name) for lang, index in indexes.items()}
            step = _shifted(progress, number, len(retrievers))
            tables[name] = evaluate_retrieval(searches, data, measures=measures, n_questions=n_questions, progress=step)
    return tables


def reading_tables(
    data: ParallelQA,
    reader: Reader,
    *,
    normalization: str = "squad",
    n_questions: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Matrix]:
    """Measures a reader, its best span for each question in the passage that answers it, however unsure it is.

    Args:
        data: the question set.
        reader: any.
        normalization: "squad" or "mlqa".
        n_questions: a fixed sample of this many for each pair of languages; all when None.
        progress: called with pairs done and pairs in all.

    Returns:
        A matrix of question by passage language for EM and for F1, from 0 to 100.
    """
    read = partial(best_spans, reader)
    return evaluate_reading(read, data, normalization=normalization, n_questions=n_questions, progress=progress)


def predict(
    path: Path,
    reader: Reader,
    *,
    lang: str = "und",
    question_lang: str | None = None,
    threshold: float = -np.inf,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Reads the passage of each question of a SQuAD-format file.

    Args:
        path: the file, .json or .json.gz.
        reader: any.
        lang: BCP 47, of the passages.
        question_lang: of the questions; that of the passages when None.
        threshold: a span of a lower score is no answer.
        progress: called with questions done and questions in all.

    Returns:
        Answer by question id; "" where there is none.

    Raises:
        DataError: the file cannot be read, or is not of SQuAD's form.
    """
    found = read_squad(path, lang, question_lang=question_lang)
    passages = {each.id: Passage(each.id, each.id, each.text, lang=lang) for each in found.documents}
    predictions: dict[str, str] = {}
    for start in range(0, len(found.questions), _BATCH_QUESTIONS):
        asked = found.questions[start : start + _BATCH_QUESTIONS]
        questions = [each.question for each in asked]
        texts = best_spans(reader, questions, [passages[each.document_id] for each in asked], threshold)
        predictions |= {question.id: text for question, text in zip(questions, texts, strict=True)}
        if progress:
            progress(len(predictions), len(found.questions))
    return predictions


def best_spans(
    reader: Reader, questions: Sequence[Question], passages: Sequence[Passage], threshold: float = -np.inf
) -> list[str]:
    """Returns the text of the best span for each question in its passage; "" where none reaches the threshold."""
    texts: list[str] = []
    for start in range(0, len(questions), _BATCH_QUESTIONS):
        asked = questions[start : start + _BATCH_QUESTIONS]
        shown = [[passage] for passage in passages[start : start + _BATCH_QUESTIONS]]
        if isinstance(reader, BatchReader):
            found = reader.read_many(asked, shown, 1)
        else:
            found = [reader.read(question, one, 1) for question, one in zip(asked, shown, strict=True)]
        texts.extend(spans[0].text if spans and spans[0].score >= threshold else "" for spans in found)
    return texts


class EncodingOnce:
    """An encoder that remembers questions: here each is asked of many indexes.

    Args:
        encoder: encodes what is new.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Array] = {}
        self.identity, self.dim = encoder.identity, encoder.dim
        self.encode_passages = encoder.encode_passages

    def encode_queries(self, texts: Sequence[str]) -> Array:
        """Unit rows for questions.

        Args:
            texts: B texts.

        Returns:
            (B, D) float32.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode_queries(new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self.dim)


def _search(index: Index, retriever: str, questions: Sequence[Question]) -> list[Ranking]:
    return index.search(questions, _DEPTH, retriever)


def _shifted(progress: Progress | None, number: int, n: int) -> Callable[[int, int], None] | None:
    """One retriever's progress as its share of that of all."""
    return None if progress is None else lambda done, total: progress(number * total + done, n * total)
