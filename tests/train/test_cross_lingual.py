"""Tests of the sampling of language pairs."""

import pytest

from openqa.train.cross_lingual import LANGUAGES, Cell, cross_lingual_cells


@pytest.mark.parametrize(
    ("n_languages", "count"),
    [(0, 8_330), (1, 4_760), (2, 10_710), (3, 19_040), (4, 29_750), (5, 42_840), (6, 58_310), (9, 58_310)],
)
def test_the_published_counts(n_languages: int, count: int) -> None:
    """XQuAD's 1,190 questions: 7 each on the diagonal, else (n + 1)² pairs each."""
    cells = cross_lingual_cells([f"q{n}" for n in range(1190)], n_languages)
    assert len(cells) == len({cell.id for cell in cells}) == count
    assert count == 1190 * (7 if n_languages == 0 else (min(n_languages, 6) + 1) ** 2)


def test_a_question_has_all_pairs_of_its_languages() -> None:
    """English always, one other drawn: four pairs; the id names both."""
    cells = cross_lingual_cells(["q"], 1)
    drawn = {cell.question_lang for cell in cells}
    assert "en" in drawn
    assert {(cell.question_lang, cell.passage_lang) for cell in cells} == {(a, b) for a in drawn for b in drawn}
    assert Cell("q", "en", "de").id == "q_en-de"


def test_the_diagonal_is_every_language_with_itself() -> None:
    """No pair of two."""
    cells = cross_lingual_cells(["q"], 0)
    assert [(cell.question_lang, cell.passage_lang) for cell in cells] == [(lang, lang) for lang in LANGUAGES]


def test_the_seed_decides_and_the_order_does_not() -> None:
    """Ids are sorted before anything is drawn."""
    ids = [f"q{n}" for n in range(20)]
    assert cross_lingual_cells(ids, 2, seed=1) == cross_lingual_cells(ids[::-1], 2, seed=1)
    assert cross_lingual_cells(ids, 2, seed=1) != cross_lingual_cells(ids, 2, seed=2)


def test_wrong_calls_are_refused() -> None:
    """Each with its value."""
    with pytest.raises(ValueError, match="n_languages is -1"):
        cross_lingual_cells(["q"], -1)
    with pytest.raises(ValueError, match="langs is de, en"):
        cross_lingual_cells(["q"], 1, langs=("de", "en"))
    with pytest.raises(ValueError, match="comes twice"):
        cross_lingual_cells(["q", "q"], 1)
