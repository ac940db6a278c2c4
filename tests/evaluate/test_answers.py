import json
import re
from pathlib import Path

import numpy as np
import pytest

from openqa.errors import ConfigError, DataError
from openqa.evaluate import read_predictions, score_answers, write_predictions
from openqa.evaluate.answers import token_f1
from openqa.types import Question


def ask(number: int, *answers: str) -> Question:
    return Question(str(number), "?", "en", answers)


# Predicted, gold, and EM and F1 (0 to 1) as evaluate-v1.1.py gives them.
SQUAD = [
    ("The Paris.", ["paris"], 1.0, 1.0),
    ("Denver Broncos", ["Denver Broncos", "The Denver Broncos"], 1.0, 1.0),
    ("Santa Clara, California", ["Levi's Stadium", "Santa Clara"], 0.0, 2 * 2 / (3 + 2)),
    ("a a b", ["a b b"], 1 / 2 * 0, 2 * 1 / (1 + 2)),
    ("one two two", ["two two two four"], 0.0, 2 * 2 / (3 + 4)),
    ("", ["x"], 0.0, 0.0),
    ("the", ["an"], 1.0, 0.0),
    ("باريس؟", ["باريس"], 0.0, 0.0),
    ("东京。", ["东京"], 0.0, 0.0),
    ("北京市", ["北京"], 0.0, 0.0),
    ("der Hund", ["Hund"], 0.0, 2 * 1 / (2 + 1)),
    ("U.S.", ["us"], 1.0, 1.0),
    ("1 – 2", ["1 2"], 0.0, 2 * 2 / (3 + 2)),
]
# Language, predicted, gold, and EM and F1 as mlqa_evaluation_v1.py gives them.
MLQA = [
    ("en", "The Paris.", ["paris"], 1.0, 1.0),
    ("en", "der Hund", ["Hund"], 0.0, 2 * 1 / (2 + 1)),
    ("de", "der Hund", ["Hund"], 1.0, 1.0),
    ("es", "Las Vegas", ["vegas"], 1.0, 1.0),
    ("vi", "của Việt Nam", ["Việt Nam"], 1.0, 1.0),
    ("hi", "the दिल्ली।", ["दिल्ली"], 0.0, 2 * 1 / (2 + 1)),
    ("ar", "باريس؟", ["باريس"], 1.0, 1.0),
    ("ar", "القاهرة", ["قاهرة"], 1.0, 1.0),
    ("ar", "في القاهرة", ["القاهرة"], 0.0, 2 * 1 / (2 + 1)),
    ("zh", "东京。", ["东京"], 1.0, 1.0),
    ("zh", "北京市", ["北京"], 0.0, 2 * 2 / (3 + 2)),
    ("zh", "Windows 系统", ["windows系统"], 1.0, 1.0),
    ("zh", "在1990年", ["1990年"], 0.0, 2 * 2 / (3 + 2)),
]


@pytest.mark.parametrize(("predicted", "gold", "exact", "f1"), SQUAD)
def test_squad_script(predicted: str, gold: list[str], exact: float, f1: float) -> None:
    """EM and F1 are those of SQuAD's script, in any language."""
    result = score_answers({"1": predicted}, [ask(1, *gold)], lang="en")
    assert result["EM"].value == pytest.approx(100 * exact)
    assert result["F1"].value == pytest.approx(100 * f1)


@pytest.mark.parametrize(("lang", "predicted", "gold", "exact", "f1"), MLQA)
def test_mlqa_script(lang: str, predicted: str, gold: list[str], exact: float, f1: float) -> None:
    """EM and F1 are those of MLQA's script, articles and segmentation by the passage's language."""
    result = score_answers({"1": predicted}, [ask(1, *gold)], lang=lang, normalization="mlqa")
    assert result["EM"].value == pytest.approx(100 * exact)
    assert result["F1"].value == pytest.approx(100 * f1)


def test_missing_predictions_count_zero() -> None:
    """Three questions, one right, one without prediction: EM 100 / 3; ids without a question change nothing."""
    questions = [ask(1, "a1"), ask(2, "b2"), ask(3, "c3")]
    result = score_answers({"1": "a1", "2": "x", "9": "c3"}, questions, lang="de", data="mine")
    assert result["EM"].value == pytest.approx(100 / 3)
    assert result["F1"].question_ids == ("1", "2", "3")
    assert np.array_equal(result["F1"].scores, [100.0, 0.0, 0.0])


def test_signature_says_what_was_measured() -> None:
    """Metric, data, normalisation, languages, n and version."""
    result = score_answers({}, [ask(1, "a")], lang="de", normalization="mlqa", data="mine")
    assert re.fullmatch(r"F1\|data:mine\|norm:mlqa\|lang:en>de\|n:1\|openqa:\d+\.\d+\.\d+", str(result["F1"].signature))
    mixed = [ask(1, "a"), Question("2", "?", "fr", ("a",))]
    assert score_answers({}, mixed, lang="de")["EM"].signature.lang == "mul>de"


def test_token_f1_is_symmetric() -> None:
    """Swapping prediction and gold answer changes nothing."""
    assert token_f1("a b b c", "b c d") == token_f1("b c d", "a b b c") == 2 * 2 / (4 + 3)


def test_wrong_calls_are_refused() -> None:
    """No questions, ids twice and unknown normalisations raise."""
    with pytest.raises(ValueError, match=r"^EM over no questions has no mean; give at least one$"):
        score_answers({}, [], lang="en")
    with pytest.raises(ValueError, match=r'^question id "1" comes twice; ids must be unique$'):
        score_answers({}, [ask(1, "a"), ask(1, "b")], lang="en")
    with pytest.raises(ConfigError, match=r'^unknown normalization "mlaq"; known: mlqa, squad; did you mean "mlqa"\?$'):
        score_answers({}, [ask(1, "a")], lang="en", normalization="mlaq")


def test_no_answer_where_there_is_none() -> None:
    """By evaluate-v2.0.py: without a gold answer "" is right and all else wrong."""
    questions = [ask(1), ask(2), ask(3), ask(4, "x")]
    result = score_answers({"1": "", "2": "x", "4": ""}, questions, lang="en")
    assert result["EM"].scores.tolist() == result["F1"].scores.tolist() == [100.0, 0.0, 0.0, 0.0]


def test_predictions_survive_their_file(tmp_path: Path) -> None:
    """Every script and quote comes back; what is no object of strings is refused with the id."""
    path = tmp_path / "predictions.json"
    predictions = {"1": 'كتاب "x"', "2": "", "三": "河流\n"}
    write_predictions(path, predictions)
    assert read_predictions(path) == json.loads(path.read_text(encoding="utf-8")) == predictions
    for content, message in [
        ("[]", "holds a list; an object of answer by question id is needed"),
        ('{"a": "x", "b": 3}', 'the answer to "b" is a number; a string is needed'),
        ("{", "not valid JSON"),
    ]:
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_predictions(path)
