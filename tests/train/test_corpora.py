import math
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from openqa.corpus.mlqa import question_parts
from openqa.errors import DataError
from openqa.files import read_json
from openqa.train import corpora
from openqa.train.codeswitch import LATIN
from openqa.train.corpora import LANGUAGES, QA_FILES, ReadingExample, aligned_examples, squad_examples
from openqa.train.examples import EXAMPLE_KINDS, examples_of
from openqa.train.pairs import PAIR_KINDS, read_pairs
from tests.train.tiny import SECRET, squad, titles, write_data, write_squad, write_tsv

DATA = Path(os.environ.get("OPENQA_DATA", Path(__file__).parents[3] / "shared" / "data"))
SAME_BY_CHANCE = {  # questions of SQuAD dev that were asked of other passages, too
    "what was the average family size?",
    "what does ac stand for?",
    "what was the capital of the ottoman empire?",
    "when was the first sino-japanese war?",
    "when was the st. bartholomew's day massacre?",
    "where was edison machine works located?",
    "who is the mayor of san francisco?",
    "who was the first person in space?",
    "who won the battle of lake george?",
}
FLORES_MISTAKE = (
    "el registro es una exigencia adicional para el proceso del visado."  # devtest row that repeats a dev row
)


def normal(text: str) -> str:
    return " ".join(text.casefold().split())


def squad_texts(path: Path) -> Iterator[tuple[str, str]]:
    """Each context and each question of a file, with its kind."""
    for article in read_json(path)["data"]:
        for paragraph in article["paragraphs"]:
            yield "context", paragraph["context"]
            yield from (("question", item["question"]) for item in paragraph["qas"])


def benchmark_texts() -> Iterator[tuple[str, str]]:
    """XQuAD, SQuAD dev, MLQA dev parts 2 and 3, FLORES devtest."""
    xquad = sorted((DATA / "qa" / "xquad").glob("*.json"))
    assert len(xquad) == 12
    for path in (*xquad, DATA / "qa" / "squad.en.dev.json.gz"):
        yield from squad_texts(path)
    for example in aligned_examples(DATA, (2, 3)):
        yield from (("question", example.question), ("context", example.context))
    for path in sorted((DATA / "parallel").glob("*.tsv.gz")):
        for english, other, source in corpora._tsv(path):
            if source == "flores-devtest":
                yield from (("sentence", english), ("sentence", other))


def training_texts() -> Iterator[str]:
    """All texts that the training reads, whatever it makes of them."""
    for name in QA_FILES:
        for example in corpora.reading_examples(DATA, name):
            yield from (example.question, example.context)
    for example in aligned_examples(DATA, (0, 1)):
        yield from (example.question, example.context)
    for lang in LANGUAGES[:4] + LANGUAGES[5:]:
        for english, other in corpora.sentence_pairs(DATA, lang):
            yield from (english, other)
        for english, other in corpora.word_pairs(DATA, lang):
            yield from (text for text in (english, other) if text.count(" ") > 2)


@pytest.mark.data
@pytest.mark.slow
def test_no_benchmark_is_trained_on() -> None:
    """No context or sentence of a benchmark is read by training; of the questions, nine that two people asked."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA}: no such folder; set OPENQA_DATA")
    kinds = {normal(text): kind for kind, text in benchmark_texts()}
    assert len(kinds) > 50_000
    found = {(kinds[text], text) for text in map(normal, training_texts()) if text in kinds}
    assert {text for kind, text in found if kind == "question"} <= SAME_BY_CHANCE
    assert [text for kind, text in found if kind != "question" and not text.startswith(FLORES_MISTAKE)] == []


@pytest.mark.parametrize("kind", PAIR_KINDS)
def test_pairs_are_made_of_training_texts_only(tmp_path: Path, kind: str) -> None:
    """No kind of pair reads a benchmark; a seed gives the same pairs again."""
    data = write_data(tmp_path)
    pairs = list(read_pairs(data, kind, random.Random(0)))
    assert pairs
    assert not [pair for pair in pairs if SECRET in pair.left + pair.right]
    assert list(read_pairs(data, kind, random.Random(0))) == pairs


@pytest.mark.parametrize("kind", EXAMPLE_KINDS)
def test_examples_are_made_of_training_texts_only(tmp_path: Path, kind: str) -> None:
    """No kind of reading example reads a benchmark; answers stand where they should; a seed gives the same again."""
    switched = {f"the {bridge}" for bridge in ("bridge", "мост", *(f"Brücke-{lang}" for lang in LATIN))}
    answers = {"switched": switched, "cloze": {str(number) for number in range(12)}, "aligned": {"town"}}
    data = write_data(tmp_path)
    examples = list(examples_of(data, kind, random.Random(0)))
    assert examples
    assert not [example for example in examples if SECRET in example.question + example.context]
    found = {example.context[example.start : example.end] for example in examples}
    assert found <= answers.get(kind, {"the bridge"})
    assert list(examples_of(data, kind, random.Random(0))) == examples


def test_the_shares_of_the_examples_add_up() -> None:
    """Every kind has a share of the sequences."""
    assert math.isclose(sum(EXAMPLE_KINDS.values()), 1)
    assert min(EXAMPLE_KINDS.values()) > 0


def test_switched_examples_are_of_any_two_languages(tmp_path: Path) -> None:
    """The answer goes into the passage's language with the rest, or all of it stays English by chance."""
    data = write_data(tmp_path)
    write_squad(data / "qa" / "squad.en.train.json.gz", [squad("An old bridge.", "Where is the town?", "bridge")] * 400)
    examples = list(examples_of(data, "switched", random.Random(0)))
    assert len(examples) == 400
    for side in ({example.question_lang for example in examples}, {example.context_lang for example in examples}):
        assert side == set(LANGUAGES) - {"en", "bn", "te"}
    for example in examples:
        lang = example.context_lang
        bridge, old = (f"Brücke-{lang}", f"alt-{lang}") if lang in LATIN else ("мост", "старый")
        answer = example.context[example.start : example.end]
        assert answer in ("bridge", bridge)
        assert example.context in (f"An old {answer}.", f"An {old} {answer}.")
    assert 0.2 < sum(example.question == "Where is the town?" for example in examples) / 400 < 0.5
    assert 0.4 < sum("bridge" in example.context for example in examples) / 400 < 0.6  # (1 + 0.4 + 0.1) / 3


def test_every_language_with_a_lexicon_has_cloze_examples(tmp_path: Path) -> None:
    """Both ways: the passage in the language, and the question."""
    examples = list(examples_of(write_data(tmp_path), "cloze", random.Random(0)))
    langs = set(LANGUAGES) - {"en", "bn", "te"}
    assert {example.context_lang for example in examples} == langs | {"en"}
    assert {example.question_lang for example in examples if example.context_lang == "en"} == langs
    assert len(examples) == 12 * len(langs)


def test_the_vocabulary_is_made_of_training_texts_only(tmp_path: Path) -> None:
    """Every language is there, no benchmark is."""
    texts = list(corpora.vocabulary_texts(write_data(tmp_path), 300))
    assert not [text for text in texts if SECRET in text]
    for lang in LANGUAGES:
        assert [text for text in texts if lang == "en" or text.startswith(f"{lang} ")]


def test_running_texts_are_of_one_language(tmp_path: Path) -> None:
    """Questions, passages and sentences, each once, in an order that is always the same; no benchmark."""
    data = write_data(tmp_path)
    texts = list(corpora.running_texts(data, "de", 10_000))
    assert texts == list(corpora.running_texts(data, "de", 10_000))
    assert not [text for text in texts if SECRET in text]
    every = {text for text in corpora.vocabulary_texts(data, 10_000) if text.startswith("de ")}
    assert len(texts) == len(every) > 1
    assert set(texts) == every
    first = list(corpora.running_texts(data, "de", 1))
    assert first == texts[:1]
    assert list(corpora.running_texts(data, "en", 10_000))


def test_small_languages_are_repeated_and_large_ones_thinned(tmp_path: Path) -> None:
    """Up to four times, and every n-th text."""
    data = write_data(tmp_path)
    write_tsv(data / "parallel" / "en-te.tsv.gz", [("e", "t" * 100, "tatoeba")])
    write_tsv(data / "parallel" / "en-bn.tsv.gz", [("e", "b" * 100, "tatoeba")] * 100)
    texts = list(corpora.vocabulary_texts(data, 1000))
    assert (texts.count("t" * 100), texts.count("b" * 100)) == (4, 10)


def test_examples_of_a_squad_file(tmp_path: Path) -> None:
    """The first answer of each question with its languages, questions that stand twice included; `only` chooses ids."""
    path = tmp_path / "a.json.gz"
    write_squad(path, [squad("in Bonn", "Wo?", "Bonn", id="1"), squad("in Rom", "Wo?", "Rom", id="2")] * 2)
    bonn = ReadingExample("1", "Wo?", "de", "in Bonn", "en", 3, 7)
    rome = ReadingExample("2", "Wo?", "de", "in Rom", "en", 3, 6)
    assert list(squad_examples(path, "de", "en")) == [bonn, rome, bonn, rome]
    assert list(squad_examples(path, "de", "en", only={"2"})) == [rome, rome]


def test_aligned_examples_follow_the_parts(tmp_path: Path) -> None:
    """Every pair of languages, the questions of the parts asked for and no others."""
    data = write_data(tmp_path)
    for parts in ((0,), (2, 3), ()):
        examples = list(aligned_examples(data, parts))
        assert sorted(example.id for example in examples) == sorted(str(number) for number in parts for _ in range(4))
        assert len({(example.question_lang, example.context_lang) for example in examples}) == (4 if parts else 0)
    english = data / "qa" / "mlqa-dev" / "dev-context-en-question-en.json.gz"
    assert question_parts(english) == {str(number): number for number in range(len(titles()))}


def test_wrong_data_is_refused(tmp_path: Path) -> None:
    """A missing file, a misplaced answer, a question without one and another form: the path and what is wrong."""
    path = tmp_path / "a.json"

    def refused(message: str) -> None:
        with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}')}$"):
            list(squad_examples(path, "en", "en"))

    refused("No such file or directory; give a file that exists and can be read")
    form = "not of SQuAD's form; data > paragraphs > qas > answers is needed"
    path.write_text("[]")
    refused(form)
    with pytest.raises(
        DataError, match=f"^{re.escape(str(path))}: not of SQuAD's form; data > paragraphs > qas > id is needed$"
    ):
        question_parts(path)
    path.write_text('{"data": [{"paragraphs": [{"qas": []}]}]}')
    refused(form)
    item = (
        '{"data": [{"paragraphs": [{"context": "in Bonn", "qas": [{"id": "7", "question": "Wo?", "answers": [%s]}]}]}]}'
    )
    path.write_text(item % "")
    refused('question "7" has no answer; leave it out, or set unanswerable = true')
    path.write_text(item % '{"text": "Bonn", "answer_start": 2}')
    refused('question "7": answer "Bonn" does not stand at offset 2')
    missing = tmp_path / "parallel" / "en-de.tsv.gz"
    with pytest.raises(
        DataError, match=f"^{re.escape(str(missing))}: no such file; point --data at the shared data folder$"
    ):
        list(corpora.sentence_pairs(tmp_path, "de"))
    assert list(corpora.word_pairs(tmp_path, "de")) == []
