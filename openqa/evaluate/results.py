"""A measured number that says what it is: the value, the score of every question, and a signature.

The signature follows sacrebleu's idea: all that must be equal for two figures to be compared stands in one line.
"""

from dataclasses import dataclass

import numpy as np

from openqa import __version__
from openqa.types import Array


@dataclass(frozen=True, slots=True)
class Signature:
    """What a figure was measured with.

    Attributes:
        metric: "F1", "R@5" and so on.
        data: the name of the data set.
        normalization: the rules that answers were compared by; "none" for retrieval.
        lang: question language > passage language.
        n: number of questions in the mean.
        version: openqa's version.
    """

    metric: str
    data: str
    normalization: str
    lang: str
    n: int
    version: str = __version__

    def __str__(self) -> str:
        data = f"data:{self.data}|norm:{self.normalization}|lang:{self.lang}"
        return f"{self.metric}|{data}|n:{self.n}|openqa:{self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A mean over questions.

    Attributes:
        signature: what was measured.
        question_ids: the questions in the mean, in their order.
        scores: (n,) float64, one for each.
    """

    signature: Signature
    question_ids: tuple[str, ...]
    scores: Array

    def __post_init__(self) -> None:
        if not self.question_ids:
            raise ValueError(f"{self.signature.metric} over no questions has no mean; give at least one")
        if self.scores.shape != (len(self.question_ids),):
            raise ValueError(f"{len(self.question_ids)} questions, but scores of shape {self.scores.shape}")
        if np.isnan(self.scores).any():
            question_id = self.question_ids[int(np.isnan(self.scores).argmax())]
            raise ValueError(f'{self.signature.metric} of question "{question_id}" is NaN')

    @property
    def value(self) -> float:
        """The mean of the scores."""
        return float(self.scores.mean())
