"""Nested random intercepts: against the covariance written out, and against statsmodels."""

import pytest

pytest.importorskip("pandas")

import numpy as np
import statsmodels.formula.api as smf
from scipy import optimize, stats

from action_recs.errors import StudyError
from action_recs.study.mixed import adjusted_design, fit_mixed, fit_nested, usable_levels, within_between_design
from action_recs.study.simulate import Design, simulate_cohort

LEVELS = ["organisation_id", "therapist_id", "client_id"]


@pytest.fixture(scope="module")
def rows():
    design = Design(n_sessions=240, n_clients=60, n_therapists=24, n_organisations=6, organisation_share=0.2)
    rows = simulate_cohort(design, seed=2).paired("PHQ-9")
    shift = dict(
        zip(
            sorted(rows["therapist_id"].unique()),
            np.random.default_rng(1).permutation(np.linspace(-5, 5, 24)),
            strict=True,
        )
    )
    return rows.assign(change=rows["change"] + rows["therapist_id"].map(shift))


def test_the_estimates_maximise_the_restricted_likelihood_written_out(rows):
    design = adjusted_design(rows)
    x, y = design.to_numpy(), rows["change"].to_numpy()
    alike = [rows[level].to_numpy()[:, None] == rows[level].to_numpy()[None, :] for level in LEVELS]

    def parts(logs):
        v = np.eye(len(y)) * np.exp(logs[-1]) + sum(np.exp(s) * one for s, one in zip(logs, alike, strict=False))
        inverse = np.linalg.inv(v)
        normal = x.T @ inverse @ x
        b = np.linalg.solve(normal, x.T @ inverse @ y)
        return b, normal, (y - x @ b) @ inverse @ (y - x @ b) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(normal)[1]

    fit = fit_nested(y, design, [rows[level].to_numpy() for level in LEVELS])
    here = np.log(np.maximum(fit.variances, 1e-7))
    b, normal, least = parts(here)
    assert fit.estimates == pytest.approx(b, rel=1e-6)
    assert fit.covariance == pytest.approx(np.linalg.inv(normal), rel=1e-6)
    found = optimize.minimize(lambda logs: parts(logs)[2], here, method="Nelder-Mead", options={"maxiter": 60})
    assert least <= found.fun + 1e-3
    assert fit.groups == (6, 24, 60)


def test_it_is_the_fit_of_statsmodels(rows):
    fit = fit_nested(rows["change"], adjusted_design(rows), [rows["therapist_id"], rows["client_id"]])
    other = smf.mixedlm(
        "change ~ review_percentage * baseline + visit + utterances",
        rows,
        groups="therapist_id",
        vc_formula={"client": "0 + C(client_id)"},
        re_formula="1",
    ).fit(reml=True)
    ours = dict(zip(fit.terms, zip(fit.estimates, np.sqrt(np.diag(fit.covariance)), strict=True), strict=True))
    for term, estimate in other.fe_params.items():
        assert ours[term][0] == pytest.approx(estimate, rel=2e-3)
        # theirs come from the whole Hessian, ours from the terms' own part of it
        assert ours[term][1] == pytest.approx(other.bse_fe[term], rel=2e-2)
    variances = [other.cov_re.iloc[0, 0], other.vcomp[0], other.scale]
    assert fit.variances == pytest.approx(variances, rel=1e-2, abs=1e-2)


def test_rows_and_shares(rows):
    levels, notices = usable_levels(rows)
    assert (levels, notices) == (tuple(LEVELS), [])
    found, shares = fit_mixed(rows, "mixed", adjusted_design(rows), levels)
    assert [row.term for row in found] == [
        "review_percentage",
        "baseline",
        "review_percentage:baseline",
        "visit",
        "utterances",
    ]
    assert [share.level for share in shares] == [*LEVELS, "residual"]
    assert sum(share.share for share in shares) == pytest.approx(1)
    one = found[0]
    assert one.p == pytest.approx(2 * stats.norm.sf(abs(one.estimate / one.se)))


def test_within_and_between_clients_are_kept_apart(rows):
    """A shift of a client's mean leaves what is within alone."""
    design = within_between_design(rows)
    within, between = design.columns[1:3]
    shifted = within_between_design(
        rows.assign(review_percentage=rows["review_percentage"] + (rows["client_id"] < "n"))
    )
    assert np.allclose(design[within], shifted[within])
    assert np.allclose(design[within] + design[between], rows["review_percentage"])


def test_levels_without_enough_groups_are_left_out(rows):
    some = rows.assign(organisation_id="o", therapist_id=rows["client_id"])
    levels, notices = usable_levels(some)
    assert levels == ("client_id",)
    assert [notice.code for notice in notices] == ["level-left-out"] * 2
    with pytest.raises(StudyError, match="no level"):
        fit_mixed(rows, "mixed", adjusted_design(rows), ())


def test_an_exact_fit_and_tied_terms(rows):
    design = adjusted_design(rows)
    with pytest.raises(StudyError, match="exactly"):
        fit_nested(design["baseline"], design, [rows["client_id"]])
    with pytest.raises(StudyError, match="determine each other"):
        fit_nested(rows["change"], design.assign(again=design["visit"]), [rows["client_id"]])
