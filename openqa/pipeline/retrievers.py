"""The retrievers by name: which parts of an index each needs, and how it is opened over one generation."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from openqa.errors import IndexFolderError, unknown_name
from openqa.index.folder import Snapshot
from openqa.pipeline.parts import LazyEncoder
from openqa.types import Retriever

if TYPE_CHECKING:
    from openqa.retrieve.bm25 import Bm25Retriever
    from openqa.retrieve.dense import DenseRetriever

_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"bm25": ("bm25",), "dense": ("dense",), "hybrid": ("bm25", "dense")}
)


def available(parts: Sequence[str]) -> tuple[str, ...]:
    """Returns the retrievers that an index of these parts can be searched by, the best last."""
    return tuple(name for name, needed in _NEEDED.items() if set(needed) <= set(parts))


def check_retriever(name: str) -> None:
    """Makes sure that a retriever's name is known.

    Raises:
        ConfigError: it is not.
    """
    if name not in _NEEDED:
        raise unknown_name("retriever", name, _NEEDED)


def open_retriever(name: str, snapshot: Snapshot, encoder: LazyEncoder) -> Retriever:
    """Opens a retriever over one generation of an index.

    Args:
        name: "bm25", "dense" or "hybrid".
        snapshot: the generation.
        encoder: loaded where the retriever needs it.

    Raises:
        ConfigError: the name is unknown.
        IndexFolderError: the index lacks a part that is needed, or a file is damaged.
        EncoderMismatch: the encoder or analyzer at hand is not that of the index.
    """
    check_retriever(name)
    parts = snapshot.generation.parts
    for needed in _NEEDED[name]:
        if needed not in parts:
            raise _missing_part(name, needed, snapshot)
    return _OPENERS[name](snapshot, encoder)


def _missing_part(name: str, needed: str, snapshot: Snapshot) -> IndexFolderError:
    parts = ", ".join(sorted(snapshot.generation.parts))
    usable = " or ".join(available(tuple(snapshot.generation.parts)))
    return IndexFolderError(
        f'index "{snapshot.path}" has no part "{needed}", which retriever "{name}" needs (it has: {parts}); '
        f"search with retriever {usable}, or add the part: openqa parts {snapshot.path} add {needed}"
    )


def _bm25(snapshot: Snapshot, encoder: LazyEncoder) -> "Bm25Retriever":
    from openqa.retrieve.bm25 import Bm25Retriever

    settings = snapshot.generation.settings
    return Bm25Retriever(snapshot.segments, k1=settings["k1"], b=settings["b"])


def _dense(snapshot: Snapshot, encoder: LazyEncoder) -> "DenseRetriever":
    from openqa.retrieve.dense import DenseRetriever

    return DenseRetriever(snapshot.segments, encoder.get())


def _hybrid(snapshot: Snapshot, encoder: LazyEncoder) -> Retriever:
    from openqa.retrieve.hybrid import HybridRetriever

    return HybridRetriever(_bm25(snapshot, encoder), _dense(snapshot, encoder))


_OPENERS: Mapping[str, Callable[[Snapshot, LazyEncoder], Retriever]] = MappingProxyType(
    {"bm25": _bm25, "dense": _dense, "hybrid": _hybrid}
)
