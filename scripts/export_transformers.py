"""Writes the reader of a checkpoint in transformers' form: a BertForQuestionAnswering with its tokenizer.

`openqa train reader` can go on from it, and anything that loads readers of the hub can use it.

Example:
    python scripts/export_transformers.py --tokenizer work/tokenizer.json --checkpoint work/more/checkpoint.pt \
        --english-body PATH/all-MiniLM-L6-v2 --out work/mini-reader-hf
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, normalizers, processors
from transformers import BertConfig, BertForQuestionAnswering, PreTrainedTokenizerFast

from openqa.encode.tokenizer import CLS, FOLDED, SEP
from openqa.train.mini import load_checkpoint

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
    parser.add_argument("--tokenizer", type=Path, required=True, help="the shared tokenizer.json")
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of scripts/train_mini.py")
    parser.add_argument("--english-body", type=Path, required=True, help="folder of all-MiniLM-L6-v2, for its form")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    given = parser.parse_args()
    config = BertConfig.from_pretrained(given.english_body)
    models = load_checkpoint(given.checkpoint, config)
    config.vocab_size = len(models.table)
    reader = BertForQuestionAnswering(config)
    reader.bert.embeddings.word_embeddings.weight.data = models.table.data.clone()
    body = {name: value for name, value in models.reader.body.state_dict().items() if "word_embeddings" not in name}
    left = reader.bert.load_state_dict(body, strict=False)
    if left.unexpected_keys or left.missing_keys != ["embeddings.word_embeddings.weight"]:
        raise SystemExit(f"{given.checkpoint}: its body is not of the form of {given.english_body} ({left})")
    reader.qa_outputs.load_state_dict(models.reader.head.state_dict())
    reader.save_pretrained(given.out)
    tokenizer = Tokenizer.from_file(str(given.tokenizer))
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
