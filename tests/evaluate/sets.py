"""Small question sets in XQuAD's and MLQA's layout, written to a folder."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Paragraphs = Mapping[str, Sequence[tuple[str, Sequence[tuple[str, str, str]]]]]


def squad(paragraphs: Paragraphs) -> dict[str, Any]:
    """A SQuAD record of {title: [(text, [(question id, question, answer)])]}."""
    data = []
    for title, entries in paragraphs.items():
        made = [
            {
                "context": text,
                "qas": [
                    {"id": key, "question": question, "answers": [{"text": answer, "answer_start": text.index(answer)}]}
                    for key, question, answer in questions
                ],
            }
            for text, questions in entries
        ]
        data.append({"title": title, "paragraphs": made})
    return {"version": "1.1", "data": data}


def write_squad(path: Path, paragraphs: Paragraphs) -> None:
    """Writes a SQuAD file, packed where the name says so."""
    text = json.dumps(squad(paragraphs), ensure_ascii=False)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")


def write_xquad(folder: Path) -> None:
    """Three paragraphs and four questions in de, en and th."""
    texts = {
        "de": ["\ufeffRom liegt am Tiber.", "Köln liegt am Rhein.", "Der Mond ist fern."],
        "en": ["Rome is on the Tiber.", "Cologne is on the Rhine.", "The moon is far."],
        "th": ["\ufeffโรมอยู่ริมแม่น้ำไทเบอร์", "โคโลญอยู่ริมแม่น้ำไรน์", "ดวงจันทร์อยู่ไกล"],
    }
    answers = {
        "de": ["Rom", "Tiber", "Rhein", "fern"],
        "en": ["Rome", "Tiber", "Rhine", "far"],
        "th": ["โรม", "ไทเบอร์", "ไรน์", "ไกล"],
    }
    for lang, (one, two, three) in texts.items():
        a, b, c, d = ((f"q{number}", f"{lang} {number}?", answer) for number, answer in enumerate(answers[lang]))
        write_squad(folder / f"xquad.{lang}.json", {"Rivers": [(one, [a, b]), (two, [c])], "Moon": [(three, [d])]})
