"""Agreement between annotators, from the smallest sessions whose figures can be worked out by hand."""

import json
import random

import pytest
from sklearn.metrics import cohen_kappa_score

from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.agreement import agreement, named
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession

TALK = Transcript.from_pairs(
    [("therapist" if number % 2 == 0 else "client", "Try walking daily.") for number in range(10)]
)


def marked(annotator, spans=(), runs=(), name="s1", talk=TALK):
    """Spans as utterance or (utterance, start, end[, form]); runs as (first, last)."""
    full = [(span, 0, 17) if isinstance(span, int) else span for span in spans]
    return AnnotatedSession(
        name,
        talk,
        tuple(
            AnnotatedRecommendation(at, start, end, talk.utterances[at].text[start:end], *form or [Form.CASUAL])
            for at, start, end, *form in full
        ),
        tuple(AnnotatedReview(*run) for run in runs),
        annotator=annotator,
    )


def figures(*sessions, label="recommendation"):
    return agreement(sessions, draws=50).pairs[0].labels[label]


@pytest.mark.parametrize(
    ("one", "other", "kappa", "utterance", "strict", "overlap"),
    [
        ([0, 2], [0, 2], 1, 1, 1, 1),
        ([0, 2], [0, 4], 1 / 6, 1 / 2, 1 / 2, 1 / 2),
        ([0], [2], -0.25, 0, 0, 0),
        ([0], [], 0, 0, 0, 0),
        ([(0, 0, 17)], [(0, 0, 9)], 1, 1, 0, 1),
        ([(0, 0, 17)], [(0, 0, 8)], 1, 1, 0, 0),
        ([(0, 0, 3), (0, 4, 11)], [(0, 0, 11)], 1, 1, 0, 2 / 3),
        ([0, 2, 4, 6, 8], [0, 2, 4, 6], 0, 8 / 9, 8 / 9, 8 / 9),
    ],
)
def test_recommendations(one, other, kappa, utterance, strict, overlap):
    found = figures(marked("ann", one), marked("bob", other))
    values = [found.kappa.value, found.utterance_f1.value, found.strict_f1.value, found.overlap_f1.value]
    assert values == pytest.approx([kappa, utterance, strict, overlap])


@pytest.mark.parametrize(
    ("one", "other", "kappa", "utterance", "strict", "overlap"),
    [
        ([(0, 3)], [(0, 3)], 1, 1, 1, 1),
        ([(0, 3)], [(0, 4)], 0.8, 8 / 9, 0, 1),
        ([(0, 4)], [(5, 9)], -1, 0, 0, 0),
        ([(0, 1), (2, 3)], [(0, 3)], 1, 1, 0, 2 / 3),
    ],
)
def test_reviews(one, other, kappa, utterance, strict, overlap):
    found = figures(marked("ann", runs=one), marked("bob", runs=other), label="review")
    values = [found.kappa.value, found.utterance_f1.value, found.strict_f1.value, found.overlap_f1.value]
    assert values == pytest.approx([kappa, utterance, strict, overlap])


def test_what_nobody_marked_is_undefined_and_not_zero():
    found = agreement([marked("ann"), marked("bob")], draws=50)
    assert found.pairs[0].labels["recommendation"].to_dict()["kappa"] is None
    assert found.alpha["review"] is None
    assert "NaN" not in json.dumps(found.to_dict())


def test_kappa_is_that_of_scikit_learn():
    draw = random.Random(3)
    for _ in range(20):
        one, other = (sorted(draw.sample(range(0, 10, 2), draw.randint(1, 4))) for _ in range(2))
        expected = cohen_kappa_score(*([int(at in marks) for at in range(0, 10, 2)] for marks in (one, other)))
        assert figures(marked("ann", one), marked("bob", other)).kappa.value == pytest.approx(expected)


def test_the_form_of_matched_recommendations_has_a_kappa_of_its_own():
    ours = [(0, 0, 17, Form.CASUAL), (2, 0, 17, Form.STRUCTURED), (4, 0, 17, Form.CASUAL)]
    theirs = [(0, 0, 17, Form.CASUAL), (2, 0, 16, Form.STRUCTURED), (6, 0, 17, Form.STRUCTURED)]
    assert agreement([marked("ann", ours), marked("bob", theirs)], draws=50).pairs[0].form_kappa.value == 1


def test_krippendorffs_alpha_takes_annotators_who_did_not_mark_every_session():
    """Worked by hand: units a=(1,1,1), b=(1,0,0), c=(0,0), each in a session of one utterance."""
    talk = Transcript.from_pairs([("therapist", "Try walking daily.")])
    sessions = [marked(who, [0], name="a", talk=talk) for who in ("ann", "bob", "cy")]
    sessions += [marked("ann", [0], name="b", talk=talk), marked("bob", name="b", talk=talk)]
    sessions += [
        marked("cy", name="b", talk=talk),
        marked("ann", name="c", talk=talk),
        marked("bob", name="c", talk=talk),
    ]
    found = agreement(sessions, draws=200)
    assert found.alpha["recommendation"].value == pytest.approx(1 - 7 * (1 * 2 / 2) / (4 * 4))
    assert [pair.annotators for pair in found.pairs] == [("ann", "bob"), ("ann", "cy"), ("bob", "cy")]
    assert [pair.sessions for pair in found.pairs] == [3, 2, 2]


def test_intervals_come_from_whole_sessions_and_a_seed():
    good = [marked(who, [0, 2], name=f"good{number}") for number in range(6) for who in ("ann", "bob")]
    bad = [marked(who, [at], name=f"bad{number}") for number in range(6) for who, at in (("ann", 0), ("bob", 4))]
    estimate = figures(*good, *bad).utterance_f1
    assert 0 < estimate.low < estimate.value < estimate.high < 1
    assert figures(*good, *bad).utterance_f1 == estimate
    same = figures(*(marked(who, [0, at], name=f"s{n}") for n in range(9) for who, at in (("ann", 2), ("bob", 4))))
    assert same.utterance_f1.low == same.utterance_f1.value == same.utterance_f1.high == 0.5


def test_sessions_of_one_annotator_are_listed_and_left_out():
    found = agreement([marked("ann"), marked("bob"), marked("ann", name="s2")], draws=50)
    assert (found.sessions, found.alone) == (1, ("s2",))


def test_every_session_that_cannot_be_compared_is_reported_without_its_text():
    other = Transcript.from_pairs([("therapist", "Try walking dally.")] + [("client", "x")] * 9)
    short = Transcript.from_pairs([("therapist", "Try walking daily.")])
    with pytest.raises(AnnotationError) as caught:
        agreement(
            [
                *(marked("ann", name=name) for name in "abc"),
                marked("bob", name="a", talk=other),
                marked("bob", name="b", talk=short),
                marked("ann", name="c"),
            ]
        )
    assert str(caught.value).splitlines() == [
        "session a: utterance 0, character 14 differs between ann and bob; give both the same text",
        "session b: the number of utterances (10, 1) differs between ann and bob; give both the same text",
        "session c: marked twice by ann; give each version its own annotator",
    ]


def test_annotators_that_no_file_names_are_told_apart_by_a_given_name():
    with pytest.raises(AnnotationError, match="marked twice by unnamed"):
        agreement([marked(None), marked(None)])
    assert agreement([*named([marked(None)], "a"), *named([marked(None)], "b")], draws=20).annotators == ("a", "b")


def test_nothing_in_common_is_an_error():
    with pytest.raises(AnnotationError, match="none of 2 sessions was marked by two annotators"):
        agreement([marked("ann", name="a"), marked("bob", name="b")])


def test_the_rows_of_a_table():
    rows = agreement([marked("ann", [0]), marked("bob", [0])], draws=20).rows()
    assert rows[0] == ("recommendation", "kappa", "ann - bob", "1.000 [1.000, 1.000]")
    assert rows[-1] == ("review", "alpha", "all", "undefined")
