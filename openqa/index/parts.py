"""Parts of an index that stands: added, written anew or dropped, from the stored passages and without the corpus."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from openqa.durable import json_bytes
from openqa.errors import IndexFolderError
from openqa.index.collect import collect
from openqa.index.commit import changing, commit_next
from openqa.index.folder import Snapshot
from openqa.index.generation import Generation, SegmentEntry
from openqa.index.segments import segment_entry, write_part
from openqa.index.unfinished import begin
from openqa.index.workers import workers
from openqa.index.writer import WriteOptions
from openqa.types import Part


def write_parts_of_folder(
    path: Path,
    parts: Sequence[Part],
    *,
    settings: Mapping[str, Any] | None = None,
    options: WriteOptions | None = None,
) -> int:
    """Writes parts of all segments, new ones or in place of those of the same name, as one new generation.

    The files of those that are there are not looked at, so they may be damaged. A run that was stopped goes on when it
    is run again.

    Args:
        path: the index folder.
        parts: what to write.
        settings: values that change in the index's settings, such as the encoder.
        options: chunk size, workers and progress; `on_progress` is called with the passages of one part after another.

    Returns:
        The number of the generation.

    Raises:
        IndexFolderError: there is no index, it is damaged or being written, or the disk refuses.
    """
    options = options or WriteOptions()
    with changing(path, without_parts=[part.name for part in parts]) as snapshot:
        before = snapshot.generation
        configs = {part.name: json.loads(json_bytes(part.config())) for part in parts}
        recipe = {"parts": configs, "chunk_size": options.chunk_size}
        work = begin(path, "parts", ",".join(sorted(configs)), recipe, base=before.number, restart=options.restart)
        for segment in snapshot.segments[len(work.segments) :]:
            work.note_segment(segment.name)
        collect(path)
        entries = _write(snapshot, parts, configs, options)
        changed = {**before.settings, **json.loads(json_bytes(dict(settings or {})))}
        after = replace(before, segments=entries, parts={**before.parts, **configs}, settings=changed)
        number = commit_next(path, after)
        work.close()
    return number


def drop_part(path: Path, name: str) -> int:
    """Drops a part as a new generation; its files go when no reader needs them any more.

    Args:
        path: the index folder.
        name: of the part.

    Returns:
        The number of the generation.

    Raises:
        IndexFolderError: there is no index or no such part, it is the only one, or the disk refuses.
    """
    with changing(path, without_parts=[name]) as snapshot:
        snapshot.part_config(name)
        before = snapshot.generation
        if len(before.parts) == 1:
            raise IndexFolderError(
                f'index "{path}" has no part but "{name}"; without one it cannot be searched: add another one first'
            )
        collect(path)
        entries = tuple(_with_part(entry, name, None) for entry in before.segments)
        parts = {part: config for part, config in before.parts.items() if part != name}
        return commit_next(path, replace(before, segments=entries, parts=parts))


def _write(
    snapshot: Snapshot, parts: Sequence[Part], configs: Mapping[str, Any], options: WriteOptions
) -> tuple[SegmentEntry, ...]:
    n_done = 0

    def count(n_rows: int) -> None:
        nonlocal n_done
        n_done += n_rows
        if options.on_progress:
            options.on_progress(n_done)

    entries = []
    with workers(options.workers, parts) as submit:
        for segment in snapshot.segments:
            entry = segment.entry
            for part in parts:
                folder = _folder_name(part.name, configs[part.name], snapshot.generation)
                write_part(segment.folder, part, folder, options.chunk_size, submit, count)
                new = submit(segment_entry, segment.folder, {part.name: folder}).result()
                entry = _with_part(entry, part.name, new)
            entries.append(entry)
    return tuple(entries)


def _folder_name(name: str, config: Mapping[str, Any], generation: Generation) -> str:
    """A folder that no generation has named yet, and that the same command finds again."""
    known = json_bytes([config, generation.number])
    return f"{name}-{hashlib.sha256(known).hexdigest()[:8]}"


def _with_part(entry: SegmentEntry, name: str, new: SegmentEntry | None) -> SegmentEntry:
    """The entry with a part taken from another one of the same segment, or without it."""
    old = entry.parts.get(name)
    parts = {part: folder for part, folder in entry.parts.items() if part != name}
    files = {file: found for file, found in entry.files.items() if not (old and file.startswith(f"{old}/"))}
    if new:
        folder = new.parts[name]
        parts[name] = folder
        files |= {file: found for file, found in new.files.items() if file.startswith(f"{folder}/")}
    return replace(entry, parts=parts, files=files)
