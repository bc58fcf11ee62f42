"""Recommendations and reviews in their context: what an encoder is shown, what it learns, and how it ships."""

import copy
import random
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recipes import script
from talked import talk

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.errors import ConfigError, ModelError
from action_recs.linking import follow_up
from action_recs.linking.adherence import ADHERENCES
from action_recs.linking.category import CATEGORIES
from action_recs.linking.context_reader import ContextReader
from action_recs.linking.contexts import Context, Contexts
from action_recs.linking.meanings import corrected_encoder
from action_recs.linking.reader import Reader
from action_recs.linking.term_model import TermModel
from action_recs.session import Form
from action_recs.training.context_training import (
    ContextSettings,
    fit_contexts,
    macro_f1s,
    save_contexts,
    shipped_contexts,
)
from action_recs.training.contexts import LabelledContext, batched, class_weights, labelled_contexts, with_hidden
from action_recs.transcript import Transcript

TALK = Transcript.from_pairs(
    [
        ("therapist", "how did it go"),
        ("client", "okay"),
        ("therapist", "maybe you could walk every evening and okay"),
        ("client", "maybe"),
    ]
)


@pytest.fixture(scope="module")
def contexts(tagger):
    return Contexts(tagger.recommendation.tokenizer)


def words(contexts, context):
    return contexts.tokenizer.convert_ids_to_tokens(list(context.tokens))


def test_a_recommendation_stands_between_signs_in_the_talk_around_it(contexts):
    laid = contexts.recommendation(TALK.utterances, 2, 6, 26, before=5, after=3)
    shown = words(contexts, laid)
    assert shown == [
        *["[CLS]", "go", "[CLIENT]", "okay", "[THERAPIST]", "maybe"],
        *["*", "you", "could", "walk", "every", "#"],
        *["evening", "and", "okay", "[SEP]"],
    ]
    assert shown[laid.first : laid.end] == ["*", "you", "could", "walk", "every", "#"]


def test_without_talk_around_it_only_the_recommendation_is_left(contexts):
    laid = contexts.recommendation(TALK.utterances, 2, 6, 26, before=0, after=0)
    assert words(contexts, laid) == ["[CLS]", "*", "you", "could", "walk", "every", "#", "[SEP]"]


def test_a_review_is_read_whole_and_a_long_one_at_both_ends(contexts):
    laid = contexts.review(TALK.utterances, 0, 1)
    assert words(contexts, laid) == ["[CLS]", "[THERAPIST]", "how", "did", "it", "go", "[CLIENT]", "okay", "[SEP]"]
    assert (laid.first, laid.end) == (0, len(laid.tokens))
    long = Transcript.from_pairs([("client", "walk " * 400), ("therapist", "cook " * 400)])
    shown = words(contexts, contexts.review(long.utterances, 0, 1))
    assert len(shown) == 302
    assert (shown[2], shown[-2]) == ("walk", "cook")


SAID = st.lists(
    st.tuples(st.sampled_from(["therapist", "client", "other"]), st.text(st.characters(codec=None), max_size=30)),
    min_size=1,
    max_size=6,
)


@given(SAID, st.data())
def test_any_span_of_any_talk_stands_between_the_signs(tagger, pairs, data):
    said = Transcript.from_pairs(pairs).utterances
    place = data.draw(st.integers(0, len(said) - 1))
    start = data.draw(st.integers(0, len(said[place].text)))
    end = data.draw(st.integers(start, len(said[place].text)))
    laying = Contexts(tagger.recommendation.tokenizer)
    own = laying.tokens(said[place].text[start:end])[:60]
    around = laying.recommendation(said, place, start, end)
    assert list(around.tokens[around.first + 1 : around.end - 1]) == own
    alone = laying.recommendation(said, place, start, end, before=0, after=0)
    assert list(alone.tokens[2:-2]) == own


def test_utterances_further_back_are_left_out_and_a_long_recommendation_is_cut(contexts):
    said = Transcript.from_pairs([("other", f"walk {name}") for name in "abcdef"] + [("therapist", "cook " * 90)])
    laid = contexts.recommendation(said.utterances, 6, 0, 450)
    assert [word for word in words(contexts, laid) if len(word) == 1 and word.isalpha()] == ["c", "d", "e", "f"]
    assert words(contexts, laid).count("[OTHER]") == 4
    assert words(contexts, laid)[laid.first : laid.end].count("cook") == 60


def test_what_is_read_does_not_depend_on_what_else_is_asked(linking_model, contexts):
    reader = linking_model.in_context
    asked = [contexts.review(TALK.utterances, first, last) for first, last in ((0, 3), (1, 1), (2, 3), (0, 1))]
    together = reader.log_probabilities("adherence", asked)
    assert np.allclose(np.exp(together).sum(axis=1), 1)
    assert len({tuple(row.round(3)) for row in together}) == 4
    apart = [reader.log_probabilities("adherence", [one])[0] for one in asked]
    assert np.allclose(together, apart, atol=1e-5)
    assert reader.log_probabilities("category", []).shape == (0, len(CATEGORIES))


def test_only_the_tokens_asked_about_and_the_first_one_are_read_out(linking_model, contexts):
    reader = linking_model.in_context
    laid = contexts.recommendation(TALK.utterances, 2, 6, 26)
    others = [Context(laid.tokens, laid.first - 1, laid.end), Context(laid.tokens, laid.first, laid.end + 2)]
    told = reader.log_probabilities("category", [laid, *others])
    assert not np.allclose(told[0], told[1], atol=1e-4)
    assert not np.allclose(told[0], told[2], atol=1e-4)


def test_each_item_and_each_review_of_a_thread_is_told_by_its_own_context(linking_model):
    first = talk("Try walking daily.", "Okay.", recommended=[(0, "Try walking daily")])
    second = talk(
        "Did the walking work?", "Twice.", "Cook with Ann, and then call.", "Yes.", "And the walking?", "Not today.",
        recommended=[(2, "Cook with Ann"), (2, "call")],
        reviews=[(0, 1), (4, 5)],
    )  # fmt: skip
    reader = linking_model.in_context

    def silent(classes, columns):
        words = TermModel({}, np.ones(0), np.zeros((0, classes)), np.zeros(classes))
        return Reader(words, np.zeros((columns, classes)), np.zeros(classes), context_share=1.0)

    size = linking_model.meanings.mean.shape[0]
    model = replace(linking_model, category=silent(6, 3 * size + 1), adherence=silent(4, 4 * size))
    thread = follow_up([first, second], model=model)
    for item in thread.items:
        one, said = item.recommendation, (first, second)[item.session].utterances
        laid = reader.contexts.recommendation(said, one.utterance, one.start, one.end)
        assert item.category is CATEGORIES[int(reader.log_probabilities("category", [laid]).argmax())]
    for back in thread.reviews:
        run = second.reviews[back.review]
        laid = reader.contexts.review(second.utterances, run.first, run.last)
        assert back.adherence is ADHERENCES[int(reader.log_probabilities("adherence", [laid]).argmax())]
    assert (len(thread.items), len(thread.reviews)) == (3, 2)


def session(number, verb, category, answer, adherence):
    text = f"maybe you could {verb} again"
    said = Transcript.from_pairs([("therapist", text), ("therapist", "how did it go"), ("client", answer)])
    span = AnnotatedRecommendation(0, 6, len(text), text[6:], Form.CASUAL, category=category)
    run = AnnotatedReview(1, 2, adherence=adherence)
    return AnnotatedSession(f"s{number}", said, (span,), (run,), group=f"c{number}")


SESSIONS = [
    session(
        2 * at + side,
        *(("write", "monitor", "okay twice", "done"), ("walk", "take_action", "i call", "not_done"))[side],
    )
    for at in range(12)
    for side in range(2)
]


def test_only_what_has_a_class_is_learnt_and_its_surroundings_vary_in_training(contexts):
    plain = AnnotatedSession("s", TALK, (AnnotatedRecommendation(2, 6, 26, "you could walk every", Form.CASUAL),))
    assert labelled_contexts(contexts, [plain]) == []
    texts = labelled_contexts(contexts, SESSIONS)
    assert [one.question for one in texts[:2]] == ["category", "adherence"]
    varied = [labelled_contexts(contexts, SESSIONS, moved=1.0, draw=random.Random(seed)) for seed in (0, 0, 1)]
    assert varied[0] == varied[1] != varied[2]
    assert [one.label for one in varied[0]] == [one.label for one in texts]


def test_a_batch_is_of_one_question_and_within_its_tokens(contexts):
    texts = labelled_contexts(contexts, SESSIONS)
    found = batched(texts, 60, random.Random(0))
    assert Counter(one for batch in found for one in batch) == Counter(texts)
    for batch in found:
        assert len({one.question for one in batch}) == 1
        assert len(batch) == 1 or max(len(one.context.tokens) for one in batch) * len(batch) <= 60


def test_a_share_of_the_tokens_is_hidden_but_no_marker(contexts):
    batches = [labelled_contexts(contexts, SESSIONS)]
    (shown,) = with_hidden(batches, contexts, random.Random(0), 1.0)
    kept = {"[CLS]", "[SEP]", "[MASK]", "[THERAPIST]", "[CLIENT]", "[OTHER]"}
    assert {word for one in shown for word in words(contexts, one.context)} <= kept
    assert with_hidden(batches, contexts, random.Random(0), 0.0) == batches


def test_rare_classes_count_more_and_absent_ones_nothing(contexts):
    laid = contexts.review(TALK.utterances, 0, 1)
    texts = [LabelledContext("adherence", laid, label) for label in (0, 0, 0, 0, 1)]
    weights = class_weights(texts, 0.5)["adherence"]
    assert weights[1] == pytest.approx(2 * weights[0])
    assert weights[2:].tolist() == [0, 0]


SHORT = ContextSettings(passes=12, batch_tokens=200, rate=3e-3, top_rate=3e-2)


def fitted(tagger, folder, settings=SHORT, **arguments):
    encoder = copy.deepcopy(tagger.recommendation.model.base_model)
    return fit_contexts(tagger.recommendation, encoder, SESSIONS, SESSIONS[:4], folder, settings, **arguments)


@pytest.fixture(scope="module")
def trained(tagger, tmp_path_factory):
    """A context reader, and the folder of its run."""
    folder = tmp_path_factory.mktemp("contexts")
    reader = fitted(tagger, folder)
    save_contexts(reader, folder)
    return reader, folder


def test_it_learns_and_leaves_the_embeddings_as_they_are(tagger, trained):
    reader, _ = trained
    texts = labelled_contexts(reader.contexts, SESSIONS)
    assert macro_f1s(reader, texts) == {"category": 1.0, "adherence": 1.0}
    assert macro_f1s(reader, []) == {}
    before = dict(tagger.recommendation.model.base_model.named_parameters())
    learnt = [name for name, each in reader.encoder.named_parameters() if not torch.equal(each, before[name])]
    assert learnt
    assert not [name for name in learnt if name.startswith("embeddings")]


def test_it_ships_as_corrections_of_the_checkpoint(tagger, trained):
    reader, folder = trained
    checkpoint = tagger.recommendation
    rows = [one.context for one in labelled_contexts(reader.contexts, SESSIONS) if one.question == "category"]
    wanted = reader.log_probabilities("category", rows)

    def away(rank):
        tensors = shipped_contexts(folder, checkpoint, rank=rank)
        own = {name.removeprefix("contexts/"): each for name, each in tensors.items() if name.startswith("contexts/")}
        tops = {
            name: (tensors[f"{name}.top"].float(), tensors[f"{name}.top_intercept"].float()) for name in reader.tops
        }
        shipped = ContextReader(checkpoint, corrected_encoder(checkpoint, own), tops)
        return np.abs(shipped.log_probabilities("category", rows) - wanted).max()

    assert away(checkpoint.model.config.hidden_size) < 0.05 < away(1)


def test_another_checkpoints_embeddings_and_damage_are_refused(tagger, trained, tmp_path):
    _, folder = trained
    other = copy.deepcopy(tagger.recommendation)
    with torch.no_grad():
        other.model.get_input_embeddings().weight.add_(1.0)
    with pytest.raises(ModelError, match="trained over another recommendation checkpoint's embeddings"):
        shipped_contexts(folder, other, rank=2)
    (tmp_path / "contexts.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"contexts\.safetensors: cannot be read as a context reader"):
        shipped_contexts(tmp_path, tagger.recommendation, rank=2)


def test_a_run_goes_on_after_its_last_pass_and_not_with_another_one(tagger, trained, tmp_path):
    reader, folder = trained
    with pytest.raises(ConfigError, match="no checkpoint to go on from"):
        fitted(tagger, tmp_path / "none", resume=True)
    with pytest.raises(ConfigError, match="holds another run"):
        fitted(tagger, folder)
    with pytest.raises(ConfigError, match="other settings"):
        fitted(tagger, folder, replace(SHORT, seed=1), resume=True)
    again = fitted(tagger, Path(shutil.copytree(folder, tmp_path / "copy")), resume=True)  # nothing is left to do
    assert torch.equal(again.tops["category"][0], reader.tops["category"][0])


def test_what_cannot_be_trained_is_told_before_the_first_step(tagger, tmp_path):
    checkpoint, encoder = tagger.recommendation, copy.deepcopy(tagger.recommendation.model.base_model)
    unreviewed = [replace(one, reviews=()) for one in SESSIONS]
    with pytest.raises(ConfigError, match="hold no adherence"):
        fit_contexts(checkpoint, encoder, unreviewed, [], tmp_path / "run", SHORT)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("folder", "said"), [("annotations", r"nowhere: cannot be loaded"), ("empty", r"splits\.json")]
)
def test_the_script_says_what_is_missing(annotations, tmp_path, monkeypatch, folder, said):
    read = annotations if folder == "annotations" else tmp_path
    given = ["contexts.py", "--base", "nowhere", "--output", str(tmp_path), "--annotations", str(read)]
    monkeypatch.setattr("sys.argv", given)
    with pytest.raises(SystemExit, match=rf"contexts\.py: .*{said}"):
        script("contexts").main()
