"""Rules that the bundled demo data keeps."""

import json
import re
import unicodedata
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

DEMO = Path(str(files("openqa"))) / "demo"
LANGS = ("ar", "de", "el", "en", "es", "hi", "ru", "sw", "th", "tr", "vi", "zh")
UNSPACED = ("th", "zh")
SHARED_SUBJECT_MIN = 5
MAX_SHARING = 20

# Function words of the Latin-script languages that could meet across two of them.
FUNCTION_WORDS = (
    "a al an and are as at by con da das de del dem den der des die do el en er es for from had has hat i in into is "
    "it la las le les lo los me mit na no non o of on or per que se sie so su the to un una und van was wa we ya y za"
)
STOPWORDS = frozenset(FUNCTION_WORDS.split())

Row = dict[str, Any]


def _rows(path: Path) -> list[Row]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


PASSAGES = {lang: _rows(DEMO / "passages" / f"{lang}.jsonl") for lang in LANGS}
BY_ID = {row["id"]: row for rows in PASSAGES.values() for row in rows}
QUESTIONS = _rows(DEMO / "questions.jsonl")


def _words(text: str) -> set[str]:
    """Return the folded words of a text, with and without diacritics, and its numbers, less function words."""
    folded = text.casefold()
    bare = unicodedata.normalize("NFKD", folded.replace("ı", "i").replace("đ", "d"))
    bare = "".join(char for char in bare if not unicodedata.combining(char))
    return {*re.findall(r"\w+", folded), *re.findall(r"\w+", bare), *re.findall(r"\d+", folded)} - STOPWORDS


def _shared(question: Row) -> set[str]:
    """Return the words a question has in common with its accepted passages."""
    passages = (BY_ID[pid] for pid in question["passage_ids"])
    found = set().union(*(_words(f"{p['title']} {p['text']}") for p in passages))
    return _words(question["question"]) & found


def test_passage_files() -> None:
    """There is one file for each language and no other."""
    names = {path.name for path in (DEMO / "passages").iterdir() if path.is_file()}
    assert names == {f"{lang}.jsonl" for lang in LANGS}


def test_passage_counts() -> None:
    """Each language has at least 25 passages, and all together at least 300."""
    assert {lang for lang, rows in PASSAGES.items() if len(rows) < 25} == set()
    assert sum(map(len, PASSAGES.values())) >= 300


def test_passage_keys() -> None:
    """Each passage has just the known keys, each a text that is not empty."""
    for rows in PASSAGES.values():
        for row in rows:
            assert set(row) - {"url"} == {"id", "title", "text", "lang"}, row["id"]
            assert all(isinstance(v, str) and v.strip() == v != "" for v in row.values()), row["id"]


def test_passage_ids() -> None:
    """Passage ids run on from 01 in each file and carry its language."""
    for lang, rows in PASSAGES.items():
        assert [row["id"] for row in rows] == [f"{lang}-{n:02d}" for n in range(1, len(rows) + 1)]
        assert {row["lang"] for row in rows} == {lang}


def test_passages_are_distinct() -> None:
    """No title stands twice in a language and no text twice anywhere."""
    for lang, rows in PASSAGES.items():
        assert len({row["title"] for row in rows}) == len(rows), lang
    assert len({row["text"] for row in BY_ID.values()}) == len(BY_ID)


def test_passage_lengths() -> None:
    """Texts are 50 to 110 words, or 150 to 350 characters in Thai and Chinese."""
    for row in BY_ID.values():
        if row["lang"] in UNSPACED:
            assert 150 <= len(row["text"]) <= 350, (row["id"], len(row["text"]))
        else:
            assert 50 <= len(row["text"].split()) <= 110, (row["id"], len(row["text"].split()))


def test_text_is_nfc() -> None:
    """All text is in Unicode normal form C, on one line, without control characters."""
    for row in [*BY_ID.values(), *QUESTIONS]:
        for value in row.values():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    assert unicodedata.is_normalized("NFC", text), row["id"]
                    assert not any(unicodedata.category(c) == "Cc" for c in text), row["id"]


def test_question_ids() -> None:
    """There are exactly 60 questions, q01 to q60."""
    assert [row["id"] for row in QUESTIONS] == [f"q{n:02d}" for n in range(1, 61)]


def test_question_keys() -> None:
    """Each question has just the known keys with values of the right kind."""
    keys = {"id", "question", "lang", "answers", "passage_ids", "shares_words"}
    for row in QUESTIONS:
        assert set(row) == keys, row["id"]
        assert isinstance(row["shares_words"], bool), row["id"]
        for key in ("answers", "passage_ids"):
            assert row[key], (row["id"], key)
            assert len(set(row[key])) == len(row[key]), (row["id"], key)
            assert all(isinstance(v, str) and v.strip() == v != "" for v in row[key]), row["id"]


def test_questions_are_distinct() -> None:
    """No question is asked twice."""
    assert len({row["question"] for row in QUESTIONS}) == len(QUESTIONS)


def test_question_languages() -> None:
    """Five questions are asked in each language."""
    assert Counter(row["lang"] for row in QUESTIONS) == dict.fromkeys(LANGS, 5)


def test_passage_languages_covered() -> None:
    """Passages of every language answer at least three questions."""
    seen = Counter(lang for row in QUESTIONS for lang in {BY_ID[pid]["lang"] for pid in row["passage_ids"]})
    assert {lang for lang in LANGS if seen[lang] < 3} == set()


def test_question_language_differs() -> None:
    """No accepted passage is in the language of its question."""
    for row in QUESTIONS:
        assert row["lang"] not in {BY_ID[pid]["lang"] for pid in row["passage_ids"]}, row["id"]


def test_every_accepted_passage_answers() -> None:
    """Each accepted passage holds at least one of the answers verbatim."""
    for row in QUESTIONS:
        for pid in row["passage_ids"]:
            assert any(answer in BY_ID[pid]["text"] for answer in row["answers"]), (row["id"], pid)


def test_every_answer_is_a_span() -> None:
    """Each answer stands verbatim in at least one accepted passage, and is short."""
    for row in QUESTIONS:
        for answer in row["answers"]:
            texts = [BY_ID[pid]["text"] for pid in row["passage_ids"]]
            assert any(answer in text for text in texts), (row["id"], answer)
            assert len(answer) <= 40, (row["id"], answer)


def test_question_does_not_give_the_answer() -> None:
    """No question holds its own answer."""
    for row in QUESTIONS:
        folded = row["question"].casefold()
        assert not any(answer.casefold() in folded for answer in row["answers"]), row["id"]


def test_sharing_is_rare() -> None:
    """At most 20 questions share words with their passages."""
    assert sum(row["shares_words"] for row in QUESTIONS) <= MAX_SHARING


def test_sharing_is_marked() -> None:
    """The shares_words mark says what comparing the words says."""
    for row in QUESTIONS:
        assert bool(_shared(row)) == row["shares_words"], (row["id"], _shared(row))


def test_some_subjects_stand_in_many_languages() -> None:
    """At least eight questions accept passages in five or more languages."""
    wide = [row for row in QUESTIONS if len({BY_ID[pid]["lang"] for pid in row["passage_ids"]}) >= SHARED_SUBJECT_MIN]
    assert len(wide) >= 8
