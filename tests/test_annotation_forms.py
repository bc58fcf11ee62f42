"""The same two annotators' marks, exported from every tool, and written in every form."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from action_recs import AnnotationError, Form, OutputError, Role, Transcript, Utterance
from action_recs.annotation import load_annotations, write_annotations
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.document import lay_out, read_document
from action_recs.annotation.formats import EVERYTHING, formats, named_format
from action_recs.annotation.offsets import from_utf16, to_utf16

FIXTURES = Path(__file__).parent / "fixtures" / "annotated"

SAID = (
    (Role.THERAPIST, "How did the walk to the café go? 😀"),
    (Role.CLIENT, "Twice,\tin the rain."),
    (Role.THERAPIST, "Well done 👍. Maybe try yoga this week, and write it down every evening."),
)
MARKED = {
    "anna": {("casual", "Maybe try yoga this week"), ("structured", "write it down every evening"), ("review", 0, 1)},
    "ben": {("casual", "try yoga this week"), ("review", 0, 1)},
}
NAMES = "names:\n  Homework: recommendation\n  Homework review: review\n"


def marks(session):
    spans = {(span.form.value, span.text) for span in session.recommendations}
    return spans | {("review", run.first, run.last) for run in session.reviews}


def said(session):
    return tuple((utterance.role, utterance.text) for utterance in session.transcript.utterances)


@pytest.mark.parametrize(
    ("export", "form", "annotators"),
    [
        ("label_studio_dialogue.json", "label-studio", {"anna@example.org": "anna", "ben@example.org": "ben"}),
        ("label_studio_text.json", "label-studio", {"1": "anna", "2": "ben"}),
        ("label_studio_min.json", "label-studio", {"1": "anna", "2": "ben"}),
        ("doccano", "doccano", {"anna": "anna", "ben": "ben"}),
        ("doccano_relations/all.jsonl", "doccano", {None: "anna"}),
        ("prodigy.jsonl", "prodigy", {"homework-anna": "anna", "homework-ben": "ben"}),
        ("brat", "brat", {"anna": "anna", "ben": "ben"}),
        ("columns.conll", "conll", {"anna": "anna", "ben": "ben"}),
    ],
)
def test_the_same_marks_come_out_of_every_tool(export, form, annotators, tmp_path):
    names = tmp_path / "names.yaml"
    names.write_text(NAMES, encoding="utf-8")
    for chosen in ("auto", form):
        sessions = [each for each in load_annotations(FIXTURES / export, chosen, schema=names) if each.id == "s1"]
        assert [each.annotator for each in sessions] == list(annotators)
        for session, who in zip(sessions, annotators.values(), strict=True):
            assert said(session) == SAID
            assert marks(session) == MARKED[who]


def test_label_studio_cancelled_is_nothing_and_empty_is_a_session_without_marks(tmp_path):
    (tmp_path / "names.yaml").write_text(NAMES, encoding="utf-8")
    sessions = load_annotations(FIXTURES / "label_studio_dialogue.json", schema=tmp_path / "names.yaml")
    assert [(each.id, each.annotator, len(each.recommendations)) for each in sessions] == [
        ("s1", "anna@example.org", 2),
        ("s1", "ben@example.org", 1),
        ("s2", "anna@example.org", 0),
    ]
    assert sessions[0].reviews == (AnnotatedReview(0, 1, adherence="done", target="the walk"),)


def test_relations_say_what_restates_what():
    (session,) = load_annotations(FIXTURES / "doccano_relations")
    yoga, write = session.recommendations
    assert yoga.id is not None
    assert write.restates == yoga.id
    brat = load_annotations(FIXTURES / "brat" / "anna")[0]
    assert (brat.recommendations[0].id, brat.recommendations[1].restates) == ("T2", "T2")
    assert brat.reviews == (AnnotatedReview(0, 1, adherence="done", target="the walk"),)


@pytest.mark.parametrize("text", ["T: Walk 👍 daily.\nC: Ok.\n", "T: Walk 👍 daily.\r\nC: Ok.\r\n"])
def test_a_label_studio_text_of_before_code_points_is_told_by_its_words(tmp_path, text):
    start = text.index("daily")
    value = {"start": start + 1, "end": start + 6, "text": "daily", "labels": ["recommendation"]}
    task = {
        "id": 1,
        "data": {"text": text},
        "annotations": [{"id": 2, "result": [{"type": "labels", "id": "a", "value": value}]}],
    }
    (tmp_path / "old.json").write_text(json.dumps([task]), encoding="utf-8")
    (session,) = load_annotations(tmp_path / "old.json")
    assert [span.text for span in session.recommendations] == ["daily"]


def test_records_of_one_utterance_each_make_sessions(tmp_path):
    lines = [
        {"text": "Did you walk?", "label": [[0, 13, "review"]], "session_id": 4, "speaker": "Therapist"},
        {"text": "I did.", "label": [[0, 6, "review"]], "session_id": 4, "speaker": "Client"},
        {"text": "Walk again.", "label": [[0, 10, "recommendation"]], "session_id": 4, "speaker": "Therapist"},
        {"text": "Hello.", "label": [], "session_id": 5, "speaker": "Therapist"},
    ]
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    first, second = load_annotations(path)
    assert (first.id, second.id, len(second.transcript)) == ("4", "5", 1)
    assert first.reviews == (AnnotatedReview(0, 1),)
    assert [(span.utterance, span.text) for span in first.recommendations] == [(2, "Walk again")]


def test_what_a_model_tagged_is_read_as_its_annotation(tmp_path):
    tagged = {
        "session_id": "s1",
        "client_id": None,
        "utterances": [
            {"index": 0, "role": "therapist", "text": "Walk.", "labels": [], "scores": {"recommendation": 0.9}}
        ],
        "recommendations": [{"utterance": 0, "start": 0, "end": 4, "text": "Walk", "form": "casual", "score": 0.9}],
        "reviews": [],
        "review_percentage": 0.0,
    }
    (tmp_path / "tagged.jsonl").write_text(json.dumps(tagged) + "\n", encoding="utf-8")
    (session,) = load_annotations(tmp_path / "tagged.jsonl")
    assert session.annotator == "action_recs"
    assert write_annotations([session], tmp_path / "tasks.json", "label-studio") == {}
    (task,) = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    assert (task["annotations"], task["predictions"][0]["result"][0]["score"]) == ([], 0.9)
    assert load_annotations(tmp_path / "tasks.json") == [session]


def test_a_broken_brat_folder_is_told_by_file_line_and_mark(tmp_path):
    (tmp_path / "s1.txt").write_bytes(b"T: Rosebud, walk.\r\nC: Ok.\r\n")
    lines = ["T1\tRec 3 7;12 16\tRose walk", "Rosebud", "T2\tRec 99 100\tx", "T2\tRec 12 16\tRosebud"]
    (tmp_path / "s1.ann").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(AnnotationError) as caught:
        load_annotations(tmp_path)
    assert [(each.kind, each.record, each.offset) for each in caught.value.problems] == [
        ("unreadable", "s1.ann, line 2", None),
        ("duplicate-id", "s1.ann, line 4", None),
        ("discontinuous", "s1.ann, line 1, T1", 3),
        ("text-differs", "s1.ann, line 4, T2", 12),
    ]
    assert "Rosebud" not in str(caught.value)


# What every form is written with: all that a session can hold.


def whole_session(annotator):
    utterances = (
        Utterance(Role.THERAPIST, "How did the café 😀 walk go,\tthen?", speaker="Dr. Lee", start=0.0, end=2.5),
        Utterance(Role.CLIENT, "Fine: twice.\r\nReally.", speaker="Ann"),
        Utterance(Role.CLIENT, ""),
        Utterance(Role.THERAPIST, "👍 Good. Maybe try 10 minutes of yoga 🧘, and call her."),
    )
    text = utterances[3].text
    yoga, call = text[text.index("Maybe") : text.index(" 🧘")], "call her"
    first, second = text.index(yoga), text.index(call)
    return AnnotatedSession(
        id="c1-s1",
        transcript=Transcript(utterances, session_id="c1-s1", client_id="c1", date="2020-01-01"),
        recommendations=(
            AnnotatedRecommendation(
                3, first, first + len(yoga), yoga, Form.STRUCTURED, id="r1", category="take_action"
            ),
            AnnotatedRecommendation(3, second, second + len(call), call, Form.CASUAL, restates="r1"),
        ),
        reviews=(AnnotatedReview(0, 1, of=("s0.r1", "s0.r2"), adherence="done", target="the walk: daily"),),
        annotator=annotator,
        group="c1",
        metadata={"modality": "CBT"},
    )


WRITABLE = [each.name for each in formats() if each.write]


@pytest.mark.parametrize("name", WRITABLE)
def test_a_round_trip_keeps_what_the_form_holds_and_says_what_it_does_not(tmp_path, name):
    form = named_format(name)
    several = "annotator" in form.holds
    sessions = [whole_session("anna"), whole_session("ben")] if several else [whole_session("anna")]
    path = tmp_path / f"out{form.suffix}"
    lost = write_annotations(iter(sessions), path, name)
    assert set(lost) <= EVERYTHING - form.holds
    again = load_annotations(path)
    assert len(again) == len(sessions)
    for one, other in zip(sessions, again, strict=True):
        assert (one.id, [each.role for each in one.transcript.utterances]) == (
            other.id,
            [each.role for each in other.transcript.utterances],
        )
        assert len(one.reviews) == len(other.reviews)
        for fact, values in FACTS.items():
            if fact in form.holds and not ({"spans"} - form.holds and fact in OF_SPANS):
                assert values(one) == values(other), fact
            elif fact not in form.holds and values(one) != values(other):
                assert fact in lost, fact


OF_SPANS = {"form", "category", "id", "restates", "spans"}

FACTS = {
    "speaker": lambda session: [(each.speaker or each.role).casefold() for each in session.transcript.utterances],
    "times": lambda session: [(each.start, each.end) for each in session.transcript.utterances],
    "line_ends": lambda session: [each.text for each in session.transcript.utterances],
    "annotator": lambda session: session.annotator,
    "client_id": lambda session: session.transcript.client_id,
    "date": lambda session: session.transcript.date,
    "metadata": lambda session: dict(session.metadata),
    "form": lambda session: [each.form for each in session.recommendations],
    "category": lambda session: [each.category for each in session.recommendations],
    "id": lambda session: [each.id for each in session.recommendations],
    "restates": lambda session: [each.restates for each in session.recommendations],
    "adherence": lambda session: [each.adherence for each in session.reviews],
    "target": lambda session: [each.target for each in session.reviews],
    "of": lambda session: [each.of for each in session.reviews],
    "spans": lambda session: [(each.utterance, each.start, each.text) for each in session.recommendations],
}


def test_a_form_that_is_only_read_is_not_written(tmp_path):
    with pytest.raises(AnnotationError, match="only read"):
        write_annotations([], tmp_path / "out.jsonl", "stand-off")


def test_a_write_that_fails_leaves_nothing(tmp_path):
    other = AnnotatedSession("s1", Transcript((Utterance(Role.OTHER, "Rosebud"),)))
    with pytest.raises(OutputError, match="session s1, utterance 0") as caught:
        write_annotations([other], tmp_path / "out.txt", "markup")
    assert "Rosebud" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


TEXT = st.text(st.sampled_from("aé b😀𝕏\t'.:"), max_size=12)


@profile(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, st.integers(0, 14))
def test_utf16_offsets_are_code_points_again(text, at):
    at = min(at, len(text))
    units = len(text[:at].encode("utf-16-le")) // 2
    assert to_utf16(text, at) == units
    assert from_utf16(text, units) == at


@pytest.mark.parametrize("offset", [-1, 2, 5])
def test_no_code_point_is_made_up_for_half_a_character(offset):
    with pytest.raises(ValueError, match=r"outside|inside"):
        from_utf16("a😀b", offset)


@profile(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(("therapist", "client", "other")), TEXT), min_size=1, max_size=6), st.data())
def test_every_place_of_a_document_is_the_utterances_own(pairs, data):
    transcript = Transcript.from_pairs(pairs)
    for document in (lay_out(transcript), read_document(lay_out(transcript).text)):
        assert [each.text for each in document.transcript.utterances] == [text for _, text in pairs]
        index = data.draw(st.integers(0, len(pairs) - 1))
        text = pairs[index][1]
        if text.strip():
            start = data.draw(st.integers(0, len(text) - 1))
            end = data.draw(st.integers(start + 1, len(text)))
            at = document.place(*document.stretch(index, index, start, end))
            if text[start:end].strip():
                assert (at.first, at.start, at.last, at.end) == (index, start, index, end)


@st.composite
def annotated(draw):
    """A session with marks anywhere that they can be."""
    word = st.text(st.sampled_from("aé😀𝕏'"), min_size=1, max_size=4)
    said = st.lists(word, min_size=1, max_size=5).map(" ".join)
    roles = st.sampled_from((Role.THERAPIST, Role.CLIENT))
    utterances = tuple(
        Utterance(role, text) for role, text in draw(st.lists(st.tuples(roles, said), min_size=1, max_size=5))
    )
    spans = []
    for index, utterance in enumerate(utterances):
        if utterance.role is Role.THERAPIST and draw(st.booleans()):
            words = utterance.text.split(" ")
            first = draw(st.integers(0, len(words) - 1))
            last = draw(st.integers(first, len(words) - 1))
            start = len(" ".join(words[:first])) + (first > 0)
            text = " ".join(words[first : last + 1])
            form = draw(st.sampled_from(Form))
            spans.append(AnnotatedRecommendation(index, start, start + len(text), text, form))
    first = draw(st.integers(0, len(utterances) - 1))
    reviews = (AnnotatedReview(first, draw(st.integers(first, len(utterances) - 1))),) if draw(st.booleans()) else ()
    transcript = Transcript(utterances, session_id="s1")
    return AnnotatedSession("s1", transcript, tuple(spans), reviews, annotator="anna", group="s1")


@pytest.mark.parametrize("name", ["label-studio", "doccano", "prodigy", "brat", "conll", "jsonl", "markup"])
@profile(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(annotated())
def test_marks_are_where_they_were_after_any_round_trip(tmp_path_factory, name, session):
    path = tmp_path_factory.mktemp("form") / f"anna{named_format(name).suffix}"
    write_annotations([session], path, name)
    (again,) = load_annotations(path)
    assert (marks(again), again.annotator) == (marks(session), "anna")
    assert [span.start for span in again.recommendations] == [span.start for span in session.recommendations]


@pytest.mark.parametrize("form", [each.name for each in formats() if each.write])
def test_half_a_character_is_written_or_refused_with_its_place(form, tmp_path):
    talk = Transcript.from_pairs([("client", "Well."), ("therapist", "Try \ud83d walking.")])
    refused = ""
    try:
        write_annotations([AnnotatedSession("s1", talk, annotator="anna")], tmp_path / "out", form)
    except (AnnotationError, OutputError) as error:
        refused = str(error)
    assert not refused or "session s1, utterance 1" in refused
    assert any(tmp_path.iterdir()) != bool(refused)
