"""Scores -> spans and runs."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs import Form, Recommendation, Review, Role, Transcript
from action_recs.decoding import (
    DecodingSettings,
    TokenScores,
    by_utterance,
    find_recommendations,
    find_reviews,
    recommendation_scores,
    review_classes,
    review_scores,
)
from action_recs.windows import Piece

SETTINGS = DecodingSettings(threshold=0.5, floor=0.3, split=0.5)
OUT = (1, 0, 0, 0, 0)
LOW = (0.6, 0, 0.4, 0, 0)  # above the floor, below the threshold
BEGINS, INSIDE = (0.1, 0.9, 0, 0, 0), (0.2, 0, 0.8, 0, 0)
TASK_BEGINS, TASK = (0.1, 0, 0, 0.9, 0), (0.2, 0, 0, 0, 0.8)


def words(text):
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def spans(text, classes, offsets=None, role="therapist", settings=SETTINGS):
    transcript = Transcript.from_pairs([(role, text)])
    offsets = words(text) if offsets is None else offsets
    table = np.array(classes, dtype=float).reshape(len(offsets), 5)
    return find_recommendations(transcript, [TokenScores(table, offsets)], settings)


@pytest.mark.parametrize(
    ("text", "classes", "expected"),
    [
        ("", [], []),
        ("walk", [OUT], []),
        ("walk", [LOW], []),
        ("walk", [BEGINS], [("walk", Form.CASUAL, 0.9)]),
        ("walk", [INSIDE], [("walk", Form.CASUAL, 0.8)]),
        ("walk", [TASK], [("walk", Form.STRUCTURED, 0.8)]),
        ("so walk daily, okay", [OUT, BEGINS, INSIDE, OUT, OUT], [("walk daily", Form.CASUAL, 0.9)]),
        ("so walk daily now", [LOW, INSIDE, LOW, OUT], [("so walk daily", Form.CASUAL, 0.8)]),
        ("walk or swim", [BEGINS, OUT, TASK_BEGINS], [("walk", Form.CASUAL, 0.9), ("swim", Form.STRUCTURED, 0.9)]),
        ("so walk daily", [LOW, BEGINS, LOW], [("walk daily", Form.CASUAL, 0.9)]),
        ("walk daily swim", [BEGINS, INSIDE, BEGINS], [("walk daily", Form.CASUAL, 0.9), ("swim", Form.CASUAL, 0.9)]),
        ("walk daily", [TASK_BEGINS, INSIDE], [("walk daily", Form.STRUCTURED, 0.9)]),
        ("walk, daily.", [BEGINS, INSIDE, INSIDE, INSIDE], [("walk, daily", Form.CASUAL, 0.9)]),
        (", walk!", [INSIDE, INSIDE, INSIDE], [("walk", Form.CASUAL, 0.8)]),
        ("...", [OUT, INSIDE, OUT], []),
    ],
)
def test_spans(text, classes, expected):
    found = spans(text, classes)
    assert [(span.text, span.form, round(span.score, 3)) for span in found] == expected
    assert [(span.utterance, text[span.start : span.end]) for span in found] == [(0, span.text) for span in found]


def test_a_span_has_its_place_in_its_own_utterance():
    transcript = Transcript.from_pairs([("therapist", "walk"), ("therapist", "now walk")])
    tokens = [TokenScores(np.array([OUT]), [(0, 4)]), TokenScores(np.array([OUT, BEGINS]), [(0, 3), (4, 8)])]
    assert find_recommendations(transcript, tokens, SETTINGS) == [
        Recommendation(utterance=1, start=4, end=8, text="walk", form=Form.CASUAL, score=pytest.approx(0.9))
    ]


@pytest.mark.parametrize("role", ["client", "other"])
def test_only_the_therapist_recommends(role):
    transcript = Transcript.from_pairs([(role, "walk")])
    tokens = [TokenScores(np.array([BEGINS]), [(0, 4)])]
    assert spans("walk", [BEGINS], role=role) == []
    assert recommendation_scores(transcript, tokens).tolist() == [0.0]


def test_a_span_takes_whole_words():
    assert [span.text for span in spans("try walking", [OUT, BEGINS, OUT], [(0, 3), (4, 8), (8, 11)])] == ["walking"]
    assert [span.text for span in spans("try walking", [OUT, OUT, BEGINS], [(0, 3), (4, 8), (8, 11)])] == ["walking"]


@pytest.mark.parametrize(
    "classes",
    [
        pytest.param([BEGINS, OUT, BEGINS], id="falls below the floor inside a word"),
        pytest.param([BEGINS, INSIDE, BEGINS], id="is divided inside a word"),
    ],
)
def test_one_word_is_never_in_two_spans(classes):
    found = spans("unwalkable", classes, [(0, 2), (2, 6), (6, 10)])
    assert [(span.start, span.end) for span in found] == [(0, 10)]


@st.composite
def scored_texts(draw):
    text = draw(st.text(st.sampled_from("ab ,.é'-"), max_size=12))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=len(text) + 1)) | {0, len(text)})
    offsets = [(start, end) for start, end in itertools.pairwise(cuts) if text[start:end].strip()]
    weights = draw(st.lists(st.tuples(*[st.integers(0, 9)] * 5), min_size=len(offsets), max_size=len(offsets)))
    table = (np.array(weights, dtype=float).reshape(-1, 5) + 0.01) / (
        np.array(weights, dtype=float).reshape(-1, 5) + 0.01
    ).sum(axis=1, keepdims=True)
    return text, table, offsets


@given(scored_texts(), st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_spans_slice_their_text_and_stand_apart(scored, threshold, floor, split):
    text, table, offsets = scored
    found = spans(text, table, offsets, settings=DecodingSettings(threshold, floor, split))
    assert [text[span.start : span.end] for span in found] == [span.text for span in found]
    assert all(span.text.strip() == span.text != "" for span in found)
    assert all(threshold <= span.score <= 1 for span in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


def run_scores(*inside_and_begin):
    return np.array([(1 - inside, begin, inside - begin) for inside, begin in inside_and_begin]).reshape(-1, 3)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], []),
        ([(0.1, 0.1)], []),
        ([(0.4, 0.4)], []),
        ([(0.9, 0.9)], [(0, 0, 0.9)]),
        ([(0.4, 0), (0.9, 0.4), (0.4, 0), (0.1, 0)], [(0, 2, 0.9)]),
        ([(0.9, 0.9), (0.1, 0), (0.8, 0)], [(0, 0, 0.9), (2, 2, 0.8)]),
        ([(0.9, 0.9), (0.8, 0), (0.9, 0.9), (0.8, 0)], [(0, 1, 0.9), (2, 3, 0.9)]),
        ([(0.9, 0.9), (0.8, 0), (0.7, 0.4), (0.8, 0)], [(0, 3, 0.9)]),
    ],
)
def test_runs(scores, expected):
    found = find_reviews(run_scores(*scores), SETTINGS)
    assert [(run.first, run.last, round(run.score, 3)) for run in found] == expected


def test_a_threshold_below_the_floor_lowers_the_floor():
    settings = DecodingSettings(threshold=0.2, floor=0.6)
    assert find_reviews(run_scores((0.3, 0.3)), settings) == [Review(0, 0, score=pytest.approx(0.3))]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12), st.floats(0.05, 0.95))
def test_an_utterance_that_reaches_the_threshold_lies_in_exactly_one_run(pairs, threshold):
    classes = run_scores(*((inside, inside * share) for inside, share in pairs))
    runs = find_reviews(classes, DecodingSettings(threshold=threshold))
    members = [index for run in runs for index in range(run.first, run.last + 1)]
    assert members == sorted(set(members))
    reach = {index for index, score in enumerate(review_scores(classes)) if score >= threshold}
    assert reach <= set(members)


def test_the_pieces_of_a_long_utterance_are_joined():
    pieces = [
        Piece(0, Role.THERAPIST, (7, 1), ((0, 4),)),
        Piece(0, Role.THERAPIST, (7, 2), ((5, 9),)),
        Piece(1, Role.CLIENT, (8,), ()),
    ]
    marker = (0.05, 0.95, 0, 0, 0)
    long, empty = by_utterance(pieces, [np.array(t) for t in ([marker, OUT], [marker, INSIDE], [marker])], 2)
    assert (long.classes.tolist(), long.offsets) == ([list(OUT), list(INSIDE)], [(0, 4), (5, 9)])
    assert (empty.classes.shape, empty.offsets) == ((0, 5), [])
    assert recommendation_scores(
        Transcript.from_pairs([("therapist", "walk walk"), ("client", "")]), [long, empty]
    ) == (pytest.approx([0.8, 0]))


def test_all_tokens_of_an_utterance_and_its_markers_say_whether_it_is_a_review():
    pieces = [
        Piece(0, Role.CLIENT, (8, 1), ((0, 4),)),
        Piece(0, Role.CLIENT, (8,), ()),
        Piece(1, Role.CLIENT, (8,), ()),
    ]
    tables = [np.array(table) for table in ([(0, 1, 0), (1, 0, 0)], [(0.5, 0, 0.5)], [(0.7, 0, 0.3)])]
    expected = [[0.5, 1 / 3, 0.5 / 3], [0.7, 0, 0.3]]
    assert review_classes(pieces, tables, 2) == pytest.approx(np.array(expected))
