"""openqa: question answering across languages over any corpus.

The names below are the whole public interface; each is loaded when it is first asked for, so that `import openqa` is
quick and brings in no numerical library.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openqa.encode import load_encoder
    from openqa.errors import (
        ConfigError,
        DataError,
        EncoderMismatch,
        IndexFolderError,
        MissingExtra,
        ModelError,
        OpenQAError,
    )
    from openqa.pipeline.config import IndexConfig
    from openqa.pipeline.index import Index, build, open_index
    from openqa.pipeline.openqa import OpenQA
    from openqa.read import load_reader
    from openqa.types import Answer, Document, Hit, Passage, Question, Span

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "ConfigError",
    "DataError",
    "Document",
    "EncoderMismatch",
    "Hit",
    "Index",
    "IndexConfig",
    "IndexFolderError",
    "MissingExtra",
    "ModelError",
    "OpenQA",
    "OpenQAError",
    "Passage",
    "Question",
    "Span",
    "__version__",
    "build",
    "load_encoder",
    "load_reader",
    "open_index",
]


def __getattr__(name: str) -> Any:
    """Loads a public name from the module that defines it."""
    module = _home(name)
    if module is None:
        raise AttributeError(f'module "openqa" has no attribute "{name}"')
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return list(__all__)


def _home(name: str) -> str | None:
    homes = {
        "openqa.encode": ("load_encoder",),
        "openqa.errors": (
            "ConfigError",
            "DataError",
            "EncoderMismatch",
            "IndexFolderError",
            "MissingExtra",
            "ModelError",
            "OpenQAError",
        ),
        "openqa.pipeline.config": ("IndexConfig",),
        "openqa.pipeline.index": ("Index", "build", "open_index"),
        "openqa.pipeline.openqa": ("OpenQA",),
        "openqa.read": ("load_reader",),
        "openqa.types": ("Answer", "Document", "Hit", "Passage", "Question", "Span"),
    }
    return next((module for module, names in homes.items() if name in names), None)
