"""A checkpoint with a smaller vocabulary."""

import pytest
import torch

from action_recs import ConfigError, Tagger, Transcript
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Task, load_checkpoint, save_checkpoint
from action_recs.training.vocabulary import with_smaller_vocabulary
from action_recs.windows import ROLE_MARKERS

SAID = [AnnotatedSession("s", Transcript.from_pairs([("therapist", "Maybe you could walk again?")]), group="g")]


@pytest.fixture
def checkpoint(models):
    return load_checkpoint(models / "recommendation", Task.RECOMMENDATION)


def tokens(checkpoint, text):
    read = checkpoint.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return checkpoint.tokenizer.convert_ids_to_tokens(read["input_ids"]), read["offset_mapping"]


def test_said_words_and_characters_stay_and_others_are_spelt(checkpoint):
    smaller = with_smaller_vocabulary(checkpoint, SAID, first=0)
    assert tokens(smaller, "Maybe cook, again") == (
        ["maybe", "c", "##o", "##o", "##k", ",", "again"],
        [(0, 5), (6, 7), (7, 8), (8, 9), (9, 10), (10, 11), (12, 17)],
    )


def test_the_first_words_of_the_vocabulary_stay(checkpoint):
    cook = checkpoint.tokenizer.convert_tokens_to_ids("cook")
    smaller = with_smaller_vocabulary(checkpoint, SAID, first=cook + 1)
    assert tokens(smaller, "cook notebook")[0][:2] == ["cook", "n"]


def test_every_token_that_stays_keeps_its_embedding(checkpoint):
    vocabulary, weights = checkpoint.tokenizer.get_vocab(), checkpoint.model.get_input_embeddings().weight.clone()
    smaller = with_smaller_vocabulary(checkpoint, SAID, first=0)
    kept = smaller.tokenizer.get_vocab()
    assert {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *ROLE_MARKERS.values(), "walk", "a", "##a"} <= set(kept)
    assert "notebook" not in kept
    assert sorted(kept.values()) == list(range(len(kept)))
    embeddings = smaller.model.get_input_embeddings().weight
    assert embeddings.shape[0] == smaller.model.config.vocab_size == len(kept)
    assert all(torch.equal(embeddings[new], weights[vocabulary[token]]) for token, new in kept.items())


def test_it_is_saved_and_tags_what_it_tagged(models, checkpoint, tmp_path):
    save_checkpoint(with_smaller_vocabulary(checkpoint, SAID, first=0), tmp_path)
    talk = [("therapist", "Maybe you could walk again?"), ("client", "You could [SEP] walk.")]
    before = Tagger.from_pretrained(models).tag(talk)
    after = Tagger.from_pretrained(models, recommendation=tmp_path).tag(talk)
    for one, other in zip(before.utterances, after.utterances, strict=True):
        assert other.scores == pytest.approx(one.scores, abs=2e-3)


def test_another_kind_of_tokenizer_is_refused(checkpoint, monkeypatch):
    class Unigram:
        def to_str(self):
            return '{"model": {"type": "Unigram"}}'

    monkeypatch.setattr(type(checkpoint.tokenizer), "backend_tokenizer", Unigram())
    with pytest.raises(ConfigError, match="Unigram"):
        with_smaller_vocabulary(checkpoint, SAID, first=0)
