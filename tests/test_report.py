"""Measuring a tagger against annotated sessions."""

from action_recs.annotation.collection import load_collection
from action_recs.evaluation.report import evaluate_sessions, label_counts, slices

ONE = {"value": 1.0, "low": 1.0, "high": 1.0}
RIGHT = {"f1": ONE, "precision": 1.0, "recall": 1.0}


def contrast(annotations):
    sessions = {each.name: each for each in load_collection(annotations)}["contrast"]
    return sessions.train + sessions.development


def all_right(sessions):
    """A tagger that answers with the annotation itself."""
    gold = {session.id: session for session in sessions}
    return lambda transcripts: [gold[transcript.session_id] for transcript in transcripts]


def test_a_tagger_that_is_always_right(annotations):
    sessions = contrast(annotations)
    assert evaluate_sessions(sessions, all_right(sessions)) == {
        "sessions": 4,
        "groups": 2,
        "utterances": 10,
        "annotators": 1,
        "metrics": {
            "recommendation_utterance": RIGHT | {"gold": 2},
            "recommendation_span": RIGHT | {"gold": 2},
            "recommendation_form": {"accuracy": ONE, "spans": 2},
            "session_with_recommendation": RIGHT | {"gold": 2},
            "review_utterance": {"f1": ONE | {"low": 0.0}, "precision": 1.0, "recall": 1.0, "gold": 2},
            "session_with_review": {"f1": ONE | {"low": 0.0}, "precision": 1.0, "recall": 1.0, "gold": 1},
        },
    }


def test_a_transcript_of_two_annotators_is_tagged_once_and_compared_with_each(annotations, annomi_csv):
    sessions = load_collection(annotations, annomi_csv=annomi_csv)[0].train
    asked = []

    def as_the_first(transcripts):
        asked.extend(transcripts)
        return [sessions[0] for _ in transcripts]

    figures = evaluate_sessions(sessions, as_the_first)
    assert (len(sessions), len(asked), figures["sessions"], figures["annotators"]) == (2, 1, 1, 2)
    assert figures["metrics"]["recommendation_form"] == {
        "accuracy": {"value": 0.5, "low": 0.5, "high": 0.5},
        "spans": 2,
    }
    assert figures["metrics"]["review_utterance"]["precision"] == 0.5


def test_labels_are_counted_and_sessions_sliced_by_their_own_fields(annotations):
    sessions = {each.name: each for each in load_collection(annotations)}["authored"].train
    assert label_counts(sessions) == {"recommendation": 2, "review": 1}
    assert slices(sessions, all_right(sessions)) == {
        "style: clean": {
            "recommendation_utterance": {"f1": ONE, "gold": 1},
            "review_utterance": {"f1": {"value": 0.0, "low": 0.0, "high": 0.0}, "gold": 0},
        },
        "style: verbatim": {
            "recommendation_utterance": {"f1": ONE, "gold": 1},
            "review_utterance": {"f1": ONE, "gold": 2},
        },
    }
