"""What is at hand without this library: two transformers pipelines over the text of the dialogue.

The same checkpoints, the same length and overlap of the windows, as a user gets them: 32-bit floats, transformers'
own batching. No speakers, no spans onto utterances: less is done, in their favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from action_recs.checkpoint import checkpoint_folders
from action_recs.transcript import Transcript


class Pipelines:
    """Both models as ``pipeline("token-classification")``.

    Parameters
    ----------
    device : str
    dtype : str
        "float32" or "float16".
    models : path, optional
        A folder with both checkpoints; the shipped ones by default.
    """

    def __init__(self, device: str = "cpu", dtype: str = "float32", models: Path | None = None) -> None:
        import json

        from transformers import AutoTokenizer, pipeline
        from transformers.utils import logging

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        self.pipelines = []
        for folder in checkpoint_folders(models).values():
            settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))["action_recs"]
            self.pipelines.append(
                pipeline(
                    "token-classification",
                    model=str(folder),
                    tokenizer=AutoTokenizer.from_pretrained(folder, model_max_length=settings["window_tokens"]),
                    stride=settings["overlap_tokens"],
                    aggregation_strategy="simple",
                    device=device,
                    dtype=dtype,
                )
            )

    def tag(self, transcripts: Sequence[Transcript], *, batch_size: int = 1) -> list[list[list[dict[str, Any]]]]:
        """For each model and session the entities that its pipeline finds."""
        texts = ["\n".join(utterance.text for utterance in each.utterances) for each in transcripts]
        return [list(each(texts, batch_size=batch_size)) for each in self.pipelines]
