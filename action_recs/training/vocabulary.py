"""A smaller vocabulary: half of a small encoder's weights are embeddings of words that nobody says in a session."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import torch
from transformers import AutoTokenizer

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint
from action_recs.errors import ConfigError

PIECE = "##"


def with_smaller_vocabulary(checkpoint: Checkpoint, sessions: Iterable[AnnotatedSession], first: int) -> Checkpoint:
    """Keep the tokens that the sessions hold, single characters, and the first ones of the vocabulary.

    A WordPiece vocabulary such as BERT's lists its words by how common they are. A word that is dropped is read as the
    pieces that are left of it; character offsets stay what they are. The model is changed in place.

    Parameters
    ----------
    checkpoint : Checkpoint
    sessions : iterable of AnnotatedSession
        Whose words are all kept.
    first : int
        How many of the vocabulary's first tokens are kept in any case.

    Raises
    ------
    ConfigError
        When the tokenizer is of another kind than WordPiece.
    """
    tokenizer = checkpoint.tokenizer
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    if state["model"]["type"] != "WordPiece":
        raise ConfigError(f"vocabulary: only a WordPiece tokenizer can be cut, not {state['model']['type']}")
    vocabulary: dict[str, int] = state["model"]["vocab"]
    always = {added["id"] for added in state["added_tokens"]} | {
        number for token, number in vocabulary.items() if len(token.removeprefix(PIECE)) == 1
    }
    said = {number for session in sessions for number in _numbers(session, checkpoint)}
    words = {number for token, number in vocabulary.items() if number < first and not token.startswith("[unused")}
    kept = sorted(always | said | words)

    renumbered = {old: new for new, old in enumerate(kept)}
    state["model"]["vocab"] = {token: renumbered[old] for token, old in vocabulary.items() if old in renumbered}
    for added in state["added_tokens"]:
        added["id"] = renumbered[added["id"]]
    for special in (state.get("post_processor") or {}).get("special_tokens", {}).values():
        special["ids"] = [renumbered[old] for old in special["ids"]]
    model = checkpoint.model
    weights = model.get_input_embeddings().weight.detach()[kept].clone()
    model.resize_token_embeddings(len(kept), mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(weights)
    model.config.pad_token_id = renumbered[tokenizer.pad_token_id]
    with tempfile.TemporaryDirectory() as folder:  # a tokenizer is made from its files only
        tokenizer.save_pretrained(folder)
        Path(folder, "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
        smaller = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return replace(checkpoint, tokenizer=smaller)


def _numbers(session: AnnotatedSession, checkpoint: Checkpoint) -> set[int]:
    texts = [utterance.text for utterance in session.transcript.utterances]
    return {number for ids in checkpoint.tokenizer(texts, add_special_tokens=False)["input_ids"] for number in ids}
