"""Merging segments: few large ones are searched faster than many small ones, and what is deleted gives its space back.

The policy is tiered, as in Lucene: segments of like size are merged ten at a time, so that a passage is rewritten a few
times only however large the index grows; a segment of which a fifth is deleted is rewritten.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from openqa.durable import make_folder, remove
from openqa.errors import IndexFolderError
from openqa.index.collect import collect
from openqa.index.commit import changing, check_all_parts, commit_next
from openqa.index.folder import Segment, Snapshot
from openqa.index.generation import SEGMENTS_FOLDER, SegmentEntry
from openqa.index.segments import SegmentWriter, combine_part, segment_entry
from openqa.types import Part, PartSource

TIER_SEGMENTS = 10
_FLOOR_PASSAGES = 1_000  # smaller segments count as of this size
_DELETED_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class MergeSummary:
    """What one command did: how many segments went into how many, and what then stands."""

    generation: int
    n_merged_segments: int
    n_new_segments: int
    n_segments: int


def plan_merges(sizes: Sequence[tuple[int, int]], segment_size: int) -> list[list[int]]:
    """Which segments the policy merges: groups of places in `sizes`, rising.

    Args:
        sizes: of each segment, stored and live passages.
        segment_size: most live passages in a merged segment.
    """
    groups = []
    tiers: defaultdict[int, list[int]] = defaultdict(list)
    for place, (stored, live) in enumerate(sizes):
        if stored - live > _DELETED_SHARE * stored:
            groups.append([place])
        elif 2 * live <= segment_size:
            tiers[int(math.log10(max(live, _FLOOR_PASSAGES)))].append(place)
    for places in tiers.values():
        while len(places) >= TIER_SEGMENTS:
            group, total = [], 0
            for place in places[:TIER_SEGMENTS]:
                if total + sizes[place][1] > segment_size:
                    break
                group.append(place)
                total += sizes[place][1]
            groups.append(group)
            places = places[len(group) :]
    return sorted(group for group in groups if len(group) > 1 or sizes[group[0]][0] > sizes[group[0]][1])


def plan_full_merge(sizes: Sequence[tuple[int, int]], segment_size: int) -> list[list[int]]:
    """Which segments to merge so that as few as can be are left and nothing deleted stays; as `plan_merges`."""
    groups: list[list[int]] = []
    total = 0
    for place, (_, live) in enumerate(sizes):
        if not groups or total + live > segment_size:
            groups.append([])
            total = 0
        groups[-1].append(place)
        total += live
    return [group for group in groups if len(group) > 1 or sizes[group[0]][0] > sizes[group[0]][1]]


def merge_folder(
    path: Path,
    parts: Sequence[Part],
    *,
    segment_size: int,
    everything: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> MergeSummary:
    """Merges segments as one new generation, where the policy finds any to merge; rankings stay what they are.

    Args:
        path: the index folder.
        parts: the index's own, with the configs it was built with.
        segment_size: most passages in a merged segment.
        everything: merge into as few segments as `segment_size` allows, and free all that is deleted.
        on_progress: called after each new segment with the passages that are in new ones by now, and all that will be.

    Raises:
        EncoderMismatch: a part's config is not the one the index was built with.
        IndexFolderError: there is no index, it is damaged or being written, lacks a part, or the disk refuses.
    """
    with changing(path) as snapshot:
        check_all_parts(snapshot, parts)
        sizes = [(len(segment), len(segment) - len(segment.deleted_rows)) for segment in snapshot.segments]
        plan = (plan_full_merge if everything else plan_merges)(sizes, segment_size)
        if not plan:
            return MergeSummary(snapshot.generation.number, 0, 0, len(sizes))
        collect(path)
        make_folder(path / SEGMENTS_FOLDER)
        merged = dict(_merge_all(path, snapshot, plan, parts, on_progress))
        number = _commit(path, snapshot, plan, merged)
    n_merged, n_new = sum(map(len, plan)), sum(entry is not None for entry in merged.values())
    return MergeSummary(number, n_merged, n_new, len(sizes) - n_merged + n_new)


def _merge_all(
    path: Path,
    snapshot: Snapshot,
    plan: Sequence[Sequence[int]],
    parts: Sequence[Part],
    on_progress: Callable[[int, int], None] | None,
) -> Iterator[tuple[int, SegmentEntry | None]]:
    """Yields the first place of each group with the segment that takes the place of all."""
    segments = snapshot.segments
    sizes = [sum(len(segments[place]) - len(segments[place].deleted_rows) for place in group) for group in plan]
    for number, group in enumerate(plan, start=1):
        yield group[0], _merge(path, snapshot, group, parts)
        if on_progress:
            on_progress(sum(sizes[:number]), sum(sizes))


def _merge(path: Path, snapshot: Snapshot, group: Sequence[int], parts: Sequence[Part]) -> SegmentEntry | None:
    """Writes the segment that takes the place of a group; None where nothing of it is left."""
    segments = [snapshot.segments[place] for place in group]
    if all(len(segment) == len(segment.deleted_rows) for segment in segments):
        return None
    writer = SegmentWriter(path)
    for segment in segments:
        _copy_documents(segment, writer)
    generation = snapshot.generation
    known = {"parts": generation.parts, "settings": generation.settings, "merge": [generation.number, *group]}
    folder = writer.take_name(writer.finish(known))
    for part in parts:
        sources = [PartSource(s.part_path(part.name), len(s), s.live_rows) for s in segments]
        remove(folder / part.name)
        combine_part(folder, part, part.name, sources)
    return segment_entry(folder, {part.name: part.name for part in parts})


def _copy_documents(segment: Segment, writer: SegmentWriter) -> None:
    is_deleted = np.zeros(len(segment), dtype=bool)
    is_deleted[segment.deleted_rows] = True
    for document in segment.store.documents():
        rows = [row for row in document.rows if not is_deleted[row]]
        if rows:
            writer.add(segment.store.packed(rows))


def _commit(
    path: Path, snapshot: Snapshot, plan: Sequence[Sequence[int]], merged: Mapping[int, SegmentEntry | None]
) -> int:
    before = snapshot.generation
    gone = {before.segments[place].name for group in plan for place in group}
    entries: list[SegmentEntry] = []
    for place, entry in enumerate(before.segments):
        new = merged.get(place) if place in merged else entry if entry.name not in gone else None
        if new:
            entries.append(new)
    deletions = {name: entry for name, entry in before.deletions.items() if name not in gone}
    files = dict(before.files)
    for name in gone & before.deletions.keys():
        files.pop(before.deletions[name].file)
    after = replace(before, segments=tuple(entries), deletions=deletions, files=files)
    if (after.n_passages, after.n_documents) != (before.n_passages, before.n_documents):
        raise IndexFolderError(
            f'index "{path}": {after.n_passages} passages of {after.n_documents} documents would be left of '
            f"{before.n_passages} of {before.n_documents}; nothing was merged; run openqa verify"
        )
    return commit_next(path, after)
