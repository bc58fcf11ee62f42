"""Annotators' versions merged into one, and the list of what they disagree on."""

import json

import pytest

from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.adjudication import adjudicate
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.disagreements import disagreements
from action_recs.annotation.disagreements_page import write_page

TEXT = "Try walking 🚶 daily & reading at night."
TALK = Transcript.from_pairs([("therapist", TEXT), ("client", "<b>Okay</b>."), ("therapist", "Did you?")] * 2)


def marked(who, spans=(), runs=(), name="s1"):
    """Spans of the first utterance as (start, end[, attributes]); runs as (first, last[, attributes])."""
    return AnnotatedSession(
        name,
        TALK,
        tuple(
            AnnotatedRecommendation(
                0, start, end, TEXT[start:end], **{"form": Form.CASUAL, **(said[0] if said else {})}
            )
            for start, end, *said in spans
        ),
        tuple(AnnotatedReview(first, last, **(said[0] if said else {})) for first, last, *said in runs),
        annotator=who,
    )


@pytest.mark.parametrize(
    ("how", "versions", "expected"),
    [
        ("union", [[(0, 11)], [(4, 19)]], [(0, 19)]),
        ("intersection", [[(0, 11)], [(4, 19)]], [(4, 11)]),
        ("majority", [[(0, 11)], [(4, 19)]], [(4, 11)]),
        ("majority", [[(0, 11)], [(0, 19)], [(0, 19)]], [(0, 19)]),
        ("majority", [[(0, 11)], [], []], []),
        ("union", [[(0, 11)], [], []], [(0, 11)]),
        ("intersection", [[(0, 11)], []], []),
        # two actions that one annotator took for one
        ("intersection", [[(0, 19), (22, 38)], [(0, 38)]], [(0, 19), (22, 38)]),
        ("union", [[(0, 19), (22, 38)], [(0, 38)]], [(0, 38)]),
        # what touches is not joined
        ("union", [[(0, 4)], [(4, 11)]], [(0, 3), (4, 11)]),
        # no blanks at the ends
        ("intersection", [[(0, 12)], [(3, 20)]], [(4, 11)]),
    ],
)
def test_recommendations_are_voted_on_character_by_character(how, versions, expected):
    (merged,) = adjudicate([marked(who, spans) for who, spans in zip("abc", versions, strict=False)], how)
    assert [(span.start, span.end) for span in merged.recommendations] == expected
    assert all(span.text == TEXT[span.start : span.end] for span in merged.recommendations)
    assert merged.annotator == f"{how} of {', '.join('abc'[: len(versions)])}"


@pytest.mark.parametrize(
    ("how", "versions", "expected"),
    [
        ("union", [[(0, 2)], [(2, 4)]], [(0, 4)]),
        ("intersection", [[(0, 2)], [(2, 4)]], [(2, 2)]),
        ("union", [[(0, 1)], [(2, 4)]], [(0, 1), (2, 4)]),
        ("majority", [[(0, 1), (2, 3)], [(0, 3)], [(0, 1), (2, 3)]], [(0, 1), (2, 3)]),
    ],
)
def test_reviews_are_voted_on_utterance_by_utterance(how, versions, expected):
    (merged,) = adjudicate([marked(who, runs=runs) for who, runs in zip("abc", versions, strict=False)], how)
    assert [(run.first, run.last) for run in merged.reviews] == expected


def test_attributes_are_what_most_annotators_say():
    structured = {"form": Form.STRUCTURED, "category": "monitor", "id": "r1"}
    (merged,) = adjudicate(
        [
            marked("a", [(0, 11, {"id": "r1"})], [(2, 3)]),
            marked("b", [(0, 11, structured)], [(2, 3, {"adherence": "done", "of": ("s0.r1",)})]),
            marked("c", [(0, 11, structured)], [(2, 3, {"adherence": "done"})]),
        ]
    )
    assert merged.recommendations == (
        AnnotatedRecommendation(0, 0, 11, "Try walking", Form.STRUCTURED, id="r1", category="monitor"),
    )
    assert merged.reviews == (AnnotatedReview(2, 3, adherence="done", of=("s0.r1",)),)


def test_the_judge_decides_and_is_needed_only_where_annotators_disagree():
    sessions = [marked(who, [(0, 11)], name=name) for name in ("agreed", "judged") for who in ("a", "b")]
    sessions[-1] = marked("b", [(0, 19)], name="judged")
    judged = marked("judge", [(4, 11)], name="judged")
    assert [each.annotator for each in adjudicate([*sessions, judged], "judge", judge="judge")] == ["a", "judge"]
    with pytest.raises(AnnotationError, match="without the judge's marks: judged; have the judge"):
        adjudicate(sessions, "judge", judge="judge")


@pytest.mark.parametrize("wrong", [{"how": "vote"}, {"how": "judge"}, {"how": "union", "judge": "a"}])
def test_a_way_that_there_is_not_is_an_error(wrong):
    with pytest.raises(AnnotationError):
        adjudicate([marked("a")], **wrong)


def test_every_disagreement_is_listed_once():
    structured = {"form": Form.STRUCTURED}
    found = disagreements(
        [
            marked("a", [(0, 11), (22, 29)], [(0, 1), (4, 5)]),
            marked("b", [(0, 19), (22, 29, structured)], [(4, 5)]),
            marked("a", [(0, 3)], name="alone"),
        ]
    )
    assert [(each.label.value, each.first, each.last, each.kind) for each in found] == [
        ("recommendation", 0, 0, "extent"),
        ("recommendation", 0, 0, "form"),
        ("review", 0, 1, "only some"),
    ]
    assert found[0].to_dict()["versions"] == [
        {"annotator": "a", "marks": [{"utterance": 0, "start": 0, "end": 11, "form": "casual"}]},
        {"annotator": "b", "marks": [{"utterance": 0, "start": 0, "end": 19, "form": "casual"}]},
    ]
    assert found[2].to_dict()["versions"] == [
        {"annotator": "a", "marks": [{"first": 0, "last": 1}]},
        {"annotator": "b", "marks": []},
    ]


def test_the_page_shows_each_version_in_its_context_and_nothing_as_markup(tmp_path):
    path = tmp_path / "page.html"
    assert write_page([marked("a", [(0, 11)]), marked("<i>b</i>", [(22, 29)])], path) == 2
    page = path.read_text(encoding="utf-8")
    assert '<mark class="casual">Try walking</mark>' in page
    assert "daily &amp; " in page
    assert "&lt;b&gt;Okay&lt;/b&gt;" in page
    assert "<i>b" not in page
    assert "http:" not in page
    assert "https:" not in page


def test_annotators_who_agree_make_an_empty_page(tmp_path):
    assert write_page([marked("a", [(0, 11)]), marked("b", [(0, 11)])], tmp_path / "page.html") == 0


# What a judge decides, one disagreement after another.

STRUCTURED = {"form": Form.STRUCTURED, "category": "monitor", "id": "r1"}
ANN = marked("ann", [(0, 11), (22, 38, {"id": "r1"})], [(0, 1, {"adherence": "done"}), (4, 5)])
BOB = marked("bob", [(4, 19, STRUCTURED), (22, 38)], [(4, 5)])


def decided(*choices, judge="Kim", sessions=(ANN, BOB)):
    """What the page saves when the disagreements are decided in this way, in their order."""
    found = disagreements(sessions)
    entries = [{**each.to_dict(), **choice} for each, choice in zip(found, choices, strict=False)]
    return {"version": "1.0", "judge": judge, "decisions": entries}


@pytest.fixture
def saved(tmp_path):
    def save(content):
        path = tmp_path / "decisions.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return save


NONE = {"choice": "none"}
OWN = {"choice": "own", "marks": [{"utterance": 0, "start": 4, "end": 11, "form": "structured"}]}


@pytest.mark.parametrize(
    ("choices", "spans", "runs"),
    [
        (({"choice": "annotator", "annotator": "ann"}, NONE), [(0, 11, "casual")], []),
        (({"choice": "annotator", "annotator": "bob"}, NONE), [(4, 19, "structured")], []),
        (({"choice": "union"}, {"choice": "union"}), [(0, 19, "casual")], [(0, 1)]),
        ((NONE, {"choice": "annotator", "annotator": "bob"}), [], []),
        ((OWN, {"choice": "own", "marks": [{"first": 1, "last": 2}]}), [(4, 11, "structured")], [(1, 2)]),
    ],
    ids=["one", "the other", "both", "none", "own ends"],
)
def test_each_disagreement_becomes_what_was_decided_and_the_rest_stays(saved, choices, spans, runs):
    (merged,) = adjudicate([ANN, BOB], decisions=saved(decided(*choices)))
    found = [(span.start, span.end, span.form.value) for span in merged.recommendations]
    assert found == [*spans, (22, 38, "casual")]
    assert [(run.first, run.last) for run in merged.reviews] == [*runs, (4, 5)]
    assert merged.annotator == "Kim"


def test_what_is_said_of_a_mark_goes_with_it(saved):
    (merged,) = adjudicate([ANN, BOB], decisions=saved(decided(OWN, {"choice": "union"}, judge=None)))
    assert merged.annotator == "adjudicated"
    assert merged.recommendations[0].category == "monitor"
    assert [span.id for span in merged.recommendations] == ["r1", None]  # an id names one span
    assert merged.reviews[0].adherence == "done"


def test_what_is_not_decided_is_an_error_or_merged_by_the_rule(saved):
    path = saved(decided({"choice": "annotator", "annotator": "bob"}))
    with pytest.raises(AnnotationError, match="not decided: session s1, review, utterances 0 to 1; decide it"):
        adjudicate([ANN, BOB], decisions=path)
    (merged,) = adjudicate([ANN, BOB], "union", decisions=path)
    assert [(span.start, span.end) for span in merged.recommendations] == [(4, 19), (22, 38)]
    assert [(run.first, run.last) for run in merged.reviews] == [(0, 1), (4, 5)]


def test_decisions_on_other_versions_do_not_count(saved):
    path = saved(decided(NONE, NONE))
    changed = marked("bob", [(4, 11, STRUCTURED), (22, 38)], [(4, 5)])
    with pytest.raises(AnnotationError) as caught:
        adjudicate([ANN, changed], decisions=path)
    assert "no disagreement between these versions: session s1, recommendation, utterance 0" in str(caught.value)
    assert "not decided: session s1, recommendation" in str(caught.value)


@pytest.mark.parametrize(
    ("marks", "words"),
    [
        ([{"utterance": 0, "start": 4, "end": 99, "form": "casual"}], "outside of the text"),
        ([{"utterance": 1, "start": 0, "end": 4, "form": "casual"}], "not an utterance of the therapist"),
        ([{"utterance": 0, "start": 20, "end": 38, "form": "casual"}], "overlap"),
        ([{"utterance": 0, "start": 4, "form": "casual"}], "decision 1: not of the form"),
        ([{"utterance": 0, "start": 4, "end": 11, "form": "loose"}], "decision 1: not of the form"),
    ],
)
def test_a_mark_of_the_judge_is_held_to_the_rules_too(saved, marks, words):
    with pytest.raises(AnnotationError, match=words) as caught:
        adjudicate([ANN, BOB], decisions=saved(decided({"choice": "own", "marks": marks}, NONE)))
    assert "walking" not in str(caught.value)


@pytest.mark.parametrize("content", ["[]", "no JSON", {"version": "2.0", "decisions": []}, {"version": "1.0"}])
def test_a_file_that_holds_no_decisions_is_refused(saved, content):
    with pytest.raises(AnnotationError, match=r"decisions\.json: no"):
        adjudicate([ANN, BOB], decisions=saved(content))
