"""`openqa evaluate`: tables of question language by passage language, and predictions in and out."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from openqa.cli.options import AsJson, example
from openqa.cli.output import note, print_json
from openqa.cli.progress import Count, progress

if TYPE_CHECKING:
    from openqa.evaluate.matrix import Matrix
    from openqa.evaluate.parallel import ParallelQA

Dataset = Annotated[str, typer.Option("--dataset", help="The question set: xquad, mlqa-dev, or flores (sentences).")]
Data = Annotated[Path, typer.Option("--data", help="The folder that holds its files as published.", show_default=False)]
Langs = Annotated[str | None, typer.Option("--langs", help="Some of its languages, joined by commas.  [default: all]")]
Parts = Annotated[
    str | None,
    typer.Option(
        "--parts",
        help="Of the articles, joined by commas. Of mlqa-dev 0 and 1 train the bundled models, 2 selects.  "
        "[default: 2,3 of mlqa-dev, all of xquad]",
    ),
]
Sample = Annotated[
    int | None, typer.Option("--sample", min=1, help="Questions for each pair of languages.  [default: all]")
]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", help="Write a heat map of each table into this folder, as PNG.", show_default=False),
]

Source = Annotated[Path, typer.Argument(metavar="FILE", help="A SQuAD-format file.", show_default=False)]
Lang = Annotated[str, typer.Option("--lang", help='The language of its passages, such as "tr".')]

evaluate = typer.Typer(no_args_is_help=True, help="Measure retrieval or reading, in one language or over all pairs.")


@evaluate.command(epilog=example("openqa evaluate retrieval --data ../shared/data/qa/xquad --retriever bm25,hybrid"))
def retrieval(
    data: Data,
    dataset: Dataset = "xquad",
    retriever: Annotated[
        str, typer.Option("--retriever", "-r", help="Which to measure, joined by commas.")
    ] = "bm25,dense,hybrid",
    measures: Annotated[
        str, typer.Option("--measures", help="Joined by commas, cutoffs up to 10: R, RR, nDCG, Success.")
    ] = "R@1,R@5,RR@10",
    langs: Langs = None,
    parts: Parts = None,
    sample: Sample = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Rank the passages of each language for the questions of each."""
    _check_plot(plot)
    from openqa.pipeline.evaluation import retrieval_tables
    from openqa.pipeline.retrievers import check_retriever

    names = [name.strip() for name in retriever.split(",")]
    for name in names:
        check_retriever(name)
    questions = _load(dataset, data, langs, parts)
    n_cells = len(names) * len(questions.langs) ** 2
    with progress(Count("measuring", "pairs of languages", n_cells)) as advance:
        tables = retrieval_tables(
            questions,
            names,
            measures=[name.strip() for name in measures.split(",")],
            n_questions=sample,
            progress=lambda done, total: advance(done),
        )
    for name, matrices in tables.items():
        _show({"dataset": questions.name, "retriever": name}, matrices, 3, as_json=as_json)
        _plot(plot, name, matrices, 2)


@evaluate.command(epilog=example("openqa evaluate reading --data ../shared/data/qa/xquad --sample 100"))
def reading(
    data: Data,
    dataset: Dataset = "xquad",
    reader: Annotated[str, typer.Option("--reader", help="A reader's name, folder or hub name.")] = "mini",
    normalization: Annotated[
        str, typer.Option("--normalization", help="squad, as XQuAD figures are published, or mlqa.")
    ] = "squad",
    langs: Langs = None,
    parts: Parts = None,
    sample: Sample = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Read the passage that answers each question, in each pair of languages: EM, F1."""
    _check_plot(plot)
    from openqa.errors import ConfigError, unknown_name
    from openqa.evaluate.answers import NORMALIZERS
    from openqa.pipeline.evaluation import reading_tables
    from openqa.read import load_reader

    if normalization not in NORMALIZERS:
        raise unknown_name("normalization", normalization, NORMALIZERS)
    questions = _load(dataset, data, langs, parts)
    if dataset == "flores":
        raise ConfigError("flores has sentences and no answers; measure retrieval over it")
    loaded = load_reader(reader)
    with progress(Count("measuring", "pairs of languages", len(questions.langs) ** 2)) as advance:
        matrices = reading_tables(
            questions,
            loaded,
            normalization=normalization,
            n_questions=sample,
            progress=lambda done, total: advance(done),
        )
    _show({"dataset": questions.name, "reader": reader}, matrices, 1, as_json=as_json)
    _plot(plot, Path(reader).name, matrices, 1)


@evaluate.command(epilog=example("openqa evaluate predict dev.json predictions.json --lang tr"))
def predict(
    source: Source,
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="JSON of answer by question id, replaced.", show_default=False)
    ],
    lang: Lang,
    question_lang: Annotated[
        str | None, typer.Option("--question-lang", help="That of the questions.  [default: the passages']")
    ] = None,
    reader: Annotated[str, typer.Option("--reader", help="A reader's name, folder or hub name.")] = "mini",
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help='A span of a lower score becomes "" (no answer).  [default: always answer]'),
    ] = None,
) -> None:
    """Read the passage of each question of a SQuAD-format file; write predictions that any such script scores."""
    import numpy as np

    from openqa.evaluate import write_predictions
    from openqa.pipeline.evaluation import predict as read_all
    from openqa.read import load_reader

    loaded, count = load_reader(reader), Count("reading", "questions")
    with progress(count):
        least = -np.inf if threshold is None else threshold
        answers = read_all(source, loaded, lang=lang, question_lang=question_lang, threshold=least, progress=count)
    write_predictions(out, answers)
    typer.echo(f"{out}: {len(answers):,} answers, {sum(not text for text in answers.values()):,} of them empty")


@evaluate.command(epilog=example("openqa evaluate answers dev.json predictions.json --lang tr --against others.json"))
def answers(
    source: Source,
    predictions: Annotated[
        Path, typer.Argument(metavar="PREDICTIONS", help="JSON of answer by question id.", show_default=False)
    ],
    lang: Lang,
    against: Annotated[
        Path | None, typer.Option("--against", help="Predictions of another system, to compare with.")
    ] = None,
    normalization: Annotated[
        str, typer.Option("--normalization", help="squad, also for XQuAD and TyDi QA, or mlqa.")
    ] = "squad",
    as_json: AsJson = False,
) -> None:
    """Score predictions: EM and F1, 95 % intervals; with --against, the difference and two paired tests."""
    from openqa.corpus.squad import read_squad
    from openqa.errors import require
    from openqa.evaluate import bootstrap, paired_bootstrap, read_predictions, score_answers
    from openqa.evaluate.intervals import signed_rank

    if against:
        require("eval", "scipy")
    questions = [each.question for each in read_squad(source, lang).questions]
    scored = []
    for path in (predictions, *([against] if against else [])):
        found = read_predictions(path)
        if missing := [question.id for question in questions if question.id not in found]:
            note(f'{path}: no answer to {len(missing):,} of {len(questions):,} questions, the first is "{missing[0]}"')
        scored.append(score_answers(found, questions, lang=lang, normalization=normalization, data=source.name))
    record: dict[str, object] = {"predictions": str(predictions), "n": len(questions)}
    for name, result in scored[0].items():
        interval = bootstrap(result.scores)
        values = {"value": interval.mean, "interval_95": [interval.low, interval.high]}
        line = f"{name} {interval.mean:.1f}, 95 % interval {interval.low:.1f} to {interval.high:.1f}"
        if against:
            other = scored[1][name]
            compared = paired_bootstrap(result.scores, other.scores)
            difference, p_rank = compared.difference, signed_rank(result.scores, other.scores)
            values |= {
                "against": other.value,
                "difference": difference.mean,
                "difference_interval_95": [difference.low, difference.high],
                "p_paired_bootstrap": compared.p_value,
                "p_signed_rank": p_rank,
            }
            line += (
                f"; {against.name} {other.value:.1f}, difference {difference.mean:+.1f} ({difference.low:+.1f} to "
                f"{difference.high:+.1f}), p {compared.p_value:.3f} by paired bootstrap, {p_rank:.3f} by signed rank"
            )
        record[name] = {**values, "signature": str(result.signature)}
        if not as_json:
            typer.echo(f"{line}\n  {result.signature}")
    if as_json:
        print_json(record)


def _load(dataset: str, folder: Path, langs: str | None, parts: str | None) -> "ParallelQA":
    from functools import partial

    from openqa.errors import ConfigError, unknown_name
    from openqa.evaluate import flores, load_flores, load_mlqa_dev, load_xquad, mlqa, xquad

    named = None if parts is None else [part.strip() for part in parts.split(",")]
    if named is not None and (dataset not in ("xquad", "mlqa-dev") or not set(named) <= set("0123")):
        raise ConfigError(f'parts is "{parts}" for {dataset}; some of 0, 1, 2, 3 are needed, for xquad and mlqa-dev')
    chosen_parts = None if named is None else [int(part) for part in named]
    loaders: dict[str, tuple[Callable[..., ParallelQA], tuple[str, ...]]] = {
        "xquad": (partial(load_xquad, parts=chosen_parts), xquad.LANGS),
        "mlqa-dev": (partial(load_mlqa_dev, parts=chosen_parts or (2, 3)), mlqa.LANGS),
        "flores": (load_flores, flores.LANGS),
    }
    if dataset not in loaders:
        raise unknown_name("dataset", dataset, loaders)
    load, known = loaders[dataset]
    chosen = known if langs is None else tuple(lang.strip() for lang in langs.split(","))
    for lang in chosen:
        if lang not in known:
            raise unknown_name("language", lang, known)
    return load(folder, langs=chosen)


def _show(what: dict[str, str], matrices: "dict[str, Matrix]", decimals: int, *, as_json: bool) -> None:
    if as_json:
        print_json({**what, "measures": {name: matrix.to_json() for name, matrix in matrices.items()}})
        return
    typer.echo(", ".join(f"{key} {value}" for key, value in what.items()))
    for matrix in matrices.values():
        typer.echo(f"\n{matrix.render(decimals)}")
    typer.echo()


def _check_plot(folder: Path | None) -> None:
    """Makes the folder before hours of measuring, and sees that there is something to draw with."""
    if folder is None:
        return
    from openqa.errors import require

    require("plot", "matplotlib")
    folder.mkdir(parents=True, exist_ok=True)


def _plot(folder: Path | None, name: str, matrices: "dict[str, Matrix]", decimals: int) -> None:
    if folder is None:
        return
    from openqa.evaluate.plots import plot_matrix

    for measure, matrix in matrices.items():
        path = folder / f"{name}-{measure.replace('@', '')}.png"
        plot_matrix(matrix, path, title=f"{name}: {measure}", decimals=decimals)
