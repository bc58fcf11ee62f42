"""Any encoder: its own tokenizer, positions and head, from a folder on disk to a model that tags."""

import math

import numpy as np
import pytest
import torch
from tiny_encoders import ENCODERS, save_encoder

from action_recs import ModelError, Tagger, Transcript
from action_recs.annotation.collection import read_folder
from action_recs.checkpoint import Task, save_checkpoint
from action_recs.decoding import DecodingSettings, by_utterance, find_recommendations
from action_recs.input_length import longest_input
from action_recs.training.config import TrainingConfig
from action_recs.training.fitting import fit
from action_recs.training.labels import piece_labels
from action_recs.training.start import start_model
from action_recs.windows import tokenize

LONGEST = {"bert": 128, "roberta": 128, "deberta-v2": 128, "mpnet": 128, "modernbert": 8192, "electra": 128}
WINDOWS = LONGEST | {"modernbert": 2048}
TALK = [("therapist", "How did it go?"), ("client", "[SEP] [THERAPIST] Good."), ("therapist", "You could walk again.")]


@pytest.fixture(scope="module", params=ENCODERS)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def encoder(family, tmp_path_factory):
    return save_encoder(family, tmp_path_factory.mktemp(family))


@pytest.fixture(scope="module")
def started(encoder):
    return start_model(str(encoder), Task.RECOMMENDATION)


def test_windows_are_as_long_as_the_encoder_reads(started, family):
    """The last position can be read, and the padding of RoBERTa and MPNet takes none."""
    longest = longest_input(started.model)
    assert longest == LONGEST[family]
    assert started.settings.window_tokens == WINDOWS[family]
    ids = torch.full((1, min(longest, 256)), started.tokenizer.convert_tokens_to_ids("[CLIENT]"))
    assert started.model.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits.shape == (*ids.shape, 5)


def test_windows_that_it_cannot_read_are_refused(encoder, family):
    with pytest.raises(ModelError, match=f"at most {LONGEST[family]} tokens"):
        start_model(str(encoder), Task.REVIEW, window_tokens=LONGEST[family] + 1)


def test_role_markers_are_tokens_and_their_spelling_is_text(started):
    session = [("therapist", "[THERAPIST] walk again"), ("client", "walk"), ("other", "the walk")]
    pieces = tokenize(Transcript.from_pairs(session), started.tokenizer, window_tokens=64)
    markers = started.tokenizer.convert_tokens_to_ids(["[THERAPIST]", "[CLIENT]", "[OTHER]"])
    assert [piece.tokens[0] for piece in pieces] == markers
    assert all(token not in markers for piece in pieces for token in piece.tokens[1:])
    for piece, (_, text) in zip(pieces, session, strict=True):
        covered = {at for start, end in piece.offsets for at in range(start, end)}
        assert {at for at, character in enumerate(text) if not character.isspace()} <= covered
    weights = started.model.get_input_embeddings().weight
    words = started.tokenizer("client", add_special_tokens=False)["input_ids"]
    assert torch.allclose(weights[markers[1]], weights[words].mean(dim=0))


def test_marked_spans_come_back_from_the_tokens_classes(started, annotations):
    """A model that was sure of every token's class would find what was marked, character by character."""
    for session in read_folder(annotations / "corpus"):
        pieces = tokenize(session.transcript, started.tokenizer, window_tokens=64)
        labels = piece_labels(session, pieces, Task.RECOMMENDATION)
        sure = [np.eye(5)[np.maximum(each, 0)] for each in labels]
        tokens = by_utterance(pieces, sure, len(session.transcript))
        found = find_recommendations(session.transcript, tokens, DecodingSettings())
        assert [(each.utterance, each.start, each.end, each.form) for each in found] == [
            (each.utterance, each.start, each.end, each.form) for each in session.recommendations
        ]


def test_it_trains_and_tags(encoder, family, annotations, tmp_path):
    config = TrainingConfig(
        Task.RECOMMENDATION,
        str(encoder),
        {"own": 1},
        passes=2,
        window_tokens=96,
        batch_tokens=192,
        evaluations=1,
        evaluate_on=("own",),
        precision="fp32",
    )
    corpus = annotations / "corpus"
    own = tuple(read_folder(corpus))
    fitted = fit(config, {"own": own}, {"own": own[-2:]}, tmp_path / "run", weights="root")
    assert all(math.isfinite(entry["loss"]) for entry in fitted.history if "loss" in entry)
    save_checkpoint(fitted.checkpoint, tmp_path / "run")
    review = tmp_path / "review"
    save_checkpoint(start_model(str(encoder), Task.REVIEW, window_tokens=64), review)
    tagger = Tagger.from_pretrained(recommendation=tmp_path / "run", review=review)
    assert [(each.role.value, each.text) for each in tagger.tag(TALK).utterances] == TALK
    assert tagger.recommendation.model.config.model_type == family
