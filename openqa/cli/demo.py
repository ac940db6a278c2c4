"""`openqa demo`: the bundled index, asked in twelve languages."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openqa.cli.output import marked, note, one_line, print_json, source
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.pipeline.demo import Outcome


def demo(
    index: Annotated[
        Path | None,
        typer.Option("--index", help="Keep the index in this folder.  [default: a temporary one]", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Ask all 60 questions; one JSON object a line.")] = False,
) -> None:
    """Build the bundled index and ask it in several languages."""
    with tempfile.TemporaryDirectory(prefix="openqa-demo-") as temporary:
        _run(index or Path(temporary) / "index", as_json)
    if not as_json:
        program = "openqa" if shutil.which("openqa") else sys.argv[0]
        folder = index or "indexes/demo"
        keep = "" if index else f"{program} demo --index indexes/demo\n  "
        note(f'Ask your own:\n  {keep}{program} ask {folder} "Wer entdeckte das Penicillin?"')


def _run(path: Path, as_json: bool) -> None:
    from openqa.pipeline.demo import demo_index, demo_questions, one_of_each_language, outcome
    from openqa.pipeline.openqa import OpenQA

    questions = demo_questions()
    if not as_json:
        questions = one_of_each_language(questions)
    with progress(Count("building the demo index", "passages")) as advance:
        index = demo_index(path, on_progress=advance)
    with index, progress(Count("answering", "questions", len(questions))) as advance:
        found = OpenQA(index).answer([asked.question for asked in questions], k=1)
        advance(len(questions))
        outcomes = [outcome(index, asked, answers) for asked, answers in zip(questions, found, strict=True)]
    for result in outcomes:
        show = _print_json if as_json else _print
        show(result)
    n_correct = sum(result.is_correct for result in outcomes)
    note(f"{n_correct} of {len(outcomes)} right: the expected answer, in a passage that gives it")


def _print(result: "Outcome") -> None:
    question = result.asked.question
    typer.echo(f"{question.lang}  {one_line(question.text)}")
    if result.answer is None or result.passage is None:
        typer.echo("    no answer found")
    else:
        best = result.answer.support[0]
        text = one_line(result.answer.text)
        typer.echo(f"    {text}  (in {result.passage.lang}, probability {result.answer.probability:.2f})")
        typer.echo(f"    {marked(result.passage, best.start, best.end)}")
        typer.echo(f"    {source(result.passage)}")
    if not result.is_correct:
        expected = " or ".join(one_line(answer) for answer in question.answers)
        typer.echo(f"    expected {expected}, in passage {' or '.join(result.asked.passage_ids)}")
    typer.echo()


def _print_json(result: "Outcome") -> None:
    question = result.asked.question
    print_json(
        {
            "question": question.text,
            "lang": question.lang,
            "answer": result.answer.text if result.answer else None,
            "passage_id": result.passage.id if result.passage else None,
            "passage_lang": result.passage.lang if result.passage else None,
            "expected": list(question.answers),
            "correct": result.is_correct,
        }
    )
