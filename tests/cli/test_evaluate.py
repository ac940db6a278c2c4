"""`openqa evaluate` and `openqa doctor`."""

import json
from pathlib import Path

from tests.cli.runs import needs_models, openqa
from tests.cli.test_ask import reader_folder
from tests.evaluate.sets import write_squad, write_xquad


def xquad(folder: Path) -> Path:
    """The set in the two languages that it is asked for."""
    write_xquad(folder)
    return folder


def test_retrieval_shows_a_table_of_languages(tmp_path: Path) -> None:
    """Question languages down, passage languages across."""
    ended = openqa("evaluate", "retrieval", "--data", xquad(tmp_path), "--retriever", "bm25", "--langs", "de,en")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("dataset xquad, retriever bm25\n\nR@1: questions down, passages across\n")
    assert "R@1|data:xquad|norm:none|lang:de+en>de+en|n:16|openqa:" in ended.out


def test_retrieval_gives_json(tmp_path: Path) -> None:
    """One line a retriever, with the values of every pair."""
    arguments = ("--data", xquad(tmp_path), "-r", "bm25", "--langs", "de,en", "--sample", "2", "--json")
    record = openqa("evaluate", "retrieval", *arguments).json()
    assert (record["dataset"], record["retriever"]) == ("xquad", "bm25")
    assert record["measures"]["R@1"]["n"] == [[2, 2], [2, 2]]


def test_reading_gives_json(tmp_path: Path) -> None:
    """EM and F1 of any reader."""
    reader = reader_folder(tmp_path / "reader", 0.0)
    arguments = ("--data", xquad(tmp_path), "--langs", "de,en", "--reader", reader, "--json")
    ended = openqa("evaluate", "reading", *arguments)
    assert ended.code == 0, ended.err
    assert list(ended.json()["measures"]) == ["EM", "F1"]
    assert "F1|data:xquad|norm:squad|lang:de+en>de+en|n:16" in ended.json()["measures"]["F1"]["signature"]


def test_tables_are_drawn(tmp_path: Path) -> None:
    """One heat map for each measure, in a folder that need not be there."""
    drawn = tmp_path / "new" / "plots"
    arguments = ("--data", xquad(tmp_path), "-r", "bm25", "--langs", "de,en", "--plot", drawn)
    assert openqa("evaluate", "retrieval", *arguments).code == 0
    assert sorted(path.name for path in drawn.iterdir()) == ["bm25-R1.png", "bm25-R5.png", "bm25-RR10.png"]


def test_wrong_data_is_refused(tmp_path: Path) -> None:
    """A missing folder, a language that the set has not, rules that nobody knows, a sample of none."""
    missing = openqa("evaluate", "reading", "--data", tmp_path / "none")
    assert missing.code == 1
    assert missing.err.startswith(f"{tmp_path / 'none'}: no such folder")
    write_squad(tmp_path / "xquad.en.json", {"Rivers": [("Rome is on the Tiber.", [("q", "Where?", "Tiber")])]})
    unknown = openqa("evaluate", "retrieval", "--data", tmp_path, "--langs", "en,xx", "-r", "bm25")
    assert (unknown.code, 'unknown language "xx"' in unknown.err) == (1, True)
    rules = openqa("evaluate", "reading", "--data", tmp_path, "--normalization", "squat")
    assert rules.err == 'unknown normalization "squat"; known: mlqa, squad; did you mean "squad"?\n'
    assert openqa("evaluate", "retrieval", "--data", tmp_path, "--sample", "0").code == 2


def test_measures_and_parts_are_chosen(tmp_path: Path) -> None:
    """R@10 alone; a cutoff that no ranking reaches, and parts of another set, are refused."""
    arguments = ("evaluate", "retrieval", "--data", xquad(tmp_path), "-r", "bm25", "--langs", "de,en")
    assert list(openqa(*arguments, "--measures", "R@10", "--json").json()["measures"]) == ["R@10"]
    deep = openqa(*arguments, "--measures", "R@20")
    assert deep.err == 'measure "R@20" looks below rank 10; a cutoff of at most 10 is needed\n'
    parts = openqa(*arguments, "--parts", "7")
    assert parts.err == 'parts is "7" for xquad; some of 0, 1, 2, 3 are needed, for xquad and mlqa-dev\n'


def test_sentences_are_matched_and_not_read(tmp_path: Path) -> None:
    """FLORES as retrieval; it has no answers."""
    rows = "the red dog\tder rote Hund 7\tflores-devtest\nthe cat\tdie Katze 9\tflores-devtest\n"
    (tmp_path / "en-de.tsv").write_text(rows, encoding="utf-8")
    arguments = ("--dataset", "flores", "--data", tmp_path, "--langs", "de,en")
    record = openqa("evaluate", "retrieval", *arguments, "-r", "bm25", "--measures", "R@1", "--json").json()
    assert record["measures"]["R@1"]["values"][0][0] == 1.0
    reading = openqa("evaluate", "reading", *arguments)
    assert reading.err == "flores has sentences and no answers; measure retrieval over it\n"


def test_predictions_are_written_scored_and_compared(tmp_path: Path) -> None:
    """The reader's own answers, scored beside ones that are all right but one that is missing."""
    gold = xquad(tmp_path) / "xquad.de.json"
    reader, own, other = reader_folder(tmp_path / "reader", 0.0), tmp_path / "own.json", tmp_path / "other.json"
    written = openqa("evaluate", "predict", gold, own, "--lang", "de", "--reader", reader)
    assert (written.code, written.out) == (0, f"{own}: 4 answers, 0 of them empty\n")
    assert list(json.loads(own.read_text(encoding="utf-8"))) == ["q0", "q1", "q2", "q3"]
    silent = openqa("evaluate", "predict", gold, own, "--lang", "de", "--reader", reader, "--threshold", "1e9")
    assert silent.out == f"{own}: 4 answers, 4 of them empty\n"
    other.write_text(json.dumps({"q0": "Rom", "q1": "der Tiber", "q2": "Rhein"}), encoding="utf-8")
    compared = openqa("evaluate", "answers", gold, other, "--lang", "de", "--against", own)
    assert (compared.code, compared.err) == (0, f'{other}: no answer to 1 of 4 questions, the first is "q3"\n')
    assert compared.out.startswith("EM 50.0, 95 % interval 0.0 to 100.0; own.json 0.0, difference +50.0 (+0.0 to")
    assert compared.out.count("by paired bootstrap") == compared.out.count("by signed rank") == 2
    alone = openqa("evaluate", "answers", gold, other, "--lang", "de", "--normalization", "mlqa", "--json").json()
    assert (alone["EM"]["value"], alone["n"], "against" in alone["F1"]) == (75.0, 4, False)
    missing = openqa("evaluate", "answers", gold, tmp_path / "none.json", "--lang", "de")
    assert (missing.code, missing.err.startswith(f"{tmp_path / 'none.json'}: No such file")) == (1, True)


def test_doctor_says_what_is_there() -> None:
    """One line a check, for people and for programs."""
    shown, values = openqa("doctor"), openqa("doctor", "--json")
    found = {record["name"]: record for record in map(json.loads, values.out.splitlines())}
    assert found["bm25"]["is_ok"]
    assert shown.out.startswith("ok      openqa ")
    assert shown.code == values.code == int(not all(record["is_ok"] for record in found.values()))


@needs_models
def test_doctor_finds_nothing_broken() -> None:
    """With the bundled models in place."""
    ended = openqa("doctor")
    assert (ended.code, "BROKEN" in ended.out) == (0, False), ended.out


def test_the_mean_of_one_reader_is_refused(tmp_path: Path) -> None:
    """A clear message, and no folder."""
    ended = openqa("train", "average", tmp_path / "mean", tmp_path / "run")
    assert (ended.code, ended.err) == (1, "1 readers; at least two are needed for a mean\n")
    assert not (tmp_path / "mean").exists()
