"""Students that learn from teachers with other tokenizers."""

import itertools
import json
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recipes import script
from tiny_encoders import save_encoder

from action_recs import ModelError, Tagger
from action_recs.annotation.collection import read_folder
from action_recs.checkpoint import Task, load_checkpoint, save_checkpoint
from action_recs.decoding import DecodingSettings, TokenScores, by_utterance, find_recommendations, review_classes
from action_recs.scoring import piece_scores
from action_recs.training.distillation import PROJECTION, HiddenMatch, Teachers, onto_tokens, utterance_states
from action_recs.training.labels import piece_labels
from action_recs.training.start import start_model
from action_recs.windows import tokenize


@st.composite
def texts_in_pieces(draw):
    """A text of words, and borders that cut it into tokens; blanks belong to no token."""
    words = draw(st.lists(st.text("abcde", min_size=1, max_size=6), min_size=1, max_size=6))
    text = " ".join(words)
    offsets, at = [], 0
    for word in words:
        borders = sorted({0, len(word), *draw(st.sets(st.integers(0, len(word)), max_size=3))})
        offsets += [(at + one, at + other) for one, other in itertools.pairwise(borders)]
        at += len(word) + 1
    return text, offsets


probabilities = st.lists(st.floats(0.01, 1), min_size=5, max_size=5).map(lambda row: [each / sum(row) for each in row])


@given(texts_in_pieces(), st.data())
def test_the_same_tokens_have_the_same_probabilities(made, data):
    text, offsets = made
    classes = np.array(data.draw(st.lists(probabilities, min_size=len(offsets), max_size=len(offsets))))
    assert np.allclose(onto_tokens(TokenScores(classes, offsets), text, offsets), classes)
    with_blanks = [(max(0, start - (text[start - 1 : start] == " ")), end) for start, end in offsets]
    assert np.allclose(onto_tokens(TokenScores(classes, with_blanks), text, offsets), classes)


@given(texts_in_pieces(), st.data())
def test_other_tokens_have_probabilities_too_and_no_inside_is_lost(made, data):
    text, offsets = made
    classes = np.array(data.draw(st.lists(probabilities, min_size=len(offsets), max_size=len(offsets))))
    characters = [(at, at + 1) for at, character in enumerate(text) if character != " "]
    fine = onto_tokens(TokenScores(classes, offsets), text, characters)
    assert np.allclose(fine.sum(axis=1), 1)
    assert (fine >= -1e-12).all()
    for (start, end), row in zip(offsets, classes, strict=True):
        own = [fine[number] for number, (at, _) in enumerate(characters) if start <= at < end]
        for each in own:
            assert each[0] == pytest.approx(row[0])
            assert each[1] + each[2] == pytest.approx(row[1] + row[2])
        assert own[0][1] == pytest.approx(row[1]), "it begins where the token begins"
        assert all(each[1] == 0 for each in own[1:]), "and nowhere else"
    back = onto_tokens(TokenScores(fine, characters), text, offsets)
    assert np.allclose(back, classes), "there and back"


def test_tokens_between_those_of_the_teacher_have_what_stands_before():
    scores = TokenScores(np.array([[0.1, 0.9, 0, 0, 0], [0.8, 0, 0, 0, 0.2]]), [(0, 1), (4, 5)])
    found = onto_tokens(scores, "a ~ b", [(0, 1), (2, 3), (4, 5)])
    assert found.round(3).tolist() == [[0.1, 0.9, 0, 0, 0], [0.1, 0, 0.9, 0, 0], [0.8, 0, 0, 0, 0.2]]
    assert not onto_tokens(TokenScores(np.zeros((0, 5)), []), "ab", [(0, 2)]).any(), "nothing read, nothing said"


@pytest.mark.parametrize(("teacher", "student"), [("roberta", "bert"), ("deberta-v2", "modernbert")])
def test_a_sure_teacher_gives_its_student_the_marked_spans(teacher, student, annotations, tmp_path):
    """What is marked goes onto the teacher's tokens, from there onto the student's, and is found again."""
    folders = {name: save_encoder(name, tmp_path / name) for name in (teacher, student)}
    tokenizers = {name: start_model(str(each), Task.RECOMMENDATION).tokenizer for name, each in folders.items()}
    for session in read_folder(annotations / "corpus"):
        talk = session.transcript
        pieces = {name: tokenize(talk, each, window_tokens=128) for name, each in tokenizers.items()}
        labels = piece_labels(session, pieces[teacher], Task.RECOMMENDATION)
        sure = by_utterance(pieces[teacher], [np.eye(5)[np.maximum(each, 0)] for each in labels], len(talk))
        texts = [each.text for each in talk.utterances]
        taught = [onto_tokens(sure[at.utterance], texts[at.utterance], at.offsets) for at in pieces[student]]
        tables = [np.concatenate([np.eye(5)[:1], each]) for each in taught]
        found = find_recommendations(talk, by_utterance(pieces[student], tables, len(talk)), DecodingSettings())
        assert [(each.utterance, each.start, each.end, each.form) for each in found] == [
            (each.utterance, each.start, each.end, each.form) for each in session.recommendations
        ]


def test_teachers_are_averaged_and_speak_of_the_therapist_only(models, annotations):
    one = load_checkpoint(models / "recommendation", Task.RECOMMENDATION)
    other = load_checkpoint(models / "recommendation", Task.RECOMMENDATION)
    with torch.no_grad():
        other.model.classifier.bias += torch.tensor([0.0, 1.0, 0.0, -1.0, 0.0])
    talk = read_folder(annotations / "corpus")[0].transcript
    pieces = tokenize(talk, one.tokenizer, window_tokens=64)
    alone = [Teachers([each])(talk, pieces) for each in (one, other)]
    for piece, first, second, mean in zip(pieces, *alone, Teachers([one, other])(talk, pieces), strict=True):
        assert np.allclose(mean, (first + second) / 2)
        assert not mean[0].any(), "a role marker has no class"
        assert bool(mean[1:].any()) is (piece.role.value == "therapist")
    read = piece_scores(one, [talk], batch_tokens=1000)[0][1]
    assert np.allclose(alone[0][0][1:], read[0][1:], atol=1e-5), "a teacher with the student's tokens is read as it is"


def test_reviews_are_told_by_utterance(models, annotations, tmp_path):
    teacher = load_checkpoint(models / "review", Task.REVIEW)
    student = start_model(str(save_encoder("roberta", tmp_path)), Task.REVIEW, window_tokens=96)
    talk = read_folder(annotations / "corpus")[0].transcript
    classes = review_classes(*piece_scores(teacher, [talk], batch_tokens=1000)[0], len(talk))
    pieces = tokenize(talk, student.tokenizer, window_tokens=96)
    for piece, said in zip(pieces, Teachers([teacher])(talk, pieces), strict=True):
        assert said.shape == (len(piece.tokens), 3)
        assert np.allclose(said, classes[piece.utterance], atol=1e-6)


def test_hidden_states_are_the_mean_over_an_utterances_tokens(models, annotations):
    checkpoint = load_checkpoint(models / "review", Task.REVIEW)
    talk = read_folder(annotations / "corpus")[0].transcript
    states = utterance_states(checkpoint, talk)
    assert states.shape == (len(talk), 32)
    pieces = tokenize(talk, checkpoint.tokenizer, window_tokens=64)
    ids = torch.tensor([[2, *(token for piece in pieces for token in piece.tokens), 3]])
    assert ids.shape[1] <= 64, "the whole of it is one window"
    with torch.inference_mode():
        whole = checkpoint.model.base_model(input_ids=ids).last_hidden_state[0].numpy()
    at = 1
    for piece, state in zip(pieces, states, strict=True):
        assert np.allclose(state, whole[at : at + len(piece.tokens)].mean(axis=0), atol=1e-5)
        at += len(piece.tokens)


def test_hidden_states_that_agree_cost_nothing_and_other_sizes_are_projected(models):
    model = load_checkpoint(models / "review", Task.REVIEW).model
    utterance = torch.tensor([[-1, 0, 0, 1, -1], [-1, 0, 1, 1, 1]])
    taught = torch.randn(2, 2, 32)
    tokens = torch.stack([taught[row][each.clamp(min=0)] for row, each in enumerate(utterance)])
    match = HiddenMatch(model, 32, weight=3.0)
    batch = {"utterance": utterance, "states": tokens}
    assert float(match(tokens, batch)) == pytest.approx(0, abs=1e-5)
    assert float(match(-tokens, batch)) == pytest.approx(6, abs=1e-4), "twice the weight, for opposite states"
    assert not hasattr(model, PROJECTION)
    match = HiddenMatch(model, 48, weight=1.0)
    wide = {"utterance": utterance, "states": torch.randn(2, 5, 48)}
    match(tokens.requires_grad_(), wide).backward()
    assert getattr(model, PROJECTION).weight.grad.abs().sum() > 0
    match.detach()
    assert not hasattr(model, PROJECTION)


def distil(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["distill.py", *map(str, arguments)])
    script("distill").main()


@pytest.fixture
def transcripts(tmp_path):
    folder = tmp_path / "transcripts"
    folder.mkdir()
    for number in range(3):
        turns = "Therapist: How did it go?\nClient: Okay.\nTherapist: You could walk again this week.\n"
        (folder / f"{number}.txt").write_text(turns * (number + 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize("task", Task)
def test_a_student_of_two_teachers_goes_the_whole_way(
    task, models, tiny_base, annotations, transcripts, tmp_path, monkeypatch
):
    """One teacher with the student's tokens, one with others; sessions that nobody annotated; hidden states."""
    other = tmp_path / "roberta-teacher"
    roberta = save_encoder("roberta", tmp_path / "roberta")
    save_checkpoint(start_model(str(roberta), task, window_tokens=96, overlap_tokens=24), other)
    settings = {
        "task": task.value,
        "base": str(tiny_base),
        "mix": {"authored": 1, "unlabelled": 1},
        "passes": 2,
        "window_tokens": 64,
        "evaluations": 1,
        "evaluate_on": ["contrast"],
        "distill": {"teachers": ["absent"], "hidden": 0.5},
        "batch_windows": 2,
    }
    config = tmp_path / "distill.yaml"
    config.write_text(json.dumps(settings), encoding="utf-8")
    arguments = [config, "--unlabelled", transcripts, "--annotations", annotations, "--output", tmp_path / "student"]
    distil(monkeypatch, *arguments, "--teachers", models / task.value, other)
    student = load_checkpoint(tmp_path / "student", task)
    assert not hasattr(student.model, PROJECTION)
    record = json.loads((tmp_path / "student" / "run.json").read_text(encoding="utf-8"))
    assert record["data"]["sets"]["train"]["unlabelled"]["sessions"] == 3
    tagger = Tagger.from_pretrained(models, **{task.value: tmp_path / "student"})
    assert len(tagger.tag([("therapist", "You could walk."), ("client", "Okay.")]).utterances) == 2


def test_a_teacher_of_the_other_task_and_no_teacher_are_refused(models, tiny_base, annotations, tmp_path, monkeypatch):
    config = tmp_path / "plain.yaml"
    plain = {"task": "review", "base": str(tiny_base), "mix": {"authored": 1}, "evaluate_on": ["contrast"]}
    config.write_text(json.dumps(plain | {"window_tokens": 64}), encoding="utf-8")
    arguments = [config, "--annotations", annotations, "--output", tmp_path / "student"]
    with pytest.raises(SystemExit, match="names no teachers"):
        distil(monkeypatch, *arguments)
    with pytest.raises(SystemExit, match="a recommendation checkpoint where a review checkpoint is needed"):
        distil(monkeypatch, *arguments, "--teachers", models / "recommendation")
    assert not (tmp_path / "student").exists()
    with pytest.raises(ModelError):
        Teachers.load(["absent"], Task.REVIEW)
