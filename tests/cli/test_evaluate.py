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
