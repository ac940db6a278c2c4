"""Index: the one object through which an index is built, changed, searched and looked at.

It holds one committed generation open; retrievers and the encoder are loaded when they are first needed, and what
only a writer needs when it writes.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from openqa.errors import IndexFolderError, unknown_name
from openqa.index.folder import VERIFY_MODES
from openqa.pipeline.background import BackgroundCheck
from openqa.pipeline.parts import LazyEncoder
from openqa.pipeline.reader import IndexReader
from openqa.pipeline.view import open_view
from openqa.types import Document, Encoder

if TYPE_CHECKING:
    from openqa.corpus.fields import Fields
    from openqa.index.deletions import DeleteSummary
    from openqa.index.merging import MergeSummary
    from openqa.index.repair import RepairSummary
    from openqa.index.writer import Changes, WriteSummary
    from openqa.pipeline.config import IndexConfig
    from openqa.pipeline.sync import SyncSummary
    from openqa.pipeline.writing import Writing


def build(
    path: str | Path,
    documents: Iterable[Document],
    parts: Sequence[str] | None = None,
    config: "IndexConfig | None" = None,
    *,
    encoder: Encoder | None = None,
    **how: Unpack["Writing"],
) -> "Index":
    """Builds an index and opens it; when this returns, it is committed and survives loss of power.

    A build that was stopped, by whatever, goes on when it is run again with the same documents.

    Args:
        path: a new or empty folder; its parents are made.
        documents: consumed once, never held together. Unknown languages are identified.
        parts: what it can be searched by, `config.parts` when None: "bm25", "dense", or both.
        config: how to build; the defaults of IndexConfig when None.
        encoder: for the dense part, instead of the one that the config names; it must be given to `open_index` too.
        how: `workers=1` processes that write parts (with more, a script needs `if __name__ == "__main__":`),
            `restart=False` to go on with what an earlier run has left, `on_progress`, called now and then with the
            number of passages that are done, and `on_read`, with the number of those that have been read.

    Raises:
        IndexFolderError: the folder holds an index or other files, is being written, was begun with other documents, or
            the disk refuses.
        DataError: a document id occurs twice, is empty, or a text cannot be written as UTF-8.
        ConfigError: a part or the encoder is unknown.
    """
    from openqa.pipeline.config import IndexConfig
    from openqa.pipeline.writing import write_index

    chosen = config or IndexConfig()
    if isinstance(parts, str):
        raise TypeError(f'parts must be a sequence of names, got "{parts}"; give ("{parts}",)')
    if parts is not None:
        chosen = IndexConfig(**{**chosen.model_dump(), "parts": tuple(parts)})
    lazy = LazyEncoder(chosen.encoder, encoder)
    write_index(Path(path), documents, chosen, lazy, **how)
    return Index(open_view(Path(path), lazy))


def open_index(path: str | Path, verify: str = "quick", *, encoder: Encoder | None = None) -> "Index":
    """Opens an index for search; a writer may go on meanwhile.

    Where the newest generation is damaged, the newest sound one is opened, and the log says so.

    Args:
        path: the index folder; it may be on storage that cannot be written.
        verify: "quick" checks the generation, the size of every file and every byte of files up to 8 MB; "full"
            checks every byte; "background" does what "quick" does, then checks every byte while the index is searched,
            now and after each `refresh`: segments that are damaged are left out of search, and `withdrawn` names them.
        encoder: for the dense part, instead of the one that the index names.

    Raises:
        IndexFolderError: there is no index, a file is missing or damaged, or the format is newer than this version.
        ConfigError: `verify` is none of these.
    """
    if verify not in (*VERIFY_MODES, "background"):
        raise unknown_name("verify mode", verify, (*VERIFY_MODES, "background"))
    check = BackgroundCheck(Path(path)) if verify == "background" else None
    return Index(open_view(Path(path), LazyEncoder("", encoder), "quick" if check else verify), check)


class Index(IndexReader):
    """An open index, made by `build` and `open_index`: what reads it, and what changes it.

    A change is committed, and seen by this object, when its method returns.
    """

    def add(
        self,
        documents: Iterable[Document],
        *,
        replace: bool = False,
        **how: Unpack["Writing"],
    ) -> "WriteSummary":
        """Adds documents, all or none; when this returns they are committed, and this object sees them.

        A document that is there with the same content is skipped and counted. An add that was stopped goes on when it
        is run again with the same documents. Segments are merged when it is time.

        Args:
            documents: consumed once.
            replace: let documents of the index give way to those of the same id and other content.
            how: `workers`, `restart`, `on_progress` and `on_read`, as for `build`.

        Raises:
            IndexFolderError: the index is damaged or being written, an earlier run of this add had other documents, or
                the disk refuses.
            DataError: an id occurs twice, or is in the index with other content and `replace` is not given.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        return self._write(documents, {"replace": replace}, **how)

    def delete(
        self, documents: Iterable[str] = (), passages: Iterable[str] = (), *, missing_ok: bool = False
    ) -> "DeleteSummary":
        """Deletes documents with all their passages, and single passages: all of them, or none on any error.

        Rankings are at once those of an index without them; segments are merged when it is time, which frees the space.

        Args:
            documents: ids of documents.
            passages: ids of passages.
            missing_ok: leave ids that the index does not have out, and count them.

        Raises:
            DataError: the index does not have an id.
            IndexFolderError: the index is damaged or being written, or the disk refuses.
        """
        from openqa.index.deletions import delete_from_folder

        for ids in (documents, passages):
            if isinstance(ids, str):
                raise TypeError(f'ids must be an iterable of strings, got "{ids}"; give ["{ids}"]')
        self._prepare_change()
        summary = delete_from_folder(self.path, documents=documents, passages=passages, missing_ok=missing_ok)
        self._after_change()
        return summary

    def merge(
        self, everything: bool = False, *, on_progress: Callable[[int, int], None] | None = None
    ) -> "MergeSummary":
        """Merges segments, which makes search faster and frees what is deleted; rankings stay what they are.

        Args:
            everything: merge all into as few segments as the segment size allows; else those that it is time for.
            on_progress: called after each new segment with the passages that are in new ones by now, and all that will
                be.

        Raises:
            IndexFolderError: the index is damaged or being written, or the disk refuses.
            EncoderMismatch: the encoder or analyzer at hand is not that of the index.
        """
        from openqa.pipeline.writing import merge_segments

        self._prepare_change()
        summary = merge_segments(self.path, self._view.encoder, everything=everything, on_progress=on_progress)
        self.refresh()
        return summary

    def add_part(self, name: str, *, encoder: str | None = None, **how: Unpack["Writing"]) -> None:
        """Adds a part from the stored passages, so that the index can be searched by it too.

        Args:
            name: "bm25" or "dense".
            encoder: name of another encoder than the index's, which it then has.
            how: `workers`, `restart` and `on_progress`, as for `build`.

        Raises:
            ConfigError: the part or the encoder is unknown.
            IndexFolderError: the index has the part already, is damaged or being written, or the disk refuses.
        """
        self._write_part(name, encoder, is_there=False, **how)

    def rebuild_part(self, name: str, *, encoder: str | None = None, **how: Unpack["Writing"]) -> None:
        """Writes a part anew from the stored passages: with another encoder or analyzer, or because it is damaged.

        Args:
            name: "bm25" or "dense".
            encoder: name of another encoder than the index's, which it then has.
            how: `workers`, `restart` and `on_progress`, as for `build`.

        Raises:
            ConfigError: the part or the encoder is unknown.
            IndexFolderError: the index has no such part, its passages are damaged, it is being written, or the disk
                refuses.
        """
        self._write_part(name, encoder, is_there=True, **how)

    def drop_part(self, name: str) -> None:
        """Drops a part.

        Args:
            name: "bm25" or "dense".

        Raises:
            ConfigError: the part is unknown.
            IndexFolderError: there is no such part or no other one, the index is being written, or the disk refuses.
        """
        from openqa.pipeline.writing import remove_part

        remove_part(self.path, name)
        self.refresh()

    def snapshot(self, target: str | Path, *, on_progress: Callable[[int, int], None] | None = None) -> int:
        """Copies the newest generation to another folder while readers and a writer go on.

        Files are shared by hard links where the file system allows it, else copied and checked.

        Args:
            target: a folder that does not exist or is empty.
            on_progress: called after each file with the bytes that are there and the bytes in all.

        Returns:
            The number of the generation.

        Raises:
            IndexFolderError: the target holds other files, the index is damaged, or the disk refuses.
        """
        from openqa.index.backup import copy_folder

        return copy_folder(self.path, Path(target), on_progress)

    def sync(
        self,
        folder: str | Path,
        *,
        lang: str = "und",
        fields: "Fields | None" = None,
        dry_run: bool = False,
        **how: Unpack["Writing"],
    ) -> "SyncSummary":
        """Brings the index up to what a folder holds: added, changed and removed files since it was last read.

        Files of the same bytes as then are not parsed again. All changes are one generation.

        Args:
            folder: of documents, as for `openqa.corpus.read_documents`.
            lang: the language of documents that do not name their own.
            fields: of records and tables; the usual ones when None.
            dry_run: only find out what would be done.
            how: `workers`, `restart`, `on_progress` and `on_read`, as for `build`.

        Raises:
            DataError: the folder is missing, holds no documents, or a file of it is wrong or changes while it is read.
            IndexFolderError: the index is damaged or being written, or the disk refuses.
        """
        from openqa.corpus.fields import USUAL
        from openqa.pipeline.sync import FolderReading, sync_folder

        self._prepare_change()
        view = self._view
        reading = FolderReading(Path(folder), lang, fields or USUAL)
        return sync_folder(
            view.snapshot,
            reading,
            None if dry_run else lambda documents, changes: self._write(documents, changes, **how),
        )

    def repair(self) -> "RepairSummary":
        """Goes back to the newest generation of which every byte is sound, and says what was lost.

        Raises:
            IndexFolderError: no generation is sound, the index is being written, or the disk refuses.
        """
        from openqa.index.repair import repair_folder

        summary = repair_folder(self.path)
        self.refresh()
        return summary

    def _write(self, documents: Iterable[Document], changes: "Changes", **how: Unpack["Writing"]) -> "WriteSummary":
        from openqa.pipeline.writing import add_documents

        self._prepare_change()
        view = self._view
        summary = add_documents(view.snapshot, documents, view.encoder, changes, **how)
        self._after_change()
        return summary

    def _prepare_change(self) -> None:
        """Moves on to the newest generation; a damaged index is not changed, for that would hide what was lost."""
        self.refresh()
        for damage in self.withdrawn[:1]:
            raise IndexFolderError(
                f'index "{self.path}" is damaged: {damage.file}: {damage.problem}; restore that file from a copy or '
                f"run openqa verify {self.path} --repair, then open the index again"
            )

    def _after_change(self) -> None:
        """Moves on to what was committed, and merges where it is time."""
        from openqa.pipeline.writing import merge_if_due

        self.refresh()
        if merge_if_due(self._view.snapshot, self._view.encoder):
            self.refresh()

    def _write_part(self, name: str, encoder: str | None, *, is_there: bool, **how: Unpack["Writing"]) -> None:
        from openqa.pipeline.writing import write_part

        own = self._view.encoder
        write_part(self.path, name, encoder, own, is_there=is_there, **how)
        self._show(open_view(self.path, LazyEncoder(encoder) if encoder else own))
