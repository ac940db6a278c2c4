import gzip
import json
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from openqa.corpus.mlqa import part
from openqa.errors import ConfigError, DataError
from openqa.evaluate import load_flores, load_mlqa_dev, load_xquad
from tests.evaluate.sets import squad, write_squad, write_xquad

LANGS = ("de", "en", "th")


def test_passages_have_one_id_in_every_language(tmp_path: Path) -> None:
    """Article and number name a passage; the text keeps its byte order mark; the title is metadata only."""
    write_xquad(tmp_path)
    data = load_xquad(tmp_path, LANGS)
    assert data.langs == LANGS
    for lang in LANGS:
        assert [passage.id for passage in data.passages(lang)] == ["Rivers-0", "Rivers-1", "Moon-0"]
        assert {passage.lang for passage in data.passages(lang)} == {lang}
        assert {passage.title for passage in data.passages(lang)} == {""}
    assert data.passages("de")[0].text == "\ufeffRom liegt am Tiber."
    assert data.passages("th")[2].metadata == {"article": "Moon"}


def test_a_cell_joins_two_languages(tmp_path: Path) -> None:
    """The question's text is of one language, its answer and passage of the other."""
    write_xquad(tmp_path)
    data = load_xquad(tmp_path, LANGS)
    questions = data.questions("th", "de")
    assert [(question.id, question.text, question.lang, question.answers) for question in questions] == [
        ("q0", "th 0?", "th", ("Rom",)),
        ("q1", "th 1?", "th", ("Tiber",)),
        ("q2", "th 2?", "th", ("Rhein",)),
        ("q3", "th 3?", "th", ("fern",)),
    ]
    assert [passage.text for passage in data.gold_passages(questions[2:], "de")] == [
        "Köln liegt am Rhein.",
        "Der Mond ist fern.",
    ]
    assert data.qrels(questions[:2], "de") == {"q0": {"Rivers-0": 1}, "q1": {"Rivers-0": 1}}


def test_sample_is_fixed_and_shared(tmp_path: Path) -> None:
    """The same questions in every cell, in the set's order; growing n only adds; another seed, another sample."""
    write_xquad(tmp_path)
    data = load_xquad(tmp_path, LANGS)
    samples = [[question.id for question in data.questions("en", "de", n)] for n in range(5)]
    for small, large in pairwise(samples):
        assert set(small) < set(large)
    assert samples[2] == [question.id for question in data.questions("th", "th", 2)]
    assert samples[4] == sorted(samples[4])
    assert data.questions("en", "de", 99) == data.questions("en", "de")
    seeds = {tuple(question.id for question in data.questions("en", "de", 2, seed)) for seed in range(20)}
    assert len(seeds) > 1


def test_select_keeps_some_languages(tmp_path: Path) -> None:
    """Languages can be left out; one that is not there is refused."""
    write_xquad(tmp_path)
    data = load_xquad(tmp_path, LANGS)
    assert data.select(["th", "en"]).langs == ("th", "en")
    with pytest.raises(ConfigError, match=r'^unknown language "fr"; known: de, en, th$'):
        data.select(["fr"])


def test_missing_folder_and_file_are_named(tmp_path: Path) -> None:
    """A folder or file that is not there is a DataError with its path."""
    gone = tmp_path / "gone"
    message = f"{gone}: no such folder; give the one that holds xquad.en.json (google-deepmind/xquad)"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_xquad(gone)
    message = f"{gone}: no such folder; give the one that holds dev-context-en-question-en.json (facebookresearch/MLQA)"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_mlqa_dev(gone, [3])
    message = f"{tmp_path / 'xquad.ar.json'}: No such file or directory; give a file that exists and can be read"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_xquad(tmp_path)


def test_answers_must_stand_at_their_offset(tmp_path: Path) -> None:
    """An answer elsewhere than at its offset stops the loading."""
    write_xquad(tmp_path)
    path = tmp_path / "xquad.en.json"
    record = json.loads(path.read_text())
    record["data"][0]["paragraphs"][1]["qas"][0]["answers"][0]["answer_start"] = 3
    path.write_text(json.dumps(record))
    message = (
        f'{path}: question "q2": answer "Rhine" does not stand at offset 3 of its passage; offsets are code points'
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_xquad(tmp_path, LANGS)


def test_files_of_another_form_are_refused(tmp_path: Path) -> None:
    """JSON that is not SQuAD's, a question twice, and languages that do not fit together are refused."""
    write_xquad(tmp_path)
    path = tmp_path / "xquad.en.json"
    path.write_text('{"data": [{"title": "x"}]}')
    message = f"{path}: not of SQuAD's form (no 'paragraphs'); data > paragraphs > qas > answers is needed"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_xquad(tmp_path, ["en"])
    question = ("q0", "?", "a")
    write_squad(path, {"x": [("a", [question]), ("a b", [question])]})
    with pytest.raises(DataError, match=r'^question id "q0" comes twice in language "en"; ids must be unique$'):
        load_xquad(tmp_path, ["en"])
    write_squad(path, {"x": [("a", [question])]})
    message = (
        f"{tmp_path}: xquad.en.json and xquad.de.json have other questions or paragraphs; take both from one release"
    )
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load_xquad(tmp_path, ["de", "en"])


def write_mlqa(folder: Path, titles: list[str]) -> None:
    """A question for each English article; German has the first and third, in one article of its own."""
    entries = [
        (f"{title} text {number}", [(f"id{number}", f"about {title}?", title)]) for number, title in enumerate(titles)
    ]
    write_squad(
        folder / "dev-context-en-question-en.json.gz", dict(zip(titles, [[entry] for entry in entries], strict=True))
    )
    german = [(f"Antwort {number}", [(f"id{number}", "Was?", f"Antwort {number}")]) for number in (0, 2)]
    write_squad(folder / "dev-context-de-question-de.json", {"Artikel": german})


def test_mlqa_parts_follow_the_english_title(tmp_path: Path) -> None:
    """A question is in the part of its English article, whatever its language; ids do not depend on the parts."""
    titles = ["Sand", "Rain", "Iron", "Gold", "Wind"]
    write_mlqa(tmp_path, titles)
    all_parts = load_mlqa_dev(tmp_path, range(4), ["de", "en"])
    assert all_parts.name == "mlqa-dev-0123"
    assert [question.id for question in all_parts.questions("en", "de")] == ["id0", "id2"]
    assert all_parts.questions("en", "de")[1].answers == ("Antwort 2",)
    for number, title in enumerate(titles):
        chosen = load_mlqa_dev(tmp_path, [part(title)], ["de", "en"])
        assert f"id{number}" in {question.id for question in chosen.questions("en", "en")}
        assert all(passage in all_parts.passages("de") for passage in chosen.passages("de"))
    counts = [len(load_mlqa_dev(tmp_path, [number], ["en"]).questions("en", "en")) for number in range(4)]
    assert sum(counts) == 5


def test_part_is_sha256_mod_4() -> None:
    """SHA-256 of "abc" ends in ...15ad: 0xad % 4 = 1; of "" in ...b855: 1."""
    assert (part("abc"), part("")) == (0xAD % 4, 0x55 % 4)


def test_mlqa_parts_are_checked(tmp_path: Path) -> None:
    """No part, or one over 3, raises."""
    for parts in ([], [4], [0, -1]):
        with pytest.raises(
            ValueError, match=rf"^parts is {re.escape(str(sorted(parts)))}; it must be some of 0, 1, 2, 3$"
        ):
            load_mlqa_dev(tmp_path, parts)


def shared_data() -> Path:
    folder = Path(os.environ.get("OPENQA_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"{folder}: no shared data folder; set OPENQA_DATA")
    return folder


@pytest.mark.data
def test_published_xquad_is_parallel() -> None:
    """12 languages of 240 passages in 48 articles and 1,190 questions, every answer at its offset."""
    data = load_xquad(shared_data() / "qa" / "xquad")
    assert len(data.langs) == 12
    for lang in data.langs:
        assert len(data.passages(lang)) == 240
        assert len({passage.metadata["article"] for passage in data.passages(lang)}) == 48
        assert len(data.questions(lang, "en")) == 1190
    assert sum(passage.text.startswith("\ufeff") for passage in data.passages("ar")) == 9


@pytest.mark.data
def test_published_mlqa_cells_are_the_common_ids() -> None:
    """The seven files give all 49 published cells: counts, texts and answers of one cross-lingual file are equal."""
    folder = shared_data() / "qa" / "mlqa-dev"
    data = load_mlqa_dev(folder, range(4))
    counts = {"ar": 517, "de": 512, "en": 1148, "es": 500, "hi": 507, "vi": 511, "zh": 504}
    assert {lang: len(data.questions(lang, lang)) for lang in data.langs} == counts
    assert len(data.questions("zh", "de")) == 190
    sizes = [len(load_mlqa_dev(folder, [number], ["en"]).questions("en", "en")) for number in range(4)]
    assert sizes == [297, 289, 296, 266]


def test_squad_records_are_as_published() -> None:
    """The fixture has the layout of the files."""
    record = squad({"T": [("a b", [("1", "?", "b")])]})
    assert record["data"][0]["paragraphs"][0]["qas"][0]["answers"] == [{"text": "b", "answer_start": 2}]


def write_pairs(folder: Path, lang: str, rows: list[tuple[str, str, str]]) -> None:
    """Writes sentence pairs with English, packed."""
    text = "".join("\t".join(row) + "\n" for row in rows)
    (folder / f"en-{lang}.tsv.gz").write_bytes(gzip.compress(text.encode()))


def test_flores_sentences_are_asked_for_their_translations(tmp_path: Path) -> None:
    """Other sources are left out; a sentence has one id in every language, whatever the order of the file."""
    write_pairs(
        tmp_path, "de", [("dog", "Hund", "flores-devtest"), ("x", "y", "tatoeba"), ("cat", "Katze", "flores-devtest")]
    )
    write_pairs(tmp_path, "tr", [("cat", "kedi", "flores-devtest"), ("dog", "köpek", "flores-devtest")])
    data = load_flores(tmp_path, ("de", "en", "tr"))
    (cat, dog) = data.questions("tr", "de")
    assert (cat.text, dog.text) == ("kedi", "köpek")
    assert [passage.text for passage in data.gold_passages([dog, cat], "de")] == ["Hund", "Katze"]
    assert [passage.text for passage in data.passages("en")] == ["cat", "dog"]


def test_flores_of_other_sentences_is_refused(tmp_path: Path) -> None:
    """As is a file without a line of it, or no folder."""
    write_pairs(tmp_path, "de", [("dog", "Hund", "flores-devtest")])
    write_pairs(tmp_path, "tr", [("cat", "kedi", "flores-devtest")])
    write_pairs(tmp_path, "th", [("cat", "x", "tatoeba")])
    with pytest.raises(DataError, match="en-tr and en-de have other flores-devtest sentences"):
        load_flores(tmp_path, ("de", "tr"))
    with pytest.raises(DataError, match=r"en-th\.tsv\.gz: no line of source flores-devtest"):
        load_flores(tmp_path, ("th",))
    with pytest.raises(DataError, match="no such folder"):
        load_flores(tmp_path / "none")


@pytest.mark.data
def test_published_flores_has_every_language() -> None:
    """1,012 sentences in each of 23 languages."""
    data = load_flores(shared_data() / "parallel")
    assert {len(data.passages(lang)) for lang in data.langs} == {1012}
    assert len(data.langs) == 23
