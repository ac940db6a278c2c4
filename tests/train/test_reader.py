import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from openqa.corpus.mlqa import part
from openqa.errors import ConfigError, DataError, ModelError
from openqa.evaluate import load_xquad
from openqa.train.corpora import ReadingExample
from openqa.train.losses import reciprocal_rank_coefficient, span_divergence, span_loss
from openqa.train.reader import read_data, reading_loss, train_reader
from openqa.train.reader_config import ReaderConfig, ReaderData, read_reader_config
from openqa.train.reader_models import average_readers, load_model, load_tokenizer
from openqa.train.windows import reading_windows
from tests.hub import write_reader
from tests.train.tiny import squad, write_squad

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
PLACES = ("river", "bridge", "town", "market", "tower", "garden", "island", "harbour")
WORDS = (*PLACES, "where", "is", "the", "fish", "sold", "at", "and", "bread", "in", "old", "wo", "ist", "der")
LANGS = ("en", "de", "ar")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """A random reader that knows the words."""
    return write_reader(tmp_path / "start", WORDS)


def write_set(path: Path) -> Path:
    """Eight passages with one question each."""
    articles = [
        squad(f"the fish is sold at the {place} and bread", f"where is the fish {place}", place, id=place)
        for place in PLACES
    ]
    write_squad(path, articles)
    return path


def config(start: Path, out: Path, **values: Any) -> ReaderConfig:
    """Over eight examples, small and quick."""
    data = ReaderData(path=write_set(out.parent / "squad.json"))
    settings = {"max_tokens": 32, "stride": 8, "batch": 4, "accumulate": 1, "learning_rate": 0.02, "epochs": 20}
    return ReaderConfig(model=str(start), out=out, data=(data,), **{**settings, **values})


def right(model: Path) -> float:
    """The share of the eight answers that a reader finds."""
    reader, tokenizer = AutoModelForQuestionAnswering.from_pretrained(model), AutoTokenizer.from_pretrained(model)
    examples = list(read_data(ReaderData(path=model.parent.parent / "squad.json"), 0))
    found = 0
    for window in reading_windows(tokenizer, examples, max_tokens=32, stride=8):
        with torch.no_grad():
            outputs = reader(**{name: torch.tensor([ids]) for name, ids in window.window.inputs.items()})
        places = outputs.start_logits[0].argmax().item(), outputs.end_logits[0].argmax().item()
        found += places == (window.start, window.end)
    return found / len(examples)


@pytest.mark.parametrize("loss", ["cross-entropy", "self-distillation"])
def test_a_reader_learns_eight_answers(start: Path, tmp_path: Path, loss: str) -> None:
    """And tells of the parts of its loss, step by step; the checkpoints are gone."""
    steps: list[tuple[int, int, float]] = []
    model = train_reader(config(start, tmp_path / "out", loss=loss), on_log=lambda *log: steps.append(log))
    assert right(model) >= 7 / 8
    assert steps[-1][2] < steps[0][2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "config.json", "curves.json", "curves.png", "model",
    ]  # fmt: skip
    history = json.loads((tmp_path / "out" / "curves.json").read_text())
    parts = {"cross_entropy"} if loss == "cross-entropy" else {"cross_entropy", "divergence", "alpha"}
    assert parts <= set(history[0])
    if loss == "self-distillation":
        assert 0 <= history[0]["alpha"] <= 1
        assert history[-2]["alpha"] > history[0]["alpha"]


class Stop(Exception):
    """In the place of a power cut."""


@pytest.mark.parametrize("stop_at", [10, 20])
def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(start: Path, tmp_path: Path, stop_at: int) -> None:
    """Within an epoch and at its end, with the generation's teacher: the weights are the same."""
    settings = {"epochs": 4, "batch": 1, "save_steps": 5, "learning_rate": 1e-3}
    whole = train_reader(config(start, tmp_path / "whole" / "out", **settings))

    def stop(step: int, steps: int, loss: float) -> None:
        if step == stop_at:
            raise Stop

    again = config(start, tmp_path / "again" / "out", **settings)
    with pytest.raises(Stop):
        train_reader(again, on_log=stop)
    assert list((again.out / "checkpoints").glob("checkpoint-*/teacher.pt"))
    resumed = train_reader(again)
    one, other = (AutoModelForQuestionAnswering.from_pretrained(path).state_dict() for path in (whole, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_generations_change_the_teacher(start: Path, tmp_path: Path) -> None:
    """With the first teacher to the end the weights are others; after one epoch they are not yet."""
    settings = {"batch": 4, "learning_rate": 1e-3}
    for epochs, is_same in ((1, True), (2, False)):
        found = []
        for generations in (True, False):
            out = tmp_path / f"{epochs}{generations}" / "out"
            path = train_reader(config(start, out, epochs=epochs, generations=generations, **settings))
            found.append(AutoModelForQuestionAnswering.from_pretrained(path).state_dict())
        assert all(torch.equal(found[0][name], found[1][name]) for name in found[0]) == is_same


def test_the_mean_of_the_epochs(start: Path, tmp_path: Path) -> None:
    """Is the mean of what the epochs ended with."""
    settings = {"epochs": 2, "learning_rate": 1e-3, "loss": "cross-entropy"}
    plain = config(start, tmp_path / "plain" / "out", **settings, save_steps=1)
    last = AutoModelForQuestionAnswering.from_pretrained(train_reader(plain)).state_dict()
    mean = config(start, tmp_path / "mean" / "out", **settings, average=True)
    found = AutoModelForQuestionAnswering.from_pretrained(train_reader(mean)).state_dict()
    first = AutoModelForQuestionAnswering.from_pretrained(start).state_dict()
    name = "qa_outputs.weight"
    assert not torch.equal(found[name], last[name])
    assert (found[name] - first[name]).norm() < (last[name] - first[name]).norm()


def test_the_loss_by_its_parts() -> None:
    """Cross-entropy alone without a teacher; with one, plus alpha times the divergence, masked or not."""
    torch.manual_seed(0)
    logits, guide = torch.randn(2, 6, 2), torch.randn(2, 6, 2)
    is_token = torch.tensor([[1] * 6, [1] * 5 + [0]])
    allowed = torch.tensor([[True, False, True, True, True, False], [True, False, True, True, False, False]])
    start, end = torch.tensor([2, 0]), torch.tensor([3, 0])
    labels = {"allowed": allowed, "start": start, "end": end}
    plain = ReaderConfig(model="m", out=Path("o"), data=(ReaderData(path=Path("x")),))
    for masked, positions, mask in ((True, allowed.long(), allowed), (False, is_token, None)):
        settings = plain.model_copy(update={"masked": masked})
        gold = span_loss(logits, positions, start, end)
        found, parts = reading_loss(logits, None, is_token, labels, settings)
        assert torch.isclose(found, gold)
        assert parts == {"cross_entropy": gold.item()}
        apart = sum(part.mean() for part in span_divergence(logits, guide, mask)) / 2
        alpha = reciprocal_rank_coefficient(guide, start, end)
        found, parts = reading_loss(logits, guide, is_token, labels, settings)
        assert torch.isclose(found, torch.as_tensor(gold + alpha * apart))
        assert parts["alpha"] == alpha.item()
        without = settings.model_copy(update={"coefficient": "none", "alpha_ce": 0.0})
        assert torch.isclose(reading_loss(logits, guide, is_token, labels, without)[0], torch.as_tensor(apart))


def aligned(folder: Path) -> Path:
    """Two questions in three languages, in XQuAD's form."""
    for lang in LANGS:
        articles = [squad(f"{lang} {n} text river", f"{lang} {n}?", "river", id=str(n)) for n in range(2)]
        write_squad(folder / f"xquad.{lang}.json", articles)
    return folder


@pytest.mark.parametrize(("languages", "expected"), [(0, 2 * 3), (1, 2 * 4), (2, 2 * 9), (9, 2 * 9)])
def test_cross_lingual_examples(tmp_path: Path, languages: int, expected: int) -> None:
    """A question of one language stands over the passage, and the answer, of the other."""
    data = ReaderData(path=aligned(tmp_path / "xquad"), form="xquad", languages=languages, langs=LANGS)
    examples = list(read_data(data, 3))
    assert len(examples) == expected
    for example in examples:
        assert example.question == f"{example.question_lang} {example.id}?"
        assert example.context.startswith(f"{example.context_lang} {example.id} ")
        assert example.context[example.start : example.end] == "river"
    few = list(read_data(data.model_copy(update={"questions": 1}), 3))
    assert len({example.id for example in few}) == 1
    assert len(few) == expected / 2


def test_parts_leave_articles_out(tmp_path: Path) -> None:
    """No article of one part is in another."""
    folder = tmp_path / "xquad"
    titles = [f"title {n}" for n in range(12)]
    for lang in LANGS:
        articles = [squad(f"{lang} {title} river", "where?", "river", title=title, id=title) for title in titles]
        write_squad(folder / f"xquad.{lang}.json", articles)
    data = ReaderData(path=folder, form="xquad", languages=2, langs=LANGS)
    for parts in ((0, 1, 2), (3,)):
        found = {example.id for example in read_data(data.model_copy(update={"parts": parts}), 0)}
        assert found == {title for title in titles if part(title) in parts}
        sides = load_xquad(folder, LANGS, parts).sides
        assert set(sides["de"].questions) == found


def test_a_configuration_is_read(tmp_path: Path) -> None:
    """Paths are those of its folder."""
    (tmp_path / "start").mkdir()
    path = tmp_path / "r.toml"
    path.write_text('model = "start"\nout = "out"\ndata = [{ path = "x.json", lang = "tr" }]\nk = 5\n')
    found = read_reader_config(path)
    assert (found.model, found.out, found.k) == (str(tmp_path / "start"), tmp_path / "out", 5)
    assert found.data == (ReaderData(path=tmp_path / "x.json", lang="tr"),)


@pytest.mark.parametrize("path", sorted((ROOT / "training" / "reader").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_configurations_are_valid(path: Path) -> None:
    """Each is read, and its data paths are relative to it."""
    assert all(data.path.is_relative_to(path.parent) for data in read_reader_config(path).data)


def test_the_published_rows_differ_in_little() -> None:
    """The baseline in its loss and its languages, plain self-distillation in the coefficient."""
    whole, plain, baseline = (
        read_reader_config(ROOT / "training" / "reader" / f"{name}.toml").model_dump(exclude={"out", "data"})
        for name in ("self-distillation-map", "self-distillation", "cross-entropy")
    )
    assert {name for name in whole if whole[name] != plain[name]} == {"coefficient"}
    assert {name for name in whole if whole[name] != baseline[name]} == {"loss"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('loss = "kl"', 'unknown loss "kl"; known: cross-entropy, distillation, self-distillation'),
        ("temperature = 0", "temperature is 0.0; a number above 0 is needed"),
        ("max_tokens = 100", "max_tokens is 100; a whole number above stride, 128, is needed"),
        ("epoch = 2", 'unknown key "epoch"; known: '),
        ("k = 0", "k is 0; a whole number of at least 1 is needed"),
        ('data = [{ path = "x", form = "mlqa", parts = [2] }]', "parts is [2]; some of 0, 1 is needed"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, line: str, message: str) -> None:
    """The message names the file, the key and what is needed."""
    path = tmp_path / "r.toml"
    data = "" if line.startswith("data") else 'data = [{ path = "x" }]'
    path.write_text(f'model = "m"\nout = "o"\n{data}\n{line}\n')
    with pytest.raises(ConfigError) as raised:
        read_reader_config(path)
    assert str(raised.value).startswith(f"{path}: {message}")


def test_what_cannot_be_trained_is_refused(start: Path, tmp_path: Path) -> None:
    """No question, no model, other settings in the same folder."""
    empty = tmp_path / "empty.json"
    write_squad(empty, [])
    nothing = config(start, tmp_path / "a" / "out").model_copy(update={"data": (ReaderData(path=empty),)})
    with pytest.raises(DataError, match=r"^the data hold no question; give sets with at least one$"):
        train_reader(nothing)
    assert not nothing.out.exists()  # so that a mended configuration is not another training
    with pytest.raises(
        ModelError, match=r'^reader ".*none" cannot be loaded from the hub, and no folder (?s:.*); give a'
    ):
        train_reader(config(tmp_path / "none", tmp_path / "b" / "out"))
    train_reader(config(start, tmp_path / "c" / "out", epochs=1))
    with pytest.raises(ConfigError, match=r"holds a training with epochs 1, this one has 2; give another name or out"):
        train_reader(config(start, tmp_path / "c" / "out", epochs=2))


def test_questions_without_answers_are_asked_for(tmp_path: Path) -> None:
    """As SQuAD 2.0 has them: refused unless the configuration wants them, and then without a place."""
    article = squad("the old river", "where is the bridge", "river")
    article["paragraphs"][0]["qas"][0]["answers"] = []  # type: ignore[index]
    write_squad(tmp_path / "squad2.json", [article])
    data = ReaderData(path=tmp_path / "squad2.json")
    with pytest.raises(DataError, match=r'question "q" has no answer; leave it out, or set unanswerable = true$'):
        list(read_data(data, 0))
    (found,) = read_data(data.model_copy(update={"unanswerable": True}), 0)
    assert (found.question, found.start, found.end) == ("where is the bridge", -1, -1)


def test_an_example_without_answer(start: Path) -> None:
    """Is a window that points at its first position."""
    tokenizer = AutoTokenizer.from_pretrained(start)
    (window,) = reading_windows(tokenizer, [ReadingExample("q", "where", "en", "the river", "en", -1, -1)])
    assert (window.start, window.end) == (0, 0)


def test_distillation_from_a_teacher_of_its_own(start: Path, tmp_path: Path) -> None:
    """Without gold answers a student finds those of its teacher, which stays; another vocabulary is refused."""
    teacher = train_reader(config(start, tmp_path / "teacher" / "out", loss="cross-entropy"))
    before = load_model(str(teacher)).state_dict()
    settings = {"loss": "distillation", "coefficient": "none", "alpha_ce": 0.0}
    student = train_reader(config(start, tmp_path / "student" / "out", teacher=str(teacher), **settings))
    assert right(teacher) >= 7 / 8
    assert right(student) >= 7 / 8
    after = load_model(str(teacher)).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    other = write_reader(tmp_path / "other", WORDS[::-1])
    with pytest.raises(ModelError, match="has another vocabulary than"):
        train_reader(config(start, tmp_path / "wrong" / "out", teacher=str(other), **settings))


@pytest.mark.parametrize("values", [{"loss": "distillation"}, {"teacher": "x"}])
def test_a_teacher_goes_with_distillation(start: Path, tmp_path: Path, values: dict[str, Any]) -> None:
    """One without the other is refused."""
    with pytest.raises(ConfigError, match="distillation needs one, no other does"):
        config(start, tmp_path / "out", **values)


def test_runs_that_share_a_head_are_averaged(start: Path, tmp_path: Path) -> None:
    """The head is the given one in both, the encoder of the mean is between them; other heads are refused."""
    head = write_reader(tmp_path / "head", WORDS, seed=5)
    settings = {"epochs": 1, "loss": "cross-entropy", "head": str(head)}
    runs = [train_reader(config(start, tmp_path / f"run{n}" / "out", seed=n, **settings)) for n in range(2)]
    mean = average_readers([str(run) for run in runs], tmp_path / "mean")
    shared, one, two, found = (load_model(str(path)).state_dict() for path in (head, *runs, mean))
    assert all(torch.equal(found[name], shared[name]) for name in ("qa_outputs.weight", "qa_outputs.bias"))
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(one[name], two[name])
    assert torch.allclose(found[name], (one[name] + two[name]) / 2)
    assert load_tokenizer(str(mean)).get_vocab() == load_tokenizer(str(start)).get_vocab()
    with pytest.raises(ModelError, match="has another span head than"):
        average_readers([str(runs[0]), str(start)], tmp_path / "other")
    with pytest.raises(ConfigError, match=r"mean is there; give another folder$"):
        average_readers([str(runs[0]), str(runs[1])], mean)
    with pytest.raises(ConfigError, match=r"^1 readers; at least two are needed for a mean$"):
        average_readers([str(start)], tmp_path / "other")
