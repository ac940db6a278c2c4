"""`openqa train`: models of your own from a configuration."""

import importlib.util
import os
import shutil
from pathlib import Path
from typing import Annotated

import typer

from openqa.cli.options import example
from openqa.cli.output import note
from openqa.cli.progress import Count, progress

train = typer.Typer(no_args_is_help=True, help="Train models of your own.")

Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A .toml file; training/ has some to start from.", show_default=False)
]


@train.command(epilog=example("openqa train retriever training/dense.toml"))
def retriever(
    config: Config,
    restart: Annotated[bool, typer.Option("--restart", help="Start over; removes what is in its out folder.")] = False,
) -> None:
    """Train a dense or ColBERT retriever in stages; run it again after a stop, and it goes on.

    Prints the folder of the model, which sentence-transformers and openqa load by its path.
    """
    from openqa.errors import MissingExtra
    from openqa.train.retriever_config import read_retriever_config

    settings = read_retriever_config(config)
    for module in ("sentence_transformers", "datasets", "accelerate"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(module, "train")
    _be_quiet()
    from openqa.pipeline.training import train_retriever

    if restart:
        for stage in settings.stages:
            shutil.rmtree(settings.out / stage.name, ignore_errors=True)
    count = Count("training", "steps")

    def on_log(step: int, steps: int, loss: float) -> None:
        count(step, steps)
        note(f"step {step:,} of {steps:,}: loss {loss:.3f}")

    with progress(count):
        typer.echo(train_retriever(settings, note=note, on_log=on_log))


def _be_quiet() -> None:
    """Keeps the libraries' own bars and reports off standard error."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported
    import datasets
    from transformers.utils import logging

    datasets.disable_progress_bars()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
