"""The bundled models' bodies, run by onnxruntime on the CPU.

A body is a stack of layers in two files: the lower ones, which encoder and reader share, and a model's own above them.
Beside each may stand a file of matrices in 4 bits (fourbit.py), which are given to it as codes when it is loaded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from openqa.encode.fourbit import read_codes
from openqa.errors import ModelError
from openqa.types import Array

INPUTS = ("embeddings", "is_token")  # of a whole body and of the lower layers
HIDDEN = "hidden"  # what the lower layers give, and a model's own layers take in the place of embeddings
UPPER_INPUTS = (HIDDEN, "is_token")
LOWER, UPPER = "lower.onnx", "body.onnx"


class Session(Protocol):
    """What is used of an onnxruntime.InferenceSession."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Array]) -> Any:
        """The outputs by name."""
        ...


class _OnnxSession:
    """An onnxruntime session on the CPU whose idle threads sleep; pickled, it is its file, which is loaded again."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        self._file = (path.resolve(), threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        beside = matrices_path(path)
        codes = read_codes(beside) if beside.is_file() else {}
        if codes:
            values = [onnxruntime.OrtValue.ortvalue_from_numpy(code) for code in codes.values()]
            options.add_external_initializers(list(codes), values)
        try:
            self.loaded: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has no exception of its own to name
            raise ModelError(
                f"{path}: not an ONNX model that onnxruntime can run ({error}); export it again"
            ) from error

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Array]) -> Any:
        """The outputs by name."""
        return self.loaded.run(output_names, input_feed)

    def __reduce__(self) -> tuple[type["_OnnxSession"], tuple[Path, int]]:
        return _OnnxSession, self._file


@dataclass(frozen=True, slots=True)
class _Stack:
    """The lower layers and a model's own, as one body."""

    lower: Session
    upper: Session

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Array]) -> Any:
        """The outputs by name."""
        (hidden,) = self.lower.run([HIDDEN], input_feed)
        return self.upper.run(output_names, {HIDDEN: hidden, "is_token": input_feed["is_token"]})


def matrices_path(path: Path) -> Path:
    """Returns where the matrices in 4 bits of an ONNX file stand, if it has any."""
    return path.with_suffix(".npz")


def load_body(folder: Path, shared: Path, kind: str, outputs: Sequence[str], threads: int = 0) -> Session:
    """Returns a model's body; it can be sent to another process.

    Args:
        folder: with the model's own layers, `body.onnx`.
        shared: folder with the layers below them, `lower.onnx`, which are loaded once.
        kind: what the model is, for the error: "reader".
        outputs: the names that its outputs must have, in their order.
        threads: that one call may use; 0 leaves it to onnxruntime, which takes one for each core.

    Returns:
        A session with inputs `embeddings` (B, L, D) float32 and `is_token` (B, L) int64.

    Raises:
        ModelError: a file is not an ONNX model, or its inputs and outputs are others.
    """
    upper = load_session(folder / UPPER, kind, UPPER_INPUTS, outputs, threads)
    lower = (shared / LOWER).resolve()
    modified_ns = lower.stat().st_mtime_ns if lower.is_file() else 0
    return _Stack(_load_lower(lower, modified_ns, threads), upper)


@lru_cache(maxsize=2)
def _load_lower(path: Path, modified_ns: int, threads: int) -> Session:
    return load_session(path, "lower half", INPUTS, (HIDDEN,), threads)


def load_session(path: Path, kind: str, inputs: Sequence[str], outputs: Sequence[str], threads: int = 0) -> Session:
    """Returns an onnxruntime session on the CPU whose idle threads sleep; it can be sent to another process.

    Args:
        path: the ONNX file.
        kind: what the model is, for the error: "reader".
        inputs: the names that its inputs must have.
        outputs: the names that its outputs must have, in their order.
        threads: that one call may use; 0 leaves it to onnxruntime, which takes one for each core.

    Raises:
        ModelError: the file is not an ONNX model, or its inputs and outputs are others.
    """
    session = _OnnxSession(path, threads)
    model = session.loaded
    found = sorted(node.name for node in model.get_inputs()), [node.name for node in model.get_outputs()]
    if found != (sorted(inputs), list(outputs)):
        raise ModelError(
            f"{path}: inputs {', '.join(found[0])} and outputs {', '.join(found[1])}; the {kind} has inputs "
            f"{', '.join(inputs)} and outputs {', '.join(outputs)}"
        )
    return session
