"""Makes an inverted index from the terms of some passages, as many as fit into memory; combine.py joins several."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from openqa.retrieve.postings import HIGHEST_TF, Lengths, term_hashes, term_to_bytes
from openqa.retrieve.postings_writer import Terms
from openqa.types import Array


@dataclass(frozen=True, slots=True)
class AnalyzedPassage:
    """The terms of one passage: its own, by its language's analyzer, and those of generated queries by theirs."""

    analyzer: str
    body: Sequence[str]
    generated: Sequence[tuple[str, Sequence[str]]] = ()


class Inverted(NamedTuple):
    """The analyzers (A) that some passages need, by name, and what each has found there."""

    analyzers: tuple[str, ...]
    lengths: Lengths
    terms: tuple[Terms, ...]  # one for each analyzer


class _Numbers(dict[str, int]):
    """Numbers terms as they come."""

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class _Occurrences:
    """Every occurrence of one analyzer's terms: its number in `numbers`, and its row."""

    numbers: _Numbers = field(default_factory=_Numbers)
    body: list[int] = field(default_factory=list)
    body_rows: list[int] = field(default_factory=list)
    generated: list[int] = field(default_factory=list)
    generated_rows: list[int] = field(default_factory=list)


def invert(passages: Sequence[AnalyzedPassage]) -> Inverted:
    """The inverted index of some passages.

    An analyzer is needed where a passage's own text is its, or a generated query has a term in it.

    Args:
        passages: in the order of rows.
    """
    names = {passage.analyzer for passage in passages}
    names |= {name for passage in passages for name, terms in passage.generated if terms}
    found = {name: _Occurrences() for name in sorted(names)}
    for row, passage in enumerate(passages):
        own = found[passage.analyzer]
        own.body.extend(map(own.numbers.__getitem__, passage.body))
        own.body_rows.extend([row] * len(passage.body))
        for name, terms in passage.generated:
            if terms:
                other = found[name]
                other.generated.extend(map(other.numbers.__getitem__, terms))
                other.generated_rows.extend([row] * len(terms))
    lengths = _lengths(passages, found)
    terms_of = (_terms(own, len(passages), len(lengths.generated) > 0) for own in found.values())
    return Inverted(tuple(found), lengths, tuple(terms_of))


def _lengths(passages: Sequence[AnalyzedPassage], found: dict[str, _Occurrences]) -> Lengths:
    numbers = {name: number for number, name in enumerate(found)}
    has_generated = any(own.generated for own in found.values())
    generated = np.zeros((len(found) * has_generated, len(passages)), np.int32)
    for number, own in enumerate(found.values() if has_generated else ()):
        generated[number] = np.bincount(_numbers(own.generated_rows), minlength=len(passages))
    return Lengths(
        np.array([len(passage.body) for passage in passages], np.int32),
        np.array([numbers[passage.analyzer] for passage in passages], np.uint16),
        generated,
    )


def _numbers(values: list[int]) -> Array:
    return np.array(values, np.int64)


def _terms(found: _Occurrences, n_rows: int, has_generated: bool) -> Terms:
    vocabulary = [term_to_bytes(term) for term in found.numbers]
    hashes = term_hashes(vocabulary)
    order = [number for _, _, number in sorted(zip(hashes.tolist(), vocabulary, range(len(vocabulary)), strict=True))]
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    occurrences = places[_numbers(found.body + found.generated)]
    keys, postings = np.unique(
        occurrences * n_rows + _numbers(found.body_rows + found.generated_rows), return_inverse=True
    )
    n_body = len(found.body)
    tf_body, tf_generated = (
        np.minimum(np.bincount(some, minlength=len(keys)), HIGHEST_TF).astype(np.uint16)
        for some in (postings[:n_body], postings[n_body:])
    )
    posting_terms, rows = np.divmod(keys, max(n_rows, 1))
    return Terms(
        hashes=hashes[order],
        starts=_starts([len(vocabulary[number]) for number in order]),
        utf8=np.frombuffer(b"".join(vocabulary[number] for number in order), np.uint8),
        posting_starts=_starts(np.bincount(posting_terms, minlength=len(order))),
        rows=rows.astype(np.int32),
        tf_body=tf_body,
        tf_generated=tf_generated if has_generated else tf_generated[:0],
    )


def _starts(lengths: Sequence[int] | Array) -> Array:
    return np.append(0, np.cumsum(lengths)).astype(np.int64)
