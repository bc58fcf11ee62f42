"""A checkpoint's tokenizer without transformers: the part of its interface that laying windows needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class PlainTokenizer:
    """Reads ``tokenizer.json`` with the library below transformers, which saves most of the start-up.

    It stands where :mod:`action_recs.windows` takes a fast tokenizer of transformers, and gives the same tokens:
    special tokens that are spelled out in a text are text, and nothing is cut off or filled up.

    Parameters
    ----------
    folder : Path
        With ``tokenizer.json`` and ``tokenizer_config.json``.
    """

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.backend = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.backend.no_truncation()
        self.backend.no_padding()
        self.backend.encode_special_tokens = True
        named = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        self.cls_token_id = self._special(named, "cls_token")
        self.sep_token_id = self._special(named, "sep_token")
        self.bos_token_id = self._special(named, "bos_token")
        self.eos_token_id = self._special(named, "eos_token")
        self.pad_token_id = self._special(named, "pad_token")

    def __call__(self, texts: Sequence[str], **_: Any) -> dict[str, list[Any]]:
        encoded = self.backend.encode_batch(list(texts), add_special_tokens=False)
        return {"input_ids": [each.ids for each in encoded], "offset_mapping": [each.offsets for each in encoded]}

    def convert_tokens_to_ids(self, token: str) -> int | None:
        found: int | None = self.backend.token_to_id(token)
        return found

    def convert_ids_to_tokens(self, number: int) -> str | None:
        found: str | None = self.backend.id_to_token(number)
        return found

    def get_vocab(self) -> dict[str, int]:
        found: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return found

    def _special(self, named: dict[str, Any], name: str) -> int | None:
        token = named.get(name)
        text = token.get("content") if isinstance(token, dict) else token
        return None if text is None else self.convert_tokens_to_ids(text)
