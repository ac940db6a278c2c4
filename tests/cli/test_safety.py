"""`openqa verify --repair` and `openqa snapshot`."""

from pathlib import Path

from tests.cli.runs import bm25_index, openqa, write_jsonl
from tests.cli.test_wrong_input import refused


def grown(folder: Path) -> Path:
    """An index of two generations and segments."""
    index = bm25_index(folder)
    openqa("add", index, write_jsonl(folder / "more.jsonl", [{"id": "oslo", "text": "Oslo in Norway.", "lang": "en"}]))
    return index


def flip(file: Path) -> Path:
    """Changes the last byte of a file."""
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    return file


def newest(index: Path, name: str) -> Path:
    """A file of the segment that holds Oslo."""
    (segment,) = (file.parent for file in index.rglob("passages.jsonl") if b"Oslo" in file.read_bytes())
    return next(segment.rglob(name))


def test_repair_goes_back_and_says_what_is_lost(tmp_path: Path) -> None:
    """Exit 0 then, and the index is sound; without --repair exit 1 and the line to type."""
    index = grown(tmp_path)
    file = flip(newest(index, "passages.jsonl"))
    ended = openqa("verify", index)
    assert ended.code == 1
    assert ended.err == (
        f"{file}: does not match its checksum\n"
        f'index "{index}" is damaged; restore these files from a copy, go back to the newest generation without damage '
        f"(openqa verify {index} --repair), or build the index again\n"
    )
    ended = openqa("verify", index, "--repair", "--json")
    assert ended.code == 0
    assert ended.json() == {
        "index": str(index),
        "damaged": [{"file": str(file), "problem": "does not match its checksum"}],
        "generation": 3,
        "restored": 1,
        "dropped": [2],
        "documents_before": 5,
        "passages_before": 5,
        "documents": 4,
        "passages": 4,
    }
    assert ended.err == (
        f"{file}: does not match its checksum\n"
        f'index "{index}" is back at what generation 1 held, as generation 3; dropped: generation 2\n'
        f"passages 5 before, 4 now; documents 5 before, 4 now\n"
        f"run again what was added, replaced or deleted since then\n"
    )
    assert openqa("verify", index).code == 0
    assert openqa("add", index, tmp_path / "more.jsonl").code == 0
    assert openqa("search", index, "Norway", "--json").json()["hits"][0]["passage_id"] == "oslo#0"


def test_repair_of_a_generation_file_does_not_guess_what_it_held(tmp_path: Path) -> None:
    """It says so."""
    index = grown(tmp_path)
    file = flip(index / "generation-000002.json")
    ended = openqa("verify", index, "--repair")
    assert ended.code == 0
    assert ended.err.startswith(f"{file}: does not match its own checksum\n")
    assert "what a damaged generation file held is not known, so it is not among these numbers\n" in ended.err


def test_a_sound_index_is_not_repaired(tmp_path: Path) -> None:
    """Nothing is changed."""
    index = grown(tmp_path)
    ended = openqa("verify", index, "--repair")
    assert (ended.code, ended.err) == (0, f'index "{index}" is sound; nothing was changed\n')
    assert openqa("verify", index, "--quick").err == f'index "{index}" is sound, as far as --quick looks\n'
    assert openqa("info", index, "--json").json()["generation"] == 2


def test_a_damaged_part_is_rebuilt_and_nothing_is_lost(tmp_path: Path) -> None:
    """The message says by which command, also when there is no generation to go back to."""
    index = bm25_index(tmp_path)
    (segment,) = (index / "segments").iterdir()
    flip(sorted((segment / "bm25").iterdir())[0])
    ended = openqa("verify", index)
    assert ended.err.endswith(
        f'index "{index}" is damaged; its passages are not, so run openqa parts {index} rebuild bm25\n'
    )
    refused(
        openqa("verify", index, "--repair"),
        f'index "{index}" has no sound generation to go back to; damaged is, in generation 1, segment {segment.name}: '
        f"part bm25; its passages are sound, so run openqa parts {index} rebuild bm25",
    )
    assert openqa("parts", index, "rebuild", "bm25").code == 0
    assert openqa("verify", index).code == 0
    assert openqa("search", index, "Italy", "--json").json()["hits"][0]["passage_id"] == "rome#0"


def test_quick_and_repair_exclude_each_other(tmp_path: Path) -> None:
    """Wrong usage."""
    ended = openqa("verify", bm25_index(tmp_path), "--quick", "--repair")
    refused(ended, "--quick and --repair exclude each other: a repair checks every byte", 2)


def test_a_snapshot_is_an_index(tmp_path: Path) -> None:
    """It can be searched and written; to people and to programs."""
    index, target = grown(tmp_path), tmp_path / "backups" / "monday"
    ended = openqa("snapshot", index, target, "--json")
    assert ended.code == 0
    assert {"generation": 2, "passages": 5, "documents": 5, "target": str(target)}.items() <= ended.json().items()
    assert ended.err.startswith(f'copied generation 2 of "{index}" to "{target}": 5 passages of 5 documents, ')
    openqa("delete", index, "oslo")
    assert openqa("verify", target).code == 0
    assert openqa("search", target, "Norway", "--json").json()["hits"][0]["passage_id"] == "oslo#0"
    refused(
        openqa("snapshot", index, target),
        f'"{target}" is not empty (it holds "generation-000002.json"); give a new or an empty folder to copy to',
    )
    inside = index / "copy"
    refused(openqa("snapshot", index, inside), f'"{inside}" lies inside index "{index}"; give a folder outside of it')
