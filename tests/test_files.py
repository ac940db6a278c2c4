"""The reading half of openqa/files.py."""

import gzip
import io
import sys
from pathlib import Path

import pytest

from openqa.errors import DataError
from openqa.files import (
    display_name,
    json_type,
    read_json,
    read_jsonl,
    read_lines,
    read_qrels,
    read_run,
    read_text,
    read_tsv,
    run_lines,
    write_lines,
)
from openqa.types import Hit


def put(path: Path, content: str | bytes) -> Path:
    raw = content.encode("utf-8") if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def refusal(caught: pytest.ExceptionInfo[DataError], path: Path) -> str:
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_lines_keep_their_numbers(tmp_path: Path, name: str) -> None:
    """Blank lines count but are left out; CRLF, a byte order mark and a missing last end are taken."""
    path = put(tmp_path / name, "\ufeffa\r\n\n \nb\u2028c\x0b\u0085d\re\n f ")
    assert list(read_lines(path)) == [(1, "a"), (4, "b\u2028c\x0b\u0085d\re"), (5, " f ")]
    assert list(read_lines(put(tmp_path / name, ""))) == []


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    """The message names the path and the fault."""
    with pytest.raises(DataError) as caught:
        list(read_lines(tmp_path / "no.txt"))
    assert (
        str(caught.value)
        == f"{tmp_path / 'no.txt'}: No such file or directory; give a file that exists and can be read"
    )
    with pytest.raises(DataError) as caught:
        read_text(tmp_path)
    assert str(caught.value) == f"{tmp_path}: Is a directory; give a file that exists and can be read"


def test_invalid_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    """By lines, as a whole, and in UTF-16, the line is the one that holds the byte."""
    path = put(tmp_path / "a.txt", b"x\n" * 5000 + b"ab\xffc\n")
    message = "a.txt:5001: byte 0xff is not UTF-8; convert the file, for example with iconv -f ISO-8859-1 -t UTF-8"
    lines: list[tuple[int, str]] = []
    with pytest.raises(DataError) as caught:
        lines.extend(read_lines(path))
    assert refusal(caught, path) == message
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert refusal(caught, path) == message
    put(path, "x".encode("utf-16"))
    with pytest.raises(DataError) as caught:
        read_json(path)
    assert refusal(caught, path) == (
        "a.txt:1: byte 0xff is not UTF-8; convert the file, for example with iconv -f UTF-16 -t UTF-8"
    )


def test_a_cut_gz_is_refused_after_what_could_be_read(tmp_path: Path) -> None:
    """The lines before the damage come; then the next line's number is named."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress("".join(f"{n * 7919 % 1009}\n" for n in range(20000)).encode())[:-20])
    numbers: list[int] = []
    with pytest.raises(DataError) as caught:
        numbers.extend(number for number, _ in read_lines(path))
    fault = "Compressed file ended before the end-of-stream marker was reached"
    assert refusal(caught, path).endswith(f": cannot read on ({fault}); the file is damaged or cut off")
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert refusal(caught, path) == f"a.gz:1: cannot read on ({fault}); the file is damaged or cut off"


def test_standard_input_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dash reads standard input, and messages say so."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n[]\n')))
    records = read_jsonl(Path("-"))
    assert next(records) == (1, {"a": 1})
    with pytest.raises(DataError) as caught:
        next(records)
    assert str(caught.value) == "standard input:2: a JSON object is needed, found a list"
    assert display_name(Path("-")) == "standard input"
    assert display_name(Path("a/b")) == "a/b"


def test_whole_texts_have_plain_line_ends(tmp_path: Path) -> None:
    """CRLF and CR become LF, a byte order mark goes."""
    assert read_text(put(tmp_path / "a.gz", "\ufeffa\r\nb\rc\n")) == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "Expecting value at column 1"),
        ("[1,]", "Illegal trailing comma before end of array at column 3"),
        ("[" * 100_000, "nested too deeply"),
        ("1" * 5000, "a number is too long"),
    ],
)
def test_broken_json_is_refused(tmp_path: Path, content: str, fault: str) -> None:
    """With line and column where there are such."""
    path = put(tmp_path / "a.json", content)
    if "trailing comma" in fault and sys.version_info < (3, 13):
        fault = "Expecting value at column 4"
    with pytest.raises(DataError) as caught:
        read_json(path)
    assert refusal(caught, path) == f"a.json:1: not valid JSON ({fault})"


def test_json_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    """Some systems write one."""
    assert read_json(put(tmp_path / "a.json", '\ufeff{"a": "ç"}')) == {"a": "ç"}


def test_types_have_names() -> None:
    """What messages call a JSON value."""
    values: list[object] = [None, True, 1, 1.5, "x", [], {}]
    assert [json_type(value) for value in values] == [
        "null",
        "true",
        "a number",
        "a number",
        "a string",
        "a list",
        "an object",
    ]


def test_tsv_needs_its_number_of_fields(tmp_path: Path) -> None:
    """No quoting: a field is what stands between tabs."""
    path = put(tmp_path / "a.tsv", 'a\t"b\n\nc\t\nd')
    rows = read_tsv(path, 2)
    assert [next(rows), next(rows)] == [(1, ["a", '"b']), (3, ["c", ""])]
    with pytest.raises(DataError) as caught:
        next(rows)
    assert refusal(caught, path) == "a.tsv:4: 2 tab-separated fields are needed, found 1"


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Round trip with exact scores; ties are in order of passage id."""
    run = {"q1": [Hit("b", 0.1 + 0.2), Hit("a", -1e-300)], "q2": [Hit("a", 1.0), Hit("c", 1.0)]}
    path = tmp_path / "run.trec"
    write_lines(path, run_lines(run))
    assert read_run(path) == run
    assert path.read_text().splitlines()[1] == "q1 Q0 a 2 -1e-300 openqa"
    assert read_run(put(path, "q Q0 z 1 5 t\nq Q0 a 2 5 t\n")) == {"q": [Hit("a", 5.0), Hit("z", 5.0)]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q Q0 p 1 0.5", 'run:1: a run line is "question Q0 passage rank score tag", found 5 fields'),
        ("q Q0 p 1 nan t", 'run:1: "nan" is not a finite number'),
        ("q Q0 p 1 x t", 'run:1: "x" is not a finite number'),
    ],
)
def test_wrong_runs_are_refused(tmp_path: Path, line: str, message: str) -> None:
    """With path and line."""
    path = put(tmp_path / "run", line)
    with pytest.raises(DataError) as caught:
        read_run(path)
    assert refusal(caught, path) == message


def test_qrels_of_both_forms_are_read(tmp_path: Path) -> None:
    """TREC's four fields, and BEIR's three with a header; ids with spaces only where tabs separate."""
    assert read_qrels(put(tmp_path / "a", "q 0 p 1\nq 0 r 0\n")) == {"q": {"p": 1, "r": 0}}
    assert read_qrels(put(tmp_path / "b", "query-id\tcorpus-id\tscore\nq\tp q\t2\n")) == {"q": {"p q": 2}}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q p", 'qrels:1: a qrels line is "question 0 passage grade", found 2 fields'),
        ("q 0 p 0.5", 'qrels:1: grade "0.5" is not a whole number'),
        ("q 0 p inf", 'qrels:1: "inf" is not a finite number'),
    ],
)
def test_wrong_qrels_are_refused(tmp_path: Path, line: str, message: str) -> None:
    """With path and line."""
    path = put(tmp_path / "qrels", line)
    with pytest.raises(DataError) as caught:
        read_qrels(path)
    assert refusal(caught, path) == message
