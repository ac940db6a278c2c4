"""Retrieval measures, pure functions over a ranking and the grades of its question.

The definitions are trec_eval's, the names ir-measures'. A question of the qrels that the run does not answer counts 0,
and so does one without a relevant passage; NaN, unsorted or repeated hits stop, since they mean a defect upstream.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from openqa.errors import unknown_name
from openqa.evaluate.results import Result, Signature
from openqa.types import Qrels, Ranking, Run

Measure = Callable[[Sequence[str], Mapping[str, int], int], float]


def recall(ids: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """R@k: the share of the relevant passages that stand among the first k."""
    relevant = {passage_id for passage_id, grade in grades.items() if grade > 0}
    return len(relevant.intersection(ids[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ids: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """RR@k: 1 / rank of the first relevant passage, 0 when it stands below rank k."""
    return next((1.0 / rank for rank, found in enumerate(ids[:k], start=1) if grades.get(found, 0) > 0), 0.0)


def success(ids: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """Success@k: 1 when a relevant passage stands among the first k, else 0."""
    return float(any(grades.get(found, 0) > 0 for found in ids[:k]))


def ndcg(ids: Sequence[str], grades: Mapping[str, int], k: int) -> float:
    """nDCG@k: sum over ranks r <= k of grade / log2(r + 1), divided by that of the ideal ranking.

    Source: Järvelin & Kekäläinen 2002, with the grade itself as gain, as trec_eval has it; grades below 0 gain 0.
    """
    ideal = _gain(sorted(grades.values(), reverse=True)[:k])
    return _gain([grades.get(found, 0) for found in ids[:k]]) / ideal if ideal else 0.0


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {"R": recall, "RR": reciprocal_rank, "nDCG": ndcg, "Success": success}
)


def parse_measure(name: str) -> tuple[Measure, int]:
    """Returns the function and the cutoff k that a name such as "R@5" stands for.

    Raises:
        ConfigError: the name is not a known measure with a cutoff of at least 1.
    """
    found = re.fullmatch(r"(\w+)@([1-9]\d*)", name)
    if not found or found[1] not in MEASURES:
        raise unknown_name("measure", name, (f"{measure}@k" for measure in MEASURES))
    return MEASURES[found[1]], int(found[2])


def score_run(
    run: Run, qrels: Qrels, measures: Sequence[str], *, lang: str = "mul>mul", data: str = "custom"
) -> dict[str, Result]:
    """Scores a run over every question of the qrels.

    Args:
        run: rankings by question id, scores never rising; questions that the qrels lack are ignored.
        qrels: grades by question id and passage id; above 0 is relevant.
        measures: names such as "R@5", "RR@10", "nDCG@10", "Success@20".
        lang: question language > passage language, for the signature.
        data: name of the data set, for the signature.

    Returns:
        A result for each measure, from 0 to 1.

    Raises:
        ValueError: the qrels are empty, run and qrels share no question, or a ranking has NaN, rising scores or
            a passage twice.
        ConfigError: a measure is unknown.
    """
    functions = {name: parse_measure(name) for name in measures}
    if run and not qrels.keys() & run.keys():
        raise ValueError(
            f'run and qrels share no question (run: "{next(iter(run))}", qrels: "{next(iter(qrels), "")}"); '
            f"are they of the same data?"
        )
    ids = tuple(qrels)
    rankings = [ranked_ids(question_id, run.get(question_id, [])) for question_id in ids]
    return {
        name: Result(
            Signature(name, data, "none", lang, len(ids)),
            ids,
            np.array(
                [measure(ranking, qrels[question_id], k) for question_id, ranking in zip(ids, rankings, strict=True)]
            ),
        )
        for name, (measure, k) in functions.items()
    }


def ranked_ids(question_id: str, ranking: Ranking) -> list[str]:
    """Returns the passage ids of a ranking in its own order.

    Raises:
        ValueError: a score is NaN or higher than the one before it, or a passage comes twice.
    """
    ids = [hit.passage_id for hit in ranking]
    if any(math.isnan(hit.score) for hit in ranking):
        raise ValueError(f'the ranking of question "{question_id}" has a NaN score')
    if any(after.score > before.score for before, after in pairwise(ranking)):
        raise ValueError(f'the ranking of question "{question_id}" is not sorted; scores must never rise')
    if len(set(ids)) < len(ids):
        twice = next(passage_id for passage_id in ids if ids.count(passage_id) > 1)
        raise ValueError(f'the ranking of question "{question_id}" has passage "{twice}" twice')
    return ids


def _gain(grades: Sequence[int]) -> float:
    return sum(max(0, grade) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))
