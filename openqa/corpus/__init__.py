"""Where documents and questions come from, and how documents become passages."""

from openqa.corpus.documents import read_documents
from openqa.corpus.fields import Fields
from openqa.corpus.jsonl import jsonl_documents
from openqa.corpus.passages import Splitting, split, whole
from openqa.corpus.questions import read_beir_questions, read_questions
from openqa.corpus.squad import SquadQuestion, SquadSet, read_squad, squad_documents, squad_questions

__all__ = [
    "Fields",
    "Splitting",
    "SquadQuestion",
    "SquadSet",
    "jsonl_documents",
    "read_beir_questions",
    "read_documents",
    "read_questions",
    "read_squad",
    "split",
    "squad_documents",
    "squad_questions",
    "whole",
]
