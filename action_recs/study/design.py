"""What a simulated study is drawn from: its size and habits, and how its scores come about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from action_recs.errors import StudyError
from action_recs.study.scores import INSTRUMENTS

FEWEST_UTTERANCES = 40
"""A drawn session has no fewer, so that its recommendations find their places."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an instrument's scores come about.

    The score after session j of client i is ``baseline_i + change_ij`` with::

        change_ij = intercept + review_percentage * r_ij + baseline * b_i + interaction * r_ij * b_i
                    + engagement * g_i + client_i + therapist_i + organisation_i + residual_ij

    where ``r_ij`` is the session's review percentage (0 to 100), ``b_i`` the baseline score and ``g_i`` the standard
    normal engagement of the client, which also moves ``r_ij`` (``Design.client_share``). The last four are normal with
    mean 0. Units are points of the instrument.

    Attributes
    ----------
    baseline_mean, baseline_sd : float
        Of a normal distribution that is cut off at the instrument's lowest and highest score.
    engagement : float
        Other than 0 makes an unmeasured confounder: the association is then not the effect.
    whole : bool
        Scores are rounded and kept within the instrument, as on paper. Without it they are exactly the linear model.
    """

    instrument: str
    baseline_mean: float
    baseline_sd: float
    intercept: float
    review_percentage: float
    baseline: float
    interaction: float
    engagement: float = 0.0
    client_sd: float = 2.5
    therapist_sd: float = 0.7
    organisation_sd: float = 0.3
    residual_sd: float = 3.0
    whole: bool = True

    @property
    def highest(self) -> int:
        """The highest score that the instrument can give."""
        return INSTRUMENTS[self.instrument].highest


DEPRESSION = Outcome(
    instrument="PHQ-9",
    baseline_mean=11.0,
    baseline_sd=6.0,
    intercept=2.6,
    review_percentage=-0.065,
    baseline=-0.45,
    interaction=0.0048,
)
"""The published direction: a larger fall with more review, less so the higher the baseline.

The abstract gives p-values, 0.032 and 0.045, and no coefficients. The two here are those that the default ``Design``
finds, on average, at about these p-values; all other numbers are assumptions.
"""

ANXIETY = Outcome(
    instrument="GAD-7",
    baseline_mean=9.5,
    baseline_sd=5.0,
    intercept=2.2,
    review_percentage=0.0,
    baseline=-0.45,
    interaction=0.0,
)
"""As published: no association with review."""


@dataclass(frozen=True, slots=True)
class Design:
    """Size and habits of a simulated study.

    The number of sessions and organisations, the three ``share_...`` and ``mean_recommendations`` are those of Spinrad
    et al. (2024) and Peretz et al. (2023), which speak of hundreds of clients and therapists and say nothing of how the
    review percentage is distributed. All else is assumed, and worth replacing by figures of your own.

    Attributes
    ----------
    n_sessions, n_clients, n_therapists, n_organisations : int
        Each client has one therapist, each therapist one organisation, and each client at least ``minimum_sessions``.
    share_with_recommendation, share_with_structured, share_with_review : float
        Of the sessions, 0 to 1.
    mean_recommendations : float
        A session. Counts are negative binomial, as dispersed as ``share_with_recommendation`` demands.
    review_mean, review_sd : float
        Of the review percentage in the sessions that have one (beta distribution).
    organisation_share, therapist_share, client_share : float
        Parts of the variance, on a latent normal scale, of how much is recommended and reviewed, that lie between
        organisations, therapists and clients; the rest lies between the sessions of a client. The client's part in
        reviewing is the engagement of ``Outcome``.
    utterances : float
        Median of a session.
    precision, recall : float
        Of the tagger, for the utterances of a review. Below 1, ``review_percentage`` is what the tagger reports and
        ``true_review_percentage`` what the scores depend on.
    missing_scores : float
        Share of the scores after the baseline that were not taken, at random.
    outcomes : tuple of Outcome
    """

    n_sessions: int = 2444
    n_clients: int = 400
    n_therapists: int = 200
    n_organisations: int = 14
    minimum_sessions: int = 2
    share_with_recommendation: float = 0.95
    share_with_structured: float = 0.61
    share_with_review: float = 0.50
    mean_recommendations: float = 4.5
    review_mean: float = 8.0
    review_sd: float = 6.0
    organisation_share: float = 0.05
    therapist_share: float = 0.20
    client_share: float = 0.10
    utterances: float = 220.0
    precision: float = 1.0
    recall: float = 1.0
    missing_scores: float = 0.0
    outcomes: tuple[Outcome, ...] = (DEPRESSION, ANXIETY)

    def __post_init__(self) -> None:
        problems = [problem for holds, problem in self._checks() if not holds]
        if problems:
            raise StudyError(f"a study cannot be simulated: {problems[0]}")

    def _checks(self) -> Iterator[tuple[bool, str]]:
        sizes = (self.n_organisations, self.n_therapists, self.n_clients)
        yield 1 <= sizes[0] <= sizes[1] <= sizes[2], "1 <= n_organisations <= n_therapists <= n_clients must hold"
        yield self.minimum_sessions >= 1, "minimum_sessions must be 1 or more"
        yield self.n_sessions >= self.n_clients * self.minimum_sessions, "n_sessions leaves a client without sessions"
        shares = (self.share_with_recommendation, self.share_with_structured, self.share_with_review)
        yield all(0 < share < 1 for share in shares), "the three share_with_... must lie between 0 and 1"
        most = 1 - np.exp(-self.mean_recommendations)
        yield shares[0] < most, "so few recommendations a session cannot be in so many sessions: raise the mean"
        yield shares[1] <= shares[0], "share_with_structured cannot exceed share_with_recommendation"
        beta = 0 < self.review_mean < 100 and 0 < self.review_sd**2 < self.review_mean * (100 - self.review_mean)
        yield beta, "review_mean must lie between 0 and 100, and review_sd must fit it"
        parts = (self.organisation_share, self.therapist_share, self.client_share)
        yield min(parts) >= 0 and sum(parts) < 1, "the parts of the variance must be 0 or more and sum to less than 1"
        yield 0 < self.precision <= 1 and 0 < self.recall <= 1, "precision and recall must lie above 0 and up to 1"
        yield 0 <= self.missing_scores < 1, "missing_scores must be 0 or more and less than 1"
        instruments = [outcome.instrument for outcome in self.outcomes]
        yield set(instruments) <= set(INSTRUMENTS), f"outcomes are of {', '.join(INSTRUMENTS)}"
        yield len(set(instruments)) == len(instruments), "an instrument comes twice"
        yield self.utterances >= FEWEST_UTTERANCES, f"utterances must be {FEWEST_UTTERANCES} or more"
