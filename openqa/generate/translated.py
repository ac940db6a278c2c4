"""Where a translated answer stands in its translated passage: exactly, nearly, or nowhere.

Passage and answer are translated apart, so the answer's words may have another form in the passage, and its offset is
of no use. What stands nowhere still supervises retrieval, which needs the answer's text only.

Source: Budur et al. 2024 (arXiv:2401.03590), section 3, for SQuAD-TR.
"""

import copy
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import regex
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from openqa.errors import DataError
from openqa.files import read_json
from openqa.read.spans import trim

LEAST = 0.7  # similarity of the found text to the answer
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]")
_SPACELESS = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")


class Remapped(NamedTuple):
    """A place in a passage, in code points, and how like the answer its text is: 1 for the same."""

    start: int
    end: int
    similarity: float


def remap(answer: str, passage: str, *, near: int = 0, least: float = LEAST) -> Remapped | None:
    """Returns where an answer stands in a passage, or None.

    The same text first; of several places the one nearest to `near`. Else the part of the passage with the smallest
    edit distance, made whole words where the script has spaces.

    Args:
        answer: the translated answer.
        passage: the translated passage.
        near: where it is expected, such as its offset before translation.
        least: similarity that the found text must have: 1 - edit distance / length of the longer text, letter case
            apart.

    Raises:
        ValueError: least is not within 0 and 1.
    """
    if not 0 <= least <= 1:
        raise ValueError(f"least is {least}; it must be within 0 and 1")
    answer = answer.strip()
    if not answer:
        return None
    places = [match.start() for match in regex.finditer(regex.escape(answer), passage, overlapped=True)]
    if places:
        start = min(places, key=lambda place: (_cuts_word(passage, place, place + len(answer)), abs(place - near)))
        return Remapped(start, start + len(answer), 1.0)
    found = fuzz.partial_ratio_alignment(_small(answer), _small(passage))
    if found is None or len(answer) > len(passage):
        return None
    start, end = found.dest_start, found.dest_end
    if not _SPACELESS.search(answer):
        start, end = _whole_words(passage, start, end)
    start, end = trim(passage, start, end)
    similarity = Levenshtein.normalized_similarity(_small(answer), _small(passage[start:end]))
    return Remapped(start, end, similarity) if end > start and similarity >= least else None


def _small(text: str) -> str:
    """Small letters where that keeps the number of code points."""
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def _cuts_word(text: str, start: int, end: int) -> bool:
    """Whether a span begins or ends within a word of a script with spaces."""
    if _SPACELESS.search(text[start:end]):
        return False
    return _joined(text, start) or _joined(text, end)


def _joined(text: str, place: int) -> bool:
    """Whether the letters before and after a place belong to one word."""
    return 0 < place < len(text) and bool(_WORD.match(text[place - 1]) and _WORD.match(text[place]))


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span with the words that it cuts: all of a word of which it has half, nothing of one of which it has less."""
    first, last = start, end
    while _joined(text, first):
        first -= 1
    while _joined(text, last):
        last += 1
    inner_first, inner_last = start, end
    while _joined(text, inner_first) and inner_first < end:
        inner_first += 1
    while _joined(text, inner_last) and inner_last > start:
        inner_last -= 1
    if inner_first - start < start - first:
        first = inner_first
    if end - inner_last < last - end:
        last = inner_last
    return (first, last) if first < last else (start, end)


def remap_file(
    path: Path, lang: str, *, least: float = LEAST, on_question: Callable[[int], None] = lambda n_done: None
) -> tuple[dict[str, Any], list[dict[str, Any]], Mapping[str, int]]:
    """Gives every answer of a translated SQuAD-format file its place; questions without a place are set aside.

    Args:
        path: the file, .json or .json.gz; what its `answer_start` says is only a hint.
        lang: BCP 47, of what is set aside.
        least: as for `remap`.
        on_question: called after each question with the number of those done.

    Returns:
        The file's content with answers that stand at their offsets; what was set aside, as JSON-lines records that
        retrievers can learn from (query, passage, answers, lang, id); and how many questions were "exact", "fuzzy",
        "set aside", and "unanswerable" before.

    Raises:
        DataError: the file cannot be read, or is not of SQuAD's form.
    """
    record = copy.deepcopy(read_json(path))
    aside: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    try:
        for article in record["data"]:
            for paragraph in article["paragraphs"]:
                kept = []
                for item in paragraph["qas"]:
                    outcome = _remap_item(item, paragraph["context"], least)
                    counts[outcome] += 1
                    if outcome == "set aside":
                        texts = list(dict.fromkeys(answer["text"] for answer in item["answers"]))
                        asked = {"id": item["id"], "query": item["question"], "passage": paragraph["context"]}
                        aside.append({**asked, "answers": texts, "lang": lang})
                    else:
                        kept.append(item)
                    on_question(counts.total())
                paragraph["qas"] = kept
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: not of SQuAD's form; data > paragraphs > qas > answers is needed") from error
    return record, aside, counts


def _remap_item(item: dict[str, Any], passage: str, least: float) -> str:
    """Puts the answers of a question where they stand; what stands nowhere is left out."""
    if not item["answers"]:
        return "unanswerable"
    found = []
    for answer in item["answers"]:
        place = remap(answer["text"], passage, near=int(answer.get("answer_start", 0)), least=least)
        if place is not None:
            found.append((place, {"text": passage[place.start : place.end], "answer_start": place.start}))
    if not found:
        return "set aside"
    item["answers"] = [answer for _, answer in found]
    return "exact" if any(place.similarity == 1.0 for place, _ in found) else "fuzzy"
