"""The bundled encoder and reader in training: two small BERT bodies over one multilingual table of embeddings.

The encoder learns what an English teacher says of the same text in English, and to find the passage of a question; the
reader learns spans. What either teaches the table helps both. Sources: METHODS section 6; distillation onto parallel
text: Reimers & Gurevych 2020 (arXiv:2004.09813); span loss: Devlin et al. 2019, section 4.2.
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertConfig, BertModel

from openqa.errors import ModelError
from openqa.train.data import ReadingBatch
from openqa.train.loop import TableModel
from openqa.train.losses import contrastive, cosine_distance, masked_loss, span_loss
from openqa.train.masking import MaskedBatch
from openqa.train.pair_batches import PairBatch, Texts

COSINE_WEIGHT = 4.0  # of the distance to the teacher, beside the contrastive loss


class MiniModels(TableModel):
    """Both models; each body has width D, and its own embeddings of pieces are dropped.

    Args:
        table: (V, D) float32 embeddings at the start.
        encoder: the encoder's body.
        reader: the reader's body.
    """

    def __init__(self, table: Tensor, encoder: BertModel, reader: BertModel) -> None:
        super().__init__()
        for body in (encoder, reader):
            body.set_input_embeddings(torch.nn.Identity())  # type: ignore[no-untyped-call]
        self.table = torch.nn.Parameter(table)
        self.encoder = Encoder(encoder)
        self.reader = Reader(reader)

    def vectors(self, texts: Texts) -> Tensor:
        """Returns the unit vectors of B texts.

        Args:
            texts: ids of the shared tokenizer.

        Returns:
            (B, D).
        """
        ids, is_token = self._tensors(texts.ids, texts.is_token)
        vectors: Tensor = self.encoder(functional.embedding(ids, self.table), is_token)[0]
        return vectors

    def reading_loss(self, batch: ReadingBatch) -> Tensor:
        """Returns the span loss of one batch.

        Args:
            batch: questions with passages.

        Returns:
            A scalar.
        """
        ids, types, is_token, start, end = self._tensors(
            batch.ids, batch.token_types, batch.is_token, batch.start, batch.end
        )
        with torch.autocast(self.table.device.type, dtype=torch.bfloat16):
            logits = self.reader(functional.embedding(ids, self.table), types, is_token)
        return span_loss(logits, is_token, start, end)

    def masked_loss(self, batch: MaskedBatch) -> Tensor:
        """Returns the loss of masked or translation language modelling by the reader's body.

        Args:
            batch: sequences with pieces hidden.

        Returns:
            A scalar.
        """
        ids, types, is_token, told = self._tensors(batch.ids, batch.token_types, batch.is_token, batch.told)
        with torch.autocast(self.table.device.type, dtype=torch.bfloat16):
            hidden = self.reader.hidden(functional.embedding(ids, self.table), types, is_token)
            return masked_loss(hidden, self.table, told)

    def encoding_loss(self, batch: PairBatch, teacher: "Teacher") -> Tensor:
        """Returns the loss of one batch of pairs: contrastive, and the distance to the teacher where it has a say.

        Of a pair whose sides mean the same only one side is encoded; the teacher's vector stands for the other.

        Args:
            batch: pairs.
            teacher: encodes English.

        Returns:
            A scalar.
        """
        (group,) = self._tensors(batch.group)
        with torch.autocast(self.table.device.type, dtype=torch.bfloat16):
            vectors = [self.vectors(side) for side in batch.sides]
            targets = [None if side is None else teacher.vectors(side) for side in batch.english]
        distances = []
        for side, target, is_known in zip(vectors, targets, batch.is_known, strict=True):
            if target is not None:
                distances.append(cosine_distance(side[torch.from_numpy(is_known).to(side.device)], target))
        others = vectors[1] if len(vectors) > 1 else targets[0]
        if others is None:
            raise ValueError(f'pairs "{batch.name}" have one side and no English; nothing can be learnt from them')
        loss = contrastive(vectors[0].float(), others.float(), group)
        return loss + COSINE_WEIGHT * torch.stack(distances).mean() if distances else loss

    def _tensors(self, *arrays: object) -> list[Tensor]:
        return [torch.from_numpy(array).to(self.table.device) for array in arrays]


class Encoder(torch.nn.Module):
    """Embeddings to one unit vector a text, the mean of its tokens' vectors, and those.

    Args:
        body: a BERT without embeddings of pieces.
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body

    def forward(self, embeddings: Tensor, is_token: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the vectors of texts and of their tokens.

        Args:
            embeddings: (B, L, D) rows of the table.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, D) unit rows, and (B, L, D).
        """
        hidden = self.body(inputs_embeds=embeddings, attention_mask=is_token).last_hidden_state
        return mean_vectors(hidden, is_token), hidden


class Reader(torch.nn.Module):
    """Embeddings to start and end logits.

    Args:
        body: a BERT without embeddings of pieces.
    """

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        self.head = torch.nn.Linear(body.config.hidden_size, 2)

    def forward(self, embeddings: Tensor, token_types: Tensor, is_token: Tensor) -> Tensor:
        """Returns start and end logits of every position.

        Args:
            embeddings: (B, L, D) rows of the table.
            token_types: (B, L), 1 from the passage on.
            is_token: (B, L), 0 where padded.

        Returns:
            (B, L, 2).
        """
        logits: Tensor = self.head(self.hidden(embeddings, token_types, is_token))
        return logits

    def hidden(self, embeddings: Tensor, token_types: Tensor, is_token: Tensor) -> Tensor:
        """Returns the body's vector of every position, (B, L, D), from the same inputs."""
        found: Tensor = self.body(
            inputs_embeds=embeddings, token_type_ids=token_types, attention_mask=is_token
        ).last_hidden_state
        return found


class Teacher:
    """An English sentence encoder, whose mean vector is what the student shall give for the same in any language.

    Args:
        body: with its own embeddings.
    """

    def __init__(self, body: torch.nn.Module) -> None:
        self._body = body.train(False).requires_grad_(False)

    def vectors(self, texts: Texts) -> Tensor:
        """Returns the unit vectors of B texts.

        Args:
            texts: ids of the teacher's tokenizer.

        Returns:
            (B, D).
        """
        device = next(self._body.parameters()).device
        ids, is_token = (torch.from_numpy(array).to(device) for array in (texts.ids, texts.is_token))
        with torch.no_grad():
            return mean_vectors(self._body(input_ids=ids, attention_mask=is_token).last_hidden_state, is_token)


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


def load_checkpoint(path: Path, config: BertConfig) -> MiniModels:
    """Returns the models of a checkpoint, for use on the CPU.

    Args:
        path: file that `loop.train` wrote.
        config: of both bodies.

    Raises:
        ModelError: the file is missing, not a checkpoint, or of another body.
    """
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)["model"]
        bodies = (BertModel(config, add_pooling_layer=False) for _ in range(2))
        models = MiniModels(weights["table"], *bodies)
        models.load_state_dict(weights)
    except Exception as error:  # torch raises what it meets
        raise ModelError(f"{path}: cannot be loaded ({error}); give a checkpoint of this body") from error
    return models.eval()
