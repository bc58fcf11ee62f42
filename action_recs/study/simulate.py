"""A cohort that never was: clients, therapists, organisations, sessions and scores drawn from stated parameters.

For planning a study before there are data, and for checking that an analysis finds what was put in. Everything drawn
here is simulated and says so in its identifiers.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, stats

from action_recs.errors import StudyError
from action_recs.session import Form, Label, Recommendation, Review, TaggedSession, TaggedUtterance
from action_recs.study.columns import SESSION_COLUMNS
from action_recs.study.scores import INSTRUMENTS
from action_recs.transcript import Role

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


SIMULATED = "simulated-"
"""Every drawn identifier begins so."""


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


FEWEST_UTTERANCES = 40
"""A drawn session has no fewer, so that its recommendations find their places."""


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """A simulated study.

    Attributes
    ----------
    sessions : data frame
        ``SESSION_COLUMNS`` and ``true_review_percentage``, one row a session.
    outcomes : data frame
        ``client_id``, ``date``, ``instrument``, ``score``, ``session``: one row a score. A client's first is the
        baseline, on the day of the first session; the others follow the session (a row of ``sessions``, -1 for a
        baseline) by one to six days.
    places : data frame
        ``session`` (row of ``sessions``), ``utterance``, ``structured``: one row a recommendation.
    design : Design
    """

    sessions: pd.DataFrame
    outcomes: pd.DataFrame
    places: pd.DataFrame
    design: Design

    def __repr__(self) -> str:
        return f"Cohort({len(self.sessions)} simulated sessions, {self.sessions['client_id'].nunique()} clients)"

    def paired(self, instrument: str) -> pd.DataFrame:
        """The sessions with the baseline and the score that were drawn for them: what a perfect join would give.

        Of ``JOINED_COLUMNS`` those of the session and ``instrument, baseline, baseline_band, score, change``.
        """
        scores = self.outcomes[self.outcomes["instrument"] == instrument]
        start, after = scores[scores["session"] < 0], scores[scores["session"] >= 0].sort_values("session")
        rows = self.sessions.iloc[after["session"].to_numpy()].reset_index(drop=True)
        score = after["score"].to_numpy()
        baseline = rows["client_id"].map(start.set_index("client_id")["score"]).to_numpy(dtype=float)
        bands = INSTRUMENTS[instrument].bands
        names = np.array([name for _, name in bands], dtype=object)
        place = np.searchsorted([lowest for lowest, _ in bands], baseline, side="right") - 1
        return rows.assign(
            instrument=instrument,
            baseline=baseline,
            baseline_band=names[place],
            score=score,
            change=score - baseline,
        )

    def tagged_sessions(self) -> Iterator[TaggedSession]:
        """The sessions as the tagger would write them, with the word "simulated" in place of all words."""
        found = {index: part.to_numpy() for index, part in self.places.groupby("session")[["utterance", "structured"]]}
        for index, row in enumerate(self.sessions.to_dict("records")):
            yield _tagged(row, found.get(index, _NO_PLACES))


_NO_PLACES = np.empty((0, 2), dtype=np.int64)


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


WORD = "simulated"


def _tagged(row: dict[Hashable, Any], places: Ints) -> TaggedSession:
    """One row of the table, and its recommendations, spelled out utterance by utterance."""
    n, found, words = row["utterances"], row["review_utterances"], row["words"] // row["utterances"]
    text, seconds = " ".join([WORD] * words), 60 * row["minutes"] / n
    recommendations = []
    for number, (utterance, structured) in enumerate(places.tolist()):
        start = (len(WORD) + 1) * (number % words)
        form = Form.STRUCTURED if structured else Form.CASUAL
        recommendations.append(Recommendation(utterance, start, start + len(WORD), WORD, form))
    first = round(row["review_position"] / 100 * (n - 1) - (found - 1) / 2) if found else 0
    reviewed, recommending = range(first, first + found), {span.utterance for span in recommendations}
    utterances = []
    for index in range(n):
        holds = {Label.RECOMMENDATION: index in recommending, Label.REVIEW: index in reviewed}
        utterances.append(
            TaggedUtterance(
                index=index,
                role=(Role.THERAPIST, Role.CLIENT)[index % 2],
                text=text,
                labels=frozenset(label for label in Label if holds[label]),
                scores={label: float(held) for label, held in holds.items()},
                start=round(index * seconds, 3),
                end=round((index + 1) * seconds, 3),
            )
        )
    return TaggedSession(
        utterances=tuple(utterances),
        recommendations=tuple(recommendations),
        reviews=(Review(first, first + found - 1),) if found else (),
        date=f"{row['date']:%Y-%m-%d}",
        **{name: row[name] for name in ("session_id", "client_id", "therapist_id", "organisation_id")},
    )
