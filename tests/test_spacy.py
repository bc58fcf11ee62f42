"""spaCy: documents of sessions, and the component."""

import re
import subprocess
import sys

import pytest
import spacy
import srsly
from hypothesis import given
from hypothesis import strategies as st
from spacy import displacy
from spacy.tokens import Doc, DocBin
from spacy.training import Example

import action_recs.spacy
from action_recs import Form, Role, Transcript, TranscriptError, Utterance
from action_recs.annotation import load_annotations
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.loading import write_annotations
from action_recs.evaluation.metrics import METRICS
from action_recs.spacy import doc_from_session, doc_from_transcript
from action_recs.spacy.documents import document_of, found_in, transcript_of

TALK = [
    ("therapist", "Last week we said you'd go for a walk. How did it go?"),
    ("client", "I went.  Twice."),
    ("therapist", ""),
    ("therapist", "Good.\nMaybe walk again?"),
    ("client", "Okay"),
]
GOLD = AnnotatedSession(
    "s1",
    Transcript.from_pairs(TALK),
    (AnnotatedRecommendation(3, 6, 22, "Maybe walk again", Form.CASUAL),),
    (AnnotatedReview(0, 1),),
    group="c1",
)


@pytest.fixture(scope="module")
def nlp(models):
    nlp = spacy.blank("en")
    nlp.add_pipe("action_recs", config={"models": str(models)})
    return nlp


def spans(doc):
    return {
        name: [(span.start_char, span.end_char, span.label_, span._.form, span._.score) for span in group]
        for name, group in doc.spans.items()
    }


@pytest.mark.parametrize("vocab", [spacy.blank("en").vocab, spacy.vocab.Vocab()])
def test_a_vocabulary_is_enough_to_make_a_document(vocab):
    doc = doc_from_transcript(TALK, vocab)
    assert doc.vocab is vocab
    assert [token.text for token in doc] == [token.text for token in doc_from_transcript(TALK)]


def test_a_document_is_a_line_an_utterance_and_every_token_knows_its_role():
    doc = doc_from_transcript(TALK)
    assert doc.text == "".join(f"{role.capitalize()}: {text}\n" for role, text in TALK)
    said = {
        role: "".join(token.text_with_ws for token in doc if token._.role == role) for role in ("therapist", "client")
    }
    assert said == {role: "".join(text for who, text in TALK if who == role) for role in said}
    assert {token.text for token in doc if token._.role is None} == {"Therapist", "Client", ":", "\n"}


def test_the_turns_are_a_span_for_each_utterance():
    turns = doc_from_transcript(TALK)._.turns
    assert [(turn.label_, turn.text_with_ws) for turn in turns] == TALK


def test_sentences_end_with_the_utterance_and_with_the_label():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp(doc_from_transcript([("therapist", "Good. Walk"), ("client", "okay")], nlp))
    assert [sentence.text for sentence in doc.sents] == ["Therapist:", "Good.", "Walk\n", "Client:", "okay\n"]


@given(
    st.lists(st.tuples(st.sampled_from(["therapist", "client", "other"]), st.text(max_size=40)), min_size=1, max_size=6)
)
def test_any_session_comes_back_from_its_document(pairs):
    doc = doc_from_transcript(pairs)
    again = Doc(doc.vocab).from_bytes(doc.to_bytes())
    kept = document_of(again).transcript
    expected = [(role, re.sub("[\ud800-\udfff]", "\ufffd", text)) for role, text in pairs]
    assert [(each.role.value, each.text) for each in kept.utterances] == expected
    for role in Role:
        said = "".join(token.text_with_ws for token in again if token._.role is role)
        assert said == "".join(text for who, text in expected if who == role)


def test_the_component_marks_what_the_tagger_finds(nlp, tagger):
    source = TALK * 8
    session = tagger.tag(source)
    doc = nlp(doc_from_transcript(source, nlp))
    assert doc._.review_percentage == session.review_percentage
    found = found_in(doc)
    assert [(each.first, each.last) for each in found.reviews] == [(each.first, each.last) for each in session.reviews]
    assert len(doc.spans["recommendations"]) == len(session.recommendations) > 0
    for span, each in zip(doc.spans["recommendations"], session.recommendations, strict=True):
        assert each.text in span.text  # a token that is touched is taken in whole
        assert (span._.form, span._.score) == (each.form, each.score)
        assert {token._.role for token in span} == {Role.THERAPIST}
    for span, each in zip(doc.spans["reviews"], session.reviews, strict=True):
        assert (span.label_, span._.form, span._.score) == ("review", None, each.score)


def test_a_span_takes_in_the_whole_of_a_token_and_never_leaves_the_utterance():
    talk = Transcript.from_pairs([("therapist", "try walk/cook-ing,now"), ("client", "ok")])
    gold = AnnotatedSession("s", talk, (AnnotatedRecommendation(0, 5, 14, "alk/cook-", Form.STRUCTURED),))
    doc = doc_from_session(gold)
    (span,) = doc.spans["recommendations"]
    assert "alk/cook-" in span.text
    assert span[0].idx <= doc.text.index("alk/cook-")
    assert "\n" not in span.text
    assert span._.form is Form.STRUCTURED


def test_a_stream_is_marked_as_one_by_one_in_order(nlp):
    sources = [TALK * size for size in (3, 1, 5)] * 3
    alone = [spans(nlp(doc_from_transcript(each, nlp))) for each in sources]
    streamed = nlp.pipe((doc_from_transcript(each, nlp) for each in sources), batch_size=4)
    together = [spans(doc) for doc in streamed]
    rounded = [
        [{name: [(*each[:4], pytest.approx(each[4], abs=1e-3)) for each in group] for name, group in one.items()}]
        for one in alone
    ]
    assert [[one] for one in together] == rounded


def test_a_written_pipeline_holds_its_models_and_marks_alike(nlp, tmp_path):
    expected = spans(nlp(doc_from_transcript(TALK * 4, nlp)))
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert spans(again(doc_from_transcript(TALK * 4, again))) == expected
    bytes_ = nlp.to_bytes()
    third = spacy.blank("en")
    third.add_pipe("action_recs")
    third.from_bytes(bytes_)
    assert spans(third(doc_from_transcript(TALK * 4, third))) == expected


@pytest.mark.parametrize("name", ["a", "/etc/config.json", "review/../../config.json", "other/config.json", 1])
def test_bytes_of_something_else_are_refused(nlp, name):
    with pytest.raises(action_recs.ModelError, match="no models"):
        nlp.get_pipe("action_recs").from_bytes(srsly.msgpack_dumps({name: b""}))


def test_a_marked_document_comes_back_from_bytes_with_everything(nlp):
    doc = nlp(doc_from_transcript(TALK * 4, nlp))
    again = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert spans(again) == spans(doc)
    assert again._.review_percentage == doc._.review_percentage
    assert [token._.role for token in again] == [token._.role for token in doc]


def test_a_text_with_labels_is_read_as_one_and_a_text_without_is_refused(nlp):
    text = "Therapist: How did the walk go?\nClient: I went.\nTwice.\nTherapist: Good."
    doc = nlp(text)
    assert doc.text == text
    assert {token.text for token in doc if token._.role == "client"} >= {"I", "went", "Twice"}
    assert set(doc.spans) == {"recommendations", "reviews"}
    with pytest.raises(TranscriptError, match="doc_from_transcript") as caught:
        nlp("Rosebud was a sledge.")
    assert "Rosebud" not in str(caught.value)


def test_labels_that_say_no_role_are_told_by_the_configuration(models):
    nlp = spacy.blank("en")
    nlp.add_pipe("action_recs", config={"models": str(models), "roles": {"Lee": "therapist", "Ann": "client"}})
    doc = nlp("Lee: Did you walk?\nAnn: Yes.")
    assert [token._.role for token in doc if token.text in ("walk", "Yes")] == ["therapist", "client"]


def test_an_empty_document_is_marked_with_nothing(nlp):
    doc = nlp("")
    assert (spans(doc), doc._.review_percentage) == ({"recommendations": [], "reviews": []}, 0.0)


def test_one_bad_document_goes_to_the_handler_and_the_others_are_marked(models):
    nlp = spacy.blank("en")
    nlp.add_pipe("action_recs", config={"models": str(models)})
    bad = []
    nlp.set_error_handler(lambda name, component, docs, error: bad.extend(docs))
    texts = ["Therapist: Hello.\nClient: Hi.", "no label here", "Therapist: Walk.\nClient: Okay."]
    assert [doc.text for doc in nlp.pipe(texts)] == [texts[0], texts[2]]
    assert [doc.text for doc in bad] == [texts[1]]


def test_the_scorer_counts_as_the_librarys_metrics_do(nlp):
    reference = doc_from_session(GOLD, nlp)
    example = Example(doc_from_session(GOLD, nlp), reference)
    perfect = action_recs.spacy.score([example])
    assert {name: perfect[f"{name}_f"] for name in ("recommendation_utterance", "recommendation_span")} == {
        "recommendation_utterance": 1.0,
        "recommendation_span": 1.0,
    }
    assert perfect["review_utterance_f"] == 1.0
    nothing = doc_from_session(AnnotatedSession("s1", GOLD.transcript), nlp)
    missed = action_recs.spacy.score([Example(nothing, reference)])
    assert (missed["recommendation_span_r"], missed["review_utterance_r"]) == (0.0, 0.0)
    unmarked = Example(doc_from_transcript(TALK, nlp), doc_from_transcript(TALK, nlp))
    assert set(action_recs.spacy.score([unmarked]).values()) == {None}


def test_evaluate_gives_the_figures_of_the_tagger(nlp, tagger):
    examples = [Example(doc_from_transcript(TALK, nlp), doc_from_session(GOLD, nlp))]
    scores = nlp.evaluate(examples)
    counts = {name: metric(GOLD, tagger.tag(TALK)) for name, metric in METRICS.items()}
    for name, expected in counts.items():
        if expected.true_positives + expected.false_positives + expected.false_negatives:
            assert scores[f"{name}_f"] == pytest.approx(expected.f1)


def test_annotations_written_for_spacy_are_references(nlp, tmp_path):
    write_annotations([GOLD], tmp_path / "gold.spacy", "spacy")
    (reference,) = DocBin().from_disk(tmp_path / "gold.spacy").get_docs(nlp.vocab)
    found = found_in(reference)
    assert [(each.utterance, each.text) for each in found.recommendations] == [(3, "Maybe walk again")]
    assert [(each.first, each.last) for each in found.reviews] == [(0, 1)]


def test_marked_documents_in_a_docbin_are_annotations(nlp, tmp_path):
    doc = doc_from_session(GOLD, nlp)
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "tagged.spacy")
    (session,) = load_annotations(tmp_path / "tagged.spacy")
    assert [(each.utterance, each.start, each.end, each.text) for each in session.recommendations] == [
        (3, 6, 22, "Maybe walk again")
    ]
    assert [(each.first, each.last) for each in session.reviews] == [(0, 1)]


def test_displacy_draws_it(nlp):
    doc = doc_from_session(GOLD, nlp)
    html = displacy.render(doc, style="span", options={"spans_key": "recommendations"}, jupyter=False)
    assert "recommendation:casual" in html
    assert "Maybe" in html


def test_identifiers_and_times_reach_the_document():
    transcript = Transcript(
        (Utterance(Role.THERAPIST, "Hello.", "T", 0.5, 2.0), Utterance(Role.CLIENT, "Hi.", "Ann")),
        session_id="s1",
        client_id="c1",
        date="2024-01-02",
    )
    doc = doc_from_transcript(transcript)
    assert transcript_of(doc, document_of(doc)) == transcript


PLAIN = """
import spacy
nlp = spacy.blank("en")
nlp.add_pipe("action_recs")
doc = nlp("Therapist: Maybe try going back to cooking this week, that was good for you.\\nClient: Okay.")
print([(span.text, span._.form.value) for span in doc.spans["recommendations"]], doc._.review_percentage)
"""


def test_spacy_finds_the_component_by_its_name_alone():
    ran = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True)
    assert ran.stdout == "[('Maybe try going back to cooking this week', 'casual')] 0.0\n", ran.stderr
