"""`openqa search` and `openqa ask`: questions in, ranked passages or cited answers out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openqa.cli.options import (
    AsJson,
    Asked,
    IndexPath,
    QuestionLang,
    Retriever,
    read_asked,
    usage_errors,
)
from openqa.cli.output import excerpt, marked, note, one_line, print_json, source
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.pipeline.index import Index
    from openqa.types import Answer, Question, Ranking

_BATCH_QUESTIONS = 64


def search(
    index: IndexPath,
    question: Asked,
    k: Annotated[int, typer.Option("-k", help="Passages for each question.")] = 10,
    retriever: Retriever = None,
    lang: QuestionLang = None,
    run: Annotated[
        Path | None,
        typer.Option("--run", help="Write a TREC run to this file instead; - is standard output.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find the passages that match a question best."""
    from openqa.pipeline.index import open_index
    from openqa.pipeline.questions import check_questions

    if run is not None and as_json:
        raise typer.BadParameter("--run and --json exclude each other; give one of them")
    questions = read_asked(question, lang)
    with usage_errors():
        check_questions(questions, k)
    with (
        open_index(index) as opened,
        progress(Count("searching", "questions", len(questions)), while_printing=True) as advance,
    ):
        name = retriever or opened.default_retriever
        found: dict[str, Ranking] = {}
        for start in range(0, len(questions), _BATCH_QUESTIONS):
            batch = questions[start : start + _BATCH_QUESTIONS]
            rankings = opened.search(batch, k, name)
            for asked, ranking in zip(batch, rankings, strict=True):
                if run is None:
                    _show_ranking(opened, asked, ranking, is_only=len(questions) == 1, as_json=as_json)
                else:
                    found[asked.id] = ranking
            advance(start + len(batch))
    if run is not None:
        _write_run(run, found, name)


def ask(
    index: IndexPath,
    question: Asked,
    k: Annotated[int, typer.Option("-k", help="Answers for each question.")] = 3,
    retriever: Retriever = None,
    depth: Annotated[int, typer.Option("--depth", help="Most passages read for each question.")] = 10,
    lang: QuestionLang = None,
    reader: Annotated[str, typer.Option("--reader", help="A reader's name, folder or hub name.")] = "mini",
    as_json: AsJson = False,
) -> None:
    """Answer a question, with the passages that the answers stand in."""
    from openqa.pipeline.index import open_index
    from openqa.pipeline.openqa import OpenQA
    from openqa.pipeline.questions import check_questions
    from openqa.read import load_reader

    questions = read_asked(question, lang)
    with usage_errors():
        check_questions(questions, k)
    with (
        open_index(index) as opened,
        progress(Count("answering", "questions", len(questions)), while_printing=True) as advance,
    ):
        with usage_errors():
            qa = OpenQA(opened, load_reader(reader), retriever=retriever, depth=depth)
        for start in range(0, len(questions), _BATCH_QUESTIONS):
            batch = questions[start : start + _BATCH_QUESTIONS]
            for asked, answers in zip(batch, qa.answer(batch, k), strict=True):
                show = print_answers_json if as_json else _print_answers
                show(opened, asked, answers)
            advance(start + len(batch))


def print_answers_json(index: "Index", question: "Question", answers: "list[Answer]") -> None:
    """Prints a question and its answers with their sources as one JSON line."""
    print_json(
        {
            "question_id": question.id,
            "question": question.text,
            "answers": [
                {
                    "text": answer.text,
                    "probability": round(answer.probability, 6),
                    "score": round(answer.score, 6),
                    "support": [_support(index, answer, number) for number in range(len(answer.support))],
                }
                for answer in answers
            ],
        }
    )


def _print_answers(index: "Index", question: "Question", answers: "list[Answer]") -> None:
    typer.echo(one_line(question.text))
    if not answers:
        typer.echo("   no answer found")
    for rank, answer in enumerate(answers, start=1):
        typer.echo(f"{rank:2}. {one_line(answer.text)}  (probability {answer.probability:.2f})")
        best = answer.support[0]
        passage = index.passage(best.passage_id)
        typer.echo(f"    {marked(passage, best.start, best.end)}")
        typer.echo(f"    {source(passage)}")
        others = {span.passage_id for span in answer.support} - {best.passage_id}
        if others:
            typer.echo(f"    also in passage {', '.join(sorted(others))}")
    typer.echo()


def _support(index: "Index", answer: "Answer", number: int) -> dict[str, Any]:
    span = answer.support[number]
    passage = index.passage(span.passage_id)
    return {
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "title": passage.title,
        "url": passage.url,
        "lang": passage.lang,
        "start": span.start,
        "end": span.end,
        "text": span.text,
        "passage": passage.text,
    }


def _show_ranking(index: "Index", question: "Question", ranking: "Ranking", *, is_only: bool, as_json: bool) -> None:
    passages = [index.passage(hit.passage_id) for hit in ranking]
    if as_json:
        hits = [
            {
                "passage_id": passage.id,
                "score": hit.score,
                "document_id": passage.document_id,
                "title": passage.title,
                "url": passage.url,
                "lang": passage.lang,
                "text": passage.text,
            }
            for hit, passage in zip(ranking, passages, strict=True)
        ]
        print_json({"question_id": question.id, "question": question.text, "hits": hits})
        return
    if not is_only:
        typer.echo(one_line(question.text))
    if not ranking:
        note("no passage found") if is_only else typer.echo("    no passage found")
    for rank, (hit, passage) in enumerate(zip(ranking, passages, strict=True), start=1):
        typer.echo(f"{rank:2}. {hit.score:.3f}  {source(passage)}")
        typer.echo(f"    {excerpt(passage)}")


def _write_run(path: Path, run: "dict[str, Ranking]", tag: str) -> None:
    from openqa.files import STDIN, run_lines, write_lines

    lines = list(run_lines(run, f"openqa-{tag}"))
    if path == STDIN:
        for line in lines:
            typer.echo(line)
        return
    try:
        write_lines(path, lines)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}; give a file that can be written") from error
    note(f"{len(run):,} questions written to {path}")
