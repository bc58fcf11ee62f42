"""Sessions divided into sets, checked for leaks, and laid into windows."""

import random

import pytest

from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.dataset import split_sessions, to_dataset
from action_recs.annotation.leakage import leaks
from action_recs.checkpoint import ReadingSettings, Task

WORDS = ["walk", "cook", "call", "write", "every", "evening", "this", "week", "how", "did", "it", "go", "her"]


def session(number, *, client=None, spans=0, run=None, annotator=None, words=40):
    draw = random.Random(number)
    said = [("therapist" if at % 2 == 0 else "client", " ".join(draw.choices(WORDS, k=words // 8))) for at in range(8)]
    talk = Transcript.from_pairs(said)
    texts = [utterance.text for utterance in talk.utterances]
    return AnnotatedSession(
        f"s{number}",
        talk,
        tuple(
            AnnotatedRecommendation(
                2 * at, 0, len(texts[2 * at]), texts[2 * at], Form.STRUCTURED if at else Form.CASUAL
            )
            for at in range(spans)
        ),
        (AnnotatedReview(*run),) if run else (),
        annotator=annotator,
        group=client or f"c{number}",
    )


def test_a_client_is_in_one_set_with_all_sessions_and_annotators():
    sessions = [session(n, client=f"c{n % 10}", annotator=who) for n in range(30) for who in ("ann", "bob")]
    split = split_sessions(sessions)
    groups = [{each.group for each in members} for members in split.sets.values()]
    assert sorted(group for names in groups for group in names) == sorted({each.group for each in sessions})
    assert {name: len(members) for name, members in split.sets.items()} == {"train": 48, "validation": 6, "test": 6}


def test_every_set_has_its_share_of_every_label():
    rare = [session(n, spans=2, run=(0, 3)) for n in range(10)]
    common = [session(n) for n in range(10, 100)]
    counts = {name: report["counts"] for name, report in split_sessions([*common, *rare]).to_dict()["sets"].items()}
    assert [counts[name]["structured"] for name in ("train", "validation", "test")] == [8, 1, 1]
    assert [counts[name]["reviewed utterances"] for name in ("train", "validation", "test")] == [32, 4, 4]
    assert [counts[name]["sessions"] for name in ("train", "validation", "test")] == [80, 10, 10]


def test_a_seed_fixes_the_split_and_the_order_of_sessions_does_not_matter():
    sessions = [session(n) for n in range(40)]
    ids = [
        [sorted(each.id for each in members) for members in split_sessions(given, seed=seed).sets.values()]
        for given, seed in ((sessions, 1), (sessions[::-1], 1), (sessions, 2))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_no_set_stays_empty():
    split = split_sessions([session(n) for n in range(3)])
    assert [len(members) for members in split.sets.values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("sessions", "shares", "words"),
    [
        ([session(1)], {"train": 0.5, "test": 0.5}, "1 groups cannot be divided into 2 sets"),
        ([session(1)], {"train": 0}, "above 0"),
        ([session(1)], {"train": float("nan")}, "above 0"),
        ([session(1), session(1, client="x", annotator="b")], {"train": 1}, "in two groups: s1"),
    ],
)
def test_what_cannot_be_divided_is_an_error(sessions, shares, words):
    with pytest.raises(AnnotationError, match=words):
        split_sessions(sessions, shares)


def test_copies_and_excerpts_in_other_sets_are_found():
    whole, other = session(1, words=400), session(2, words=400)
    half = AnnotatedSession("half", Transcript(whole.transcript.utterances[:4]))
    found = leaks({"train": [whole, other], "test": [half, AnnotatedSession("copy", other.transcript)]})
    assert [(leak.sets, leak.sessions) for leak in found] == [
        (("train", "test"), ("s1", "half")),
        (("train", "test"), ("s2", "copy")),
    ]
    assert leaks({"train": [whole, half], "test": [other]}) == []


def test_near_duplicates_of_different_clients_are_reported():
    sessions = [session(n) for n in range(9)]
    sessions.append(AnnotatedSession("copy", sessions[0].transcript, group="another"))
    split = split_sessions(sessions, {"train": 0.5, "test": 0.5}, seed=2)
    together = any({"s0", "copy"} <= {each.id for each in members} for members in split.sets.values())
    assert bool(split.leaks) is not together


@pytest.mark.parametrize("task", Task)
def test_windows_of_every_set(tokenizer, task):
    sets = split_sessions([session(n, spans=2, run=(0, 3)) for n in range(6)], {"train": 2, "test": 1}).sets
    made = to_dataset(sets, tokenizer, ReadingSettings(task, window_tokens=64, overlap_tokens=16))
    assert set(made) == {"train", "test"}
    for rows in made.values():
        assert rows.column_names == ["input_ids", "attention_mask", "labels"]
        assert all(len(row["input_ids"]) == len(row["labels"]) <= 64 for row in rows)
        assert {label for row in rows for label in row["labels"]} >= {-100, 0, 1, 2}
    again = to_dataset(sets, tokenizer, ReadingSettings(task, window_tokens=64, overlap_tokens=16))
    assert made["train"].to_list() == again["train"].to_list()
