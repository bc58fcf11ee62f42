"""Hugging Face datasets: ``Dataset.map(tagger.as_map(), batched=True)``."""

import datasets
import pyarrow as pa
import pytest

from action_recs import TaggedSession, TranscriptError
from action_recs.arrow import SESSION_COLUMNS, UTTERANCE_COLUMNS

TALK = [
    ("therapist", "Maybe you could try to walk again this week, that was good for you."),
    ("client", "I went in. Twice."),
    ("therapist", "Good. Maybe call her."),
]
SESSIONS = {"s1": TALK[1:2] + TALK[:1], "s2": TALK * 3, "s3": [TALK[1], ("therapist", "Mm.")], "s4": TALK}


@pytest.fixture(autouse=True)
def quiet(tmp_path):
    datasets.disable_progress_bars()
    datasets.config.HF_DATASETS_CACHE = tmp_path


def rows_of_sessions():
    return datasets.Dataset.from_dict(
        {
            "session_id": list(SESSIONS),
            "utterances": [[{"role": role, "text": text} for role, text in talk] for talk in SESSIONS.values()],
            "kind": datasets.Dataset.from_dict({"kind": [0, 1, 0, 1]})["kind"],
        }
    ).cast_column("kind", datasets.ClassLabel(names=["a", "b"]))


def rows_of_utterances():
    rows = [(name, role, text) for name, talk in SESSIONS.items() for role, text in talk]
    return datasets.Dataset.from_dict(
        dict(zip(("session_id", "speaker", "text"), zip(*rows, strict=True), strict=True))
    )


def labels(session):
    return [each.labels for each in session.utterances], [
        (each.utterance, each.start, each.end, each.text, each.form) for each in session.recommendations
    ]


@pytest.mark.parametrize("batch_size", [1, 3, None])
def test_a_row_a_session_becomes_a_tagged_session(tagger, batch_size):
    mapped = rows_of_sessions().map(tagger.as_map(), batched=True, batch_size=batch_size)
    assert mapped.column_names == ["session_id", "utterances", "kind", *SESSION_COLUMNS[1:]]
    assert mapped.features["kind"].names == ["a", "b"]
    for row, (name, talk) in zip(mapped, SESSIONS.items(), strict=True):
        session = TaggedSession.from_dict(row)
        expected = tagger.tag(talk)
        assert (session.session_id, row["error"]) == (name, None)
        assert labels(session) == labels(expected)
        assert session.review_percentage == expected.review_percentage
        assert row["review_percentage"] == pytest.approx(expected.review_percentage, abs=1e-4)


def test_a_text_a_row_is_read_with_its_labels(tagger):
    text = "Lee: Maybe walk again?\nAnn: Okay."
    dataset = datasets.Dataset.from_dict({"notes": [text], "id": [7]})
    map_ = tagger.as_map(column="notes", roles={"Lee": "therapist", "Ann": "client"})
    (row,) = dataset.map(map_, batched=True)
    assert [(each["role"], each["text"]) for each in row["utterances"]] == [
        ("therapist", "Maybe walk again?"),
        ("client", "Okay."),
    ]
    assert (row["id"], row["notes"]) == (7, text)


def test_a_row_an_utterance_keeps_its_columns_and_gets_the_labels(tagger):
    dataset = rows_of_utterances()
    mapped = dataset.map(tagger.as_map(rows="utterances"), batched=True, batch_size=None)
    assert mapped.column_names == ["session_id", "speaker", "text", *UTTERANCE_COLUMNS, "role"]
    at = 0
    for talk in SESSIONS.values():
        session = tagger.tag(talk)
        for each in session.utterances:
            row = mapped[at]
            assert (row["speaker"], row["text"]) == (each.role.value, each.text)
            assert {name for name in ("recommendation", "review") if row[name]} == {*each.labels}
            assert row["recommendation_score"] == pytest.approx(each.scores["recommendation"], abs=1e-3)
            spans = [(span["start"], span["end"], span["form"]) for span in row["spans"]]
            expected = [found for found in session.recommendations if found.utterance == each.index]
            assert spans == [(found.start, found.end, found.form) for found in expected]
            runs = [number for number, run in enumerate(session.reviews) if run.first <= each.index <= run.last]
            assert [row["review_run"]] == (runs or [None])
            at += 1
    assert at == len(mapped)


def test_spans_count_in_the_cells_own_text_and_empty_rows_stay(tagger):
    text = "\t  Maybe you could try to walk again this week, that was good for you.  "
    table = pa.table({"speaker": ["therapist", None, "client"], "text": [text, " ", "Okay."]})
    tagged = tagger.as_map(rows="utterances")(table).to_pylist()
    assert [row["role"] for row in tagged] == ["therapist", None, "client"]
    assert tagged[1] == {"speaker": None, "text": " ", **dict.fromkeys(UTTERANCE_COLUMNS), "role": None}
    spans = tagger.tag([("therapist", text.strip()), ("client", "Okay.")]).recommendations
    assert spans
    assert [span["text"] for span in tagged[0]["spans"]] == [span.text for span in spans]
    for span in tagged[0]["spans"]:
        assert text[span["start"] : span["end"]] == span["text"]


def test_rows_of_utterances_are_not_taken_for_sessions(tagger):
    with pytest.raises(TranscriptError, match="each row is one utterance; use rows='utterances'"):
        rows_of_utterances().map(tagger.as_map(), batched=True)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1]}, "no column holds a session"),
        ({"text": ["Therapist: Hi.\nClient: Hi."], "reviews": [1]}, "has a column 'reviews' already"),
        ({"turns": [[["therapist", "Hi."]]], "utterances": [1]}, "has a column 'utterances' already"),
        ({"utterances": [["a"]]}, "row 0: "),
        ({"text": ["Therapist: Hi.\nClient: Hi.", "Rosebud"]}, "row 1: "),
        ({"text": [None]}, "row 0: NoneType where a session belongs"),
    ],
)
def test_bad_batches_are_refused_with_their_place_and_without_their_text(tagger, columns, message):
    with pytest.raises(TranscriptError, match=message) as caught:
        tagger.as_map()(columns)
    assert "Rosebud" not in str(caught.value)


def test_bad_sessions_can_be_marked(tagger):
    texts = ["Therapist: Hi.\nClient: Hi.", "Rosebud"]
    tagged = tagger.as_map(on_error="mark")({"text": texts})
    assert [len(each or ()) for each in tagged["utterances"]] == [2, 0]
    assert tagged["error"][0] is None
    assert "no speaker label" in tagged["error"][1]
    rows = {"session_id": [1, 1, 2], "speaker": ["therapist", "client", "Ann"], "text": ["Walk.", "Okay.", "Hm."]}
    tagged = tagger.as_map(rows="utterances", on_error="mark")(rows)
    assert [error is None for error in tagged["error"]] == [True, True, False]
    assert tagged["recommendation"][2] is None


def test_sessions_whose_rows_are_apart_are_refused(tagger):
    rows = {"session_id": [1, 2, 1], "speaker": ["therapist", "client", "client"], "text": ["a", "b", "c"]}
    with pytest.raises(TranscriptError, match="apart"):
        tagger.as_map(rows="utterances")(rows)


def test_what_is_no_batch_is_refused(tagger):
    with pytest.raises(TranscriptError, match="batched=True"):
        rows_of_sessions().map(tagger.as_map())
    with pytest.raises(TranscriptError, match="'sessions' or 'utterances'"):
        tagger.as_map(rows="turns")


def test_a_streamed_dataset_is_mapped_too(tagger):
    stream = rows_of_sessions().to_iterable_dataset().map(tagger.as_map(), batched=True, batch_size=2)
    assert [labels(TaggedSession.from_dict(row)) for row in stream] == [
        labels(tagger.tag(talk)) for talk in SESSIONS.values()
    ]
