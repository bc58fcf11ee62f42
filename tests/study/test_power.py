"""Power by simulation."""

import dataclasses

import pytest

pytest.importorskip("statsmodels")

from action_recs.errors import StudyError
from action_recs.study.power import Power, clients_needed, power, resized, wilson
from action_recs.study.simulate import DEPRESSION, Design

SMALL = Design(n_sessions=120, n_clients=30, n_therapists=10, n_organisations=2)


def test_what_is_strong_is_found_every_time():
    strong = dataclasses.replace(DEPRESSION, review_percentage=-3.0, interaction=0.0, whole=False)
    found = power(dataclasses.replace(SMALL, outcomes=(strong,)), draws=4)
    assert found.power == 1.0
    assert found.mean_estimate == pytest.approx(-3.0, abs=0.5)
    assert (found.n_clients, found.n_sessions, found.draws) == (30, 120, 4)


def test_the_interval_is_wilsons():
    """9 of 10 by hand: z = 1.96, middle (0.9 + 0.192) / 1.384 = 0.789, half width 0.194."""
    assert wilson(9, 10) == pytest.approx((0.596, 0.982), abs=0.001)


@pytest.mark.parametrize(("target", "needed"), [(0.8, 785), (0.9, 1051)])
def test_clients_needed(target, needed):
    """100 clients at one standard error: (1.960 + 0.842)^2 = 7.85 and (1.960 + 1.282)^2 = 10.51 times as many."""
    pilot = Power("PHQ-9", "review_percentage", 100, 500, 200, 0.17, 0.12, 0.23, -0.1, 0.1, 0.1)
    assert clients_needed(pilot, target) == needed


def test_a_smaller_study_of_the_same_kind():
    assert resized(SMALL, 15) == dataclasses.replace(SMALL, n_sessions=60, n_clients=15, n_therapists=5)


@pytest.mark.parametrize(
    ("options", "problem"), [({"term": "age"}, "term"), ({"instrument": "BDI"}, "PHQ-9"), ({"draws": 1}, "two draws")]
)
def test_what_cannot_be_asked(options, problem):
    with pytest.raises(StudyError, match=problem):
        power(SMALL, **options)


def test_no_association_needs_no_clients():
    with pytest.raises(StudyError, match="no association"):
        clients_needed(Power("PHQ-9", "review_percentage", 100, 500, 2, 0.0, 0.0, 0.5, 0.0, 0.1, 0.1))
