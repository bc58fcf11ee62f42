"""How ``nlp.evaluate`` and ``spacy evaluate`` score the component: the library's own metrics, over documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from spacy.training import Example
from spacy.util import registry

from action_recs.evaluation.metrics import METRICS, Counts, total
from action_recs.spacy.documents import found_in, is_marked

SCORER = "action_recs.scorer.v1"

Scorer = Callable[..., dict[str, Any]]


@registry.scorers(SCORER)  # type: ignore[untyped-decorator]
def make_scorer() -> Scorer:
    """The scorer, as a configuration names it: ``{"@scorers": "action_recs.scorer.v1"}``."""
    return score


def score(examples: Iterable[Example], **_: Any) -> dict[str, float | None]:
    """Precision, recall and F1 (``_p``, ``_r``, ``_f``; 0 to 1) of every metric of ``action_recs.evaluation.metrics``.

    Parameters
    ----------
    examples : iterable of Example
        The reference's span groups say what is there: those of :func:`action_recs.spacy.doc_from_session`, or of a
        ``DocBin`` that ``action-recs annotations convert --to spacy`` wrote. References without any group are left out.

    Returns
    -------
    dict of str to float or None
        None where there is nothing to score.
    """
    pairs = [
        (found_in(example.reference), found_in(example.predicted))
        for example in examples
        if is_marked(example.reference)
    ]
    scores: dict[str, float | None] = {}
    for name, metric in METRICS.items():
        counts = total(metric(gold, predicted) for gold, predicted in pairs)
        for suffix, value in (("p", counts.precision), ("r", counts.recall), ("f", counts.f1)):
            scores[f"{name}_{suffix}"] = None if counts == Counts() else value
    return scores
