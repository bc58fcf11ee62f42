"""The folder that ``evaluate.load`` takes."""

from pathlib import Path

import pytest

import action_recs
from action_recs import AnnotationError

FOLDER = Path(action_recs.__file__).parent / "evaluation" / "metric"
SPAN = {"utterance": 2, "start": 0, "end": 9, "form": "casual"}
RUN = {"first": 1, "last": 3}


def session(spans=(), runs=(), **more):
    return {"recommendations": list(spans), "reviews": list(runs), **more}


@pytest.fixture(scope="module")
def metric(tmp_path_factory):
    evaluate = pytest.importorskip("evaluate")
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evaluate.config.HF_MODULES_CACHE", str(cache / "modules"))
        yield evaluate.load(str(FOLDER), cache_dir=str(cache))


def test_figures_of_two_sessions(metric):
    wider = SPAN | {"end": 18}
    found = metric.compute(
        predictions=[session([wider], [RUN]), session([SPAN])], references=[session([SPAN], [RUN]), session()]
    )
    expected = {
        "recommendation_gold": 1,
        "recommendation_utterance_f1": 2 / 3,
        "recommendation_utterance_precision": 1 / 2,
        "recommendation_utterance_recall": 1,
        "recommendation_span_f1": 2 / 3,
        "recommendation_span_strict_f1": 0,
        "recommendation_span_partial_precision": 1 / 4,
        "recommendation_span_partial_recall": 1 / 2,
        "recommendation_span_type_recall": 1,
        "recommendation_session_with_precision": 1 / 2,
        "review_gold": 1,
        "review_utterance_f1": 1,
        "review_span_strict_f1": 1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)


def test_a_tagged_session_is_taken_as_it_is(metric):
    tagged = session([SPAN | {"text": "words", "score": 0.8}], [RUN | {"score": 0.7}], utterances=[], session_id="s")
    assert metric.compute(predictions=[tagged], references=[session([SPAN], [RUN])])["review_span_exact_f1"] == 1
    metric.add(prediction=tagged, reference=tagged)
    assert metric.compute()["recommendation_span_strict_f1"] == 1


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({}, "recommendations"),
        (session([{"utterance": 1}]), "start"),
        (session([SPAN | {"form": "loud"}]), "casual or structured"),
    ],
)
def test_records_of_another_shape_are_refused(metric, record, words):
    with pytest.raises(AnnotationError, match=words):
        metric.compute(predictions=[record], references=[record])
