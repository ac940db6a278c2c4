"""Files in and out: JSON Lines, TSV, TREC runs and qrels. Its other half, `durable.py`, writes the bytes of an index.

Compressed files (.gz) are opened transparently and "-" is standard input. Every reading error names path:line.
"""

import gzip
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path, PurePosixPath
from typing import IO, Any

from openqa.errors import DataError
from openqa.types import Hit, Qrels, Run

STDIN = Path("-")
_DAMAGE = (EOFError, zlib.error, OSError)


def display_name(path: Path) -> str:
    """Returns what messages call a path: the path itself, or "standard input" for "-"."""
    return "standard input" if path == STDIN else str(path)


def plain_suffix(name: str) -> str:
    """Returns the suffix of a file name in lower case, a final .gz left aside."""
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix


def plain_stem(name: str) -> str:
    """Returns a file name without its suffix, a final .gz left aside."""
    return PurePosixPath(name.removesuffix(".gz")).stem


def open_bytes(path: Path) -> AbstractContextManager[IO[bytes]]:
    """Opens a file for reading bytes, unpacking .gz; "-" is standard input, which is left open at the end.

    Raises:
        DataError: the file is missing, a folder, or not readable.
    """
    if path == STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; give a file that exists and can be read") from error


def read_lines(path: Path, watch: Callable[[IO[bytes]], None] | None = None) -> Iterator[tuple[int, str]]:
    """Yields (line number from 1, line without its end), blank lines and a leading byte order mark left out.

    A line ends at LF or CRLF and nowhere else, so that U+2028 inside a JSON string does not break it.

    Args:
        path: the file; may end in .gz, or be "-" for standard input.
        watch: is given the open file, to see how far it has been read.

    Raises:
        DataError: the file cannot be opened, is not UTF-8, or is a damaged .gz; with path:line.
    """
    number = 0
    with open_bytes(path) as lines:
        if watch:
            watch(lines)
        try:
            for number, line in enumerate(lines, start=1):
                text = _decode(line, path, number).rstrip("\r\n")
                if number == 1:
                    text = text.removeprefix("\ufeff")
                if text.strip():
                    yield number, text
        except _DAMAGE as error:
            raise _damaged(path, number + 1, error) from error


def read_text(path: Path) -> str:
    """Returns the whole text of a file, a leading byte order mark left out and every line end as LF.

    Raises:
        DataError: the file cannot be opened, is not UTF-8, or is a damaged .gz; with path:line.
    """
    with open_bytes(path) as file:
        try:
            content = file.read()
        except _DAMAGE as error:
            raise _damaged(path, 1, error) from error
    text = _decode(content, path, 1).removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_jsonl(path: Path, watch: Callable[[IO[bytes]], None] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields (line number from 1, object) for each line of a JSON Lines file.

    Args:
        path: as for `read_lines`.
        watch: as for `read_lines`.

    Raises:
        DataError: a line is not a JSON object; with path:line.
    """
    for number, line in read_lines(path, watch):
        yield number, parse_object(line, f"{display_name(path)}:{number}")


def parse_object(line: str, where: str) -> dict[str, Any]:
    """Returns the object of one line of a JSON Lines file.

    Raises:
        DataError: the line is not a JSON object; the message starts with `where`.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not valid JSON ({_json_fault(error)}); one object a line is needed") from error
    if not isinstance(record, dict):
        raise DataError(f"{where}: a JSON object is needed, found {json_type(record)}")
    return record


def read_json(path: Path) -> Any:
    """Returns the content of a JSON file.

    Raises:
        DataError: the file cannot be read or is not JSON; with path:line.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise DataError(f"{display_name(path)}:{line}: not valid JSON ({_json_fault(error)})") from error


def json_type(value: object) -> str:
    """Returns what messages call the type of a JSON value, such as "a number"."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    names = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names[type(value)]


def read_tsv(path: Path, columns: int) -> Iterator[tuple[int, list[str]]]:
    """Yields (line number from 1, fields) for each line of a tab-separated file.

    Raises:
        DataError: a line has not exactly `columns` fields; with path:line.
    """
    for number, line in read_lines(path):
        fields = line.split("\t")
        if len(fields) != columns:
            raise DataError(
                f"{display_name(path)}:{number}: {columns} tab-separated fields are needed, found {len(fields)}"
            )
        yield number, fields


def read_run(path: Path) -> Run:
    """Returns a TREC run (`question Q0 passage rank score tag`), each ranking in order of score.

    Raises:
        DataError: a line has not six fields, or its score is not a finite number.
    """
    run: Run = {}
    for number, line in read_lines(path):
        fields = line.split()
        if len(fields) != 6:
            raise DataError(
                f'{path}:{number}: a run line is "question Q0 passage rank score tag", found {len(fields)} fields'
            )
        run.setdefault(fields[0], []).append(Hit(fields[2], _number(path, number, fields[4])))
    for ranking in run.values():
        ranking.sort(key=lambda hit: (-hit.score, hit.passage_id))
    return run


def run_lines(run: Run, tag: str = "openqa") -> Iterator[str]:
    """Yields the lines of a TREC run, ranks from 1; scores keep enough digits to be read back exactly.

    Raises:
        DataError: an id is empty or has white space, so that its line could not be read back.
    """
    for question_id, ranking in run.items():
        _check_run_id("question", question_id, "its file of questions")
        for rank, hit in enumerate(ranking, start=1):
            _check_run_id("passage", hit.passage_id, "the corpus and build the index again")
            yield f"{question_id} Q0 {hit.passage_id} {rank} {hit.score!r} {tag}"


def read_qrels(path: Path) -> Qrels:
    """Returns relevance judgements: TREC (`question 0 passage grade`) or BEIR (header, tab-separated, three fields).

    Raises:
        DataError: a line has another number of fields, or its grade is not a whole number.
    """
    qrels: Qrels = {}
    for number, line in read_lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        if number == 1 and fields[:2] == ["query-id", "corpus-id"]:
            continue
        if len(fields) not in (3, 4):
            raise DataError(f'{path}:{number}: a qrels line is "question 0 passage grade", found {len(fields)} fields')
        grade = _number(path, number, fields[-1])
        if grade != int(grade):
            raise DataError(f'{path}:{number}: grade "{fields[-1]}" is not a whole number')
        qrels.setdefault(fields[0], {})[fields[-2]] = int(grade)
    return qrels


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Writes text lines as UTF-8, through a temporary file so that a reader never sees half of it."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
    temporary.replace(path)


def _check_run_id(kind: str, id: str, where: str) -> None:
    if id.split() != [id]:
        raise DataError(f'{kind} id "{id}" has white space, which a TREC run cannot hold; rename it in {where}')


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value != value or value in (float("inf"), float("-inf")):
        raise DataError(f'{path}:{line}: "{text}" is not a finite number')
    return value


def _decode(content: bytes, path: Path, first_line: int) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        source = "UTF-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "ISO-8859-1"
        raise DataError(
            f"{display_name(path)}:{line}: byte 0x{content[error.start]:02x} is not UTF-8; "
            f"convert the file, for example with iconv -f {source} -t UTF-8"
        ) from error


def _damaged(path: Path, line: int, error: Exception) -> DataError:
    return DataError(f"{display_name(path)}:{line}: cannot read on ({error}); the file is damaged or cut off")


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
