"""The command line as tests call it: in this process, or in one of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from openqa.cli.app import app
from openqa.pipeline.health import MODELS
from tests.pipeline.fakes import documents

ROOT = Path(__file__).parents[2]
needs_models = pytest.mark.skipif(
    not all((MODELS / name / "config.json").is_file() for name in ("mini-encoder", "mini-reader")),
    reason="the bundled models are not in openqa/models",
)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Its only line of output as a JSON value."""
        return json.loads(self.out)


def openqa(*arguments: str | Path, input: str | bytes | None = None) -> Ended:
    """Runs a command in this process; an exception that no command may let through is raised here."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=input)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


def spawn(*arguments: str | Path, **options: Any) -> "subprocess.Popen[str]":
    """Starts a command in a process of its own, its output and errors piped."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "PASSIVE"}
    command = [sys.executable, "-m", "openqa.cli", *map(str, arguments)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, **{**pipes, **options})


def write_jsonl(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    """Writes records one a line."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def corpus(folder: Path) -> Path:
    """The four documents as JSON lines."""
    records = [{key: value for key, value in asdict(document).items() if value} for document in documents()]
    return write_jsonl(folder / "corpus.jsonl", [{**record, "lang": record["lang"]} for record in records])


def bm25_index(folder: Path) -> Path:
    """An index of the four documents with bm25 alone, built by the command."""
    ended = openqa("build", folder / "index", corpus(folder), "--parts", "bm25")
    assert ended.code == 0, ended.err
    return folder / "index"
