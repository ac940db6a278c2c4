"""Writes the bundled model files: tokenizer, shared embedding table, and the bodies of encoder and reader.

Example:
    python scripts/export_models.py --tokenizer work/tokenizer.json --static work/static.npy \
        --checkpoint work/mini/checkpoint.pt --english-body PATH/all-MiniLM-L6-v2 --reading work/reading \
        --out openqa/models
"""

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from transformers import BertConfig

from openqa.encode.table import GROUP_COLUMNS, STATIC_COLUMNS, EmbeddingTable
from openqa.train.data import ReadingSet, batches
from openqa.train.export import export_encoder, export_reader
from openqa.train.mini import load_checkpoint

READER = {
    "name": "mini-reader",
    "version": "4",
    "window_tokens": 256,
    "stride_tokens": 96,
    "max_answer_tokens": 30,
    "max_question_tokens": 64,
    "temperature": 4.0,  # this and the following: scripts/fit_answers.py
    "no_answer_threshold": 3.40,
    "retrieval_weight": 8.0,
    "own_language_penalty": 4.0,
    "sentence_weight": 12.0,
}


def main() -> None:
    """Parses the command line and writes what can be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--static", type=Path, required=True, help="static.npy of scripts/train_static.py")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of scripts/train_mini.py")
    parser.add_argument("--english-body", type=Path, required=True, help="folder of all-MiniLM-L6-v2, for its form")
    parser.add_argument("--reading", type=Path, required=True, help="folder of scripts/pack_reading.py")
    parser.add_argument("--out", type=Path, default=Path("openqa/models"), help="the folder of bundled models")
    arguments = parser.parse_args()
    out: Path = arguments.out
    for folder in ("static-encoder", "mini-encoder", "mini-reader"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    if arguments.tokenizer.resolve() != (out / "tokenizer.json").resolve():
        shutil.copyfile(arguments.tokenizer, out / "tokenizer.json")
    models = load_checkpoint(arguments.checkpoint, BertConfig.from_pretrained(arguments.english_body))
    columns = [np.load(arguments.static), models.table.detach().numpy()]
    table = EmbeddingTable.quantise(np.concatenate(columns, axis=1), GROUP_COLUMNS)
    np.save(out / "table.codes.npy", table.codes)
    np.save(out / "table.scales.npy", table.scales)
    reading = [ReadingSet.load(path) for path in sorted(arguments.reading.glob("*.npz"))]
    batch = next(batches(reading, window=168, tokens=8192, negative=0.1, seed=0))
    export_encoder(models, out / "mini-encoder" / "body.onnx", batch)
    export_reader(models, out / "mini-reader" / "body.onnx", batch)
    _write_json(out / "mini-reader" / "config.json", READER)
    static, own = table.codes[:, : STATIC_COLUMNS // 2], table.codes[:, STATIC_COLUMNS // 2 :]
    body = (out / "mini-encoder" / "body.onnx").read_bytes()
    for name, number, content in (("static-encoder", 1, static.tobytes()), ("mini-encoder", 3, own.tobytes() + body)):
        version = f"{number}-{hashlib.sha256(content).hexdigest()[:8]}"
        _write_json(out / name / "config.json", {"name": name, "version": version})
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
