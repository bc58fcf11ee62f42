"""Recommendations and reviews as a metric of the library ``evaluate``.

    metric = evaluate.load("path/to/action_recs/evaluation/metric")
    metric.compute(predictions=[tagged.to_dict()], references=[annotated.to_dict()])

``evaluate.load`` copies this file away and runs the copy, so that everything here is imported by its full name.
"""

from collections.abc import Mapping
from typing import Any

import datasets
import evaluate

from action_recs.errors import AnnotationError
from action_recs.evaluation.metrics import Counts, extents, matched, total, utterances_with
from action_recs.evaluation.schemes import SCHEMES, SchemeCounts, judged, marks
from action_recs.session import Form, Label, Recommendation, Review, TaggedSession

DESCRIPTION = """\
How well recommendations (character spans of an utterance) and reviews (runs of utterances) are found in sessions: F1,
precision and recall of utterances, of spans and runs (overlap of a half or more, and nervaluate's strict, exact,
partial and type), and of sessions that hold one at all.
"""

INPUTS = """\
Args:
    predictions: a list of sessions, each {"recommendations": [{"utterance", "start", "end", "form"}],
        "reviews": [{"first", "last"}]}; what `TaggedSession.to_dict` has beside these is ignored.
    references: the annotated sessions, in the same order and form.
Returns:
    A flat dict: "recommendation_utterance_f1", "review_span_strict_precision", ... between 0 and 1, and
    "recommendation_gold", "review_gold": how many are marked. A figure with nothing to divide by is 0.
Examples:
    >>> from importlib import resources
    >>> import evaluate
    >>> metric = evaluate.load(str(resources.files("action_recs") / "evaluation" / "metric"))
    >>> session = {"recommendations": [{"utterance": 2, "start": 0, "end": 9, "form": "casual"}], "reviews": []}
    >>> metric.compute(predictions=[session], references=[session])["recommendation_utterance_f1"]
    1.0
"""

CITATION = """\
@inproceedings{segura2013semeval, year={2013},
  title={SemEval-2013 Task 9: Extraction of Drug-Drug Interactions from Biomedical Texts},
  author={Segura-Bedmar, Isabel and Mart{\\'i}nez, Paloma and Herrero-Zazo, Mar{\\'i}a}}
"""

HALF = 0.5

Record = dict[str, list[dict[str, Any]]]

SESSION = {
    "recommendations": datasets.List(
        {
            "utterance": datasets.Value("int64"),
            "start": datasets.Value("int64"),
            "end": datasets.Value("int64"),
            "form": datasets.Value("string"),
        }
    ),
    "reviews": datasets.List({"first": datasets.Value("int64"), "last": datasets.Value("int64")}),
}


class ActionRecs(evaluate.Metric):  # type: ignore[misc, name-defined]  # mypy finds training/evaluate.py
    """The metric; see the module's own text."""

    def _info(self) -> evaluate.MetricInfo:  # type: ignore[name-defined]
        return evaluate.MetricInfo(  # type: ignore[attr-defined]
            description=DESCRIPTION,
            citation=CITATION,
            inputs_description=INPUTS,
            features=datasets.Features({"predictions": SESSION, "references": SESSION}),
        )

    def add_batch(self, *, predictions: Any = None, references: Any = None, **others: Any) -> None:
        """Take sessions as they come: what a record has beside the features is left out."""
        super().add_batch(
            predictions=[_plain(each) for each in predictions or ()],
            references=[_plain(each) for each in references or ()],
            **others,
        )

    def add(self, *, prediction: Any = None, reference: Any = None, **others: Any) -> None:
        """Take one session, likewise."""
        super().add(prediction=_plain(prediction), reference=_plain(reference), **others)

    def _compute(self, predictions: list[Record], references: list[Record]) -> dict[str, float]:
        pairs = [
            (_session(gold, number), _session(found, number))
            for number, (found, gold) in enumerate(zip(predictions, references, strict=True))
        ]
        figures: dict[str, float] = {}
        for label in Label:
            for name, metric in {"utterance": _utterances, "span": _overlaps, "session_with": _sessions}.items():
                counts = total(metric(gold, found, label) for gold, found in pairs)
                figures |= _rates(f"{label.value}_{name}", counts)
            for name, scheme in SCHEMES.items():
                judgements = [judged(marks(gold, label), marks(found, label), scheme) for gold, found in pairs]
                figures |= _rates(f"{label.value}_span_{name}", sum(judgements, SchemeCounts()))
            figures[f"{label.value}_gold"] = sum(len(extents(gold, label)) for gold, _ in pairs)
        return figures


def _plain(record: Any) -> Record:
    """The part of a session that is compared."""
    if not isinstance(record, Mapping) or not SESSION.keys() <= record.keys():
        raise AnnotationError("a session without 'recommendations' and 'reviews': give lists of both, empty where none")
    try:
        return {
            name: [{key: each[key] for key in feature.feature} for each in record[name]]
            for name, feature in SESSION.items()
        }
    except (KeyError, TypeError) as error:
        raise AnnotationError(f"a recommendation or review without {error}: see the metric's inputs") from None


def _session(record: Record, number: int) -> TaggedSession:
    try:
        spans = tuple(
            Recommendation(**{**each, "text": "", "form": Form(each["form"])}) for each in record["recommendations"]
        )
        return TaggedSession((), spans, tuple(Review(**each) for each in record["reviews"]))
    except ValueError:
        known = " or ".join(form.value for form in Form)
        raise AnnotationError(f"session {number}: an unknown form; it is {known}") from None


def _utterances(gold: TaggedSession, found: TaggedSession, label: Label) -> Counts:
    ones, others = utterances_with(gold, label), utterances_with(found, label)
    return Counts(len(ones & others), len(others - ones), len(ones - others))


def _overlaps(gold: TaggedSession, found: TaggedSession, label: Label) -> Counts:
    ones, others = extents(gold, label), extents(found, label)
    pairs = len(matched(ones, others, least=HALF))
    return Counts(pairs, len(others) - pairs, len(ones) - pairs)


def _sessions(gold: TaggedSession, found: TaggedSession, label: Label) -> Counts:
    one, other = bool(extents(gold, label)), bool(extents(found, label))
    return Counts(one and other, other and not one, one and not other)


def _rates(name: str, counts: Counts | SchemeCounts) -> dict[str, float]:
    return {f"{name}_{rate}": getattr(counts, rate) for rate in ("f1", "precision", "recall")}
