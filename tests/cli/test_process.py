"""The command as a process: exit codes, pipes that break, Ctrl-C, and what a start loads."""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.cli.runs import ROOT, bm25_index, openqa, spawn

HEAVY = ("numba", "torch", "onnxruntime", "faiss", "transformers", "scipy", "pandas")


def loaded(code: str) -> set[str]:
    """The modules that a program loads."""
    program = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_openqa_loads_no_numerical_library() -> None:
    """Nor anything else of the package."""
    modules = loaded("import openqa")
    assert not modules & {*HEAVY, "numpy", "pydantic", "typer", "openqa.types"}


def test_help_loads_no_numerical_library() -> None:
    """It only parses."""
    modules = loaded("import openqa.cli.app")
    assert not modules & {*HEAVY, "numpy", "rich"}


def test_search_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    """Neither numba nor torch for a small index, and no reader of files."""
    index = bm25_index(tmp_path)
    call = f"from openqa.cli.app import app\napp(['search', {str(index)!r}, 'Italy'], standalone_mode=False)"
    assert not loaded(call) & {*HEAVY, "rich", "openqa.corpus.documents"}


def test_a_process_ends_with_the_code_of_its_command(tmp_path: Path) -> None:
    """0 done, 1 refused, 2 wrong usage; no traceback."""
    index = bm25_index(tmp_path)
    for arguments, code in ((("info", index), 0), (("info", tmp_path / "none"), 1), (("info",), 2)):
        process = spawn(*arguments)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Traceback" not in errors


def test_a_broken_pipe_is_quiet(tmp_path: Path) -> None:
    """As after `| head -1`."""
    index = bm25_index(tmp_path)
    with spawn("search", index, "capital", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


def test_ctrl_c_is_quiet_and_leaves_no_half_index(tmp_path: Path) -> None:
    """A build that waits for standard input is stopped; the folder can be built in again."""
    path = tmp_path / "index"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    process = spawn("build", path, "-", "--parts", "bm25")
    signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while not (path / "LOCK").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert openqa("info", path).code == 1
    assert openqa("build", path, "-", "--parts", "bm25", input='{"id": "a", "text": "Moon."}\n').code == 0


def test_what_the_system_refuses_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a temporary folder on a disk that does not take it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    ended = openqa("demo")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("[Errno 2] No such file or directory: ")


def test_the_version_is_printed() -> None:
    """And nothing else."""
    from openqa import __version__

    assert openqa("--version").out == f"openqa {__version__}\n"


def test_every_help_ends_with_a_line_to_paste() -> None:
    """It starts with the name of the program and of the command."""
    writing = ("build", "add", "delete", "sync", "merge", "parts", "snapshot")
    for command in ("demo", *writing, "search", "ask", "info", "verify", "doctor", "evaluate retrieval"):
        ended = openqa(*command.split(), "--help")
        assert ended.code == 0
        assert ended.out.rstrip().splitlines()[-1].strip().startswith(f"openqa {command}")
