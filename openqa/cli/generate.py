"""`openqa generate`: training data."""

from pathlib import Path
from typing import Annotated

import typer

from openqa.cli.options import AsJson, example
from openqa.cli.output import print_json
from openqa.cli.progress import Count, progress

generate = typer.Typer(no_args_is_help=True, help="Make training data.")


@generate.callback()
def main() -> None:
    """Make training data."""


@generate.command(
    epilog=example("openqa generate translated squad.tr.json squad-tr.json --lang tr --set-aside squad-tr.jsonl")
)
def translated(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", help="SQuAD format, passages and answers translated.", show_default=False)
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="The file with every answer at its offset.", show_default=False)
    ],
    lang: Annotated[str, typer.Option("--lang", help='Their language, such as "tr".')],
    set_aside: Annotated[
        Path | None,
        typer.Option("--set-aside", help="JSON lines for training retrievers: questions whose answer stands nowhere."),
    ] = None,
    least: Annotated[float, typer.Option("--least", min=0.0, max=1.0, help="Similarity of an answer's place.")] = 0.7,
    as_json: AsJson = False,
) -> None:
    """Find translated answers in translated passages: exactly, else by edit distance, else set aside."""
    import json

    from openqa.errors import ConfigError, require
    from openqa.files import write_lines

    require("train", "rapidfuzz")
    from openqa.generate.translated import remap_file

    if len({path.resolve() for path in (source, out, set_aside) if path}) < 2 + (set_aside is not None):
        raise ConfigError(f"{source}: FILE, OUT and --set-aside must be different files")
    count = Count("remapping", "questions")
    with progress(count):
        record, aside, counts = remap_file(source, lang, least=least, on_question=count)
    write_lines(out, [json.dumps(record, ensure_ascii=False)])
    if set_aside is not None:
        write_lines(set_aside, (json.dumps(found, ensure_ascii=False) for found in aside))
    names = ("exact", "fuzzy", "set aside", "unanswerable")
    if as_json:
        print_json({"out": str(out), **{name.replace(" ", "_"): counts.get(name, 0) for name in names}})
        return
    typer.echo(f"{out}: " + ", ".join(f"{counts.get(name, 0):,} {name}" for name in names))
