"""Writes the bundled model files: tokenizer, shared embedding table, and the reader's body when there is a checkpoint.

Example:
    python scripts/export_models.py --tokenizer work/tokenizer.json --static work/static.npy \
        --reader work/reader/checkpoint.pt --english-body PATH/all-MiniLM-L6-v2 --out openqa/models
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
from openqa.train.export import export_body
from openqa.train.reader import load_checkpoint
from openqa.types import Array

READER_COLUMNS = 384
READER = {
    "name": "mini-reader",
    "version": "2",
    "window_tokens": 256,
    "stride_tokens": 96,
    "max_answer_tokens": 30,
    "max_question_tokens": 64,
    "temperature": 3.0,  # this and the following: scripts/fit_answers.py
    "no_answer_threshold": 4.12,
    "retrieval_weight": 14.0,
}


def main() -> None:
    """Parses the command line and writes what can be written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--static", type=Path, required=True, help="static.npy of scripts/train_static.py")
    parser.add_argument("--reader", type=Path, help="checkpoint of scripts/train_mini_reader.py")
    parser.add_argument("--english-body", type=Path, help="folder of all-MiniLM-L6-v2, for its configuration")
    parser.add_argument("--out", type=Path, default=Path("openqa/models"), help="the folder of bundled models")
    arguments = parser.parse_args()
    out: Path = arguments.out
    for folder in ("mini-encoder", "mini-reader"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    if arguments.tokenizer.resolve() != (out / "tokenizer.json").resolve():
        shutil.copyfile(arguments.tokenizer, out / "tokenizer.json")
    static = np.load(arguments.static)
    read = np.zeros((len(static), READER_COLUMNS), dtype=np.float32)
    if arguments.reader:
        read = _export_reader(arguments.reader, arguments.english_body, out / "mini-reader" / "body.onnx")
        _write_json(out / "mini-reader" / "config.json", READER)
    table = EmbeddingTable.quantise(np.concatenate([static, read], axis=1), GROUP_COLUMNS)
    np.save(out / "table.codes.npy", table.codes)
    np.save(out / "table.scales.npy", table.scales)
    version = hashlib.sha256(table.codes[:, : STATIC_COLUMNS // 2].tobytes()).hexdigest()[:8]
    _write_json(out / "mini-encoder" / "config.json", {"name": "mini-encoder", "version": f"1-{version}"})
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def _export_reader(checkpoint: Path, english_body: Path, path: Path) -> Array:
    """Writes the body and returns the reader's columns of the table."""
    model = load_checkpoint(checkpoint, BertConfig.from_pretrained(english_body))
    export_body(model, path)
    columns: Array = model.table.detach().numpy()
    return columns


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
