"""`openqa train`: models of your own from a configuration."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openqa.cli.options import example
from openqa.cli.output import note
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.train.resuming import OnLog

train = typer.Typer(no_args_is_help=True, help="Train models of your own.")

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A .toml file; training/ has some to start from.", show_default=False)
]


@train.command(epilog=example("openqa train retriever training/retriever/dense.toml"))
def retriever(
    config: Config,
    restart: Annotated[bool, typer.Option("--restart", help="Start over; removes what is in its out folder.")] = False,
) -> None:
    """Train a dense or ColBERT retriever in stages; run it again after a stop, and it goes on.

    Prints the folder of the model, which sentence-transformers and openqa load by its path.
    """
    from openqa.errors import require
    from openqa.train.retriever_config import read_retriever_config

    settings = read_retriever_config(config)
    require("train", "sentence_transformers", "datasets", "accelerate")
    _be_quiet()
    from openqa.pipeline.training import train_retriever

    if restart:
        for stage in settings.stages:
            shutil.rmtree(settings.out / stage.name, ignore_errors=True)
    count = Count("training", "steps")
    with progress(count):
        typer.echo(train_retriever(settings, note=note, on_log=_shown(count)))


@train.command(epilog=example("openqa train reader training/reader/self-distillation-map.toml"))
def reader(
    config: Config,
    restart: Annotated[bool, typer.Option("--restart", help="Start over; removes what is in its out folder.")] = False,
) -> None:
    """Train a reader, on gold answers alone or by self-distillation; run it again after a stop, and it goes on.

    Prints the folder of the model, which transformers loads by its path. Beside it stand the curves of the losses.
    """
    from openqa.errors import require
    from openqa.train.reader_config import read_reader_config

    settings = read_reader_config(config)
    require("train", "transformers", "accelerate")
    _be_quiet()
    from openqa.train.reader import train_reader

    if restart:
        for part in ("checkpoints", "model"):
            shutil.rmtree(settings.out / part, ignore_errors=True)
        (settings.out / "config.json").unlink(missing_ok=True)
    count = Count("training", "steps")
    with progress(count):
        typer.echo(train_reader(settings, on_log=_shown(count)))


@train.command(epilog=example("openqa train average out/mean out/seed-1/model out/seed-2/model out/seed-3/model"))
def average(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder for the mean.", show_default=False)],
    readers: Annotated[list[str], typer.Argument(metavar="READER...", help="Two or more.", show_default=False)],
) -> None:
    """Average readers that were trained with one span head (head in their configurations): their spread falls."""
    from openqa.errors import require

    require("train", "transformers", "accelerate")
    _be_quiet()
    from openqa.train.reader_models import average_readers

    typer.echo(average_readers(readers, out))


def _shown(count: Count) -> "OnLog":
    """Shows the loss, and moves the bar."""

    def on_log(step: int, steps: int, loss: float) -> None:
        count(step, steps)
        note(f"step {step:,} of {steps:,}: loss {loss:.3f}")

    return on_log


def _be_quiet() -> None:
    """Keeps the libraries' own bars and reports off standard error."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
