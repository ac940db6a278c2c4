"""Reading: answer spans in passages, and answers over spans."""

from openqa.read.answers import Evidence, answers
from openqa.read.config import AnswerSettings, ReaderConfig
from openqa.read.loading import load_reader
from openqa.read.reader import BatchReader, MiniReader
from openqa.read.sentences import sentence_similarities

__all__ = [
    "AnswerSettings",
    "BatchReader",
    "Evidence",
    "MiniReader",
    "ReaderConfig",
    "answers",
    "load_reader",
    "sentence_similarities",
]
