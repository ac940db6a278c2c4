"""Trains the bundled encoder and reader together; run it again to go on from its checkpoint.

Example:
    python scripts/train_mini.py --tokenizer work/tokenizer.json --static work/static.npy \
        --english-body PATH/all-MiniLM-L6-v2 --pairs work/pairs --reading work/reading --out work/mini
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import BertModel
from transformers.utils import logging

from openqa.train.data import ReadingBatch, ReadingSet, batches
from openqa.train.loop import TrainSettings, train
from openqa.train.masking import MaskedBatch, masked_batches
from openqa.train.mini import MiniModels, Teacher
from openqa.train.packing import PairSet
from openqa.train.pair_batches import PairBatch, pair_batches
from openqa.train.transfer import target_embeddings

REPORT_EVERY = 25
Batch = ReadingBatch | PairBatch | MaskedBatch
KINDS = {ReadingBatch: "reading", MaskedBatch: "masked"}


def main() -> None:
    """Parses the command line, builds the start, trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--static", type=Path, required=True, help="static.npy of scripts/train_static.py")
    parser.add_argument("--english-body", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--pairs", type=Path, required=True, help="folder of scripts/pack_pairs.py")
    parser.add_argument("--reading", type=Path, required=True, help="folder of scripts/pack_reading.py")
    parser.add_argument("--start", type=Path, help="checkpoint of another training, whose weights are the start")
    parser.add_argument("--steps", type=int, default=4000, help="optimiser steps")
    parser.add_argument("--reading-share", type=float, default=0.35, help="of the steps: the reader learns")
    parser.add_argument("--masked-share", type=float, default=0.0, help="of the steps: translation language modelling")
    parser.add_argument("--embedding-rate", type=float, default=5e-4, help="highest learning rate of the table")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a step")
    parser.add_argument("--window", type=int, default=168, help="longest sequence, in tokens")
    parser.add_argument("--seed", type=int, default=0, help="of the batches; another one for a run from --start")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    settings = TrainSettings(arguments.steps, embedding_learning_rate=arguments.embedding_rate, seed=arguments.seed)
    torch.manual_seed(settings.seed)
    english: torch.nn.Module = _body(arguments.english_body, device)
    teacher = Teacher(english.to(device))
    models = _start(arguments, device).to(device)
    started, losses = time.monotonic(), defaultdict(list)

    def loss_of(batch: Batch) -> Tensor:
        if isinstance(batch, ReadingBatch):
            return models.reading_loss(batch)
        if isinstance(batch, MaskedBatch):
            return models.masked_loss(batch)
        return models.encoding_loss(batch, teacher)

    def report(step: int, loss: float, batch: Batch) -> None:
        losses[batch.name if isinstance(batch, PairBatch) else KINDS[type(batch)]].append(loss)
        if (step + 1) % REPORT_EVERY == 0:
            means = " ".join(f"{kind} {np.mean(values[-40:]):.3f}" for kind, values in sorted(losses.items()))
            print(f"{step + 1} {time.monotonic() - started:.0f} s {means}", flush=True)

    data = _data(arguments, settings.seed, len(models.table))
    train(models, data, loss_of, settings, checkpoint=arguments.out / "checkpoint.pt", on_step=report)


def _data(arguments: argparse.Namespace, seed: int, n_pieces: int) -> Iterator[Batch]:
    reading_sets = [ReadingSet.load(path) for path in sorted(arguments.reading.glob("*.npz"))]
    pair_sets = [PairSet.load(path) for path in sorted(arguments.pairs.glob("*.npz"))]
    sizes = {"window": arguments.window, "tokens": arguments.tokens, "seed": seed}
    reading = batches(reading_sets, negative=0.1, **sizes)
    pairs = pair_batches(pair_sets, **sizes)
    translations = next(pairs for pairs in pair_sets if pairs.name == "sentences")
    masked = masked_batches(translations, n_pieces=n_pieces, **sizes)
    rng = np.random.default_rng(seed)
    while True:
        drawn = rng.random()
        if drawn < arguments.reading_share:
            yield next(reading)
        elif drawn < arguments.reading_share + arguments.masked_share:
            yield next(masked)
        else:
            yield next(pairs)


def _start(arguments: argparse.Namespace, device: torch.device) -> MiniModels:
    bodies = [_body(arguments.english_body, device) for _ in range(2)]
    if arguments.start:
        weights = torch.load(arguments.start, map_location="cpu", weights_only=True)["model"]
        models = MiniModels(weights["table"], bodies[0], bodies[1])
        models.load_state_dict(weights)
        return models
    static = np.load(arguments.static)
    target, copied = target_embeddings(bodies[0], arguments.english_body / "vocab.txt", arguments.tokenizer, static)
    print(f"{copied} of {len(target)} pieces copied from the English vocabulary", flush=True)
    return MiniModels(torch.from_numpy(target), bodies[0], bodies[1])


def _body(folder: Path, device: torch.device) -> BertModel:
    return BertModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        dtype=torch.float32,
        attn_implementation="eager" if device.type == "cpu" else "sdpa",  # eager learns faster on a CPU
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


if __name__ == "__main__":
    main()
