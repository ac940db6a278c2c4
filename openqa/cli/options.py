"""Arguments and options that several commands share, so that they mean the same everywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from openqa.types import Question

IndexPath = Annotated[Path, typer.Argument(metavar="INDEX", help="The index folder.", show_default=False)]
Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILES...",
        help="Documents: .jsonl, SQuAD .json, .csv, .tsv, .txt, .md, .html (each also .gz), .parquet, .pdf, .docx, "
        "MediaWiki dumps, folders of them, or - for JSON lines from standard input.",
        show_default=False,
    ),
]
Asked = Annotated[
    str,
    typer.Argument(
        metavar="QUESTION",
        help="A question; or a file of questions (.jsonl, .tsv, .txt), or - for standard input.",
        show_default=False,
    ),
]
DocumentLang = Annotated[
    str | None,
    typer.Option("--lang", help='Language of documents that do not name their own, such as "tr"; else identified.'),
]
QuestionLang = Annotated[
    str | None, typer.Option("--lang", help='Language of the question, such as "tr"; identified by default.')
]
TextField = Annotated[
    str | None,
    typer.Option(
        "--text-field", help='The field of JSON lines, or the column, that holds the text.  [default: "text"]'
    ),
]
IdField = Annotated[
    str | None, typer.Option("--id-field", help='The field that holds the id.  [default: "id", "_id" or "docid"]')
]
TitleField = Annotated[
    str | None, typer.Option("--title-field", help='The field or column that holds the title.  [default: "title"]')
]
Tables = Annotated[
    str | None,
    typer.Option(
        "--tables",
        help="How rows of .csv and .tsv without a column of texts become text: markdown, sentences, or a template such "
        'as "{city} has {inhabitants} inhabitants."  [default: markdown]',
    ),
]
Retriever = Annotated[
    str | None,
    typer.Option("--retriever", "-r", help="bm25, dense or hybrid.  [default: the best that the index has parts for]"),
]
Workers = Annotated[
    int, typer.Option("--workers", "-w", min=1, help="Processes that write parts; bytes are the same with any number.")
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Start over instead of going on with what a stopped run of it has left.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs, one object a line.")]

_QUESTION_SUFFIXES = (".jsonl", ".ndjson", ".tsv", ".txt", ".json")


def example(line: str) -> str:
    """Returns what stands below the help of a command: a line that can be pasted as it is."""
    return f"\b\nExample:\n  {line}"


def read_asked(asked: str, lang: str | None) -> "list[Question]":
    """Returns the questions of an argument: those of a file or of standard input, or the argument itself.

    Raises:
        DataError: it names a file that cannot be read as questions.
        ConfigError: the language is no tag.
    """
    from openqa.pipeline.questions import check_language
    from openqa.types import Question

    if lang is not None:
        check_language(lang)
    if asked == "-" or _names_file(asked):
        from openqa.corpus.questions import read_questions

        return read_questions(asked, lang or "und")
    return [Question("1", asked, lang or "und")]


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turns a ValueError about what the user typed into wrong usage: the message alone, and exit code 2."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _names_file(asked: str) -> bool:
    if len(asked) > 1000 or any(character in asked for character in "\n\0"):
        return False
    suffix = Path(asked.removesuffix(".gz")).suffix
    return suffix in _QUESTION_SUFFIXES and (not any(map(str.isspace, asked)) or Path(asked).is_file())
