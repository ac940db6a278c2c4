"""One generation of an index, opened for search: its retrievers are opened over it when they are first needed."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from openqa.index.folder import Snapshot, open_folder
from openqa.pipeline.parts import LazyEncoder
from openqa.pipeline.retrievers import open_retriever
from openqa.types import Retriever

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class View:
    """One generation; what was opened of it stays what it is while writers commit newer ones."""

    snapshot: Snapshot
    encoder: LazyEncoder
    retrievers: dict[str, Retriever] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The generation's number."""
        return self.snapshot.generation.number

    def retriever(self, name: str) -> Retriever:
        """Returns a retriever, opened when it is first asked for.

        Raises:
            ConfigError: the name is unknown.
            IndexFolderError: the index lacks a part that is needed, or a file is damaged.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        if name not in self.retrievers:
            self.retrievers[name] = open_retriever(name, self.snapshot, self.encoder)
        return self.retrievers[name]


def open_view(path: Path, encoder: LazyEncoder, verify: str = "quick") -> View:
    """Opens the newest sound generation; the log says so where newer ones are damaged.

    Args:
        path: the index folder.
        encoder: the one so far; another one is taken where the index names another and this one was not given.
        verify: "quick" or "full".

    Raises:
        IndexFolderError: there is no index, a file is missing or damaged, or the format is newer than this version.
        ConfigError: `verify` is neither "quick" nor "full".
    """
    snapshot = open_folder(path, verify)
    for file in snapshot.damaged_newer[:1]:
        number = snapshot.generation.number
        _log.warning(
            "%s: is damaged, so generation %d is opened, without what was added after it; "
            "restore the file from a copy, or go on from generation %d with openqa verify %s --repair",
            file,
            number,
            number,
            path,
        )
    return View(snapshot, encoder.for_name(snapshot.generation.settings.get("encoder", "")))
