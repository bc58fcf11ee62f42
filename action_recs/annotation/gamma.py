"""The gamma measure: agreement on where units begin and end and what they are called, against chance.

Kappa looks at utterances and F1 at pairs of spans; gamma aligns all annotators' spans at once, and takes account of
spans that only some of them have. It is computed with ``pygamma-agreement``, which is not part of any extra: it brings
a compiler (numba) and solvers, and takes seconds a session.

References
----------
Mathet, Widloecher & Metivier (2015), The unified and holistic method gamma for inter-annotator agreement measure and
alignment. Computational Linguistics 41, 437-479.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from action_recs.annotation.agreement import by_session
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import AnnotationError
from action_recs.evaluation.bootstrap import DRAWS, Estimate, resampled
from action_recs.evaluation.metrics import extents
from action_recs.session import Label

PRECISION = 0.05
"""How exact the chance agreement of a session is sampled: within 5 %."""


def gamma(sessions: Iterable[AnnotatedSession], label: Label, *, draws: int = DRAWS, seed: int = 0) -> Estimate | None:
    """The mean of the sessions' gammas, with an interval over sessions.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions. Sessions where fewer than two annotators marked the label are left out: chance cannot
        be sampled from them.
    label : Label
        Recommendations are units of characters, called casual or structured; reviews are units of utterances.
    draws : int
        Bootstrap samples of sessions.
    seed : int
        Of the chance samples and of the bootstrap.

    Returns
    -------
    Estimate or None
        1 for full agreement, 0 for chance, below for less; None when no session could be used.

    Raises
    ------
    AnnotationError
        Without pygamma-agreement, or when transcripts differ between annotators.
    """
    try:
        library, segments = import_module("pygamma_agreement"), import_module("pyannote.core")
    except ImportError:
        remedy = "pip install pygamma-agreement"
        raise AnnotationError(f"gamma is computed with pygamma-agreement, which is not installed; {remedy}") from None
    logging.getLogger().addFilter(_no_solver_advice)
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        found = [_of_session(each, label, library, segments) for each in by_session(sessions).values()]
    finally:
        np.random.set_state(state)
        logging.getLogger().removeFilter(_no_solver_advice)
    values = np.array([[value, 1.0] for value in found if value is not None])
    if not len(values):
        return None
    return resampled(values, lambda sums: sums[:, 0] / sums[:, 1], draws=draws, seed=seed)


def _of_session(versions: Mapping[str, AnnotatedSession], label: Label, library: Any, segments: Any) -> float | None:
    """One session's gamma; None when fewer than two annotators marked anything."""
    units = {who: _units(session, label) for who, session in versions.items()}
    if sum(map(bool, units.values())) < 2:
        return None
    continuum = library.Continuum()
    for who, own in units.items():
        continuum.add_annotator(who)
        for start, end, kind in own:
            continuum.add(who, segments.Segment(start, end), kind)
    dissimilarity = library.CombinedCategoricalDissimilarity(alpha=1, beta=1)
    return float(continuum.compute_gamma(dissimilarity, precision_level=PRECISION).gamma)


def _units(session: AnnotatedSession, label: Label) -> list[tuple[int, int, str]]:
    """Start, end and kind of every mark, on one line that all utterances lie on."""
    if label is Label.REVIEW:
        return [(start, end, label.value) for _, start, end in extents(session, label)]
    lengths = (len(utterance.text) + 1 for utterance in session.transcript.utterances)
    begins = [0, *itertools.accumulate(lengths)]
    return [
        (begins[span.utterance] + span.start, begins[span.utterance] + span.end, span.form.value)
        for span in session.recommendations
    ]


def _no_solver_advice(record: logging.LogRecord) -> bool:
    """Keep back what the library says at each of thousands of alignments: which solver it found."""
    return "solver not installed" not in record.getMessage()
