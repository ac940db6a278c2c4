"""Reading: answer spans in passages, and answers over spans."""

from openqa.read.answers import answers, retrieval_bonus
from openqa.read.config import AnswerSettings, ReaderConfig
from openqa.read.loading import load_reader
from openqa.read.reader import MiniReader

__all__ = ["AnswerSettings", "MiniReader", "ReaderConfig", "answers", "load_reader", "retrieval_bonus"]
