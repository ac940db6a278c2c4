"""Index: build, open, search, add, verify."""

from pathlib import Path
from typing import Any

import pytest

import openqa
from openqa import Document, Index, IndexConfig, Question
from openqa.errors import ConfigError, DataError, EncoderMismatch, IndexFolderError
from openqa.index.lock import writer_lock
from tests.pipeline.fakes import MEANINGS, WordEncoder, documents

ENCODER = WordEncoder(same=MEANINGS)


def bm25_index(path: Path) -> Index:
    """An index of the four documents with bm25 alone."""
    return openqa.build(path, documents(), parts=("bm25",))


def full_index(path: Path) -> Index:
    """An index of the four documents with both parts."""
    return openqa.build(path, documents(), encoder=ENCODER)


def question(text: str, lang: str = "und") -> Question:
    """A question with an id."""
    return Question("q", text, lang)


def test_build_and_search_by_bm25(tmp_path: Path) -> None:
    """The passage with the words of the question comes first, with its fields as they were given."""
    with bm25_index(tmp_path / "index") as index:
        rankings = index.search([question("capital of Italy"), question("Wie lange umkreist der Mond?")], 2, "bm25")
        assert [ranking[0].passage_id for ranking in rankings] == ["rome#0", "mond#0"]
        passage = index.passage("paris#0")
    assert (passage.text, passage.title) == ("The capital of France is Paris.", "Paris")
    assert (passage.document_id, passage.url) == ("paris", "https://example.org/paris")


def test_what_is_opened_equals_what_was_built(tmp_path: Path) -> None:
    """Passages, rankings and counts."""
    with bm25_index(tmp_path / "index") as built, openqa.open_index(str(tmp_path / "index"), "full") as opened:
        asked = [question("capital of France")]
        assert opened.search(asked, 10, "bm25") == built.search(asked, 10, "bm25")
        assert len(opened) == len(built) == 4
        assert opened.info() == built.info()
        assert opened.passage("tokyo#0") == built.passage("tokyo#0")


def test_dense_and_hybrid_search_across_languages(tmp_path: Path) -> None:
    """Words of the question stand in no passage, and their meaning finds it."""
    asked = [question("Was ist die Hauptstadt Frankreichs?", "de")]
    with full_index(tmp_path / "index") as index:
        for retriever in ("dense", "hybrid"):
            assert index.search(asked, 1, retriever)[0][0].passage_id == "paris#0"
        assert index.search(asked, 1)[0] == index.search(asked, 1, "hybrid")[0]


def test_an_unknown_language_is_identified(tmp_path: Path) -> None:
    """Of each document that does not name its own; a named one is kept."""
    with bm25_index(tmp_path / "index") as index:
        langs = [index.passage(f"{name}#0").lang for name in ("paris", "rome", "mond", "tokyo")]
    assert langs == ["en", "en", "de", "ja"]


def test_the_language_of_the_config_goes_before_identification(tmp_path: Path) -> None:
    """And not before what a document names."""
    config = IndexConfig(lang="it", parts=("bm25",))
    with openqa.build(tmp_path / "index", documents(), config=config) as index:
        assert [index.passage(f"{name}#0").lang for name in ("rome", "mond")] == ["it", "de"]


def test_one_passage_a_document_keeps_the_id(tmp_path: Path) -> None:
    """As published judgements need it."""
    config = IndexConfig(split="document", parts=("bm25",))
    with openqa.build(tmp_path / "index", documents(), config=config) as index:
        assert index.passage("tokyo").metadata == {"page": "7"}


def test_parts_go_before_those_of_the_config(tmp_path: Path) -> None:
    """So the encoder of the dense part is not asked for."""
    with openqa.build(tmp_path / "index", documents(), ("bm25",), IndexConfig(k1=1.5)) as index:
        assert index.parts == ("bm25",)
        assert index.info().settings["k1"] == 1.5


def test_k1_and_b_decide_the_scores(tmp_path: Path) -> None:
    """With k1 0 the frequency of a word does not count."""
    texts = [Document("once", "moon and stars in the night", lang="en"), Document("twice", "moon moon", lang="en")]
    with openqa.build(tmp_path / "index", texts, ("bm25",), IndexConfig(k1=0.0)) as index:
        scores = [hit.score for hit in index.search([question("moon", "en")], 2, "bm25")[0]]
    assert len(scores) == 2
    assert scores[0] == pytest.approx(scores[1])


def test_an_index_without_passages_answers_nothing(tmp_path: Path) -> None:
    """It is a sound index, and can be added to."""
    with openqa.build(tmp_path / "index", [], parts=("bm25",)) as index:
        assert len(index) == 0
        assert index.search([question("anything")], 3, "bm25") == [[]]
        index.add(documents())
        assert len(index.search([question("capital")], 3, "bm25")[0]) == 2


def test_no_questions_give_no_rankings(tmp_path: Path) -> None:
    """An empty batch is a batch."""
    with bm25_index(tmp_path / "index") as index:
        assert index.search([], 3, "bm25") == []


def test_add_makes_documents_searchable_at_once(tmp_path: Path) -> None:
    """What is there already is counted and left."""
    new = [Document("oslo", "Oslo is the capital of Norway.", lang="en"), documents()[0]]
    counts: list[int] = []
    with bm25_index(tmp_path / "index") as index:
        summary = index.add(new, on_progress=counts.append)
        assert (summary.n_documents, summary.n_passages, summary.n_skipped_documents) == (1, 1, 1)
        assert counts == [1]
        assert index.search([question("Norway")], 1, "bm25")[0][0].passage_id == "oslo#0"
        assert (len(index), index.info().n_segments, index.info().generation) == (5, 2, 2)


def test_add_refuses_other_content_under_a_known_id_and_loses_nothing(tmp_path: Path) -> None:
    """The index is as it was."""
    with bm25_index(tmp_path / "index") as index:
        with pytest.raises(DataError, match=r'document "paris" is already in index .* with other content'):
            index.add([Document("new", "New."), Document("paris", "Something else.")])
        assert len(openqa.open_index(tmp_path / "index")) == 4
        assert index.verify() == []


def test_a_reader_moves_on_by_refresh(tmp_path: Path) -> None:
    """And sees the generation that it opened until then."""
    with bm25_index(tmp_path / "index") as writer, openqa.open_index(tmp_path / "index") as reader:
        writer.add([Document("oslo", "Oslo is the capital of Norway.", lang="en")])
        assert reader.search([question("Norway")], 1, "bm25") == [[]]
        assert reader.refresh()
        assert not reader.refresh()
        assert reader.search([question("Norway")], 1, "bm25")[0][0].passage_id == "oslo#0"


def test_an_unknown_retriever_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """In the words of STYLE."""
    with bm25_index(tmp_path / "index") as index, pytest.raises(ConfigError) as error:
        index.search([question("x")], 1, "bm-25")
    assert str(error.value) == 'unknown retriever "bm-25"; known: bm25, dense, hybrid; did you mean "bm25"?'


def test_a_retriever_without_its_part_is_refused(tmp_path: Path) -> None:
    """The message names the parts that are there and what to do."""
    path = tmp_path / "index"
    with bm25_index(path) as index, pytest.raises(IndexFolderError) as error:
        index.search([question("x")])
    assert str(error.value) == (
        f'index "{path}" has no part "dense", which retriever "hybrid" needs (it has: bm25); '
        f"search with retriever bm25, or add the part: openqa parts {path} add dense"
    )


def test_the_default_retriever_uses_what_is_there(tmp_path: Path) -> None:
    """Hybrid where both parts are."""
    with bm25_index(tmp_path / "one") as one, full_index(tmp_path / "two") as two:
        assert (one.default_retriever, two.default_retriever) == ("bm25", "hybrid")


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    """For search and for add, before anything is written."""
    full_index(tmp_path / "index").close()
    with openqa.open_index(tmp_path / "index", encoder=WordEncoder("other@2")) as index:
        with pytest.raises(EncoderMismatch, match="words@1"):
            index.search([question("x")], 1, "dense")
        with pytest.raises(EncoderMismatch, match="words@1"):
            index.add([Document("new", "New.")])
    assert len(openqa.open_index(tmp_path / "index")) == 4


@pytest.mark.parametrize(
    ("asked", "k", "message"),
    [
        ([Question("q7", " \n")], 1, 'question "q7" is blank; ask something'),
        (
            [Question("q7", "a" * 100_000)],
            1,
            'question "q7" has 100,000 characters, at most 10,000 are allowed; shorten it',
        ),
        ([Question("q7", "a")], 0, "k is 0; it must be at least 1"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    tmp_path: Path, asked: list[Question], k: int, message: str
) -> None:
    """By its id."""
    with bm25_index(tmp_path / "index") as index, pytest.raises(ValueError) as error:  # noqa: PT011
        index.search(asked, k, "bm25")
    assert str(error.value) == message


def test_a_question_of_the_longest_length_is_answered(tmp_path: Path) -> None:
    """In bounded time: it is as long as it may be."""
    with bm25_index(tmp_path / "index") as index:
        assert index.search([question(("capital " * 1250).strip())], 1, "bm25")[0]


def test_strings_are_no_questions_and_no_documents(tmp_path: Path) -> None:
    """Each error says what is taken."""
    with bm25_index(tmp_path / "index") as index:
        with pytest.raises(
            TypeError, match=r"questions must be a sequence of openqa\.Question, got str; only OpenQA\.ask"
        ):
            index.search("capital", 1, "bm25")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"questions must be of openqa\.Question, got str: 'capital'"):
            index.search(["capital"], 1, "bm25")  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"documents must be of openqa\.Document, got dict: \{'id': 1\}"):
            index.add([{"id": 1}])  # type: ignore[list-item]
        with pytest.raises(TypeError, match=r"documents must be an iterable of Document, got Document; give a list"):
            index.add(documents()[0])  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r'parts must be a sequence of names, got "bm25"; give \("bm25",\)'):
            openqa.build(tmp_path / "other", documents(), parts="bm25")
        assert len(index) == 4


def test_an_unknown_part_is_refused_before_a_folder_is_made(tmp_path: Path) -> None:
    """With the nearest."""
    with pytest.raises(ConfigError) as error:
        openqa.build(tmp_path / "index", documents(), parts=("bm26",))
    assert str(error.value) == 'unknown part "bm26"; known: bm25, dense; did you mean "bm25"?'
    assert not (tmp_path / "index").exists()


def test_a_folder_that_holds_an_index_is_not_built_in(tmp_path: Path) -> None:
    """What is there stays."""
    bm25_index(tmp_path / "index").close()
    with pytest.raises(IndexFolderError, match="already holds an index; add to it with openqa add"):
        bm25_index(tmp_path / "index")
    assert len(openqa.open_index(tmp_path / "index")) == 4


def test_an_error_in_the_documents_leaves_no_index(tmp_path: Path) -> None:
    """The same folder can be built in again."""
    with pytest.raises(DataError, match='document id "paris" occurs twice'):
        openqa.build(tmp_path / "index", [*documents(), documents()[0]], parts=("bm25",))
    with pytest.raises(IndexFolderError, match="is not an index"):
        openqa.open_index(tmp_path / "index")
    with bm25_index(tmp_path / "index") as index:
        assert len(index) == 4


def test_a_second_writer_is_refused_at_once(tmp_path: Path) -> None:
    """And a reader is not."""
    with bm25_index(tmp_path / "index") as index, writer_lock(tmp_path / "index"):
        with pytest.raises(IndexFolderError, match="is being written by another process or thread"):
            index.add([Document("new", "New.")])
        assert index.search([question("capital")], 1, "bm25")[0]


def test_damage_is_found_and_named(tmp_path: Path) -> None:
    """By opening, and by verify of an index that is open."""
    with bm25_index(tmp_path / "index") as index:
        file = next((tmp_path / "index").rglob("passages.jsonl"))
        content = file.read_bytes()
        file.unlink()
        file.write_bytes(content.replace(b"Paris", b"Pari5"))
        assert [(damage.file, damage.problem) for damage in index.verify()] == [(file, "does not match its checksum")]
    with pytest.raises(IndexFolderError, match=r"passages\.jsonl: does not match its checksum"):
        openqa.open_index(tmp_path / "index")


def test_an_unknown_passage_is_a_key_error(tmp_path: Path) -> None:
    """It names the index and the id."""
    with bm25_index(tmp_path / "index") as index, pytest.raises(KeyError, match=r'has no passage \\?"nowhere#0'):
        index.passage("nowhere#0")


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    """A second close does nothing."""
    index = bm25_index(tmp_path / "index")
    index.close()
    index.close()
    with pytest.raises(ValueError, match=r"is closed; open it again with openqa\.open_index"):
        index.search([question("x")], 1, "bm25")
    assert repr(index) == f'Index("{tmp_path / "index"}", closed)'


def test_info_counts_what_is_there(tmp_path: Path) -> None:
    """Parts with their sizes, and the settings it was built with."""
    with full_index(tmp_path / "index") as index:
        info = index.info()
        assert repr(index) == f'Index("{tmp_path / "index"}", 4 passages, parts bm25, dense)'
    assert (info.n_documents, info.n_passages, info.n_segments, info.generation, info.format) == (4, 4, 1, 1, 1)
    assert info.parts["dense"].config == {"format": 1, "encoder": "words@1", "dim": 64}
    assert 0 < info.parts["dense"].size_bytes < info.size_bytes
    assert info.settings["window_words"] == 100


def test_any_k_above_the_number_of_passages_gives_all(tmp_path: Path) -> None:
    """Also one that no machine word holds."""
    with full_index(tmp_path / "index") as index:
        for retriever in ("bm25", "dense", "hybrid"):
            assert index.search([question("capital")], 10**30, retriever) == index.search(
                [question("capital")], 4, retriever
            )


def test_questions_that_can_be_read_only_once_are_refused(tmp_path: Path) -> None:
    """A generator would be used up by the checks, and its questions silently get no rankings."""
    with bm25_index(tmp_path / "index") as index, pytest.raises(TypeError) as caught:
        index.search((question(text) for text in ("capital", "Mond")), 1, "bm25")  # type: ignore[arg-type]
    assert str(caught.value) == (
        "questions must be a sequence of openqa.Question, got generator; only OpenQA.ask takes a bare string"
    )


def test_documents_without_any_text_are_refused(tmp_path: Path) -> None:
    """An index of nothing is not what anyone meant; no documents at all stay allowed, to be added to later."""
    with pytest.raises(DataError) as caught:
        openqa.build(tmp_path / "index", [Document("a", ""), Document("b", " ")], parts=("bm25",))
    assert str(caught.value) == (
        "none of the 2 documents has text or title, so there is nothing to index; give documents with text"
    )
    with bm25_index(tmp_path / "index") as index:
        with pytest.raises(DataError):
            index.add([Document("a", "")])
        assert len(index) == 4


def test_an_older_generation_is_not_opened_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """When the newest is damaged, what it held is missing from the results: the log says so."""
    with bm25_index(tmp_path / "index") as index:
        index.add([Document("new", "Berlin is the capital of Germany.")])
    newest = tmp_path / "index" / "generation-000002.json"
    newest.write_bytes(newest.read_bytes().replace(b"Berlin", b"Bonn") + b" ")
    with openqa.open_index(tmp_path / "index") as index:
        assert len(index) == 4
    assert [record.getMessage() for record in caplog.records] == [
        f"{newest}: is damaged, so generation 1 is opened, without what was added after it; "
        f"restore the file from a copy, or go on from generation 1 with openqa verify {tmp_path / 'index'} --repair"
    ]


@pytest.mark.parametrize("k", [2.5, "3", None])
def test_a_k_that_is_no_whole_number_is_refused(tmp_path: Path, k: Any) -> None:
    """A fraction is not silently rounded."""
    with bm25_index(tmp_path / "index") as index, pytest.raises(TypeError) as caught:
        index.search([question("capital")], k, "bm25")
    assert str(caught.value) == f"k must be a whole number, got {type(k).__name__}: {k!r}"
