"""Evaluation: data sets, measures, intervals and tables; what is measured comes in as functions."""

from openqa.evaluate.answers import score_answers
from openqa.evaluate.flores import load_flores
from openqa.evaluate.intervals import bootstrap, paired_bootstrap
from openqa.evaluate.matrix import Matrix
from openqa.evaluate.mlqa import load_mlqa_dev
from openqa.evaluate.parallel import ParallelQA
from openqa.evaluate.predictions import read_predictions, write_predictions
from openqa.evaluate.results import Result, Signature
from openqa.evaluate.retrieval import score_run
from openqa.evaluate.transfer import evaluate_reading, evaluate_retrieval
from openqa.evaluate.xquad import load_xquad

__all__ = [
    "Matrix",
    "ParallelQA",
    "Result",
    "Signature",
    "bootstrap",
    "evaluate_reading",
    "evaluate_retrieval",
    "load_flores",
    "load_mlqa_dev",
    "load_xquad",
    "paired_bootstrap",
    "read_predictions",
    "score_answers",
    "score_run",
    "write_predictions",
]
