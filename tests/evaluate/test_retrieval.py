import math

import ir_measures
import numpy as np
import pytest

from openqa.errors import ConfigError
from openqa.evaluate import score_run
from openqa.types import Hit, Qrels, Run

NAMES = ["R@1", "R@5", "R@100", "RR@3", "RR@10", "nDCG@3", "nDCG@10", "Success@1", "Success@5"]


def ranked(*ids: str) -> list[Hit]:
    return [Hit(passage_id, float(len(ids) - rank)) for rank, passage_id in enumerate(ids)]


def test_values_by_hand() -> None:
    """One question, relevant passages at ranks 2 and 4 of three relevant ones with grades 1, 2 and 1."""
    qrels = {"q": {"b": 1, "d": 2, "x": 1, "a": 0}}
    result = score_run(
        {"q": ranked("a", "b", "c", "d")}, qrels, ["R@2", "R@4", "RR@10", "RR@1", "Success@2", "nDCG@10"]
    )
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert {name: measured.value for name, measured in result.items()} == pytest.approx(
        {
            "R@2": 1 / 3,
            "R@4": 2 / 3,
            "RR@10": 1 / 2,
            "RR@1": 0.0,
            "Success@2": 1.0,
            "nDCG@10": (1 / math.log2(3) + 2 / math.log2(5)) / ideal,
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_ir_measures(seed: int) -> None:
    """Every measure equals ir-measures, question by question, on random runs with missing and extra questions."""
    random = np.random.default_rng(seed)
    passages = [f"p{number}" for number in range(30)]
    qrels: Qrels = {}
    run: Run = {}
    for number in range(12):
        judged = random.choice(passages, 6, replace=False).tolist()
        qrels[f"q{number}"] = {judged[0]: 1} | {name: int(random.integers(0, 4)) for name in judged[1:]}
        if number % 4:
            found = random.choice(passages, int(random.integers(1, 25)), replace=False).tolist()
            run[f"q{number}"] = ranked(*found)
    run["unjudged"] = ranked("p1")
    ours = score_run(run, qrels, NAMES)
    plain = {question: {hit.passage_id: hit.score for hit in ranking} for question, ranking in run.items()}
    theirs = ir_measures.calc_aggregate([ir_measures.parse_measure(name) for name in NAMES], qrels, plain)
    assert {name: result.value for name, result in ours.items()} == pytest.approx(
        {str(measure): value for measure, value in theirs.items()}
    )


def test_unanswered_questions_count_zero() -> None:
    """A question that the run leaves out, or answers with nothing, is in the mean."""
    qrels = {"a": {"p": 1}, "b": {"p": 1}, "c": {"p": 1}, "d": {"p": 0}}
    (result,) = score_run({"a": ranked("p"), "b": []}, qrels, ["RR@10"]).values()
    assert result.question_ids == ("a", "b", "c", "d")
    assert result.scores.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert result.value == 1 / 4
    assert str(result.signature).startswith("RR@10|data:custom|norm:none|lang:mul>mul|n:4|openqa:")


def test_equal_scores_keep_the_run_s_order() -> None:
    """Ties stand as the retriever ranked them."""
    run = {"q": [Hit("b", 1.0), Hit("a", 1.0)]}
    assert score_run(run, {"q": {"a": 1}}, ["RR@10"])["RR@10"].value == 1 / 2


def test_empty_run_scores_zero() -> None:
    """A run that answers nothing has 0."""
    assert score_run({}, {"q": {"a": 1}}, ["R@1"])["R@1"].value == 0.0


def test_defects_stop() -> None:
    """NaN, rising scores, a passage twice, no questions, other data and unknown measures raise."""
    qrels = {"q": {"a": 1}}
    with pytest.raises(ValueError, match=r'^the ranking of question "q" has a NaN score$'):
        score_run({"q": [Hit("a", math.nan)]}, qrels, ["R@1"])
    with pytest.raises(ValueError, match=r'^the ranking of question "q" is not sorted; scores must never rise$'):
        score_run({"q": [Hit("a", 1.0), Hit("b", 2.0)]}, qrels, ["R@1"])
    with pytest.raises(ValueError, match=r'^the ranking of question "q" has passage "a" twice$'):
        score_run({"q": [Hit("a", 1.0), Hit("a", 1.0)]}, qrels, ["R@1"])
    with pytest.raises(ValueError, match=r"^R@1 over no questions has no mean; give at least one$"):
        score_run({}, {}, ["R@1"])
    with pytest.raises(
        ValueError, match=r'^run and qrels share no question \(run: "z", qrels: "q"\); are they of the same data\?$'
    ):
        score_run({"z": ranked("a")}, qrels, ["R@1"])
    for name in ("R", "R@0", "MAP@10"):
        with pytest.raises(ConfigError, match=rf'^unknown measure "{name}"; known: R@k, RR@k, Success@k, nDCG@k'):
            score_run({}, qrels, [name])
