"""Every question language against every passage language: retrieval over each pool, reading of the gold passage.

What is measured comes in as plain functions, so anything that searches or reads can be measured.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from openqa.evaluate.answers import score_answers
from openqa.evaluate.matrix import Matrix
from openqa.evaluate.parallel import ParallelQA
from openqa.evaluate.results import Result
from openqa.evaluate.retrieval import parse_measure, score_run
from openqa.types import Passage, Question, Ranking

Search = Callable[[Sequence[Question]], Sequence[Ranking]]
Read = Callable[[Sequence[Question], Sequence[Passage]], Sequence[str]]
Progress = Callable[[int, int], None]
RETRIEVAL_MEASURES = ("R@1", "R@5", "RR@10")


def evaluate_retrieval(
    searches: Mapping[str, Search],
    data: ParallelQA,
    *,
    measures: Sequence[str] = RETRIEVAL_MEASURES,
    n_questions: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Matrix]:
    """Measures retrieval in each cell: questions of one language over the pool of another.

    Args:
        searches: for each passage language, what ranks its pool for a list of questions; rankings must reach the
            largest cutoff of the measures. Questions come without their answers.
        data: the question set.
        measures: names such as "R@5".
        n_questions: a fixed sample of this many for each cell; all when None.
        seed: of the sample.
        progress: called with cells done and cells in all.

    Returns:
        A matrix for each measure, from 0 to 1.

    Raises:
        ValueError: `searches` lacks a language of the data, or a search returns another number of rankings.
        ConfigError: a measure is unknown.
    """
    for name in measures:
        parse_measure(name)
    missing = [lang for lang in data.langs if lang not in searches]
    if missing:
        raise ValueError(f'no search for passages in "{missing[0]}"; the data has {", ".join(data.langs)}')
    results: dict[str, dict[tuple[str, str], Result]] = {name: {} for name in measures}
    for cell, questions in _cells(data, n_questions, seed, progress):
        rankings = searches[cell[1]]([_without_answers(question) for question in questions])
        if len(rankings) != len(questions):
            raise ValueError(f"the search gave {len(rankings)} rankings for {len(questions)} questions")
        run = {question.id: list(ranking) for question, ranking in zip(questions, rankings, strict=True)}
        qrels = data.qrels(questions, cell[1])
        for name, result in score_run(run, qrels, measures, lang=">".join(cell), data=data.name).items():
            results[name][cell] = result
    return {name: Matrix(cells) for name, cells in results.items()}


def evaluate_reading(
    read: Read,
    data: ParallelQA,
    *,
    normalization: str = "squad",
    n_questions: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Matrix]:
    """Measures reading in each cell: questions of one language, each with the passage of another that answers it.

    Args:
        read: gives one answer for each question and its passage; "" where it finds none. Questions come without
            their answers.
        data: the question set.
        normalization: "squad", XQuAD's own, or "mlqa".
        n_questions: a fixed sample of this many for each cell; all when None.
        seed: of the sample.
        progress: called with cells done and cells in all.

    Returns:
        "EM" and "F1", each from 0 to 100.

    Raises:
        ValueError: `read` returns another number of answers.
        ConfigError: the normalization is unknown.
    """
    results: dict[str, dict[tuple[str, str], Result]] = {"EM": {}, "F1": {}}
    for cell, questions in _cells(data, n_questions, seed, progress):
        passages = data.gold_passages(questions, cell[1])
        texts = read([_without_answers(question) for question in questions], passages)
        if len(texts) != len(questions):
            raise ValueError(f"the reader gave {len(texts)} answers for {len(questions)} questions")
        predictions = {question.id: text for question, text in zip(questions, texts, strict=True)}
        scored = score_answers(predictions, questions, lang=cell[1], normalization=normalization, data=data.name)
        for name, result in scored.items():
            results[name][cell] = result
    return {name: Matrix(cells) for name, cells in results.items()}


def _cells(
    data: ParallelQA, n_questions: int | None, seed: int, progress: Progress | None
) -> Iterator[tuple[tuple[str, str], list[Question]]]:
    if n_questions is not None and n_questions < 1:
        raise ValueError(f"n_questions is {n_questions}; it must be at least 1, or None for all")
    cells = [(question_lang, passage_lang) for question_lang in data.langs for passage_lang in data.langs]
    for done, cell in enumerate(cells):
        if progress:
            progress(done, len(cells))
        yield cell, data.questions(*cell, n_questions, seed)
    if progress:
        progress(len(cells), len(cells))


def _without_answers(question: Question) -> Question:
    return Question(question.id, question.text, question.lang)
