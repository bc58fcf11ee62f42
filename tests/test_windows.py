"""Windows of tokens: laid over a session, and read back."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs import Role, Transcript
from action_recs.windows import ROLE_MARKERS, Piece, Window, make_windows, read_out, tokenize, window_ids


@st.composite
def layouts(draw):
    """Piece lengths, each at most half a window, with a window and an overlap that fit."""
    window = draw(st.integers(8, 40))
    lengths = draw(st.lists(st.integers(1, (window - 2) // 2), max_size=40))
    first = draw(st.none() | st.integers(window // 3, window))
    return lengths, {
        "window_tokens": window,
        "overlap_tokens": draw(st.integers(0, window // 2)),
        "first_window_tokens": first,
    }


@given(layouts())
def test_every_piece_is_owned_by_exactly_one_window_and_every_window_fits(layout):
    lengths, limits = layout
    windows = make_windows(lengths, **limits)
    owned = [piece for window in windows for piece in range(window.owned_first, window.owned_last + 1)]
    assert owned == list(range(len(lengths)))
    for window in windows:
        assert window.tokens == sum(lengths[window.first : window.last + 1]) + 2 <= limits["window_tokens"]
        assert window.first <= window.owned_first
        assert window.owned_last <= window.last


@given(layouts())
def test_windows_go_forward(layout):
    lengths, limits = layout
    windows = make_windows(lengths, **limits)
    for before, after in itertools.pairwise(windows):
        assert before.first < after.first <= before.last + 1
        assert before.last < after.last


@pytest.mark.parametrize(
    ("lengths", "limits", "expected"),
    [
        ([], {"window_tokens": 14, "overlap_tokens": 4}, []),
        ([1], {"window_tokens": 14, "overlap_tokens": 4}, [Window(0, 0, 0, 0, 3)]),
        ([4, 4, 4], {"window_tokens": 14, "overlap_tokens": 4}, [Window(0, 2, 0, 2, 14)]),
        (
            [4, 4, 4, 4],
            {"window_tokens": 14, "overlap_tokens": 0},
            [Window(0, 2, 0, 2, 14), Window(3, 3, 3, 3, 6)],
        ),
        (
            [4, 4, 4, 4],
            {"window_tokens": 14, "overlap_tokens": 8},
            [Window(0, 2, 0, 1, 14), Window(1, 3, 2, 3, 14)],
        ),
        (
            [4, 4, 4],
            {"window_tokens": 14, "overlap_tokens": 0, "first_window_tokens": 7},
            [Window(0, 0, 0, 0, 6), Window(1, 2, 1, 2, 10)],
        ),
    ],
)
def test_layouts(lengths, limits, expected):
    assert make_windows(lengths, **limits) == expected


@given(layouts())
def test_every_piece_gets_its_own_rows_back(layout):
    lengths, limits = layout
    pieces = [Piece(at, Role.CLIENT, tuple([at] * length), ()) for at, length in enumerate(lengths)]
    windows = make_windows(lengths, **limits)
    tables = []
    for window in windows:
        inside = [(at, row) for at in range(window.first, window.last + 1) for row in range(lengths[at])]
        tables.append(np.array([(-1, -1), *inside, (-1, -1)]))
    found = [table.tolist() for table in read_out(windows, tables, pieces)]
    assert found == [[[at, row] for row in range(length)] for at, length in enumerate(lengths)]


def marked(transcript, tokenizer, window_tokens=64):
    """Each piece as its utterance and the strings that its tokens cover, the marker spelled out."""
    return [
        (
            piece.utterance,
            tokenizer.convert_ids_to_tokens(piece.tokens[0]),
            [transcript.utterances[piece.utterance].text[start:end] for start, end in piece.offsets],
        )
        for piece in tokenize(transcript, tokenizer, window_tokens=window_tokens)
    ]


def test_an_utterance_is_its_marker_and_its_words(tokenizer):
    transcript = Transcript.from_pairs([("therapist", "You could walk."), ("client", ""), ("other", " Okay ")])
    assert marked(transcript, tokenizer) == [
        (0, "[THERAPIST]", ["You", "could", "walk", "."]),
        (1, "[CLIENT]", []),
        (2, "[OTHER]", ["Okay"]),
    ]


def test_a_long_utterance_is_divided_and_not_cut(tokenizer):
    transcript = Transcript.from_pairs([("client", "walk " * 10), ("therapist", "good")])
    assert marked(transcript, tokenizer, window_tokens=12) == [
        (0, "[CLIENT]", ["walk"] * 4),
        (0, "[CLIENT]", ["walk"] * 4),
        (0, "[CLIENT]", ["walk"] * 2),
        (1, "[THERAPIST]", ["good"]),
    ]


@pytest.mark.parametrize("text", ["[SEP]", "[PAD] walk", "[CLIENT]", "try [THERAPIST] again [CLS]"])
def test_special_tokens_that_are_spelled_out_are_ordinary_text(tokenizer, text):
    (piece,) = tokenize(Transcript.from_pairs([("client", text)]), tokenizer, window_tokens=64)
    special = {*tokenizer.all_special_ids, *tokenizer.convert_tokens_to_ids(list(ROLE_MARKERS.values()))}
    assert special & set(piece.tokens[1:]) == set()
    assert [text[start:end] for start, end in piece.offsets if text[start:end] == "["] == ["["] * text.count("[")


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=6))
def test_pieces_cover_the_words_in_order_and_fit_half_a_window(tokenizer, texts):
    pieces = tokenize(Transcript.from_pairs([("client", text) for text in texts]), tokenizer, window_tokens=16)
    assert sorted({piece.utterance for piece in pieces}) == list(range(len(texts)))
    assert [piece.utterance for piece in pieces] == sorted(piece.utterance for piece in pieces)
    for piece in pieces:
        assert len(piece.tokens) == len(piece.offsets) + 1 <= 7
    for index, text in enumerate(texts):
        offsets = [offset for piece in pieces if piece.utterance == index for offset in piece.offsets]
        assert offsets == sorted(offsets)
        covered = {at for start, end in offsets for at in range(start, end)}
        assert {at for at, each in enumerate(text) if each in "abcdefghijklmnopqrstuvwxyz0123456789"} <= covered


def test_a_window_is_opened_and_closed(tokenizer):
    transcript = Transcript.from_pairs([("client", "walk"), ("therapist", "good")])
    pieces = tokenize(transcript, tokenizer, window_tokens=64)
    (window,) = make_windows([2, 2], window_tokens=64, overlap_tokens=0)
    ids = window_ids(window, pieces, tokenizer)
    assert tokenizer.convert_ids_to_tokens(ids) == ["[CLS]", "[CLIENT]", "walk", "[THERAPIST]", "good", "[SEP]"]
