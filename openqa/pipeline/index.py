"""Index: the one object through which an index is built, added to, searched and looked at.

It holds one committed generation open; retrievers and the encoder are loaded when they are first needed, and what
only a writer needs when it writes.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from openqa.index.folder import Damage, Snapshot, open_folder, verify_folder
from openqa.index.generation import newest_generation
from openqa.index.writer import WriteOptions, WriteSummary, add_to_folder, build_folder
from openqa.pipeline.info import IndexInfo, index_info
from openqa.pipeline.parts import LazyEncoder, make_parts
from openqa.pipeline.questions import check_questions, with_languages
from openqa.pipeline.retrievers import available, open_retriever
from openqa.types import Document, Encoder, Passage, Question, Ranking, Retriever

if TYPE_CHECKING:
    from openqa.pipeline.config import IndexConfig

_log = logging.getLogger(__name__)


def build(
    path: str | Path,
    documents: Iterable[Document],
    parts: Sequence[str] | None = None,
    config: "IndexConfig | None" = None,
    *,
    on_progress: Callable[[int], None] | None = None,
    encoder: Encoder | None = None,
) -> "Index":
    """Builds an index and opens it; when this returns, it is committed and survives loss of power.

    Args:
        path: a new or empty folder; its parents are made.
        documents: consumed once, never held together. Unknown languages are identified.
        parts: what it can be searched by, `config.parts` when None: "bm25", "dense", or both.
        config: how to build; the defaults of IndexConfig when None.
        on_progress: called now and then with the number of passages written so far.
        encoder: for the dense part, instead of the one that the config names; it must be given to `open_index` too.

    Raises:
        IndexFolderError: the folder holds an index or other files, is being written, or the disk refuses.
        DataError: a document id occurs twice, is empty, or a text cannot be written as UTF-8.
        ConfigError: a part or the encoder is unknown.
    """
    from openqa.pipeline.config import IndexConfig
    from openqa.pipeline.passages import document_passages

    chosen = config or IndexConfig()
    if isinstance(parts, str):
        raise TypeError(f'parts must be a sequence of names, got "{parts}"; give ("{parts}",)')
    if parts is not None:
        chosen = IndexConfig(**{**chosen.model_dump(), "parts": tuple(parts)})
    settings = chosen.model_dump(exclude={"parts"})
    options = WriteOptions(segment_size=chosen.segment_size, on_progress=on_progress)
    lazy = LazyEncoder(chosen.encoder, encoder)
    passages = document_passages(documents, chosen.splitting(), chosen.lang)
    build_folder(Path(path), passages, make_parts(chosen.parts, lazy), settings=settings, options=options)
    return open_index(path, encoder=lazy.loaded)


def open_index(path: str | Path, verify: str = "quick", *, encoder: Encoder | None = None) -> "Index":
    """Opens an index for search; a writer may go on meanwhile.

    Where the newest generation is damaged, the newest sound one is opened, and the log says so.

    Args:
        path: the index folder.
        verify: "quick" checks the generation, the size of every file and every byte of files up to 8 MB; "full"
            checks every byte.
        encoder: for the dense part, instead of the one that the index names.

    Raises:
        IndexFolderError: there is no index, a file is missing or damaged, or the format is newer than this version.
        ConfigError: `verify` is neither "quick" nor "full".
    """
    return Index(Path(path), _newest(Path(path), verify), encoder)


@dataclass(slots=True)
class _View:
    """One generation, and the retrievers that were opened over it."""

    snapshot: Snapshot
    retrievers: dict[str, Retriever] = field(default_factory=dict)


class Index:
    """An open index; made by `build` and `open_index`.

    `with` closes it; so does leaving it to the garbage collector.
    """

    def __init__(self, path: Path, snapshot: Snapshot, encoder: Encoder | None = None) -> None:
        """Takes an open generation.

        Args:
            path: the index folder.
            snapshot: its generation to search.
            encoder: for the dense part; the one that the index names when None.
        """
        self.path = path
        self._open: _View | None = _View(snapshot)
        self._encoder = LazyEncoder(snapshot.generation.settings.get("encoder", ""), encoder)

    def __len__(self) -> int:
        """Number of passages."""
        return len(self._view.snapshot)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it was built with."""
        return tuple(sorted(self._view.snapshot.generation.parts))

    @property
    def default_retriever(self) -> str:
        """The retriever that uses the most of its parts: "hybrid" where bm25 and dense are there."""
        return available(self.parts)[-1]

    def search(self, questions: Sequence[Question], k: int = 10, retriever: str = "hybrid") -> list[Ranking]:
        """Ranks passages for questions; nothing is changed by it.

        Args:
            questions: B of them, each of at most 10,000 characters; an unknown language is identified.
            k: hits a question; at least 1.
            retriever: "bm25", "dense" or "hybrid".

        Returns:
            B rankings of at most k hits, scores never rising, equal ones in the order of passage ids.

        Raises:
            ValueError: a question is blank or too long, or k is below 1.
            ConfigError: the retriever is unknown.
            IndexFolderError: the index has not the part that the retriever needs, or a file is damaged.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        check_questions(questions, k)
        searcher = self._retriever(retriever)
        return searcher.search(with_languages(questions), min(k, max(1, len(self)))) if questions else []

    def passage(self, passage_id: str) -> Passage:
        """Returns a passage.

        Raises:
            KeyError: the index has no such passage.
        """
        return self._view.snapshot.passage(passage_id)

    def add(self, documents: Iterable[Document], *, on_progress: Callable[[int], None] | None = None) -> WriteSummary:
        """Adds documents, all or none; when this returns they are committed, and this object sees them.

        A document that is there with the same content is skipped and counted.

        Args:
            documents: consumed once.
            on_progress: called now and then with the number of passages written so far.

        Raises:
            IndexFolderError: the index is damaged or being written, or the disk refuses.
            DataError: an id occurs twice, or is in the index with other content.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        from openqa.pipeline.config import IndexConfig
        from openqa.pipeline.passages import document_passages

        generation = self._view.snapshot.generation
        config = IndexConfig(parts=tuple(generation.parts), **generation.settings)
        parts = make_parts(config.parts, self._encoder)
        options = WriteOptions(segment_size=config.segment_size, on_progress=on_progress)
        passages = document_passages(documents, config.splitting(), config.lang)
        summary = add_to_folder(self.path, passages, parts, options=options)
        self.refresh()
        return summary

    def refresh(self) -> bool:
        """Moves on to the newest generation; True when there was a newer one.

        Raises:
            IndexFolderError: it is damaged.
        """
        if newest_generation(self.path)[0].number == self._view.snapshot.generation.number:
            return False
        self._open = _View(_newest(self.path))
        return True

    def verify(self, mode: str = "full") -> list[Damage]:
        """Returns what is damaged on the disk now; [] when nothing is.

        Args:
            mode: "full" checks every byte, "quick" the small files and all sizes.

        Raises:
            IndexFolderError: there is no sound generation left.
        """
        return list(verify_folder(self.path, mode))

    def info(self) -> IndexInfo:
        """Returns counts, sizes and settings."""
        return index_info(self._view.snapshot)

    def close(self) -> None:
        """Lets go of all files; a second call does nothing."""
        self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        """Path, size and parts."""
        if self._open is None:
            return f'Index("{self.path}", closed)'
        return f'Index("{self.path}", {len(self)} passages, parts {", ".join(self.parts)})'

    @property
    def _view(self) -> _View:
        if self._open is None:
            raise ValueError(f'index "{self.path}" is closed; open it again with openqa.open_index')
        return self._open

    def _retriever(self, name: str) -> Retriever:
        view = self._view
        if name not in view.retrievers:
            view.retrievers[name] = open_retriever(name, view.snapshot, self._encoder)
        return view.retrievers[name]


def _newest(path: Path, verify: str = "quick") -> Snapshot:
    snapshot = open_folder(path, verify)
    for file in snapshot.damaged_newer[:1]:
        number = snapshot.generation.number
        _log.warning(
            "%s: is damaged, so generation %d is opened, without what was added after it; "
            "restore the file from a copy, or remove it to go on from generation %d",
            file,
            number,
            number,
        )
    return snapshot
