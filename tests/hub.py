"""Tiny random models in the form of the hub's, for tests without network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertModel,
    DebertaV2Config,
    DebertaV2ForQuestionAnswering,
    ModernBertConfig,
    ModernBertForQuestionAnswering,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForQuestionAnswering,
)

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def write_body(folder: Path, words: Sequence[str], *, dim: int = 16, seed: int = 0) -> Path:
    """Writes a random BERT of one layer that knows some words, as transformers saves it."""
    folder.mkdir(parents=True)
    vocabulary = {word: row for row, word in enumerate([*SPECIAL, *dict.fromkeys(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, **names).save_pretrained(folder)
    torch.manual_seed(seed)
    sizes: dict[str, Any] = {
        "hidden_size": dim,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 2 * dim,
    }
    sizes |= {"hidden_dropout_prob": 0, "attention_probs_dropout_prob": 0}
    config = BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **sizes)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def write_sentence_transformer(folder: Path, words: Sequence[str], **how: int) -> Path:
    """Writes a random SentenceTransformer with prefixes of its own."""
    body = write_body(folder.parent / f"{folder.name}-body", words, **how)
    transformer = Transformer(str(body))
    pooling = Pooling(transformer.get_embedding_dimension())
    prompts = {"query": "query ", "document": "passage "}
    SentenceTransformer(modules=[transformer, pooling], prompts=prompts, device="cpu").save_pretrained(str(folder))
    return folder


def write_multi_vector_encoder(folder: Path, words: Sequence[str], **how: int) -> Path:
    """Writes a random MultiVectorEncoder."""
    body = write_body(folder.parent / f"{folder.name}-body", words, **how)
    MultiVectorEncoder(str(body), device="cpu").save_pretrained(str(folder))
    return folder


READERS: dict[str, tuple[type, type]] = {
    "bert": (BertConfig, BertForQuestionAnswering),
    "xlm-roberta": (XLMRobertaConfig, XLMRobertaForQuestionAnswering),
    "deberta-v2": (DebertaV2Config, DebertaV2ForQuestionAnswering),
    "modernbert": (ModernBertConfig, ModernBertForQuestionAnswering),
}


def write_reader(folder: Path, words: Sequence[str], *, kind: str = "bert", seed: int = 0) -> Path:
    """Writes a random reader of one layer that knows some words; XLM-R has two separators between the texts."""
    vocabulary = {word: row for row, word in enumerate([*SPECIAL, *dict.fromkeys(words)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    between = "[SEP] [SEP]" if kind == "xlm-roberta" else "[SEP]"
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair=f"[CLS] $A {between} $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if kind == "bert" else [])]
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, model_input_names=inputs, **names).save_pretrained(folder)
    torch.manual_seed(seed)
    make_config, make_model = READERS[kind]
    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "pad_token_id": 0, "vocab_size": len(vocabulary), "max_position_embeddings": 66}
    sizes |= dict.fromkeys(_DROPOUTS, 0.0)
    make_model(make_config(**sizes)).save_pretrained(folder)
    return folder


_DROPOUTS = (
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "attention_dropout",
    "mlp_dropout",
    "embedding_dropout",
)
