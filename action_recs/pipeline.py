"""``transformers.pipeline("action-recommendations")``: importing this module registers it.

A checkpoint is also an ordinary token-classification model, and works in ``pipeline("token-classification")``; that one
reads a text, and knows neither who speaks nor where a window ends. This one reads sessions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from transformers import AutoModelForTokenClassification, Pipeline
from transformers.pipelines import PIPELINE_REGISTRY

from action_recs.checkpoint import SHIPPED, Checkpoint, ReadingSettings, Task
from action_recs.decoding import by_utterance, find_recommendations, find_reviews, review_classes
from action_recs.errors import ModelError
from action_recs.readers.source import read_source
from action_recs.scoring import piece_scores
from action_recs.session import SCORE_DIGITS, Recommendation, recommendation_record
from action_recs.tagger import BATCH_TOKENS
from action_recs.transcript import Transcript

NAME = "action-recommendations"


class ActionRecommendationsPipeline(Pipeline):  # type: ignore[misc]
    """Finds what a checkpoint was trained to find, in a session or in several.

    Examples
    --------
    >>> from transformers import pipeline
    >>> find = pipeline("action-recommendations")  # the shipped recommendation model
    >>> found = find([("therapist", "Maybe try going back to cooking this week."), ("client", "Okay.")])
    >>> [(each["utterance"], each["text"], each["form"]) for each in found]
    [(0, 'Maybe try going back to cooking this week', 'casual')]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            self._settings = ReadingSettings.from_dict(self.model.config.action_recs)
        except (AttributeError, KeyError, TypeError, ValueError):
            remedy = "give a folder that training/train.py wrote"
            raise ModelError(f"the model's config.json holds no action_recs settings; {remedy}") from None

    def __call__(self, inputs: Any, **options: Any) -> Any:
        """Find recommendations, or reviews, by the checkpoint's task.

        Parameters
        ----------
        inputs : Transcript, path, str, table or pairs of (role, text); or a list or generator of them
            One session as :func:`action_recs.tag` takes it, or many.
        roles : mapping, optional
            Speaker name to role, where the labels do not say it.
        batch_tokens : int, optional
            Tokens that go through the encoder at once. ``batch_size`` counts for nothing: windows of a session do.

        Returns
        -------
        list of dict
            For each recommendation ``utterance``, ``start``, ``end``, ``text``, ``form`` and ``score``; for each review
            ``first``, ``last`` (utterances, both inclusive) and ``score``. A list of such lists for a list of sessions,
            an iterator of them for a generator.
        """
        roles = options.pop("roles", None)
        options["batch_size"] = 1
        if isinstance(inputs, Iterator):
            return super().__call__((read_source(each, roles=roles) for each in inputs), **options)
        if _is_many(inputs):
            return super().__call__([read_source(each, roles=roles) for each in inputs], **options)
        return super().__call__(read_source(inputs, roles=roles), **options)

    def _sanitize_parameters(
        self, batch_tokens: int = BATCH_TOKENS
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        return {}, {"batch_tokens": batch_tokens}, {}

    def preprocess(self, transcript: Transcript) -> dict[str, Any]:
        return {"transcript": transcript}

    def _forward(self, inputs: dict[str, Any], batch_tokens: int) -> dict[str, Any]:
        transcript: Transcript = inputs["transcript"]
        checkpoint = Checkpoint(self.model, self.tokenizer, self._settings)
        ((pieces, tables),) = piece_scores(checkpoint, [transcript], batch_tokens=batch_tokens)
        if self._settings.task is Task.RECOMMENDATION:
            tokens = by_utterance(pieces, tables, len(transcript))
            return {"found": find_recommendations(transcript, tokens, self._settings.decoding)}
        classes = review_classes(pieces, tables, len(transcript))
        return {"found": find_reviews(classes, self._settings.decoding)}

    def postprocess(self, outputs: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            recommendation_record(each)
            if isinstance(each, Recommendation)
            else {"first": each.first, "last": each.last, "score": round(each.score, SCORE_DIGITS)}
            for each in outputs["found"]
        ]


def _is_many(inputs: Any) -> bool:
    """Whether it is a list of sessions, and not one session as pairs."""
    if not isinstance(inputs, (list, tuple)):
        return False
    return not all(isinstance(each, (list, tuple)) and [*map(type, each)] == [str, str] for each in inputs)


def register() -> None:
    """Make the pipeline known to transformers; done when this module is imported."""
    PIPELINE_REGISTRY.register_pipeline(
        NAME,
        pipeline_class=ActionRecommendationsPipeline,
        pt_model=AutoModelForTokenClassification,
        default={"model": (str(SHIPPED / Task.RECOMMENDATION.value), "main")},
        type="text",
    )


register()
