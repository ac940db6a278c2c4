"""Documents as passages: cut at sentence ends into windows of about 100 words, or kept whole.

The cuts are those with the least sum of (words / window_words - 1)² over the passages, plus a small price for a cut at
a worse place (`_price`), found by dynamic programming over sentences. So windows come out even, and a short tail is
taken into its neighbours. What the cuts leave out is white space (and U+FEFF) between passages, nothing else.
Windows do not overlap: the reader has windows of its own.
"""

from dataclasses import dataclass, field, replace

import regex

from openqa.corpus.tables import heads
from openqa.errors import ConfigError, unknown_name
from openqa.text.sentences import n_words, sentence_ends
from openqa.types import Document, Passage

_WAYS = ("sentences", "document")
_LONGEST_SENTENCE = 1.5  # windows; a longer one is cut inside
_LEAST_UNIT = 0.05  # windows; shorter sentences are taken together, which bounds the search
_WIDEST = 2.0  # windows; no wider passage is tried unless it cannot be cut
_ONE_PASSAGE = 1.4  # windows; below the square root of 2, two passages are never nearer to the window than one
_CLAUSE_ENDS = frozenset(",;:،؛、，；：—–।")
_PLAIN = "\u0300"  # characters below this one join no neighbour, but for CR LF
_CONTEXT = 64
_CLUSTER = regex.compile(r"\X")
_APART = regex.compile(r"\p{GCB=Other}[\p{GCB=Other}\p{GCB=Control}\r\n]")  # never one cluster, whatever is around
_SPACES = regex.compile(r"[\s\x1c-\x1f\ufeff]*")  # what str.isspace takes, and U+FEFF
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}_]")
_WITHOUT_SPACES = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]")
_LEADING_VOWEL = regex.compile(r"[\u0e40-\u0e44\u0ec0-\u0ec4]")  # Thai and Lao vowels written before their consonant
_TOKEN = regex.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True)
class Splitting:
    """How documents become passages.

    Args:
        by: "sentences" (windows at sentence ends) or "document" (one passage a document).
        window_words: the size that windows come near to; at least 1.

    Raises:
        ConfigError: a value is unknown or out of range.
    """

    by: str = "sentences"
    window_words: int = 100

    def __post_init__(self) -> None:
        if self.by not in _WAYS:
            raise unknown_name("way of splitting", self.by, _WAYS)
        if self.window_words < 1:
            raise ConfigError(f"window_words is {self.window_words}; a whole number of at least 1 is needed")


def whole(document: Document) -> list[Passage]:
    """Returns the document as one passage that keeps the document's id; none when it has neither text nor title.

    For corpora whose documents are passages already (BEIR, MIRACL, SQuAD), so that published judgements stay valid.
    """
    return [_passage(document, document.id, *_trimmed(document.text, 0, len(document.text)))] if _has(document) else []


def split(document: Document, *, window_words: int = 100) -> list[Passage]:
    """Returns the document as passages of about `window_words` words; none when it has neither text nor title.

    A cut stands at the end of a sentence or a line; a sentence of more than one and a half windows is cut at its best
    space, and in scripts without spaces between two characters; never inside a word or a grapheme cluster. Ids are
    `{document id}#{ordinal}` from 0, of a single passage too: so they stay distinct when other documents are cut, and
    the first passage keeps its id when a document grows. A document with a title only is one passage with no text. A
    passage that begins below the first row of a table has the table's caption and columns after its title.

    Args:
        document: `document.text[p.start : p.start + len(p.text)] == p.text` holds for each passage p of it.
        window_words: the size that passages come near to, in words as `n_words` counts them; at least 1.

    Raises:
        ConfigError: `window_words` is below 1.
    """
    window = Splitting(window_words=window_words).window_words
    if not _has(document):
        return []
    text, lang = document.text, document.lang
    if n_words(text, lang) <= _ONE_PASSAGE * window:
        cuts = [len(text)]
    else:
        cuts = _best_cuts(text, _units(text, lang, window), window)
    bounds = [_trimmed(text, start, end) for start, end in zip([0, *cuts], cuts, strict=False)]
    kept = [(start, end) for start, end in bounds if start < end] or bounds[:1]
    above = heads(text, [start for start, _ in kept])
    return [
        _passage(_below(document, head), f"{document.id}#{n}", start, end)
        for n, ((start, end), head) in enumerate(zip(kept, above, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch of text that is not cut, up to `end`; `is_sentence` when a sentence ends there."""

    end: int
    words: float
    is_sentence: bool = field(default=True)


def _has(document: Document) -> bool:
    return not _SPACES.fullmatch(document.text) or bool(document.title.strip())


def _below(document: Document, head: str) -> Document:
    """The document, its title followed by the head of the table that a passage goes on with."""
    return replace(document, title=" – ".join(filter(None, (document.title, head)))) if head else document


def _passage(document: Document, id: str, start: int, end: int) -> Passage:
    return Passage(
        id=id,
        document_id=document.id,
        text=document.text[start:end],
        title=document.title,
        lang=document.lang,
        start=start,
        url=document.url,
        metadata=document.metadata,
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Returns the bounds without white space and U+FEFF at either side."""
    first = _next_start(text, start)
    return (start, start) if first >= end else (first, _last_end(text, end))


def _next_start(text: str, position: int) -> int:
    found = _SPACES.match(text, position)
    return found.end() if found else position


def _last_end(text: str, end: int) -> int:
    while end and (text[end - 1].isspace() or text[end - 1] == "\ufeff"):
        end -= 1
    return end


def _units(text: str, lang: str, window: int) -> list[_Unit]:
    """Returns the stretches between places where a cut is allowed; the last ends with the text."""
    units: list[_Unit] = []
    start, words = 0, 0.0
    ends = [end for end in sentence_ends(text, lang) if _may_cut(text, end)]
    for end in [*ends, len(text)]:
        if end <= start:
            continue
        words += n_words(text[start:end], lang)
        if words > _LONGEST_SENTENCE * window:
            units += _pieces(text, start, end, lang, window)
        elif words >= _LEAST_UNIT * window or end == len(text):
            units.append(_Unit(end, words))
        else:
            continue
        start, words = end, 0.0
    return units


def _pieces(text: str, start: int, end: int, lang: str, window: int) -> list[_Unit]:
    """Returns a sentence that is too long as pieces of about a tenth of a window, cut at its spaces and commas."""
    least = max(1.0, window / 10)
    units: list[_Unit] = []
    words = 0.0
    for token in _TOKEN.finditer(text, start, end):
        count: float = n_words(token[0], lang)
        if count > least:
            inner = _characters(text, token.start(), token.end(), count, least)
            count -= sum(unit.words for unit in inner)
            if inner:
                units += [replace(inner[0], words=words + inner[0].words), *inner[1:]]
                words = 0.0
        words += count
        stop = _last_end(text, token.end())
        if (words >= least or text[stop - 1] in _CLAUSE_ENDS) and token.end() < end and _may_cut(text, stop):
            units.append(_Unit(stop, words, is_sentence=False))
            words = 0.0
    return [*units, _Unit(end, words)]


def _characters(text: str, start: int, end: int, count: float, least: float) -> list[_Unit]:
    """Returns the pieces of a run without spaces, but for the last; none where its script separates words."""
    units: list[_Unit] = []
    per_character = count / (end - start)
    last = start
    for cluster in _CLUSTER.finditer(text, start, end):
        stop = cluster.end()
        words = (stop - last) * per_character
        if (words >= least or (words > 1 and text[stop - 1] in _CLAUSE_ENDS)) and stop < end and _may_cut(text, stop):
            units.append(_Unit(stop, words, is_sentence=False))
            last = stop
    return units


def _best_cuts(text: str, units: list[_Unit], window: int) -> list[int]:
    """Returns the ends of the passages with the least total price; the last is the end of the text."""
    best = [0.0]
    before = [0]
    for j in range(1, len(units) + 1):
        choice, words, least = j - 1, 0.0, float("inf")
        for i in range(j - 1, -1, -1):
            words += units[i].words
            if words > _WIDEST * window and i < j - 1:
                break
            price = best[i] + (words / window - 1) ** 2
            if price < least:
                least, choice = price, i
        best.append(least + (_price(text, units[j - 1]) if j < len(units) else 0.0))
        before.append(choice)
    cuts, j = [], len(units)
    while j > 0:
        cuts.append(units[j - 1].end)
        j = before[j]
    return cuts[::-1]


def _price(text: str, unit: _Unit) -> float:
    """What a cut here costs, in squared windows: 0.02 outweighs a passage 14 % off its size, 0.5 one 70 % off."""
    stop, start = _last_end(text, unit.end), _next_start(text, unit.end)
    n_lines = text.count("\n", stop, start)
    if n_lines and text[text.rfind("\n", 0, stop) + 1 : stop].lstrip().startswith("#"):
        return 0.5  # a heading belongs to what follows it
    if n_lines > 1:
        return 0.0
    last = text[stop - 1]
    precedes_number = text[start].isdecimal() and not n_lines  # "AD. 1532", "Art. 5": hardly the end of a sentence
    if unit.is_sentence or n_lines:
        # a line that ends with a word may be a wrapped one; so may a Thai phrase, but for a wide space
        is_doubtful = start - stop == 1 and _WORD.match(last)
        return 0.1 if is_doubtful or precedes_number or last in _CLAUSE_ENDS else 0.02
    if last in _CLAUSE_ENDS:
        return 0.1
    if stop == start:
        return 0.8
    return 0.4 if precedes_number else 0.2


def _may_cut(text: str, position: int) -> bool:
    """True when no word and no grapheme cluster reaches over the position and the white space around it."""
    stop, start = _last_end(text, position), _next_start(text, position)
    if stop == 0 or start == len(text) or not (_is_boundary(text, stop) and _is_boundary(text, start)):
        return False
    if stop < start:
        return True
    left, right = text[stop - 1], text[stop]
    if _LEADING_VOWEL.match(left):
        return False
    is_inside_word = _WORD.match(left) and _WORD.match(right)
    return not is_inside_word or bool(_WITHOUT_SPACES.match(left) or _WITHOUT_SPACES.match(right))


def _is_boundary(text: str, position: int) -> bool:
    """True when a grapheme cluster ends at the position, which is within the text."""
    if _APART.match(text, position - 1):
        return True
    start = position - 1
    while start > max(0, position - _CONTEXT) and text[start] >= _PLAIN:
        start -= 1
    clusters = _CLUSTER.finditer(text, start, min(len(text), position + 1))
    return any(cluster.end() == position for cluster in clusters)
