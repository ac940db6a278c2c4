"""Predictions as a file: a JSON object of answer by question id, as the scripts of SQuAD, MLQA and TyDi QA take it."""

import json
from collections.abc import Mapping
from pathlib import Path

from openqa.errors import DataError
from openqa.files import json_type, read_json, write_lines


def read_predictions(path: Path) -> dict[str, str]:
    """Returns the answers of a file by question id; "" where the system says that there is none.

    Args:
        path: a .json or .json.gz file.

    Raises:
        DataError: the file is missing or not JSON, or is not one object of strings.
    """
    record = read_json(path)
    if not isinstance(record, dict):
        raise DataError(f"{path}: holds {json_type(record)}; an object of answer by question id is needed")
    for question_id, answer in record.items():
        if not isinstance(answer, str):
            raise DataError(f'{path}: the answer to "{question_id}" is {json_type(answer)}; a string is needed')
    return record


def write_predictions(path: Path, predictions: Mapping[str, str]) -> None:
    """Writes answers by question id.

    Args:
        path: the file; one that is there is replaced.
        predictions: "" where there is no answer.
    """
    write_lines(path, [json.dumps(dict(predictions), ensure_ascii=False, indent=0)])
