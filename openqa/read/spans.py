"""From the logits of one window to the best answer spans in it, in code points of the passage.

Source: the span head of Devlin et al. 2019 (arXiv:1810.04805), scored against the window's own "no answer".
Spans that share text are one candidate: the best of them stands for all.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from openqa.types import Array

# Taken off at the edges; never a mark that may belong to the answer ("%", "#", "!" of a name).
_LEADING = frozenset(",;:…–—·、，；：،؛।॥。")
_TRAILING = frozenset(",;:.…–—-·、，；：،؛।॥。۔")
_ROUND: Mapping[str, str] = MappingProxyType({"(": ")", "[": "]", "{": "}", "（": "）", "［": "］"})
_BRACKETS: Mapping[str, str] = MappingProxyType({**_ROUND, "「": "」", "『": "』", "《": "》", "〈": "〉", "【": "】"})
_OPENED_BY: Mapping[str, str] = MappingProxyType({closing: opening for opening, closing in _BRACKETS.items()})
# Marks that open in one language close in another, so a quote is only matched with others of its kind.
_QUOTES = ('"“”„', "«»", "‹›")


class Candidate(NamedTuple):
    """A span of a passage in code points, and its score."""

    score: float
    start: int
    end: int


def span_scores(start: Array, end: Array, null: float, own: tuple[int, int], max_tokens: int) -> Array:
    """Scores every legal span of one window against the window's "no answer".

    score[t, w] = start[t] + end[t + w] - null

    Args:
        start: (T,) logits of the passage tokens for the first token of the answer.
        end: (T,) logits for the last token.
        null: start plus end logit of "no answer" in this window.
        own: half open range of tokens that may begin a span; another window sees the others better.
        max_tokens: the longest span.

    Returns:
        (T, W) float64, W = min(max_tokens, T); -inf where no span is legal.

    Raises:
        ValueError: the logits are not two rows of one length, or not finite.
    """
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start logits have shape {start.shape}, end logits {end.shape}; both must be (T,)")
    if not (np.isfinite(start).all() and np.isfinite(end).all() and np.isfinite(null)):
        raise ValueError("logits are not finite")
    n_tokens = len(start)
    last = np.arange(n_tokens)[:, None] + np.arange(min(max_tokens, n_tokens))  # (T, W)
    ends = end.astype(np.float64)[np.minimum(last, n_tokens - 1)]
    scores: Array = start.astype(np.float64)[:, None] + ends - null
    scores[last >= n_tokens] = -np.inf
    scores[: own[0]] = -np.inf
    scores[own[1] :] = -np.inf
    return scores


def best_spans(scores: Array, offsets: Sequence[tuple[int, int]], text: str, n: int) -> list[Candidate]:
    """Returns at most n spans that share no token, best first; of equal ones the first, then the shorter.

    Args:
        scores: (T, W) as `span_scores` gives them.
        offsets: where each of the T tokens stands in the text.
        text: the passage.
        n: how many spans.
    """
    left = scores.copy()
    width = left.shape[1]
    found: list[Candidate] = []
    while left.size and len(found) < n:
        first, further = divmod(int(left.argmax()), width)
        last = first + further
        if left[first, further] == -np.inf:
            break
        start, end = trim(text, offsets[first][0], offsets[last][1])
        if start == end:
            left[first, further] = -np.inf
            continue
        found.append(Candidate(float(left[first, further]), start, end))
        left[first : last + 1] = -np.inf
        for row in range(max(0, first - width + 1), first):
            left[row, first - row :] = -np.inf
    return found


def drop_overlaps(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Returns the candidates best first, without those that share text with a better one; ties by position."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda span: (-span.score, span.start, span.end)):
        if all(candidate.end <= other.start or candidate.start >= other.end for other in kept):
            kept.append(candidate)
    return kept


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the bounds of a span without outer white space and punctuation, and without cutting a character.

    A combining mark stays with its letter. A bracket or quote goes when its partner is outside the span; round brackets
    go also when they enclose all of it, while quoted answers and titles keep their marks. The full stop of an
    abbreviation ("D.C.") and the sign of a number ("-5", ".22") stay.

    Args:
        text: the passage.
        start: first code point of the span.
        end: code point after its last.

    Returns:
        The new bounds, equal to each other when nothing is left.
    """
    start, end = _whole_characters(text, start, end)
    before = (-1, -1)
    while before != (start, end) and start < end:
        before = (start, end)
        if _is_blank(text[start]) or text[start] in _LEADING or _is_loose_sign(text, start):
            start += 1
        elif _is_blank(text[end - 1]) or (text[end - 1] in _TRAILING and not _is_abbreviation(text[start:end])):
            end -= 1
        else:
            start, end = _trim_pair(text, start, end)
    return start, max(start, end)


def _trim_pair(text: str, start: int, end: int) -> tuple[int, int]:
    """Takes off one bracket or quote that has no partner, or enclosing round brackets."""
    span = text[start:end]
    if _ROUND.get(span[0]) == span[-1] and not set(span[1:-1]) & {span[0], span[-1]}:
        return start + 1, end - 1
    if _is_loose_mark(span, span[0]):
        return start + 1, end
    if _is_loose_mark(span, span[-1]):
        return start, end - 1
    return start, end


def _is_loose_mark(span: str, mark: str) -> bool:
    """True for a bracket whose other half is not in the span, and for a quote among an odd number of its kind."""
    partner = _BRACKETS.get(mark) or _OPENED_BY.get(mark)
    if partner:
        return partner not in span
    return any(mark in kind and sum(map(span.count, kind)) % 2 for kind in _QUOTES)


def _whole_characters(text: str, start: int, end: int) -> tuple[int, int]:
    while 0 < start < end and unicodedata.category(text[start]).startswith("M"):
        start -= 1
    while start < end < len(text) and unicodedata.category(text[end]).startswith("M"):
        end += 1
    return start, end


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs"}


def _is_loose_sign(text: str, at: int) -> bool:
    """True for a stop or hyphen that is not the beginning of a word or number."""
    return text[at] in ".-" and not text[at + 1 : at + 2].isalnum()


def _is_abbreviation(span: str) -> bool:
    """True where the last word is a letter with its stop, or has a stop inside too."""
    if not span.endswith("."):
        return False
    word = span.split()[-1].lstrip("([{\"'“‘«")[:-1]
    return (len(word) == 1 and word.isalpha()) or ("." in word and any(map(str.isalpha, word)) and word[-1] != ".")
