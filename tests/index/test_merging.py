"""Tests of openqa/index/merging.py: which segments are merged, and that nothing else changes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openqa.errors import EncoderMismatch
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import open_folder
from openqa.index.merging import TIER_SEGMENTS, MergeSummary, merge_folder, plan_full_merge, plan_merges
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.types import Passage
from tests.fakes import LengthPart, document, lengths

SMALL = WriteOptions(segment_size=8, chunk_size=3)
SIZES = st.lists(
    st.integers(1, 300_000).flatmap(lambda stored: st.tuples(st.just(stored), st.integers(0, stored))), max_size=60
)


@given(SIZES, st.integers(1_000, 200_000))
def test_plans_keep_to_their_rules(sizes: list[tuple[int, int]], segment_size: int) -> None:
    """No segment twice, none above the size but one alone; what is left is settled; a full merge leaves few."""
    for plan in (plan_merges(sizes, segment_size), plan_full_merge(sizes, segment_size)):
        places = [place for group in plan for place in group]
        assert len(set(places)) == len(places)
        for group in plan:
            assert group == sorted(group)
            assert len(group) == 1 or sum(sizes[place][1] for place in group) <= segment_size
            assert len(group) > 1 or sizes[group[0]][1] < sizes[group[0]][0]
    merged = {place for group in plan_merges(sizes, segment_size) for place in group}
    for place, (stored, live) in enumerate(sizes):
        assert place in merged or stored - live <= 0.2 * stored
    full = plan_full_merge(sizes, segment_size)
    alone = [[place] for place in range(len(sizes)) if not any(place in group for group in full)]
    totals = [sum(sizes[place][1] for place in group) for group in sorted([*full, *alone])]
    assert all(left + right > segment_size for left, right in pairwise(totals))


def test_segments_of_like_size_are_merged_ten_at_a_time() -> None:
    """Nine small ones wait; ten are merged; large ones stay; a fifth deleted is enough, a tenth is not."""
    small, medium, large = (500, 500), (20_000, 20_000), (90_000, 90_000)
    assert plan_merges([small] * (TIER_SEGMENTS - 1) + [large] * 20, 100_000) == []
    assert plan_merges([small] * 9 + [medium] + [(999, 999)], 100_000) == [[*range(9), 10]]
    assert plan_merges([medium] * 10, 100_000) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]][:1]
    assert plan_merges([large, (90_000, 71_000), (90_000, 81_000)], 100_000) == [[1]]
    assert plan_full_merge([small, large, large, (10, 5), small], 100_000) == [[0, 1], [2, 3, 4]]
    assert plan_full_merge([large, large], 100_000) == []


def passages(path: Path) -> list[Passage]:
    """All passages that are not deleted, in the order of the index."""
    found: list[Passage] = []
    for segment in open_folder(path, verify="full").segments:
        rows = segment.live_rows if segment.live_rows is not None else np.arange(len(segment))
        found += segment.store.passages(rows)
    return found


def fill(path: Path) -> list[list[Passage]]:
    """An index of five segments, one document and one passage of another deleted; returns what is left."""
    documents = [document(f"d{i}", *(f"{'ab' * i} {j}" for j in range(1 + i % 3))) for i in range(14)]
    build_folder(path, documents[:10], [LengthPart()], options=SMALL)
    add_to_folder(path, documents[10:12], [LengthPart()], options=SMALL)
    add_to_folder(path, documents[12:], [LengthPart()], options=SMALL)
    delete_from_folder(path, documents=["d3"], passages=["d11#1"])
    documents[11] = [passage for passage in documents[11] if passage.id != "d11#1"]
    return documents[:3] + documents[4:]


def test_a_full_merge_frees_what_is_deleted(tmp_path: Path) -> None:
    """Into few segments, in the order of before, with the parts of what is left; documents keep their identity."""
    left = fill(tmp_path / "i")
    told: list[tuple[int, int]] = []
    summary = merge_folder(
        tmp_path / "i", [LengthPart()], segment_size=16, everything=True, on_progress=lambda *done: told.append(done)
    )
    assert summary == MergeSummary(generation=5, n_merged_segments=5, n_new_segments=2, n_segments=2)
    sizes = [len(segment) for segment in open_folder(tmp_path / "i").segments]
    assert told == [(sizes[0], sum(sizes)), (sum(sizes), sum(sizes))]
    assert passages(tmp_path / "i") == [passage for each in left for passage in each]
    snapshot = open_folder(tmp_path / "i", verify="full")
    assert (snapshot.generation.n_documents, snapshot.generation.deletions) == (13, {})
    assert sum(len(segment) for segment in snapshot.segments) == len(snapshot)
    for segment in snapshot.segments:
        texts = [passage.text for passage in segment.store.passages(range(len(segment)))]
        assert [int(n) for n in lengths(segment)] == list(map(len, texts))
    again = add_to_folder(tmp_path / "i", left, [LengthPart()], options=SMALL)
    assert (again.n_documents, again.n_skipped_documents, again.generation) == (0, 13, 5)
    assert merge_folder(tmp_path / "i", [LengthPart()], segment_size=16, everything=True).n_merged_segments == 0
    assert open_folder(tmp_path / "i").generation.number == 5


def test_the_policy_rewrites_what_lost_a_fifth(tmp_path: Path) -> None:
    """Only that segment; the others keep their names."""
    fill(tmp_path / "i")
    delete_from_folder(tmp_path / "i", documents=["d7"])
    segments = open_folder(tmp_path / "i").segments
    before = [segment.name for segment in segments]
    is_rewritten = [len(segment.deleted_rows) > 0.2 * len(segment) for segment in segments]
    assert is_rewritten == [False, True, False, False, False]
    merge_folder(tmp_path / "i", [LengthPart()], segment_size=16)
    after = [segment.name for segment in open_folder(tmp_path / "i", verify="full").segments]
    assert [new != old for new, old in zip(after, before, strict=True)] == is_rewritten


def test_an_index_of_nothing_but_deleted_is_empty(tmp_path: Path) -> None:
    """Its segments go altogether; it can be added to again."""
    build_folder(tmp_path / "i", [document("a", "x"), document("b", "y")], [LengthPart()])
    delete_from_folder(tmp_path / "i", documents=["a", "b"])
    assert merge_folder(tmp_path / "i", [LengthPart()], segment_size=16) == MergeSummary(3, 1, 0, 0)
    assert (len(open_folder(tmp_path / "i", verify="full")), open_folder(tmp_path / "i").segments) == (0, ())
    add_to_folder(tmp_path / "i", [document("a", "x")], [LengthPart()])
    assert len(passages(tmp_path / "i")) == 1


def test_other_parts_do_not_merge(tmp_path: Path) -> None:
    """The parts at hand must be those of the index."""
    fill(tmp_path / "i")
    with pytest.raises(EncoderMismatch, match='part "length" was built with unit "characters"'):
        merge_folder(tmp_path / "i", [LengthPart("words")], segment_size=16, everything=True)
