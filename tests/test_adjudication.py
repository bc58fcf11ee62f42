"""Annotators' versions merged into one, and the list of what they disagree on."""

import pytest

from action_recs import AnnotationError, Form, Transcript
from action_recs.annotation.adjudication import adjudicate
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.disagreements import disagreements, write_page

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
    assert found[0].to_dict()["marks"] == {"a": [[0, 0, 11]], "b": [[0, 0, 19]]}


def test_the_page_shows_each_version_in_its_context_and_nothing_as_markup(tmp_path):
    path = tmp_path / "page.html"
    assert write_page([marked("a", [(0, 11)]), marked("<i>b</i>", [(22, 29)])], path) == 2
    page = path.read_text(encoding="utf-8")
    assert "<mark title=casual>Try walking</mark>" in page
    assert "daily &amp; " in page
    assert "&lt;b&gt;Okay&lt;/b&gt;" in page
    assert "<i>b" not in page
    assert "http" not in page


def test_annotators_who_agree_make_an_empty_page(tmp_path):
    assert write_page([marked("a", [(0, 11)]), marked("b", [(0, 11)])], tmp_path / "page.html") == 0
