"""The bundled encoder and reader: upper layers of their own over lower ones that they share and nothing changes.

The encoder is a published one (train/published.py); the reader starts from the same upper layers and learns spans.
Sources: span loss: Devlin et al. 2019 (arXiv:1810.04805), section 4.2; taking off what tells languages apart: Yang et
al. 2021 (arXiv:2109.04727).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from openqa.encode.batching import batch_rows, pad_rows
from openqa.encode.contextual import WINDOW_TOKENS
from openqa.encode.table import EmbeddingTable
from openqa.encode.tokenizer import CLS, PAD, SEP, SharedTokenizer
from openqa.errors import ModelError
from openqa.train.corpora import LANGUAGES, sample_sentences
from openqa.train.data import ReadingBatch
from openqa.train.losses import masked_loss, span_loss
from openqa.train.masking import MaskedBatch
from openqa.train.packing import PackedTexts
from openqa.train.published import N_LOWER, LowerLayers, PublishedEncoder, UpperLayers, halves

BATCH_TOKENS = 4096
SENTENCES, SENTENCE_TOKENS = 200, 64  # of each language, for the directions that tell languages apart


class Encoder(torch.nn.Module):
    """What the lower layers give to one unit vector a text, and a vector for each of its tokens.

    A text is the mean of its tokens' vectors, as a unit vector, less the mean of many texts, less its part in the
    directions in which the means of languages differ: else a question finds passages of its own language first.

    Args:
        upper: the layers above the shared ones.
        means: (K, D) the mean unit vector of each of K languages; `languages_taken_off` finds them.
    """

    def __init__(self, upper: UpperLayers, means: Tensor) -> None:
        super().__init__()
        self.upper = upper
        self.centre = torch.nn.Buffer(means.mean(dim=0))
        directions = torch.linalg.svd(means - self.centre, full_matrices=False).Vh[: len(means) - 1]
        self.directions = torch.nn.Buffer(directions)  # K vectors less their mean span one dimension less

    def forward(self, hidden: Tensor, is_token: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the vectors of texts and of their tokens.

        Args:
            hidden: (B, L, D) from the lower layers.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, D) unit rows, and (B, L, D).
        """
        tokens = self.upper(hidden, is_token)
        vectors = mean_vectors(tokens, is_token) - self.centre
        return functional.normalize(vectors - vectors @ self.directions.T @ self.directions, dim=1), tokens


class Reader(torch.nn.Module):
    """What the lower layers give to start and end logits.

    Args:
        upper: the layers above the shared ones.
        width: columns D.
    """

    def __init__(self, upper: UpperLayers, width: int) -> None:
        super().__init__()
        self.upper = upper
        self.head = torch.nn.Linear(width, 2)

    def forward(self, hidden: Tensor, is_token: Tensor) -> Tensor:
        """Returns start and end logits of every position.

        Args:
            hidden: (B, L, D) from the lower layers.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, 2).
        """
        logits: Tensor = self.head(self.upper(hidden, is_token))
        return logits


class ReaderModel(torch.nn.Module):
    """The reader in training, with the table and the lower layers, which do not learn.

    Weights over another table are refused with a ValueError: their pieces are others.

    Args:
        table: (V, D) float32 embeddings.
        lower: the layers that encoder and reader share.
        upper: the reader's own at their start.
    """

    def __init__(self, table: Tensor, lower: LowerLayers, upper: UpperLayers) -> None:
        super().__init__()
        self.table = torch.nn.Buffer(table)
        self.lower = lower.requires_grad_(False)
        self.reader = Reader(upper, table.shape[1])
        self.register_load_state_dict_pre_hook(_refuse_another_table)  # type: ignore[no-untyped-call]

    @classmethod
    def at_start(cls, published: PublishedEncoder, table: EmbeddingTable) -> "ReaderModel":
        """Returns the reader before it has learnt anything.

        Args:
            published: gives the layers.
            table: of the cut vocabulary.
        """
        return cls(torch.from_numpy(table.every_row()), *halves(published.body, N_LOWER))

    def reading_loss(self, batch: ReadingBatch) -> Tensor:
        """Returns the span loss of one batch.

        Args:
            batch: questions with passages.

        Returns:
            A scalar.
        """
        ids, is_token, start, end = self._tensors(batch.ids, batch.is_token, batch.start, batch.end)
        with torch.autocast(self.table.device.type, dtype=torch.bfloat16):
            logits = self.reader(self._hidden(ids, is_token), is_token)
        return span_loss(logits, is_token, start, end)

    def masked_loss(self, batch: MaskedBatch) -> Tensor:
        """Returns the loss of masked or translation language modelling by the reader's layers.

        Args:
            batch: sequences with pieces hidden.

        Returns:
            A scalar.
        """
        ids, is_token, told = self._tensors(batch.ids, batch.is_token, batch.told)
        with torch.autocast(self.table.device.type, dtype=torch.bfloat16):
            tokens = self.reader.upper(self._hidden(ids, is_token), is_token)
            return masked_loss(tokens, self.table, told)

    def _hidden(self, ids: Tensor, is_token: Tensor) -> Tensor:
        with torch.no_grad():
            hidden: Tensor = self.lower(functional.embedding(ids, self.table), is_token)
        return hidden

    def _tensors(self, *arrays: object) -> list[Tensor]:
        return [torch.from_numpy(array).to(self.table.device) for array in arrays]


def _refuse_another_table(model: torch.nn.Module, weights: Mapping[str, Tensor], *_: object) -> None:
    own = model.state_dict()
    for name, value in weights.items():
        if not name.startswith("reader.") and name in own and not torch.equal(value.to(own[name].device), own[name]):
            raise ValueError(f"they were learnt over another {name}; give the vocabulary and encoder of that training")


def bundled_encoder(
    published: PublishedEncoder, table: EmbeddingTable, tokenizer: SharedTokenizer, data: Path
) -> tuple[LowerLayers, Encoder]:
    """Returns the bundled encoder in float32: its lower layers, and what is above them.

    Args:
        published: gives the layers.
        table: of the cut vocabulary.
        tokenizer: of the same.
        data: the shared data folder, for the sentences that tell languages apart.
    """
    lower, upper = halves(published.body, N_LOWER, WINDOW_TOKENS)
    sentences = [
        PackedTexts.encode(tokenizer, sample_sentences(data, lang, SENTENCES), SENTENCE_TOKENS) for lang in LANGUAGES
    ]
    return lower, languages_taken_off(lower, upper, torch.from_numpy(table.every_row()), sentences)


def languages_taken_off(lower: LowerLayers, upper: UpperLayers, table: Tensor, texts: Sequence[PackedTexts]) -> Encoder:
    """Returns the encoder whose vectors do not tell languages apart.

    Args:
        lower: in float32 on the CPU.
        upper: the layers above them.
        table: (V, D) embeddings.
        texts: of K languages, ids without special pieces.
    """
    plain, means = Encoder(upper, torch.zeros(1, table.shape[1])).eval(), []
    for own in texts:
        rows = [np.concatenate([[CLS], own.ids[a:b], [SEP]]) for a, b in pairwise(own.offsets)]
        total = torch.zeros(table.shape[1])
        for some in batch_rows([len(row) for row in rows], BATCH_TOKENS):
            ids, is_token = (torch.from_numpy(array) for array in pad_rows([rows[row] for row in some], PAD))
            with torch.no_grad():
                total += plain(lower(functional.embedding(ids, table), is_token), is_token)[0].sum(dim=0)
        means.append(total / len(rows))
    return Encoder(upper, torch.stack(means)).eval()


def mean_vectors(hidden: Tensor, is_token: Tensor) -> Tensor:
    """Returns the mean of each text's token vectors, as unit vectors.

    Args:
        hidden: (B, L, D).
        is_token: (B, L), 0 where padded.

    Returns:
        (B, D).
    """
    weights = is_token[:, :, None].to(hidden.dtype)
    return functional.normalize((hidden * weights).sum(dim=1) / weights.sum(dim=1), dim=1)


def load_checkpoint(path: Path, model: ReaderModel) -> None:
    """Gives a reader the weights of a checkpoint.

    Args:
        path: file that `loop.train` wrote.
        model: of the same form; it is left in evaluation mode.

    Raises:
        ModelError: the file is missing, not a checkpoint, or of a reader of another form.
    """
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    except Exception as error:  # torch raises what it meets
        raise ModelError(f"{path}: cannot be loaded ({error}); give a checkpoint of this reader") from error
    model.eval()
