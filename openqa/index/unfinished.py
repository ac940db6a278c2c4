"""Work that was begun and not committed: what a command has written so far, so that the same command can go on.

`unfinished/<id>.json` holds what decides the bytes of the command besides its input (the recipe), the generation it
started from, and the names of the segments whose passages are stored. A segment's name is a hash of its passages, so a
command that is run again notices where its input is another one.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openqa.durable import json_bytes, make_folder, remove, rename_into_place, write_bytes
from openqa.errors import DataError, IndexFolderError
from openqa.files import read_json
from openqa.index.generation import SEGMENTS_FOLDER
from openqa.index.store import PassageStore

UNFINISHED_FOLDER = "unfinished"
KEEP_UNFINISHED_S = 24 * 3600.0


@dataclass
class Unfinished:
    """One command's work; `segments` are those that an earlier run of it has stored, in their order."""

    path: Path
    kind: str
    file: Path
    record: Mapping[str, Any]
    segments: list[str] = field(default_factory=list)
    n_seen: int = 0
    n_documents: int = 0

    def begin_segment(self, name: str, incoming: Path) -> None:
        """Notes a stored segment, before it takes its name.

        Args:
            name: of the segment.
            incoming: its complete store, under another name.

        Raises:
            IndexFolderError: an earlier run of the command had another segment here, so its input was another one.
        """
        store = PassageStore(incoming)
        if self.n_seen == len(self.segments):
            self.note_segment(name)
        elif self.segments[self.n_seen] != name:
            self._refuse(store)
        self.n_seen += 1
        self.n_documents += store.n_documents

    def note_segment(self, name: str) -> None:
        """Notes a segment that is worked on; the collector leaves it alone."""
        self.segments.append(name)
        self._write()

    def end(self) -> None:
        """Makes sure that nothing is left of an earlier run's input.

        Raises:
            IndexFolderError: the earlier run had more documents.
        """
        if self.n_seen < len(self.segments):
            raise self._other_input(f"it had more than {self.n_documents} documents")

    def close(self) -> None:
        """Forgets the work, which is committed now; where the disk refuses, the collector does later."""
        with suppress(IndexFolderError):
            remove(self.file)

    def _refuse(self, store: PassageStore) -> None:
        try:
            before = PassageStore(self.path / SEGMENTS_FOLDER / self.segments[self.n_seen])
        except IndexFolderError:
            raise self._other_input(f"its documents after number {self.n_documents} differ") from None
        now, then = store.documents(), before.documents()
        for n, (new, old) in enumerate(zip(now, then, strict=False), self.n_documents + 1):
            if new.fingerprint != old.fingerprint:
                ids = store.passage(new.rows.start).document_id, before.passage(old.rows.start).document_id
                raise self._other_input(
                    f'document {n} was "{ids[1]}", now it is "{ids[0]}"'
                    if ids[0] != ids[1]
                    else f'document {n}, "{ids[0]}", has changed'
                )
        raise self._other_input(
            f"it had {'more' if len(then) > len(now) else 'less'} than {self.n_documents + len(now)} documents"
        )

    def _other_input(self, difference: str) -> IndexFolderError:
        return IndexFolderError(
            f'index "{self.path}": an unfinished {self.kind} stands there that was begun with other input: '
            f"{difference}; give the former input to go on with it, or start over with --restart (restart=True)"
        )

    def _write(self) -> None:
        make_folder(self.file.parent)
        temporary = self.file.with_name(self.file.name + ".tmp")
        write_bytes(temporary, json_bytes({**self.record, "segments": self.segments}))
        rename_into_place(temporary, self.file)


def begin(path: Path, kind: str, source: str, recipe: Mapping[str, Any], *, base: int, restart: bool) -> Unfinished:
    """Begins a command's work, or takes up what an earlier run of it has left.

    Args:
        path: the index folder, held for writing.
        kind: of command, such as "build".
        source: what tells this command from others of its kind, such as the names of its files.
        recipe: what besides the input decides the bytes; JSON values.
        base: number of the generation it starts from; work from another one is dropped.
        restart: drop the earlier work in any case.

    Raises:
        IndexFolderError: the earlier work was done by another recipe.
    """
    name = hashlib.sha256(json_bytes([kind, source])).hexdigest()[:32]
    recipe = json.loads(json_bytes(dict(recipe)))
    record = {"kind": kind, "source": source, "base": base, "recipe": recipe}
    work = Unfinished(path, kind, path / UNFINISHED_FOLDER / f"{name}.json", record)
    found = _read(work.file)
    if not found or restart or found["base"] != base or not found["segments"]:
        remove(work.file)
        return work
    changed = sorted(key for key in {*found["recipe"], *recipe} if found["recipe"].get(key) != recipe.get(key))
    if changed:
        was, now = ({key: side.get(key) for key in changed} for side in (found["recipe"], recipe))
        raise IndexFolderError(
            f'index "{path}": an unfinished {kind} stands there that was begun with {_shown(was)}, this one has '
            f"{_shown(now)}; run it as before to go on with it, or start over with --restart (restart=True)"
        )
    work.segments = list(found["segments"])
    return work


def unfinished_segments(path: Path) -> Iterator[str]:
    """Yields the names of all segments that belong to unfinished work; work older than 24 hours is dropped.

    Args:
        path: the index folder, held for writing.
    """
    for file in sorted((path / UNFINISHED_FOLDER).glob("*")):
        found = _read(file) if file.suffix == ".json" else {}
        if not found or file.stat().st_mtime < time.time() - KEEP_UNFINISHED_S:
            remove(file)
        else:
            yield from found["segments"]


def _read(file: Path) -> dict[str, Any]:
    """The content of a file of unfinished work; {} where it is missing or damaged: the work starts over."""
    try:
        found = read_json(file)
        is_sound = isinstance(found["base"], int) and isinstance(found["recipe"], dict)
        return found if is_sound and all(isinstance(name, str) for name in found["segments"]) else {}
    except (DataError, KeyError, TypeError):
        return {}


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
