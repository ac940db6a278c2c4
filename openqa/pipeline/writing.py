"""What changes an index: documents written into it, parts written anew, segments merged when it is time."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack

from openqa.errors import ConfigError, IndexFolderError, OpenQAError
from openqa.index.folder import Snapshot
from openqa.index.generation import Generation, newest_generation
from openqa.index.merging import MergeSummary, merge_folder, plan_merges
from openqa.index.parts import drop_part, write_parts_of_folder
from openqa.index.writer import Changes, WriteOptions, WriteSummary, add_to_folder, build_folder
from openqa.pipeline.config import IndexConfig, check_parts
from openqa.pipeline.parts import LazyEncoder, make_parts
from openqa.pipeline.passages import document_passages
from openqa.types import Document, Passage

_log = logging.getLogger(__name__)
_ENCODED = ("dense",)


class Writing(TypedDict, total=False):
    """How something is written; it changes no byte of the index.

    `workers` is the number of processes that write parts, 1 when not given: with more, a script needs
    `if __name__ == "__main__":`. `restart` drops what an earlier run has left instead of going on with it.
    `on_progress` is called now and then with the number of passages that are done, `on_read` with the number of those
    that have been read.
    """

    workers: int
    restart: bool
    on_progress: Callable[[int], None] | None
    on_read: Callable[[int], None] | None


def write_index(
    path: Path, documents: Iterable[Document], config: IndexConfig, encoder: LazyEncoder, **how: Unpack[Writing]
) -> WriteSummary:
    """Builds a new index; when this returns it is committed and survives loss of power.

    Args:
        path: a folder that does not exist, is empty, or holds what a build left that was stopped.
        documents: consumed once.
        config: how to build.
        encoder: for the dense part.
        how: as `Writing` has it.

    Raises:
        IndexFolderError: the folder holds an index or other files, is being written, was begun with other input, or the
            disk refuses.
        DataError: a document id occurs twice, is empty, or a text cannot be written as UTF-8.
    """
    passages = _counted(document_passages(documents, config.splitting(), config.lang), how.get("on_read"))
    settings = config.model_dump(exclude={"parts"})
    options = _options(config, how)
    return build_folder(path, passages, make_parts(config.parts, encoder), settings=settings, options=options)


def add_documents(
    snapshot: Snapshot, documents: Iterable[Document], encoder: LazyEncoder, changes: Changes, **how: Unpack[Writing]
) -> WriteSummary:
    """Adds documents to an index, all or none.

    Args:
        snapshot: of the index, open.
        documents: consumed once.
        encoder: for the dense part.
        changes: what is done besides adding.
        how: as `Writing` has it.

    Raises:
        IndexFolderError: the index is damaged or being written, or the disk refuses.
        DataError: an id occurs twice, or is in the index with other content.
        EncoderMismatch: the encoder or analyzer at hand is not that of the index.
    """
    config = config_of(snapshot.generation)
    parts = make_parts(config.parts, encoder)
    passages = _counted(document_passages(documents, config.splitting(), config.lang), how.get("on_read"))
    return add_to_folder(snapshot.path, passages, parts, options=_options(config, how), **changes)


def merge_segments(
    path: Path,
    encoder: LazyEncoder,
    *,
    everything: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> MergeSummary:
    """Merges segments as the policy has it, or all of them; rankings stay what they are.

    Args:
        path: the index folder.
        encoder: for the dense part.
        everything: into as few segments as the index's segment size allows.
        on_progress: as for `merge_folder`.

    Raises:
        IndexFolderError: there is no index, it is damaged or being written, or the disk refuses.
        EncoderMismatch: the encoder or analyzer at hand is not that of the index.
    """
    config = config_of(newest_generation(path)[0])
    parts = make_parts(config.parts, encoder)
    return merge_folder(path, parts, segment_size=config.segment_size, everything=everything, on_progress=on_progress)


def merge_if_due(snapshot: Snapshot, encoder: LazyEncoder) -> MergeSummary | None:
    """Merges segments where the policy finds any; what goes wrong stands in the log only, for nothing is lost by it.

    Args:
        snapshot: of the newest generation.
        encoder: for the dense part; not loaded where nothing is merged.

    Returns:
        What was done; None where nothing was.
    """
    sizes = [(len(segment), len(segment) - len(segment.deleted_rows)) for segment in snapshot.segments]
    try:
        if plan_merges(sizes, config_of(snapshot.generation).segment_size):
            return merge_segments(snapshot.path, encoder)
    except (OpenQAError, OSError, MemoryError) as error:
        _log.warning(
            'index "%s": its segments were not merged (%s); what was committed stands, openqa merge tries again',
            snapshot.path,
            error,
        )
    return None


def write_part(
    path: Path,
    name: str,
    encoder: str | None = None,
    own: LazyEncoder | None = None,
    *,
    is_there: bool,
    **how: Unpack[Writing],
) -> int:
    """Writes a part of an index from its stored passages, without the corpus.

    Args:
        path: the index folder.
        name: of the part.
        encoder: name of another encoder than the index's, which it then has.
        own: the index's encoder; loaded by its name when None.
        is_there: True writes a part anew that the index has, damaged files of it or not; False adds one.
        how: as `Writing` has it.

    Returns:
        The number of the generation.

    Raises:
        ConfigError: the part or the encoder is unknown, or an encoder is named for a part without one.
        IndexFolderError: there is no index, it has the part already or has it not, is damaged or being written, or the
            disk refuses.
    """
    check_parts((name,))
    if encoder and name not in _ENCODED:
        raise ConfigError(f'part "{name}" has no encoder; name none, or write part {", ".join(_ENCODED)}')
    generation = newest_generation(path)[0]
    if (name in generation.parts) != is_there:
        raise _wrong_part(path, name, generation)
    config = config_of(generation)
    chosen = LazyEncoder(encoder) if encoder else own or LazyEncoder(config.encoder)
    settings = {"encoder": encoder} if encoder else {}
    options = _options(config, how)
    return write_parts_of_folder(path, make_parts((name,), chosen), settings=settings, options=options)


def remove_part(path: Path, name: str) -> int:
    """Drops a part of an index.

    Args:
        path: the index folder.
        name: of the part.

    Returns:
        The number of the generation.

    Raises:
        ConfigError: the part is unknown.
        IndexFolderError: there is no index, no such part or no other one, it is being written, or the disk refuses.
    """
    check_parts((name,))
    parts = newest_generation(path)[0].parts
    if name not in parts:
        raise IndexFolderError(f'index "{path}" has no part "{name}" to drop (it has: {", ".join(sorted(parts))})')
    return drop_part(path, name)


def config_of(generation: Generation) -> IndexConfig:
    """Returns the config that an index was built with."""
    return IndexConfig(parts=tuple(generation.parts), **generation.settings)


def _options(config: IndexConfig, how: Writing) -> WriteOptions:
    known: dict[str, Any] = {name: value for name, value in how.items() if name != "on_read"}
    return replace(WriteOptions(segment_size=config.segment_size), **known)


def _counted(documents: Iterable[list[Passage]], on_read: Callable[[int], None] | None) -> Iterator[list[Passage]]:
    n_passages = 0
    for passages in documents:
        n_passages += len(passages)
        if on_read:
            on_read(n_passages)
        yield passages


def _wrong_part(path: Path, name: str, generation: Generation) -> IndexFolderError:
    if name in generation.parts:
        return IndexFolderError(
            f'index "{path}" has part "{name}" already; write it anew with openqa parts {path} rebuild {name}'
        )
    return IndexFolderError(
        f'index "{path}" has no part "{name}" (it has: {", ".join(sorted(generation.parts))}); '
        f"add it with openqa parts {path} add {name}"
    )
