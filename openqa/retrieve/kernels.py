"""The inner loops of retrieval, in the part of Python that numba compiles.

bm25: an exact top k by MaxScore (Turtle & Flood 1995) over windows of rows. A term's bound is the most that it can add
to a score. Terms whose bounds together stay below the k-th best score cannot bring in a passage alone, so their
postings are only looked up for the rows that the other terms have found.
dense: fp16 to fp32.

Nothing here is compiled: `compiled.py` does that. A row that a damaged file puts out of place is passed over, so that
no loop leaves its arrays.
"""

from typing import NamedTuple

import numpy as np

from openqa.types import Array

WINDOW_ROWS = 8192  # 64 kB of sums, which stay in the second cache; not tuned
SLACK = 1e-9  # relative; sums of the same terms in another order differ by less

LEAST = 1e-300  # a score above 0; every posting adds more
READ_PER_LOOK_UP = 8  # postings read in the time of one look-up by halving, roughly; not tuned


class Columns(NamedTuple):
    """The arrays of one segment's postings (P) over its rows (N); see postings.py."""

    rows: Array  # (P,) int32, rising within a term
    tf_body: Array  # (P,) uint16
    tf_generated: Array  # (P,) uint16, or (0,) where nothing was generated
    lengths: Array  # (N,) float32, in the analyzer of the terms; infinite for a deleted row, whose score is 0 thereby
    bound_tfs: Array  # (F,) int32
    bound_lengths: Array  # (F,) int32


class QueryTerms(NamedTuple):
    """The distinct terms (T) of a query that one segment holds, in the order of the query."""

    starts: Array  # (T,) int64, first posting
    ends: Array  # (T,) int64
    bound_starts: Array  # (T,) int64, first pair of bound_tfs and bound_lengths
    bound_ends: Array  # (T,) int64
    weights: Array  # (T,) float64, idf times occurrences in the query


class Formula(NamedTuple):
    """tf / (tf + base + slope * length), tf = body + generated_weight * generated."""

    base: float  # k1 * (1 - b); above 0 even for b = 1, for the sake of a posting whose tf has the weight 0
    slope: float  # k1 * b / average length; above 0 even for b = 0, for the sake of infinite lengths
    generated_weight: float


class Window(NamedTuple):
    """The rows that are scored at one time (W)."""

    ends: Array  # (3,) int64: first row, row after the last, number of rows noted
    sums: Array  # (W,) float64, the scores so far
    rows: Array  # (W,) int64, the rows noted
    scores: Array  # (W,) float64, their scores


def posting_score(columns: Columns, formula: Formula, posting: int, row: int) -> float:
    """The share of its weight that a term adds to a row's score, within [0, 1)."""
    tf = float(columns.tf_body[posting])
    if len(columns.tf_generated):
        tf += formula.generated_weight * float(columns.tf_generated[posting])
    score: float = tf / (tf + (formula.base + formula.slope * columns.lengths[row]))
    return score


def seek(rows: Array, start: int, end: int, row: int) -> int:
    """The first posting in [start, end) that is not before the row, `end` if there is none; near ones are fast."""
    step = 4
    while start + step < end and rows[start + step] < row:
        start += step
        step *= 2
    end = min(start + step, end)
    while start < end:
        middle = (start + end) >> 1
        if rows[middle] < row:
            start = middle + 1
        else:
            end = middle
    return start


def confine(terms: QueryTerms, columns: Columns) -> None:
    """Keeps the places that a damaged file gives for postings and bounds inside their arrays."""
    for t in range(len(terms.weights)):
        terms.starts[t] = max(terms.starts[t], 0)
        terms.ends[t] = min(terms.ends[t], len(columns.rows))
        terms.bound_starts[t] = max(terms.bound_starts[t], 0)
        terms.bound_ends[t] = min(terms.bound_ends[t], len(columns.bound_tfs))


def term_bounds(columns: Columns, terms: QueryTerms, formula: Formula) -> Array:
    """The most that each term can add to any row's score: (T,) float64."""
    bounds = np.zeros(len(terms.weights))
    most_generated = max(1.0, formula.generated_weight)
    for t in range(len(bounds)):
        for pair in range(terms.bound_starts[t], terms.bound_ends[t]):
            tf = float(columns.bound_tfs[pair])
            if len(columns.tf_generated):
                tf *= most_generated
            bound = tf / (tf + (formula.base + formula.slope * columns.bound_lengths[pair]))
            bounds[t] = max(bounds[t], terms.weights[t] * bound)
    return bounds


def push(heap: Array, n: int, score: float) -> int:
    """Puts a score among the best: `heap` is a min-heap of which n are filled; returns the new n."""
    if n < len(heap):
        i = n
        while i > 0 and heap[(i - 1) >> 1] > score:
            heap[i] = heap[(i - 1) >> 1]
            i = (i - 1) >> 1
        heap[i] = score
        return n + 1
    i = 0
    child = 1
    while child < n:
        if child + 1 < n and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= score:
            break
        heap[i] = heap[child]
        i = child
        child = 2 * i + 1
    heap[i] = score
    return n


def accumulate(
    columns: Columns, formula: Formula, weight: float, span: tuple[int, int], window: Window, needed: float
) -> int:
    """Adds a term's scores to the rows of one window, and notes each row that reaches the needed score thereby.

    Args:
        columns: the segment.
        formula: the score.
        weight: of the term.
        span: the term's postings still to be read.
        window: changed.
        needed: above 0.

    Returns:
        The first posting after the window.
    """
    posting, end = span
    n = window.ends[2]
    while posting < end:
        row = columns.rows[posting]
        place = row - window.ends[0]
        if row >= window.ends[1]:
            break
        if place >= 0:
            before = window.sums[place]
            score = before + weight * posting_score(columns, formula, posting, row)
            window.sums[place] = score
            if score >= needed and before < needed:
                window.rows[n] = row
                n += 1
        posting += 1
    window.ends[2] = n
    return posting


def clear(window: Window, weak: int) -> int:
    """Moves the sums of the rows that were noted beside them and empties the rest; returns how many they are.

    Args:
        window: changed.
        weak: how many terms will be looked up; if any, the rows are sorted for it.
    """
    n = int(window.ends[2])
    if weak:
        window.rows[:n].sort()
    for i in range(n):
        window.scores[i] = window.sums[window.rows[i] - window.ends[0]]
    window.sums[:] = 0.0
    window.ends[2] = 0
    return n


def look_up(
    columns: Columns, formula: Formula, weight: float, span: tuple[int, int], window: Window, kept: tuple[int, float]
) -> tuple[int, int]:
    """Adds a term's scores to the rows that were noted and keeps those that reach the needed score.

    Args:
        columns: the segment.
        formula: the score.
        weight: of the term.
        span: the term's postings still to be read.
        window: cleared; changed.
        kept: how many rows to look at, and the needed score.

    Returns:
        How many are kept, and the posting reached.
    """
    rows, scores = window.rows, window.scores
    posting, end = span
    n = 0
    for i in range(kept[0]):
        row = rows[i]
        score = scores[i]
        posting = seek(columns.rows, posting, end, row)
        if posting < end and columns.rows[posting] == row:
            score += weight * posting_score(columns, formula, posting, row)
        rows[n] = row
        scores[n] = score
        n += score >= kept[1]
    return n, posting


def split(order: Array, terms: QueryTerms, reach: Array, limit: float) -> int:
    """How many of the weakest terms are only looked up: as many as cannot reach the limit together, or none.

    A posting that is looked up costs about as much as eight that are read, so it must save reading that many.
    """
    weak = 0
    while weak < len(order) and reach[weak + 1] < limit:
        weak += 1
    n_strong = n_all = 0
    for i in range(len(order)):
        n = terms.ends[order[i]] - terms.starts[order[i]]
        n_all += n
        n_strong += n if i >= weak else 0
    return weak if n_strong * READ_PER_LOOK_UP <= n_all else 0


def next_row(columns: Columns, terms: QueryTerms, positions: Array, order: Array) -> int:
    """The first row that any of the terms in `order` still holds; N if none does."""
    row = len(columns.lengths)
    for t in order:
        if positions[t] < terms.ends[t]:
            row = min(row, columns.rows[positions[t]])
    return row


def top_rows(columns: Columns, terms: QueryTerms, formula: Formula, k: int, limit: float) -> tuple[Array, Array]:
    """The rows of the k best scores and all that tie with the last of them within SLACK, with their exact scores.

    Args:
        columns: the segment.
        terms: the query.
        formula: the score.
        k: how many are wanted.
        limit: rows below this score are not wanted; 0 for none.

    Returns:
        (m,) int64 rows, rising, and (m,) float64 scores, terms added in the order of the query; m may exceed k.
    """
    confine(terms, columns)
    n_rows = len(columns.lengths)
    bounds = term_bounds(columns, terms, formula)
    order = np.argsort(bounds)
    reach = np.append(0.0, np.cumsum(bounds[order]))  # reach[i]: the most that the i weakest terms add together
    positions = terms.starts.copy()
    window = Window(
        np.zeros(3, np.int64), np.zeros(WINDOW_ROWS), np.empty(WINDOW_ROWS, np.int64), np.empty(WINDOW_ROWS)
    )
    heap, n_heap = np.empty(min(k, n_rows)), 0
    best_rows, best_scores, n_best = np.empty(n_rows, np.int64), np.empty(n_rows), 0
    while reach[-1] >= limit:
        weak = split(order, terms, reach, limit)
        window.ends[0] = max(window.ends[1], next_row(columns, terms, positions, order[weak:]))
        window.ends[1] = min(window.ends[0] + WINDOW_ROWS, n_rows)
        if window.ends[0] >= n_rows:
            break
        for t in order[weak:]:
            span = (positions[t], terms.ends[t])
            needed = max(limit - reach[weak], LEAST)
            positions[t] = accumulate(columns, formula, terms.weights[t], span, window, needed)
        n = clear(window, weak)
        for j in range(weak - 1, -1, -1):
            t = order[j]
            span = (positions[t], terms.ends[t])
            n, positions[t] = look_up(columns, formula, terms.weights[t], span, window, (n, limit - reach[j]))
        for i in range(n):
            if window.scores[i] >= limit:
                best_rows[n_best], best_scores[n_best] = window.rows[i], window.scores[i]
                n_best += 1
                if n_heap < len(heap) or window.scores[i] > heap[0]:
                    n_heap = push(heap, n_heap, window.scores[i])
                    if n_heap == k:
                        limit = max(limit, heap[0] * (1.0 - SLACK))
    rows = np.sort(best_rows[:n_best][best_scores[:n_best] >= limit])
    return rows, scores_at(columns, terms, formula, rows)


def scores_at(columns: Columns, terms: QueryTerms, formula: Formula, rows: Array) -> Array:
    """Exact scores of the given rows, terms added in the order of the query.

    Args:
        columns: the segment.
        terms: the query.
        formula: the score.
        rows: (n,) int64, rising.

    Returns:
        (n,) float64, 0 where no term occurs.
    """
    confine(terms, columns)
    scores = np.zeros(len(rows))
    for t in range(len(terms.weights)):
        posting, end = terms.starts[t], terms.ends[t]
        for i in range(len(rows)):
            posting = seek(columns.rows, posting, end, rows[i])
            if posting < end and columns.rows[posting] == rows[i]:
                scores[i] += terms.weights[t] * posting_score(columns, formula, posting, rows[i])
    return scores


def widen(halves: Array, floats: Array) -> None:
    """Writes fp16 numbers as fp32; finite ones only.

    Args:
        halves: (n,) uint16, the bits of fp16 numbers.
        floats: (n,) uint32, receives the bits of the fp32 numbers.
    """
    for i in range(len(halves)):
        half = np.uint32(halves[i])
        floats[i] = ((half & np.uint32(0x8000)) << np.uint32(16)) | ((half & np.uint32(0x7FFF)) << np.uint32(13))
    values = floats.view(np.float32)
    for i in range(len(values)):
        values[i] *= np.float32(2.0**112)  # the difference of the two exponent biases; right for subnormals as well
