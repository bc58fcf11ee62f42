"""What the models that come with the package find."""

from pathlib import Path

import pytest

import action_recs
from action_recs import Form, Label, Tagger, Transcript
from action_recs.annotation.markup import read_markup
from action_recs.checkpoint import SHIPPED, Task
from action_recs.readers import read_text

COOKING = [
    ("therapist", "Maybe try going back to cooking this week, that was good for you."),
    ("client", "Okay."),
]
DEMO = SHIPPED.parent / "examples" / "session.txt"
CORPUS = Path(__file__).parent.parent / "annotations" / "corpus"


@pytest.fixture(scope="module")
def demo():
    return action_recs.tag(DEMO)


def test_a_passing_suggestion_is_one_casual_recommendation_without_the_reason_for_it():
    session = action_recs.tag(COOKING)
    (found,) = session.recommendations
    assert (found.utterance, found.text) == (0, "Maybe try going back to cooking this week")
    assert found.form is Form.CASUAL
    assert [each.labels for each in session.utterances] == [frozenset({Label.RECOMMENDATION}), frozenset()]
    assert session.reviews == ()


def test_the_same_words_of_the_client_are_no_recommendation():
    session = action_recs.tag([("client", COOKING[0][1]), ("therapist", "Okay.")])
    assert session.recommendations == ()


def test_talk_that_holds_neither_is_left_alone():
    session = action_recs.tag([("therapist", "How are you today?"), ("client", "A bit tired."), ("therapist", "Mm.")])
    assert (session.recommendations, session.reviews) == ((), ())


def test_the_demo_session_holds_a_casual_suggestion_and_a_task(demo):
    texts = {
        number: " ".join(found.text for found in demo.recommendations if found.utterance == number)
        for number in (20, 22)
    }
    assert "leave the phone downstairs" in texts[20]
    assert "write down whatever comes" in texts[22]
    assert {found.form for found in demo.recommendations if found.utterance == 20} == {Form.CASUAL}
    assert Form.STRUCTURED in {found.form for found in demo.recommendations if found.utterance == 22}


def test_the_demo_session_holds_one_review_that_covers_the_hour_at_the_allotment(demo):
    (run,) = demo.reviews
    assert run.first <= 2
    assert 10 <= run.last < 20
    assert demo.review_percentage == pytest.approx(100 * len(run) / len(demo))


def labels(session):
    spans = [(found.utterance, found.start, found.end, found.form) for found in session.recommendations]
    return [each.labels for each in session.utterances], spans, [(run.first, run.last) for run in session.reviews]


@pytest.mark.parametrize("batch_tokens", [1, 2048, 65536])
def test_labels_do_not_depend_on_batch_or_order(batch_tokens):
    corpus = [each.transcript for name in ("c002", "c085") for each in read_markup(CORPUS / f"{name}.txt")]
    transcripts = [*corpus, read_text(DEMO), Transcript.from_pairs(COOKING), Transcript.from_pairs([("client", "")])]
    tagger = action_recs.shipped_tagger()
    alone = [labels(tagger.tag(transcript)) for transcript in transcripts]
    together = [labels(session) for session in tagger.tag_many(transcripts, batch_tokens=batch_tokens)]
    turned = [labels(session) for session in tagger.tag_many(transcripts[::-1], batch_tokens=batch_tokens)]
    assert together == alone
    assert turned == alone[::-1]


def test_thousands_of_utterances_and_thousands_of_words_are_read():
    talk = [*COOKING * 500, ("client", "and then it rained " * 1250), *COOKING]
    session = action_recs.tag(talk)
    assert [(each.role.value, each.text) for each in session.utterances] == talk
    assert {found.utterance for found in session.recommendations} <= {
        index for index, (role, _) in enumerate(talk) if role == "therapist"
    }


def test_saved_and_loaded_they_tag_alike(demo, tmp_path):
    action_recs.shipped_tagger().save_pretrained(tmp_path)
    assert action_recs.tag(DEMO, tagger=Tagger.from_pretrained(tmp_path)) == demo


@pytest.mark.parametrize("task", Task)
def test_each_comes_with_its_card_and_small_enough_to_ship(task):
    folder = SHIPPED / task.value
    assert f"# action_recs: {task.value}" in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "model.safetensors").stat().st_size < 60_000_000
