"""Stand-off labels joined to AnnoMI's text."""

import json

import pytest

from action_recs import AnnotationError, Form
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview
from action_recs.annotation.standoff import read_annomi

SPAN = {
    "transcript_id": 7,
    "utterance_id": 2,
    "label": "recommendation",
    "start": 6,
    "end": 23,
    "form": "casual",
    "category": "take_action",
    "annotator": "a",
}
RUN = {"transcript_id": 7, "label": "review", "first": 0, "last": 1, "adherence": "done", "target": "walking"}


def write(tmp_path, *records):
    path = tmp_path / "labels_a.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_labels_are_joined_to_rows_that_repeat_for_two_people(annomi_csv, tmp_path):
    walk, hello = read_annomi(annomi_csv, write(tmp_path, RUN, SPAN), only={8, 7})
    assert [(each.role.value, each.text) for each in walk.transcript.utterances] == [
        ("therapist", "Did you walk, as we said?"),
        ("client", "Twice."),
        ("therapist", "Good. Try walking daily."),
    ]
    assert walk.recommendations == (
        AnnotatedRecommendation(2, 6, 23, "Try walking daily", Form.CASUAL, category="take_action"),
    )
    assert walk.reviews == (AnnotatedReview(0, 1, adherence="done", target="walking"),)
    assert (walk.id, walk.group, walk.metadata) == ("annomi-7", "annomi-7", {"mi_quality": "high", "topic": "walking"})
    assert (hello.id, hello.recommendations, hello.reviews) == ("annomi-8", (), ())
    assert [utterance.text for utterance in hello.transcript.utterances] == ["Hello.", "Hello there."]


def test_the_annotator_is_named_with_and_without_labels(annomi_csv, tmp_path):
    sessions = read_annomi(annomi_csv, write(tmp_path, SPAN), only={7, 8})
    assert [session.annotator for session in sessions] == ["a", "a"]


@pytest.mark.parametrize(
    "record",
    [
        SPAN | {"end": 99},
        SPAN | {"start": 23},
        SPAN | {"utterance_id": 1, "start": 0, "end": 2},
        SPAN | {"utterance_id": 44},
        SPAN | {"form": "loose"},
        SPAN | {"start": "6"},
        {name: value for name, value in SPAN.items() if name != "start"},
        RUN | {"last": 44},
        RUN | {"first": 1, "last": 0},
    ],
    ids=["end", "empty", "client", "utterance", "form", "type", "field", "run", "order"],
)
def test_a_label_that_does_not_fit_names_file_and_transcript_and_no_text(annomi_csv, tmp_path, record):
    path = write(tmp_path, record)
    with pytest.raises(AnnotationError) as caught:
        read_annomi(annomi_csv, path, only={7})
    assert f"{path}, transcript 7" in str(caught.value)
    assert "Twice" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"transcript_id": 7, "label": "review", "first": 0, "last": 0}\n{"label"\n', "line 2"),
        (b'{"label": "review"}\n', "line 1"),
        (b"[]\n", "line 1"),
        (b"\xff\xfe\n", "cannot be read"),
    ],
)
def test_broken_label_files_name_file_and_line(annomi_csv, tmp_path, content, place):
    path = tmp_path / "labels_a.jsonl"
    path.write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        read_annomi(annomi_csv, path, only={7})
    assert str(caught.value).startswith(str(path))
    assert place in str(caught.value)


def test_transcripts_that_the_csv_lacks_are_named(annomi_csv, tmp_path):
    with pytest.raises(AnnotationError, match=r"annomi\.csv: annotated transcripts are missing: \[70\]; use"):
        read_annomi(annomi_csv, write(tmp_path, SPAN), only={7, 70})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "no column transcript_id"),
        (b"", "no column"),
        (b"\xff\xfe", "cannot be read"),
        (
            b"mi_quality,transcript_id,topic,utterance_id,interlocutor,utterance_text\nhigh,seven,t,0,client,a\n",
            "ValueError",
        ),
        (b"mi_quality,transcript_id,topic,utterance_id,interlocutor,utterance_text\nhigh\n", "cannot be read"),
    ],
)
def test_another_csv_is_refused(tmp_path, content, words):
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(AnnotationError) as caught:
        read_annomi(path, write(tmp_path, SPAN), only={7})
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("missing", ["csv", "labels"])
def test_missing_files_are_named(annomi_csv, tmp_path, missing):
    absent = tmp_path / "absent"
    with pytest.raises(AnnotationError, match="absent: cannot be read"):
        read_annomi(
            absent if missing == "csv" else annomi_csv,
            absent if missing == "labels" else write(tmp_path, SPAN),
            only={7},
        )
