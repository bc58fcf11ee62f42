"""A cohort that never was: clients, therapists, organisations, sessions and scores drawn from stated parameters.

For planning a study before there are data, and for checking that an analysis finds what was put in. Everything drawn
here is simulated and says so in its identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from action_recs.study.cohort import Cohort
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.design import ANXIETY, DEPRESSION, FEWEST_UTTERANCES, Design, Outcome

__all__ = ["ANXIETY", "DEPRESSION", "SIMULATED", "Cohort", "Design", "Outcome", "simulate_cohort"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SIMULATED = "simulated-"
"""Every drawn identifier begins so."""


def simulate_cohort(design: Design | None = None, *, seed: int = 0) -> Cohort:
    """Draw one study.

    Numbers of recommendations and review percentages are drawn with a Gaussian copula: what the ``Design`` states holds
    exactly for a session drawn at random, while sessions of one client, therapist or organisation are alike.

    Parameters
    ----------
    design : Design, optional
        The published study without it.
    seed : int
        The same seed draws the same cohort.

    Raises
    ------
    StudyError
        When the design contradicts itself.

    Examples
    --------
    >>> simulate_cohort()
    Cohort(2444 simulated sessions, 400 clients)
    """
    design = design or Design()
    draw = np.random.default_rng(seed)
    levels = _levels(design, draw)
    engagement = draw.standard_normal(design.n_clients)
    sessions, places = _sessions(design, levels, engagement, draw)
    scores = _scores(design, levels, sessions, engagement, draw)
    return Cohort(sessions, scores, places, design)


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """The client, therapist, organisation (as indices) and visit (from 1) of every session."""

    client: Ints
    therapist: Ints
    organisation: Ints
    visit: Ints


def _levels(design: Design, draw: np.random.Generator) -> _Levels:
    organisation_of = _assign(design.n_therapists, design.n_organisations, draw)
    therapist_of = _assign(design.n_clients, design.n_therapists, draw)
    spare = design.n_sessions - design.n_clients * design.minimum_sessions
    counts = design.minimum_sessions + draw.multinomial(spare, np.full(design.n_clients, 1 / design.n_clients))
    client = np.repeat(np.arange(design.n_clients), counts)
    visit = np.arange(len(client)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    therapist = therapist_of[client]
    return _Levels(client, therapist, organisation_of[therapist], visit)


def _assign(members: int, groups: int, draw: np.random.Generator) -> Ints:
    """A group for every member, at random, none left empty."""
    return draw.permutation(np.r_[np.arange(groups), draw.integers(0, groups, members - groups)])


def _latent(design: Design, levels: _Levels, engagement: Floats, draw: np.random.Generator) -> Floats:
    """Standard normal, one a session, alike within client, therapist and organisation."""
    own = 1 - design.organisation_share - design.therapist_share - design.client_share
    return np.asarray(
        np.sqrt(design.organisation_share) * draw.standard_normal(design.n_organisations)[levels.organisation]
        + np.sqrt(design.therapist_share) * draw.standard_normal(design.n_therapists)[levels.therapist]
        + np.sqrt(design.client_share) * engagement[levels.client]
        + np.sqrt(own) * draw.standard_normal(len(levels.client))
    )


def _sessions(
    design: Design, levels: _Levels, engagement: Floats, draw: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    n = design.n_sessions
    utterances = _utterances(design, draw)
    first_day = np.datetime64("2023-01-02") + draw.integers(0, 180, design.n_clients)
    gaps = np.where(levels.visit == 1, 0, draw.choice([7, 7, 7, 14, 14, 21], n))
    since = np.cumsum(gaps) - np.repeat(np.cumsum(gaps)[levels.visit == 1], np.bincount(levels.client))

    places = _places(design, levels, utterances, draw)
    counts = np.bincount(places["session"], minlength=n)
    structured = np.bincount(places["session"], weights=places["structured"], minlength=n).astype(int)

    true = _review_utterances(design, _latent(design, levels, engagement, draw), utterances)
    found = _as_tagged(design, true, utterances, draw)
    first = np.floor(draw.beta(1.5, 4.0, n) * (utterances - found)).astype(int)

    words = draw.integers(16, 37, n)  # of every utterance of a session
    seconds = words / 2.5
    percentage = 100 * found / utterances
    last = utterances - 1
    frame = pd.DataFrame(
        {
            "line": np.arange(1, n + 1),
            "session_id": _names("s", np.arange(n), n),
            "client_id": _names("c", levels.client, design.n_clients),
            "therapist_id": _names("t", levels.therapist, design.n_therapists),
            "organisation_id": _names("o", levels.organisation, design.n_organisations),
            "modality": None,
            "date": (first_day[levels.client] + since).astype("datetime64[s]"),
            "visit": levels.visit.astype(float),
            "utterances": utterances,
            "words": utterances * words,
            "minutes": utterances * seconds / 60,
            "recommendations": counts,
            "structured": structured,
            "reviews": (found > 0).astype(int),
            "review_utterances": found,
            "review_words": found * words,
            "review_minutes": found * seconds / 60,
            "review_percentage": percentage,
            "review_percentage_words": percentage,
            "review_percentage_minutes": percentage,
            "recommendation_position": _mean_place(places, counts, last),
            "review_position": np.where(found > 0, 100 * (first + (found - 1) / 2) / last, np.nan),
        },
        columns=list(SESSION_COLUMNS),
    )
    frame["true_review_percentage"] = 100 * true / utterances
    return frame, places


def _utterances(design: Design, draw: np.random.Generator) -> Ints:
    drawn = design.utterances * np.exp(0.3 * draw.standard_normal(design.n_sessions))
    return np.maximum(np.round(drawn), FEWEST_UTTERANCES).astype(np.int64)


def _places(design: Design, levels: _Levels, utterances: Ints, draw: np.random.Generator) -> pd.DataFrame:
    """One row a recommendation: therapists speak the even utterances, and recommend more towards the end."""
    size = recommendation_dispersion(design.mean_recommendations, design.share_with_recommendation)
    latent = _latent(design, levels, draw.standard_normal(design.n_clients), draw)
    counts = stats.nbinom.ppf(stats.norm.cdf(latent), size, size / (size + design.mean_recommendations)).astype(int)
    session = np.repeat(np.arange(len(counts)), counts)
    place = draw.beta(3.0, 1.5, len(session))
    therapist_turns = (utterances[session] + 1) // 2
    frame = pd.DataFrame(
        {
            "session": session,
            "utterance": 2 * np.floor(place * therapist_turns).astype(int),
            "structured": (draw.random(len(session)) < structured_share(design)).astype(int),
        }
    )
    return frame.sort_values(["session", "utterance"], kind="stable", ignore_index=True)


def recommendation_dispersion(mean: float, share: float) -> float:
    """The size k of a negative binomial of which a ``share`` is above 0: ``(k / (k + mean))**k = 1 - share``.

    Examples
    --------
    >>> k = recommendation_dispersion(4.5, 0.95)
    >>> round((k / (k + 4.5)) ** k, 6)
    0.05
    """

    def surplus(log_size: float) -> float:
        size = np.exp(log_size)
        return float(-size * np.log1p(mean / size) - np.log1p(-share))

    return float(np.exp(optimize.brentq(surplus, -20, 20)))


def structured_share(design: Design) -> float:
    """The share of recommendations that are structured, so that ``share_with_structured`` of sessions have one.

    Thinning a negative binomial keeps its size k: ``(k / (k + mean * s))**k = 1 - share_with_structured``.
    """
    size = recommendation_dispersion(design.mean_recommendations, design.share_with_recommendation)
    return float(size * ((1 - design.share_with_structured) ** (-1 / size) - 1) / design.mean_recommendations)


def _review_utterances(design: Design, latent: Floats, utterances: Ints) -> Ints:
    """The sessions with the highest latent review, and in them the more of it the higher it is."""
    rank = (stats.norm.cdf(latent) - (1 - design.share_with_review)) / design.share_with_review
    mean, variance = design.review_mean / 100, (design.review_sd / 100) ** 2
    concentration = mean * (1 - mean) / variance - 1
    share = stats.beta.ppf(np.clip(rank, 0, 1), mean * concentration, (1 - mean) * concentration)
    whole = np.clip(np.round(share * utterances), 1, utterances)
    return np.asarray(np.where(rank > 0, whole, 0), dtype=np.int64)


def _as_tagged(design: Design, true: Ints, utterances: Ints, draw: np.random.Generator) -> Ints:
    """What a tagger of this precision and recall reports: some missed, false ones spread over all utterances."""
    if design.precision == design.recall == 1:
        return true
    hits = draw.binomial(true, design.recall)
    rate = hits.sum() * (1 - design.precision) / design.precision / utterances.sum()
    return np.asarray(np.minimum(hits + draw.poisson(rate * utterances), utterances), dtype=np.int64)


def _mean_place(places: pd.DataFrame, counts: Ints, last: Ints) -> Floats:
    sums = np.bincount(places["session"], weights=places["utterance"], minlength=len(counts))
    return np.asarray(np.divide(100 * sums / last, counts, out=np.full(len(counts), np.nan), where=counts > 0))


def _names(kind: str, index: Ints, size: int) -> npt.NDArray[np.object_]:
    width = len(str(size))
    names = np.array([f"{SIMULATED}{kind}{number:0{width}d}" for number in range(1, size + 1)], dtype=object)
    return names[index]


def _scores(
    design: Design, levels: _Levels, sessions: pd.DataFrame, engagement: Floats, draw: np.random.Generator
) -> pd.DataFrame:
    first = (levels.visit == 1).nonzero()[0]
    severity = draw.standard_normal(design.n_clients)
    taken = pd.concat([sessions["date"].iloc[first], sessions["date"] + pd.to_timedelta(_delay(design, draw), "D")])
    clients = pd.concat([sessions["client_id"].iloc[first], sessions["client_id"]])
    parts = []
    for outcome in design.outcomes:
        baseline = _baseline(outcome, severity, draw)
        score = _after(outcome, baseline, sessions["true_review_percentage"].to_numpy(), levels, engagement, draw)
        kept = np.r_[np.full(design.n_clients, True), draw.random(len(score)) >= design.missing_scores]
        part = pd.DataFrame(
            {
                "client_id": clients.to_numpy(),
                "date": taken.to_numpy(),
                "instrument": outcome.instrument,
                "score": np.r_[baseline, score],
                "session": np.r_[np.full(design.n_clients, -1), np.arange(len(score))],
            }
        )
        parts.append(part[kept])
    return pd.concat(parts).sort_values(["client_id", "instrument", "date"], kind="stable", ignore_index=True)


def _delay(design: Design, draw: np.random.Generator) -> Ints:
    return draw.integers(1, 7, design.n_sessions)


INSTRUMENT_CORRELATION = 0.7
"""Of the baseline scores of a client, on the latent scale: an assumption."""


def _baseline(outcome: Outcome, severity: Floats, draw: np.random.Generator) -> Floats:
    latent = np.sqrt(INSTRUMENT_CORRELATION) * severity
    latent = latent + np.sqrt(1 - INSTRUMENT_CORRELATION) * draw.standard_normal(len(severity))
    low, high = ((end - outcome.baseline_mean) / outcome.baseline_sd for end in (0, outcome.highest))
    drawn = stats.truncnorm.ppf(stats.norm.cdf(latent), low, high, loc=outcome.baseline_mean, scale=outcome.baseline_sd)
    return np.asarray(np.round(drawn))


def _after(
    outcome: Outcome,
    baseline: Floats,
    review_percentage: Floats,
    levels: _Levels,
    engagement: Floats,
    draw: np.random.Generator,
) -> Floats:
    start = baseline[levels.client]

    def level(sd: float, index: Ints) -> Floats:
        return np.asarray(sd * draw.standard_normal(index.max() + 1)[index])

    score = (
        start
        + outcome.intercept
        + outcome.review_percentage * review_percentage
        + outcome.baseline * start
        + outcome.interaction * review_percentage * start
        + outcome.engagement * engagement[levels.client]
        + level(outcome.client_sd, levels.client)
        + level(outcome.therapist_sd, levels.therapist)
        + level(outcome.organisation_sd, levels.organisation)
        + outcome.residual_sd * draw.standard_normal(len(start))
    )
    return np.asarray(np.clip(np.round(score), 0, outcome.highest) if outcome.whole else score)
