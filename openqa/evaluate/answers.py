"""EM and F1 of answers, by SQuAD's script or by MLQA's, from 0 to 100 as the scripts print them.

Sources: evaluate-v1.1.py (Rajpurkar et al. 2016, arXiv:1606.05250), also XQuAD's and TyDi QA's measure;
mlqa_evaluation_v1.py (Lewis et al. 2020, arXiv:1910.07475); questions without an answer as evaluate-v2.0.py (Rajpurkar
et al. 2018, arXiv:1806.03822).
SQuAD's rules know spaces only, so in Chinese and Thai F1 is close to EM; published XQuAD figures are like that.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from openqa.errors import unknown_name
from openqa.evaluate.results import Result, Signature
from openqa.text.normalize import normalize_answer, squad_normalize
from openqa.types import Question

RIGHT_F1 = 0.5
Normalizer = Callable[[str, str], str]
# Answer and language to tokens joined by spaces.
NORMALIZERS: Mapping[str, Normalizer] = MappingProxyType(
    {"squad": lambda text, lang: squad_normalize(text), "mlqa": normalize_answer}
)


def score_answers(
    predictions: Mapping[str, str],
    questions: Sequence[Question],
    *,
    lang: str,
    normalization: str = "squad",
    data: str = "custom",
) -> dict[str, Result]:
    """Scores predicted answers against the gold answers of the questions, the best of which counts.

    Args:
        predictions: answer by question id; a question without one scores 0, an id without question is ignored.
        questions: with their gold answers; where there is none, "" is right and all else wrong.
        lang: BCP 47, the language of the passages, and so of the answers.
        normalization: "squad" or "mlqa".
        data: name of the data set, for the signature.

    Returns:
        "EM" and "F1", each from 0 to 100.

    Raises:
        ValueError: there is no question, or an id comes twice.
        ConfigError: the normalization is unknown.
    """
    if normalization not in NORMALIZERS:
        raise unknown_name("normalization", normalization, NORMALIZERS)
    ids = tuple(question.id for question in questions)
    check_ids(ids)
    normalize = NORMALIZERS[normalization]
    pairs = np.zeros((len(questions), 2))
    for row, question in enumerate(questions):
        if question.id in predictions:
            pairs[row] = _best(predictions[question.id], question.answers, normalize, lang)
    pair_lang = f"{_common_lang(questions)}>{lang}"
    return {
        metric: Result(Signature(metric, data, normalization, pair_lang, len(ids)), ids, 100.0 * pairs[:, column])
        for column, metric in enumerate(("EM", "F1"))
    }


def is_right(prediction: str, gold: Sequence[str], lang: str) -> bool:
    """Returns True if an answer counts as right: its F1 with a gold answer is at least 0.5 by MLQA's rules.

    Args:
        prediction: the answer.
        gold: at least one.
        lang: BCP 47, the language of the passage.
    """
    return _best(prediction, gold, normalize_answer, lang)[1] >= RIGHT_F1


def exact_match(prediction: str, gold: str) -> float:
    """Returns 1 when two normalised answers are equal, else 0."""
    return float(prediction == gold)


def token_f1(prediction: str, gold: str) -> float:
    """Returns the F1 of the tokens that two normalised answers share, counted with repetition.

    2 * shared / (tokens of the prediction + tokens of the gold answer); 0 when they share none, even if both are empty.
    """
    predicted, wanted = prediction.split(), gold.split()
    shared = (Counter(predicted) & Counter(wanted)).total()
    return 2.0 * shared / (len(predicted) + len(wanted)) if shared else 0.0


def check_ids(ids: Iterable[str]) -> None:
    """Refuses question ids of which one comes twice: the mean would count it twice.

    Raises:
        ValueError: an id comes twice.
    """
    twice = [question_id for question_id, count in Counter(ids).items() if count > 1]
    if twice:
        raise ValueError(f'question id "{twice[0]}" comes twice; ids must be unique')


def _best(prediction: str, gold: Sequence[str], normalize: Normalizer, lang: str) -> tuple[float, float]:
    predicted = normalize(prediction, lang)
    if not gold:
        return float(not predicted), float(not predicted)
    wanted = [normalize(answer, lang) for answer in gold]
    return max(exact_match(predicted, answer) for answer in wanted), max(
        token_f1(predicted, answer) for answer in wanted
    )


def _common_lang(questions: Sequence[Question]) -> str:
    langs = {question.lang for question in questions}
    return langs.pop() if len(langs) == 1 else "mul"
