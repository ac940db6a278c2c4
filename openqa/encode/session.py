"""The bundled models' bodies, run by onnxruntime on the CPU."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from openqa.errors import ModelError
from openqa.types import Array


class Session(Protocol):
    """What is used of an onnxruntime.InferenceSession."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, Array]) -> Any:
        """The outputs by name."""
        ...


class _OnnxSession:
    """An onnxruntime session on the CPU whose idle threads sleep; pickled, it is its file, which is loaded again."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        self._file = (path, threads)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
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
