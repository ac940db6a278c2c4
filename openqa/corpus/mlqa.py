"""The four parts of MLQA dev and of XQuAD, for training, selection and measuring without a common article.

By convention parts 0 and 1 of MLQA dev may be trained on, 2 selects models, and 3 calibrates them and fits weights.
Question ids are the same in every language, so the English file, which has every question, tells the part of each.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from openqa.errors import DataError
from openqa.files import read_json

N_PARTS = 4


def part(title: str) -> int:
    """Returns the part, 0 to 3, of the article with this English title: the SHA-256 of its UTF-8, mod 4.

    Args:
        title: as published.
    """
    return int.from_bytes(hashlib.sha256(title.encode()).digest()) % N_PARTS


def parts_name(parts: Collection[int]) -> str:
    """Returns the parts as they stand in a data set's name, such as "23".

    Args:
        parts: numbers from 0 to 3, at least one.

    Raises:
        ValueError: a part is not 0, 1, 2 or 3, or there is none.
    """
    if not parts or not set(parts) <= set(range(N_PARTS)):
        raise ValueError(f"parts is {sorted(parts)}; it must be some of 0, 1, 2, 3")
    return "".join(str(number) for number in sorted(set(parts)))


def question_parts(path: Path) -> dict[str, int]:
    """Returns the part of every question id.

    Args:
        path: the English file, dev-context-en-question-en.json or xquad.en.json, .gz or not.

    Raises:
        DataError: the file cannot be read, or is not of SQuAD's form.
    """
    try:
        return {
            item["id"]: part(article["title"])
            for article in read_json(path)["data"]
            for paragraph in article["paragraphs"]
            for item in paragraph["qas"]
        }
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: not of SQuAD's form; data > paragraphs > qas > id is needed") from error
