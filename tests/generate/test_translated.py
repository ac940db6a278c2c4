import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openqa.errors import DataError
from openqa.generate import remap, remap_file
from openqa.train.retrieval_examples import read_examples
from tests.cli.runs import openqa

PASSAGE = "Kızılırmak, Türkiye'nin en uzun nehridir. Sivas'ta doğar, Karadeniz'e dökülür. Uzun nehirler azdır."


def text_at(answer: str, passage: str, **how: float) -> str | None:
    found = remap(answer, passage, **how)  # type: ignore[arg-type]
    return None if found is None else passage[found.start : found.end]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Türkiye'nin", "Türkiye'nin"),
        (" Karadeniz'e ", "Karadeniz'e"),
        ("en uzun nehir", "en uzun nehridir"),
        ("kızılırmak", "Kızılırmak"),
        ("Karadenize", "Karadeniz"),
        ("Mississippi", None),
        ("", None),
    ],
)
def test_answers_are_found_in_their_other_form(answer: str, expected: str | None) -> None:
    """As whole words, without the punctuation around them."""
    assert text_at(answer, PASSAGE) == expected


def test_a_whole_word_goes_before_a_part_of_one() -> None:
    """Although that stands first; of equal ones the one nearest to where it is expected."""
    passage = "carpet car, and car"
    assert remap("car", passage) == (7, 10, 1.0)
    assert remap("car", passage, near=14) == (16, 19, 1.0)


def test_a_script_without_spaces_is_not_cut_into_words() -> None:
    """The span may begin anywhere."""
    assert text_at("東京都庁", "日本の首都は東京都廳にある。") == "東京都廳"
    assert text_at("东京", "日本的首都是东京。") == "东京"


def test_the_least_similarity() -> None:
    """1 wants the same text, letter case apart; 0 takes what is nearest."""
    assert text_at("en uzun nehir", PASSAGE, least=1.0) is None
    assert text_at("TÜRKİYE'NİN", "Türkiye'nin", least=0.5) == "Türkiye'nin"
    with pytest.raises(ValueError, match=r"^least is 1\.5; it must be within 0 and 1$"):
        remap("x", "x", least=1.5)


@given(st.text("abc deé'.", min_size=1, max_size=30), st.integers(0, 30), st.integers(1, 8))
def test_what_stands_there_is_found(passage: str, start: int, length: int) -> None:
    """Any part of any passage, exactly and by itself."""
    answer = passage[start : start + length].strip()
    found = remap(answer, passage)
    if answer:
        assert found is not None
        assert passage[found.start : found.end] == answer
        assert found.similarity == 1.0


@given(st.text("abcé d", max_size=20), st.text("abcé d.", max_size=40))
def test_a_place_is_within_the_passage_and_like_enough(answer: str, passage: str) -> None:
    """Whatever it is given."""
    found = remap(answer, passage, least=0.6)
    if found is not None:
        assert 0 <= found.start < found.end <= len(passage)
        assert 0.6 <= found.similarity <= 1


def written(folder: Path) -> Path:
    """Four questions: with an exact, a fuzzy, no place, and no answer; the offsets are of another language."""

    def item(id: str, answer: str | None) -> dict[str, object]:
        answers = [] if answer is None else [{"text": answer, "answer_start": 90}]
        return {"id": id, "question": f"{id}?", "answers": answers}

    qas = [item("a", "Karadeniz'e"), item("b", "en uzun nehir"), item("c", "Mississippi"), item("d", None)]
    path = folder / "tr.json"
    record = {"data": [{"title": "t", "paragraphs": [{"context": PASSAGE, "qas": qas}]}]}
    path.write_text(json.dumps(record), encoding="utf-8")
    return path


def test_every_answer_of_a_file_stands_at_its_offset(tmp_path: Path) -> None:
    """What stands nowhere is set aside, with its passage; no question is lost."""
    record, aside, counts = remap_file(written(tmp_path), "tr")
    assert counts == {"exact": 1, "fuzzy": 1, "set aside": 1, "unanswerable": 1}
    qas = record["data"][0]["paragraphs"][0]["qas"]
    assert [item["id"] for item in qas] == ["a", "b", "d"]
    for item in qas:
        for answer in item["answers"]:
            assert PASSAGE.startswith(answer["text"], answer["answer_start"])
    assert aside == [{"id": "c", "query": "c?", "passage": PASSAGE, "answers": ["Mississippi"], "lang": "tr"}]


def test_the_command_writes_both_files(tmp_path: Path) -> None:
    """A retriever can learn from what was set aside; the source stays as it is."""
    source, out, aside = written(tmp_path), tmp_path / "out.json", tmp_path / "aside.jsonl"
    before = source.read_bytes()
    ended = openqa("generate", "translated", source, out, "--lang", "tr", "--set-aside", aside)
    assert ended.code == 0, ended.err
    assert ended.out == f"{out}: 1 exact, 1 fuzzy, 1 set aside, 1 unanswerable\n"
    assert source.read_bytes() == before
    assert json.loads(out.read_text())["data"]
    (example,) = read_examples(aside, "jsonl", "und")
    assert (example.query, example.passage, example.lang) == ("c?", PASSAGE, "tr")
    counted = openqa("generate", "translated", source, out, "--lang", "tr", "--least", "1", "--json").json()
    assert (counted["exact"], counted["fuzzy"], counted["set_aside"]) == (1, 0, 2)


def test_wrong_input_is_refused(tmp_path: Path) -> None:
    """A file of another form, a missing one, and one that would be overwritten."""
    source = written(tmp_path)
    same = openqa("generate", "translated", source, source, "--lang", "tr")
    assert (same.code, same.err) == (1, f"{source}: FILE, OUT and --set-aside must be different files\n")
    gone = openqa("generate", "translated", tmp_path / "none.json", tmp_path / "o.json", "--lang", "tr")
    assert (gone.code, "No such file" in gone.err) == (1, True)
    (tmp_path / "x.json").write_text('{"data": [{}]}')
    with pytest.raises(DataError, match=r"not of SQuAD's form; data > paragraphs > qas > answers is needed$"):
        remap_file(tmp_path / "x.json", "tr")
