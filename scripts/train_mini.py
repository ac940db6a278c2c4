"""Trains the bundled reader; run it again to go on from its checkpoint.

Example:
    python scripts/train_mini_reader.py --tokenizer work/tokenizer.json --static work/static.npy \
        --english-body PATH/all-MiniLM-L6-v2 --reading work/reading --out work/reader
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from transformers import BertModel
from transformers.utils import logging

from openqa.train.data import ReadingSet, batches
from openqa.train.reader import ReaderModel, ReaderSettings, train_reader
from openqa.train.transfer import target_embeddings


def main() -> None:
    """Parses the command line, builds the start, trains."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--static", type=Path, required=True, help="static.npy of scripts/train_static.py")
    parser.add_argument("--english-body", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--reading", type=Path, required=True, help="folder of scripts/pack_reading.py")
    parser.add_argument("--steps", type=int, default=4000, help="optimiser steps")
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a step")
    parser.add_argument("--window", type=int, default=168, help="longest sequence, in tokens")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoint")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    sets = [ReadingSet.load(path) for path in sorted(arguments.reading.glob("*.npz"))]
    settings = ReaderSettings(steps=arguments.steps)
    torch.manual_seed(settings.seed)
    model = _start(arguments, device).to(device)
    started, losses, n_sequences = time.monotonic(), [], 0

    def report(step: int, loss: float, size: int) -> None:
        nonlocal n_sequences
        losses.append(loss)
        n_sequences += size
        if (step + 1) % 25 == 0:
            rate = n_sequences / (time.monotonic() - started)
            print(f"{step + 1} loss {np.mean(losses[-100:]):.3f} {n_sequences} {rate:.1f}/s", flush=True)

    data = batches(sets, window=arguments.window, tokens=arguments.tokens, negative=0.1, seed=settings.seed)
    train_reader(model, data, settings, checkpoint=arguments.out / "checkpoint.pt", on_step=report)


def _start(arguments: argparse.Namespace, device: torch.device) -> ReaderModel:
    body = BertModel.from_pretrained(
        arguments.english_body,
        add_pooling_layer=False,
        dtype=torch.float32,
        attn_implementation="eager" if device.type == "cpu" else "sdpa",  # eager learns faster on a CPU
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    static = np.load(arguments.static)
    target, copied = target_embeddings(body, arguments.english_body / "vocab.txt", arguments.tokenizer, static)
    print(f"{copied} of {len(target)} pieces copied from the English vocabulary", flush=True)
    return ReaderModel(torch.from_numpy(target), body)


if __name__ == "__main__":
    main()
