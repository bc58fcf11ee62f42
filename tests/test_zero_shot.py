"""The baseline that holds utterances against a few sentences of each kind."""

import numpy as np
import pytest

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedSession
from action_recs.evaluation.zero_shot import EVERY, OTHER, SENTENCES, nearest_sentences
from action_recs.session import Form, Label
from action_recs.transcript import Transcript

RECOMMENDING, REVIEWING = SENTENCES[Label.RECOMMENDATION][0], SENTENCES[Label.REVIEW][0]
TALK = Transcript.from_pairs(
    [("therapist", REVIEWING), ("client", "Yes."), ("therapist", RECOMMENDING), ("client", RECOMMENDING)]
)
KINDS = [[RECOMMENDING, *SENTENCES[Label.RECOMMENDATION]], [REVIEWING, *SENTENCES[Label.REVIEW]], OTHER]


def vectors(texts):
    """One direction for each kind, as a perfect encoder would give."""
    return np.array([[float(text in kind) for kind in KINDS] for text in texts])


def annotated():
    span = AnnotatedRecommendation(2, 0, len(RECOMMENDING), RECOMMENDING, Form.CASUAL)
    return AnnotatedSession(id="a", group="a", transcript=TALK, recommendations=(span,), reviews=())


def test_an_utterance_is_what_its_nearest_sentence_is():
    found = nearest_sentences(vectors)([annotated()] * EVERY)([TALK])[0]
    assert [(each.utterance, each.start, each.end) for each in found.recommendations] == [(2, 0, len(RECOMMENDING))]


def test_a_client_recommends_nothing_and_an_empty_session_holds_nothing():
    tag = nearest_sentences(vectors)([annotated()])
    client, empty = tag([Transcript.from_pairs([("client", RECOMMENDING)]), Transcript(())])
    assert not client.recommendations
    assert (empty.recommendations, empty.reviews) == ((), ())


def test_what_is_missing_is_named(monkeypatch):
    import sys

    from action_recs.evaluation.sentences import sentence_embeddings

    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ImportError, match="sentence-transformers"):
        sentence_embeddings("folder")
