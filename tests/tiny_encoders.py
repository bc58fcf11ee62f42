"""Tiny random encoders of each family, each with a tokenizer of its own kind, made without a network."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DebertaV2Config,
    DebertaV2Model,
    ElectraConfig,
    ElectraModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
)

SPOKEN = [
    "How did it go this week? Good, I went twice.",
    "Maybe you could walk again, that was good for you.",
    "Last time we talked about the walk. Write in the notebook every evening for ten minutes.",
    "therapist client other café naïve 10 o'clock don't won't",
] * 8
SMALL = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "initializer_range": 0.3,
}
BERT_SPECIAL = {
    "unk_token": "[UNK]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}
ROBERTA_SPECIAL = {
    "bos_token": "<s>",
    "pad_token": "<pad>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}


def wordpiece():
    """As BERT's and ELECTRA's: lower case, pieces of words marked with ##."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        SPOKEN, trainers.WordPieceTrainer(vocab_size=160, special_tokens=list(BERT_SPECIAL.values()))
    )
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer, BERT_SPECIAL


def byte_pairs():
    """As RoBERTa's: bytes, the blank before a word is part of it, offsets without it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = list(dict.fromkeys(ROBERTA_SPECIAL.values()))
    tokenizer.train_from_iterator(
        SPOKEN,
        trainers.BpeTrainer(
            vocab_size=340, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    return tokenizer, ROBERTA_SPECIAL


def byte_pairs_with_blanks():
    """As ModernBERT's: bytes, and offsets that hold the blank before a word; BERT's special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(
        SPOKEN,
        trainers.BpeTrainer(
            vocab_size=340,
            special_tokens=list(BERT_SPECIAL.values()),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    return tokenizer, BERT_SPECIAL


def unigram():
    """As SentencePiece's of DeBERTa: words open with a sign for the blank before them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        SPOKEN,
        trainers.UnigramTrainer(vocab_size=120, special_tokens=list(BERT_SPECIAL.values()), unk_token="[UNK]"),
    )
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer, BERT_SPECIAL


ENCODERS = {
    "bert": (wordpiece, BertConfig, BertModel, {"max_position_embeddings": 128}),
    "roberta": (byte_pairs, RobertaConfig, RobertaModel, {"max_position_embeddings": 130, "pad_token_id": 1}),
    "deberta-v2": (
        unigram,
        DebertaV2Config,
        DebertaV2Model,
        {
            "max_position_embeddings": 128,
            "relative_attention": True,
            "position_biased_input": False,
            "pos_att_type": ["p2c", "c2p"],
            "position_buckets": 16,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
        },
    ),
    "mpnet": (wordpiece, MPNetConfig, MPNetModel, {"max_position_embeddings": 130}),
    "modernbert": (
        byte_pairs_with_blanks,
        ModernBertConfig,
        ModernBertModel,
        {"max_position_embeddings": 8192, "local_attention": 32},
    ),
    "electra": (wordpiece, ElectraConfig, ElectraModel, {"max_position_embeddings": 128, "embedding_size": 24}),
}
"""Family -> tokenizer, config, model, and what differs from ``SMALL``."""


def save_encoder(family: str, folder: Path) -> Path:
    """Write an untrained encoder of the family, as its makers would have published it."""
    make, config_class, model_class, own = ENCODERS[family]
    trained, special = make()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained, **special)
    ids = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(special[f"{name}_token"])
        for name in ("pad", "bos", "eos", "cls", "sep")
        if f"{name}_token" in special
    }
    torch.manual_seed(0)
    settings = SMALL | {"vocab_size": len(tokenizer)} | ids | own
    model_class(config_class(**settings)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
