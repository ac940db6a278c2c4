"""Random commands on an index against a brute-force model, a dict of documents: what is found is exactly the same."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import openqa
from openqa.errors import DataError
from openqa.index.deletions import delete_from_folder
from openqa.index.folder import verify_folder
from openqa.index.merging import merge_folder
from openqa.index.writer import WriteOptions, add_to_folder, build_folder
from openqa.pipeline.config import IndexConfig
from openqa.pipeline.index import Index
from openqa.retrieve.bm25 import Bm25Part
from openqa.retrieve.dense import DensePart
from openqa.text.analysis import analyzer_by_name, analyzer_name
from openqa.types import Part, Passage, Question, Ranking
from tests import reference
from tests.retrieve.encoders import LetterEncoder

Model: TypeAlias = dict[str, tuple[Passage, ...]]

ENCODER = LetterEncoder()
PARTS: list[Part] = [Bm25Part(), DensePart(ENCODER)]
SETTINGS = IndexConfig().model_dump(exclude={"parts"})
SMALL = WriteOptions(segment_size=5, chunk_size=2)
WORDS = {"en": ("house", "houses", "river", "the", "green"), "tr": ("ev", "evler", "nehir", "ve", "river")}
NAMES = [f"d{n}" for n in range(9)]
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a state machine writes thousands of files


@st.composite
def documents(draw: st.DrawFn, name: str | None = None) -> tuple[Passage, ...]:
    """All passages of a document, in one of two languages."""
    chosen = name or draw(st.sampled_from(NAMES))
    lang = draw(st.sampled_from(sorted(WORDS)))
    texts = draw(st.lists(st.lists(st.sampled_from(WORDS[lang]), max_size=5).map(" ".join), min_size=1, max_size=3))
    title = draw(st.sampled_from(("", "river")))
    return tuple(Passage(f"{chosen}#{n}", chosen, text, title, lang) for n, text in enumerate(texts))


MANY = st.lists(documents(), max_size=6, unique_by=lambda document: document[0].document_id)
QUESTIONS = st.lists(st.sampled_from([*WORDS["en"], *WORDS["tr"], "unknown"]), min_size=1, max_size=4).map(" ".join)


def n_passages(model: Mapping[str, tuple[Passage, ...]]) -> int:
    """How many passages a model holds."""
    return sum(map(len, model.values()))


def by_formula(passages: list[Passage], question: str) -> dict[str, float]:
    """The bm25 scores of all passages that hold a word of the question, by `tests/reference.py`."""
    groups: dict[str, list[reference.BagOfWords]] = {}
    for p in passages:
        analyzer = analyzer_by_name(analyzer_name(p.lang))
        bag = reference.BagOfWords(p.id, tuple(analyzer.terms(f"{p.title} {p.text}")))
        if bag.body:
            groups.setdefault(analyzer.name, []).append(bag)
    scores: dict[str, float] = {}
    for name, bags in groups.items():
        query = analyzer_by_name(name).terms(question)
        attainable = reference.bm25_attainable(bags, query) if len(groups) > 1 else 1.0
        scores |= {passage_id: score / attainable for passage_id, score in reference.bm25(bags, query).items()}
    return scores


def by_vectors(passages: list[Passage], question: str) -> dict[str, float]:
    """The inner product of every passage's vector, as it is stored, with the question's."""
    if not passages:
        return {}
    vectors = ENCODER.encode_passages([f"{p.title} {p.text}" if p.title else p.text for p in passages])
    products = reference.inner_products(vectors.astype("float16"), ENCODER.encode_queries([question])[0])
    return dict(zip([p.id for p in passages], products, strict=True))


def check_scores(found: Ranking, scores: Mapping[str, float], k: int) -> None:
    """The k best of the scores, each to 1e-6; equal ones by id."""
    best = sorted(scores.values(), reverse=True)[:k]
    assert [hit.score for hit in found] == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert [hit.score for hit in found] == pytest.approx([scores[h.passage_id] for h in found], rel=1e-6, abs=1e-9)
    assert found == sorted(found, key=lambda hit: (-hit.score, hit.passage_id))


class IndexMachine(RuleBasedStateMachine):
    """A writer and a reader: `model` is what is committed, `seen` what the reader's generation holds."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.path = self.folder / "index"
        self.model: Model = {}
        self.seen: Model = {}
        self.generation = 1
        self.index: Index
        self.fresh: tuple[Model, Index] | None = None

    def teardown(self) -> None:
        """Searches once more, in what was committed last."""
        try:
            if hasattr(self, "index"):
                self.refresh()
                self.search("house river ev", 5)
                self.reopen("full")
                self.search("evler green", 100)
                assert list(verify_folder(self.path)) == []
        finally:
            shutil.rmtree(self.folder)

    @initialize(given=MANY)
    def build(self, given: list[tuple[Passage, ...]]) -> None:
        """A first index, which may be empty."""
        build_folder(self.path, given, PARTS, settings=SETTINGS, options=SMALL)
        self.model = {document[0].document_id: document for document in given}
        self.index = openqa.open_index(self.path, encoder=ENCODER)
        self.seen = self.model

    @rule(given=MANY, again=st.lists(st.sampled_from(NAMES), max_size=3, unique=True))
    def add(self, given: list[tuple[Passage, ...]], again: list[str]) -> None:
        """New documents, and some that are there as they are."""
        new = {d[0].document_id: d for d in given if d[0].document_id not in self.model}
        known = [self.model[name] for name in again if name in self.model]
        summary = add_to_folder(self.path, [*known, *new.values()], PARTS, options=SMALL)
        assert (summary.n_documents, summary.n_passages) == (len(new), n_passages(new))
        assert (summary.n_skipped_documents, summary.n_replaced_documents) == (len(known), 0)
        self.committed({**self.model, **new}, summary.generation)

    @rule(given=documents())
    def add_is_refused(self, given: tuple[Passage, ...]) -> None:
        """A document that is there with other content, among new ones: nothing is added."""
        if self.model.get(given[0].document_id, given) != given:
            new = (Passage("new#0", "new", "house", lang="en"),)
            with pytest.raises(DataError, match="is already in index"):
                add_to_folder(self.path, [new, given], PARTS, options=SMALL)
            self.committed(self.model, self.generation)

    @rule(given=MANY)
    def replace(self, given: list[tuple[Passage, ...]]) -> None:
        """New, changed and unchanged documents."""
        sent = {document[0].document_id: document for document in given}
        changed = [name for name in sent if self.model.get(name, sent[name]) != sent[name]]
        same = [name for name in sent if self.model.get(name) == sent[name]]
        summary = add_to_folder(self.path, given, PARTS, replace=True, options=SMALL)
        assert (summary.n_skipped_documents, summary.n_replaced_documents) == (len(same), len(changed))
        assert summary.n_deleted_passages == sum(len(self.model[name]) for name in changed)
        self.committed({**self.model, **sent}, summary.generation)

    @rule(names=st.lists(st.sampled_from(NAMES), max_size=4))
    def delete_documents(self, names: list[str]) -> None:
        """Documents, some of which are not there, some named twice."""
        left = {name: document for name, document in self.model.items() if name not in names}
        summary = delete_from_folder(self.path, documents=names, missing_ok=True)
        assert summary.n_documents == len(self.model) - len(left)
        assert summary.n_missing == len(set(names) - self.model.keys())
        self.committed(left, summary.generation)

    @rule(names=st.lists(st.sampled_from([f"{name}#{n}" for name in NAMES for n in range(3)]), max_size=4))
    def delete_passages(self, names: list[str]) -> None:
        """Passages; a document is gone with its last one."""
        kept = {name: tuple(p for p in document if p.id not in names) for name, document in self.model.items()}
        left = {name: document for name, document in kept.items() if document}
        summary = delete_from_folder(self.path, passages=names, missing_ok=True)
        assert summary.n_passages == n_passages(self.model) - n_passages(left)
        assert summary.n_documents == len(self.model) - len(left)
        self.committed(left, summary.generation)

    @rule(name=st.sampled_from(NAMES))
    def delete_is_refused(self, name: str) -> None:
        """A document that is not there, after one that is: nothing is deleted."""
        if name not in self.model:
            with pytest.raises(DataError, match=f'has no document "{name}"'):
                delete_from_folder(self.path, documents=[*list(self.model)[:1], name])
            self.committed(self.model, self.generation)

    @rule(everything=st.booleans(), segment_size=st.sampled_from((3, 5, 12, 1000)))
    def merge(self, everything: bool, segment_size: int) -> None:
        """Nothing that can be found changes."""
        summary = merge_folder(self.path, PARTS, segment_size=segment_size, everything=everything)
        assert (summary.generation == self.generation) == (summary.n_merged_segments == 0)
        self.committed(self.model, summary.generation)
        if everything and segment_size == 1000:
            assert summary.n_segments == (1 if self.model else 0)

    @rule(verify=st.sampled_from(("quick", "full")))
    def reopen(self, verify: str) -> None:
        """A new reader sees what is committed."""
        self.index = openqa.open_index(self.path, verify, encoder=ENCODER)
        self.seen = self.model

    @rule()
    def refresh(self) -> None:
        """The reader moves on, and says whether there was anything to move on to."""
        is_behind = self.index.info().generation < self.generation
        assert self.index.refresh() == is_behind
        self.seen = self.model

    @rule(question=QUESTIONS, k=st.sampled_from((1, 3, 100)))
    def search(self, question: str, k: int) -> None:
        """The reader's generation ranks as a fresh build of its documents, and as the formula says."""
        asked = [Question("q", question, "en")]
        for name in ("bm25", "dense", "hybrid"):
            (found,) = self.index.search(asked, k, name)
            (expected,) = self.fresh_index().search(asked, k, name)
            assert [hit.passage_id for hit in found] == [hit.passage_id for hit in expected]
            assert [hit.score for hit in found] == pytest.approx([hit.score for hit in expected], rel=1e-6)
        passages = [passage for document in self.seen.values() for passage in document]
        check_scores(self.index.search(asked, k, "bm25")[0], by_formula(passages, question), k)
        check_scores(self.index.search(asked, k, "dense")[0], by_vectors(passages, question), k)

    @invariant()
    def holds_what_it_saw(self) -> None:
        """Counts, every passage by its id, and no passage that is not there."""
        if hasattr(self, "index"):
            assert len(self.index) == n_passages(self.seen)
            held = {passage.id: passage for document in self.seen.values() for passage in document}
            for passage_id in (f"{name}#{n}" for name in NAMES for n in range(3)):
                if passage_id in held:
                    assert self.index.passage(passage_id) == held[passage_id]
                else:
                    with pytest.raises(KeyError):
                        self.index.passage(passage_id)

    def committed(self, model: Model, generation: int) -> None:
        """Takes over what a command has made; a new generation where anything changed."""
        assert generation in (self.generation, self.generation + 1)
        assert model == self.model or generation == self.generation + 1
        self.model, self.generation = model, generation

    def fresh_index(self) -> Index:
        """A build of what the reader sees, in one segment."""
        if self.fresh is None or self.fresh[0] != self.seen:
            shutil.rmtree(self.folder / "fresh", ignore_errors=True)
            build_folder(self.folder / "fresh", list(self.seen.values()), PARTS, settings=SETTINGS)
            self.fresh = self.seen, openqa.open_index(self.folder / "fresh", encoder=ENCODER)
        return self.fresh[1]


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
