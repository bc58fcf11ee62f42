"""Shares and counts corrected for the tagger's known errors, with the uncertainty of both carried through."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from action_recs.errors import StudyError
from action_recs.study.results import Corrected, Prevalence

DRAWS = 20_000
MOST = 1e12
"""No count of hand labels is as large."""
CORRECTABLE = ("share_with_recommendation", "share_with_structured", "share_with_review", "mean_recommendations")


@dataclass(frozen=True, slots=True)
class Rates:
    """What a comparison with hand labels counted: sessions for a share, recommendations for a mean count.

    Attributes
    ----------
    true_positives, false_positives, false_negatives : float
    true_negatives : float or None
        None where only precision and recall are known, or where there is none, as for counts.
    """

    true_positives: float
    false_positives: float
    false_negatives: float
    true_negatives: float | None = None

    @classmethod
    def of(cls, precision: float, recall: float, gold: float, sessions: float | None = None) -> Rates:
        """Counts from published rates.

        Parameters
        ----------
        precision, recall : float
            Above 0, up to 1.
        gold : float
            How many had the mark by hand.
        sessions : float, optional
            Of how many in all; with it the correction does not need the share of marked sessions to be the same.

        Examples
        --------
        >>> Rates.of(precision=0.8, recall=0.5, gold=40, sessions=100)
        Rates(true_positives=20.0, false_positives=5.0, false_negatives=20.0, true_negatives=55.0)
        """
        if not (0 < precision <= 1 and 0 < recall <= 1 and 0 < gold < MOST):
            raise StudyError("rates: precision and recall lie above 0 and up to 1, gold is a count above 0")
        hits = recall * gold
        false = hits / precision - hits
        rest = None if sessions is None else sessions - gold - false
        if rest is not None and rest < 0:
            raise StudyError("rates: precision, recall and gold do not fit the number of sessions")
        return cls(hits, false, gold - hits, rest)


def read_rates(path: str | Path) -> dict[str, Rates]:
    """Rates by label from a JSON file: ``{"share_with_review": {"precision": 0.71, "recall": 0.7, "gold": 60}}``.

    ``gold`` is how many were marked by hand, ``sessions``, where known, of how many.

    Raises
    ------
    StudyError
        For another form, or a label that is not in ``CORRECTABLE``.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        found = {label: Rates.of(**numbers) for label, numbers in content.items()}
    except OSError as error:
        raise StudyError(f"{path}: cannot be read ({error.strerror})") from None
    except StudyError as error:
        raise StudyError(f"{path}: {error}") from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise StudyError(
            f'{path}: write {{"share_with_review": {{"precision": 0.71, "recall": 0.7, "gold": 60, "sessions": 120}}}}'
        ) from None
    if unknown := set(found) - set(CORRECTABLE):
        raise StudyError(f"{path}: {sorted(unknown)[0]} cannot be corrected; {', '.join(CORRECTABLE)} can")
    return found


def corrected(figure: Prevalence, rates: Rates, *, draws: int = DRAWS, seed: int = 0) -> Corrected:
    """The figure that error-free labels would have given.

    With true negatives, a share p becomes ``(p + specificity - 1) / (sensitivity + specificity - 1)`` (Rogan & Gladen
    1978, American Journal of Epidemiology 107, 71-76), cut to 0 to 1. Without them, a share or count becomes
    ``p * precision / recall``, which is right as long as the marked are as frequent here as where the rates are from.

    The interval is the middle 95 % of Monte Carlo draws: the figure from a normal distribution with the standard error
    that its interval implies (on the logit scale for a share), each rate from the beta distribution of its counts with
    Jeffreys' prior.

    Raises
    ------
    StudyError
        When the rates are no better than chance (sensitivity + specificity not above 1).

    Examples
    --------
    >>> seen = Prevalence("share_with_review", 0.5, 0.45, 0.55, 400, 100)
    >>> round(corrected(seen, Rates(80, 10, 20, 90)).estimate, 4)
    0.5714
    """
    share = figure.label.startswith("share")
    draw = np.random.default_rng(seed)
    raw = _draws(figure, share, draws, draw)
    hits, false, missed, rest = (
        rates.true_positives,
        rates.false_positives,
        rates.false_negatives,
        rates.true_negatives,
    )
    recall, recalls = hits / (hits + missed), draw.beta(hits + 0.5, missed + 0.5, draws)
    if rest is not None and share:
        specificity, specificities = rest / (rest + false), draw.beta(rest + 0.5, false + 0.5, draws)
        if recall + specificity <= 1:
            raise StudyError(f"rates of {figure.label}: sensitivity and specificity are no better than chance")
        method, known = "rogan-gladen", {"sensitivity": recall, "specificity": specificity}
        value = (figure.estimate + specificity - 1) / (recall + specificity - 1)
        usable = recalls + specificities > 1
        values = (raw + specificities - 1)[usable] / (recalls + specificities - 1)[usable]
    else:
        precision, precisions = hits / (hits + false), draw.beta(hits + 0.5, false + 0.5, draws)
        method, known = "precision-recall", {"precision": precision, "recall": recall}
        value, values = figure.estimate * precision / recall, raw * precisions / recalls
    if share:
        value, values = float(np.clip(value, 0, 1)), np.clip(values, 0, 1)
    low, high = np.percentile(values, [2.5, 97.5])
    return Corrected(figure.label, figure.estimate, float(value), float(low), float(high), method, known)


def _draws(figure: Prevalence, share: bool, draws: int, draw: np.random.Generator) -> np.ndarray:
    """Draws of the raw figure; the figure itself where it has no interval."""
    low, high = figure.ci_low, figure.ci_high
    normal = draw.standard_normal(draws)
    if not np.isfinite([low, high]).all():
        return np.full(draws, figure.estimate)
    if not share:
        return figure.estimate + normal * (high - low) / (2 * 1.959964)
    tiny = 1e-6
    low, middle, high = (float(_logit(np.clip(x, tiny, 1 - tiny))) for x in (low, figure.estimate, high))
    reach = np.where(normal < 0, middle - low, high - middle) / 1.959964
    return 1 / (1 + np.exp(-(middle + normal * reach)))


def _logit(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(x / (1 - x)))
