"""Tables of question language by passage language: their means, as text and as JSON values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from openqa.evaluate.intervals import Interval, bootstrap_cells
from openqa.evaluate.results import Result, Signature
from openqa.types import Array


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """One measure over all pairs of languages; rows are question languages, columns passage languages.

    Attributes:
        results: one for each cell, by (question language, passage language), rows in order.
    """

    results: Mapping[tuple[str, str], Result]

    def __post_init__(self) -> None:
        if not self.results or len(self.results) != len(self.question_langs) * len(self.passage_langs):
            raise ValueError(
                f"{len(self.results)} cells for {len(self.question_langs)} question languages and "
                f"{len(self.passage_langs)} passage languages; each pair needs one"
            )

    @property
    def question_langs(self) -> tuple[str, ...]:
        """The rows."""
        return tuple(dict.fromkeys(row for row, _ in self.results))

    @property
    def passage_langs(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(dict.fromkeys(column for _, column in self.results))

    @property
    def values(self) -> Array:
        """(rows, columns) float64."""
        return np.array(
            [[self.results[row, column].value for column in self.passage_langs] for row in self.question_langs]
        )

    @property
    def signature(self) -> Signature:
        """The signature of the whole table; n is the number of questions over all cells."""
        first = next(iter(self.results.values())).signature
        langs = f"{_several(self.question_langs)}>{_several(self.passage_langs)}"
        n = sum(len(result.question_ids) for result in self.results.values())
        return Signature(first.metric, first.data, first.normalization, langs, n, first.version)

    def means(self) -> dict[str, float]:
        """Returns "all", the mean over cells; "same_language", over the diagonal; "cross_language", over the rest.

        Of the last two, one without a cell is left out.
        """
        return {name: float(np.mean([self.results[cell].value for cell in cells])) for name, cells in self._cells()}

    def intervals(self, *, seed: int = 0) -> dict[str, Interval]:
        """Returns the 95 % interval of each of `means`, questions resampled in all cells together."""
        ids = sorted({question_id for result in self.results.values() for question_id in result.question_ids})
        column = {question_id: number for number, question_id in enumerate(ids)}
        intervals = {}
        for name, cells in self._cells():
            scores = np.zeros((len(cells), len(ids)))  # (C, n)
            is_asked = np.zeros(scores.shape, bool)
            for row, cell in enumerate(cells):
                places = [column[question_id] for question_id in self.results[cell].question_ids]
                scores[row, places] = self.results[cell].scores
                is_asked[row, places] = True
            intervals[name] = bootstrap_cells(scores, is_asked, seed=seed)
        return intervals

    def worst_question_lang(self) -> tuple[str, float]:
        """Returns the row with the lowest mean, and that mean; of equal ones the first."""
        return _lowest(self.question_langs, self.values.mean(axis=1))

    def worst_passage_lang(self) -> tuple[str, float]:
        """Returns the column with the lowest mean, and that mean; of equal ones the first."""
        return _lowest(self.passage_langs, self.values.mean(axis=0))

    def render(self, decimals: int = 3) -> str:
        """Returns the table as plain text: a heading, a row for each question language, the means with intervals.

        Args:
            decimals: digits after the point.
        """
        values = self.values
        rows = [["", *self.passage_langs, "mean"]]
        for lang, row in zip(self.question_langs, values, strict=True):
            rows.append([lang, *(f"{value:.{decimals}f}" for value in (*row, row.mean()))])
        rows.append(["mean", *(f"{value:.{decimals}f}" for value in (*values.mean(axis=0), values.mean()))])
        width = max(len(text) for row in rows for text in row) + 1
        lines = ["".join(text.rjust(width) for text in row).rstrip() for row in rows]
        means = [
            f"{name.replace('_', ' ')} {self.means()[name]:.{decimals}f}, "
            f"95 % interval {interval.low:.{decimals}f} to {interval.high:.{decimals}f}"
            for name, interval in self.intervals().items()
        ]
        return "\n".join(
            [f"{self.signature.metric}: questions down, passages across", *lines, *means, str(self.signature)]
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the table, its means with intervals, and its worst row and column as JSON values."""
        return {
            "signature": str(self.signature),
            "metric": self.signature.metric,
            "question_langs": list(self.question_langs),
            "passage_langs": list(self.passage_langs),
            "values": self.values.tolist(),
            "n": [
                [len(self.results[row, column].question_ids) for column in self.passage_langs]
                for row in self.question_langs
            ],
            "means": self.means(),
            "intervals_95": {name: [interval.low, interval.high] for name, interval in self.intervals().items()},
            "worst_question_lang": dict(zip(("lang", "mean"), self.worst_question_lang(), strict=True)),
            "worst_passage_lang": dict(zip(("lang", "mean"), self.worst_passage_lang(), strict=True)),
        }

    def _cells(self) -> list[tuple[str, list[tuple[str, str]]]]:
        groups = {
            "all": list(self.results),
            "same_language": [cell for cell in self.results if cell[0] == cell[1]],
            "cross_language": [cell for cell in self.results if cell[0] != cell[1]],
        }
        return [(name, cells) for name, cells in groups.items() if cells]


def _lowest(langs: tuple[str, ...], means: Array) -> tuple[str, float]:
    at = int(means.argmin())
    return langs[at], float(means[at])


def _several(langs: tuple[str, ...]) -> str:
    return langs[0] if len(langs) == 1 else "+".join(langs)
