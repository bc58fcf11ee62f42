"""How likely a study of a given size is to find an association of a given strength, by simulation."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from scipy import stats

from action_recs.errors import StudyError
from action_recs.study.design import Design
from action_recs.study.gee import TERMS, fit_gee
from action_recs.study.results import GeeRow, Record
from action_recs.study.simulate import simulate_cohort


@dataclass(frozen=True, slots=True)
class Power(Record):
    """What the published GEE found in repeated draws of one design.

    Attributes
    ----------
    instrument, term : str
    n_clients, n_sessions, draws : int
    power, ci_low, ci_high : float
        Share of the draws with p below ``alpha``, 0 to 1, and its Wilson interval (Wilson 1927, JASA 22, 209-212).
    mean_estimate, sd_estimate, mean_se : float
        Over the draws. ``mean_se`` estimates ``sd_estimate``.
    alpha : float
    """

    instrument: str
    term: str
    n_clients: int
    n_sessions: int
    draws: int
    power: float
    ci_low: float
    ci_high: float
    mean_estimate: float
    sd_estimate: float
    mean_se: float
    alpha: float = 0.05


def power(
    design: Design,
    instrument: str = "PHQ-9",
    term: str = "review_percentage",
    *,
    subgroup: str = "all",
    draws: int = 200,
    alpha: float = 0.05,
    seed: int = 0,
) -> Power:
    """Draw the design again and again, fit the published model each time, and count how often the term is significant.

    Raises
    ------
    StudyError
        For an unknown term or instrument, fewer than two draws, or a design too small for the model.

    Examples
    --------
    >>> small = Design(n_sessions=120, n_clients=30, n_therapists=10, n_organisations=2)
    >>> 0 <= power(small, draws=5).power <= 1
    True
    """
    known = [outcome.instrument for outcome in design.outcomes]
    if term not in TERMS or instrument not in known:
        raise StudyError(f"power: take a term of {', '.join(TERMS)} and an instrument of {', '.join(known)}")
    if draws < 2:
        raise StudyError("power: two draws or more")
    found = [_row(design, instrument, term, subgroup, seed + number) for number in range(draws)]
    hits = sum(row.p < alpha for row in found)
    low, high = wilson(hits, draws)
    estimates = [row.estimate for row in found]
    return Power(
        instrument=instrument,
        term=term,
        n_clients=design.n_clients,
        n_sessions=design.n_sessions,
        draws=draws,
        power=hits / draws,
        ci_low=low,
        ci_high=high,
        mean_estimate=float(np.mean(estimates)),
        sd_estimate=float(np.std(estimates, ddof=1)),
        mean_se=float(np.mean([row.se for row in found])),
        alpha=alpha,
    )


def _row(design: Design, instrument: str, term: str, subgroup: str, seed: int) -> GeeRow:
    return fit_gee(simulate_cohort(design, seed=seed).paired(instrument), subgroup)[term]


def resized(design: Design, n_clients: int) -> Design:
    """The same study with more or fewer clients: sessions a client and clients a therapist stay as they are.

    Examples
    --------
    >>> half = resized(Design(), 200)
    >>> half.n_sessions, half.n_therapists, half.n_organisations
    (1222, 100, 14)
    """
    factor = n_clients / design.n_clients
    organisations = max(1, min(design.n_organisations, round(design.n_therapists * factor)))
    return dataclasses.replace(
        design,
        n_clients=n_clients,
        n_sessions=round(design.n_sessions * factor),
        n_therapists=max(organisations, round(design.n_therapists * factor)),
        n_organisations=organisations,
    )


def clients_needed(pilot: Power, target: float = 0.8) -> int:
    """The number of clients that finds the simulated association with probability ``target``.

    Standard errors fall with the root of the number of clients, so that from one pilot simulation of n0 clients
    ``n = n0 * ((z_alpha + z_target) * sd / estimate)^2``. Check the answer with ``power``.

    Examples
    --------
    Half a standard error, 100 clients; (1.96 + 0.84)^2 / 0.5^2 = 31.4 times as many are needed.

    >>> pilot = Power("PHQ-9", "review_percentage", 100, 500, 200, 0.08, 0.05, 0.13, -0.05, 0.1, 0.1)
    >>> clients_needed(pilot)
    3140
    """
    if pilot.mean_estimate == 0:
        raise StudyError("no association was put in: no number of clients finds it")
    wanted = float(stats.norm.ppf(1 - pilot.alpha / 2) + stats.norm.ppf(target))
    return math.ceil(pilot.n_clients * (wanted * pilot.sd_estimate / pilot.mean_estimate) ** 2)


def wilson(hits: int, draws: int) -> tuple[float, float]:
    """95 % interval of a share.

    Examples
    --------
    >>> low, high = wilson(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    z = float(stats.norm.ppf(0.975))
    share, spread = hits / draws, z * z / draws
    middle = share + spread / 2
    half = math.sqrt(spread * (share * (1 - share) + spread / 4))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)
