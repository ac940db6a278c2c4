"""Makes the index that later versions must open, and what it answers: run once for each format of the index folder.

    python -m tests.pipeline.golden

It has two segments in twelve languages, both parts, deleted rows, and the record of a folder that was read by sync.
"""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import openqa
from openqa import Index, IndexConfig, Question
from openqa.index.generation import FORMAT
from openqa.pipeline.demo import demo_documents
from tests.pipeline.fakes import WordEncoder

GOLDEN = Path(__file__).parent / "golden"
ENCODER = WordEncoder(dim=16)
QUESTIONS = [
    Question("en", "Which bridge was built by the river?", "en"),
    Question("de", "Welche Stadt liegt an der Mündung?", "de"),
    Question("tr", "Hangi şehir nehrin kıyısında?", "tr"),
    Question("th", "แม่น้ำสายใด", "th"),
    Question("zh", "哪一座桥", "zh"),
    Question("ar", "ما اسم المدينة", "ar"),
    Question("note", "the tram line of the note", "en"),
]
RETRIEVERS = ("bm25", "dense")  # how hybrid weighs them is no matter of the format


def make(path: Path) -> None:
    """Builds, adds, reads a folder, and deletes."""
    documents = demo_documents()[::4]
    config = IndexConfig(split="document", segment_size=40)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "note.md").write_text("# Note\n\nThe tram line was closed in 1961.\n", encoding="utf-8")
        with openqa.build(path, documents[:-8], config=config, encoder=ENCODER) as index:
            index.add(documents[-8:])
            index.sync(folder, lang="en")
            index.delete([documents[0].id, documents[-1].id])


def answers(index: Index) -> dict[str, Any]:
    """All that it answers: rankings of every retriever, and the passages with all their fields."""
    rankings = {
        name: [
            [(hit.passage_id, round(hit.score, 4)) for hit in ranking] for ranking in index.search(QUESTIONS, 5, name)
        ]
        for name in RETRIEVERS
    }
    found = sorted({hit[0] for lists in rankings.values() for ranking in lists for hit in ranking})
    passages = [index.passage(passage_id) for passage_id in found]
    texts = [[each.id, each.document_id, each.title, each.lang, each.start, each.url, each.text] for each in passages]
    value = {"n_passages": len(index), "rankings": rankings, "passages": texts}
    result: dict[str, Any] = json.loads(json.dumps(value))
    return result


if __name__ == "__main__":
    target = GOLDEN / f"format-{FORMAT}"
    shutil.rmtree(target, ignore_errors=True)
    make(target)
    (target / "LOCK").unlink(missing_ok=True)
    with openqa.open_index(target, encoder=ENCODER) as made:
        expected = json.dumps(answers(made), ensure_ascii=False, indent=1)
    (GOLDEN / f"format-{FORMAT}.json").write_text(expected + "\n", encoding="utf-8")
