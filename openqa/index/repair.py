"""Going back to the newest generation of which every byte is sound, when newer ones are damaged.

What is sound is committed again under the next number, so that numbers never fall and a reader that is open moves on
to it by `refresh`; the damaged generations are removed after that, then what only they named.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from openqa.durable import fsync_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.collect import collect
from openqa.index.commit import commit_next
from openqa.index.folder import Damage, damages
from openqa.index.generation import (
    SEGMENTS_FOLDER,
    Generation,
    generation_numbers,
    generation_path,
    newest_generation,
    read_generation,
)
from openqa.index.lock import writer_lock


@dataclass(frozen=True, slots=True)
class RepairSummary:
    """What was lost, and what stands now.

    `generation` is the one that stands, its content that of generation `restored`; the two are equal where nothing was
    damaged. The counts before are those of the newest generation whose file can be read.
    """

    generation: int
    restored: int
    dropped: tuple[int, ...]
    damages: tuple[Damage, ...]
    n_documents_before: int
    n_passages_before: int
    n_documents: int
    n_passages: int


def repair_folder(path: Path, on_progress: Callable[[int, int], None] | None = None) -> RepairSummary:
    """Goes back to the newest generation of which every byte is sound; an index without damage is left as it is.

    Args:
        path: the index folder.
        on_progress: called after each file with the bytes of those of one generation that were looked at, and of all.

    Raises:
        IndexFolderError: there is no index, it is being written, none of its generations is sound, or the disk refuses.
    """
    newest_generation(path)
    with writer_lock(path):
        newest, damaged_newer = newest_generation(path)
        found = [Damage(file, "does not match its own checksum") for file in damaged_newer]
        sound = _newest_sound(path, newest, found, on_progress)
        number = sound.number
        dropped = tuple(other for other in generation_numbers(path) if other > sound.number)
        if dropped:
            number = commit_next(path, sound)
            for other in dropped:
                remove(generation_path(path, other))
            fsync_folder(path)
            collect(path, keep_s=0)
    return RepairSummary(
        generation=number,
        restored=sound.number,
        dropped=dropped,
        damages=tuple(found),
        n_documents_before=newest.n_documents,
        n_passages_before=newest.n_passages,
        n_documents=sound.n_documents,
        n_passages=sound.n_passages,
    )


def rebuildable_parts(path: Path, found: Collection[Damage]) -> tuple[str, ...]:
    """The parts that would have to be written again to make the newest generation sound; () where that is not enough.

    Args:
        path: the index folder.
        found: all damage of its newest generation, as `verify_folder` yields it.
    """
    newest, damaged_newer = newest_generation(path)
    names = {part for some in _damaged_parts(path, newest, found).values() for part in some}
    return () if "" in names or damaged_newer else tuple(sorted(names))


def _newest_sound(
    path: Path, newest: Generation, found: list[Damage], on_progress: Callable[[int, int], None] | None
) -> Generation:
    """The newest generation without damage; adds the damage of newer ones to what was found."""
    known: dict[Path, Damage] = {}
    in_newest: list[Damage] = []
    for number in reversed([number for number in generation_numbers(path) if number <= newest.number]):
        try:
            generation = newest if number == newest.number else read_generation(path, number)
        except IndexFolderError:
            known.setdefault(generation_path(path, number), Damage(generation_path(path, number), "cannot be read"))
            continue
        here = list(damages(path, generation, on_progress=on_progress))
        if not here:
            found.extend(known.values())
            return generation
        in_newest = in_newest or here
        known.update((damage.file, damage) for damage in here)
    raise _none_sound(path, newest, in_newest)


def _none_sound(path: Path, newest: Generation, found: Collection[Damage]) -> IndexFolderError:
    """The error for an index of which every generation is damaged: what of the newest is, and how to go on."""
    parts = _damaged_parts(path, newest, found)
    what = [
        f"segment {name}: {', '.join(f'part {part}' if part else 'its passages' for part in sorted(some))}"
        for name, some in parts.items()
        if name
    ]
    if "" in parts:
        what.append("its list of deleted passages or of source files")
    names = sorted({part for some in parts.values() for part in some})
    if "" in names:
        advice = "restore the files from a copy, or build the index again"
    else:
        advice = " and ".join(f"openqa parts {path} rebuild {name}" for name in names)
        advice = f"its passages are sound, so run {advice}"
    return IndexFolderError(
        f'index "{path}" has no sound generation to go back to; damaged is, in generation {newest.number}, '
        f"{'; '.join(what)}; {advice}"
    )


def _damaged_parts(path: Path, generation: Generation, found: Collection[Damage]) -> Mapping[str, set[str]]:
    """The damaged parts by segment; "" stands for what belongs to no part, and to no segment."""
    damaged = {damage.file for damage in found}
    parts: dict[str, set[str]] = {}
    for segment in generation.segments:
        folders = {folder: part for part, folder in segment.parts.items()}
        for name in segment.files:
            if path / SEGMENTS_FOLDER / segment.name / name in damaged:
                owner = next((part for folder, part in folders.items() if name.startswith(f"{folder}/")), "")
                parts.setdefault(segment.name, set()).add(owner)
    if any(path / name in damaged for name in generation.files):
        parts.setdefault("", set()).add("")
    return parts
