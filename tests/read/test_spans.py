import itertools
import unicodedata

import numpy as np
import pytest

from openqa.read.spans import Candidate, best_spans, drop_overlaps, span_scores, trim


def test_score_is_start_plus_end_minus_null() -> None:
    """score[t, w] = start[t] + end[t + w] - null, illegal spans at -inf."""
    scores = span_scores(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), 0.5, (0, 3), 2)
    assert scores.tolist() == [[1 + 10 - 0.5, 1 + 20 - 0.5], [2 + 20 - 0.5, 2 + 30 - 0.5], [3 + 30 - 0.5, -np.inf]]


def test_spans_begin_only_in_owned_tokens() -> None:
    """A token that another window sees better begins no span here."""
    scores = span_scores(np.zeros(4), np.zeros(4), 0.0, (1, 3), 4)
    assert np.isfinite(scores).any(axis=1).tolist() == [False, True, True, False]


def test_bad_logits_are_refused() -> None:
    """NaN and rows of unlike length raise."""
    with pytest.raises(ValueError, match=r"^logits are not finite$"):
        span_scores(np.array([np.nan]), np.array([0.0]), 0.0, (0, 1), 3)
    with pytest.raises(ValueError, match=r"^start logits have shape \(1,\), end logits \(2,\); both must be \(T,\)$"):
        span_scores(np.zeros(1), np.zeros(2), 0.0, (0, 1), 3)


def brute_force(start: list[float], end: list[float], limit: int, n: int) -> list[tuple[float, int, int]]:
    """The n best spans that share no token, by listing all of them."""
    legal = [(start[i] + end[j], i, j) for i, j in itertools.product(range(len(start)), repeat=2) if i <= j < i + limit]
    chosen: list[tuple[float, int, int]] = []
    for score, i, j in sorted(legal, key=lambda span: (-span[0], span[1], span[2])):
        if len(chosen) < n and all(j < other[1] or i > other[2] for other in chosen):
            chosen.append((score, i, j))
    return chosen


@pytest.mark.parametrize("seed", range(20))
def test_best_spans_equal_exhaustive_search(seed: int) -> None:
    """The fast search finds what listing every span finds, equal scores included."""
    random = np.random.default_rng(seed)
    n_tokens = int(random.integers(1, 9))
    start, end = random.integers(-2, 3, (2, n_tokens)).astype(float)
    text = "abcdefgh"[:n_tokens]
    found = best_spans(span_scores(start, end, 0.0, (0, n_tokens), 3), [(i, i + 1) for i in range(n_tokens)], text, 4)
    expected = brute_force(start.tolist(), end.tolist(), 3, 4)
    assert [(span.score, span.start, span.end - 1) for span in found] == expected


def test_punctuation_alone_is_no_span() -> None:
    """A span that trimming empties is passed over, even with the best score."""
    scores = span_scores(np.array([0.0, 9.0]), np.array([0.0, 9.0]), 0.0, (0, 2), 1)
    assert best_spans(scores, [(0, 1), (1, 2)], "a.", 2) == [Candidate(0.0, 0, 1)]


def test_no_span_in_nothing() -> None:
    """No tokens, no spans."""
    assert best_spans(span_scores(np.zeros(0), np.zeros(0), 0.0, (0, 0), 3), [], "", 3) == []


def test_overlaps_keep_the_best() -> None:
    """Spans that share text count once; touching ones are two."""
    spans = [Candidate(1.0, 0, 5), Candidate(3.0, 4, 6), Candidate(2.0, 6, 9), Candidate(3.0, 4, 6)]
    assert drop_overlaps(spans) == [Candidate(3.0, 4, 6), Candidate(2.0, 6, 9)]
    assert drop_overlaps([]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" Paris,", "Paris"),
        ("(1990)", "1990"),
        ("Paris (France)", "Paris (France)"),
        ("(a) and (b)", "(a) and (b)"),
        ("Paris (", "Paris"),
        (") Paris", "Paris"),
        ("1990)", "1990"),
        ("((5))", "((5))"),
        ("“Thriller”", "“Thriller”"),
        ("“Thriller” (1982)", "“Thriller” (1982)"),
        ("Thriller”", "Thriller"),
        ("“Thriller", "Thriller"),
        ("prevederi „adânc înrădăcinate”", "prevederi „adânc înrădăcinate”"),
        ('"a” b', '"a” b'),
        ('"Bad"', '"Bad"'),
        ('"Bad', "Bad"),
        ("Washington, D.C.", "Washington, D.C."),
        ("George W.", "George W."),
        ("in 1990.", "in 1990"),
        ("wait...", "wait"),
        ("5.25.", "5.25"),
        ("-5 °C", "-5 °C"),
        ("- 5", "5"),
        (".22 calibre", ".22 calibre"),
        ("20%", "20%"),
        ("$1.2 billion,", "$1.2 billion"),
        ("Yahoo!", "Yahoo!"),
        ("「东京」。", "「东京」"),
        ("《红楼梦》，", "《红楼梦》"),
        ("红楼梦》", "红楼梦"),
        ("باريس،", "باريس"),
        ("१९४७।", "१९४७"),
        ("\ufeffΑθήνα\u200b", "Αθήνα"),
        ("„Faust“", "„Faust“"),
        ("»Faust« von", "»Faust« von"),
        ("“", ""),
        ("— . ,", ""),
        ("", ""),
    ],
)
def test_trim_takes_off_what_is_not_the_answer(before: str, after: str) -> None:
    """Outer space and punctuation go, marks that belong to the answer stay."""
    start, end = trim(before, 0, len(before))
    assert before[start:end] == after
    assert trim(before, start, end) == (start, end)


def test_trim_keeps_combining_marks_whole() -> None:
    """A span that would cut a Thai vowel or an Arabic, Hindi or Latin mark from its letter takes in the whole."""
    for text in ("ที่นี่", "كُتِبَ", "हिन्दी", "e\u0301te\u0301"):
        for start, end in itertools.combinations(range(len(text) + 1), 2):
            first, last = trim(text, start, end)
            assert first <= start
            assert last >= end
            assert not unicodedata.category(text[first]).startswith("M")
            assert last == len(text) or not unicodedata.category(text[last]).startswith("M")
