"""Many tests at once: p-values adjusted for their number."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.stats.multitest import multipletests

from action_recs.study.results import Comparison


def compare(tests: Sequence[tuple[str, float]]) -> tuple[Comparison, ...]:
    """Adjust a family of p-values by Holm (any false finding) and Benjamini-Hochberg (share of false findings).

    Holm (1979), Scandinavian Journal of Statistics 6, 65-70; Benjamini & Hochberg (1995), Journal of the Royal
    Statistical Society B 57, 289-300.

    Examples
    --------
    >>> [(round(one.holm, 3), round(one.benjamini_hochberg, 3)) for one in compare([("a", 0.01), ("b", 0.04)])]
    [(0.02, 0.02), (0.04, 0.04)]
    """
    if not tests:
        return ()
    labels, values = zip(*tests, strict=True)
    holm = multipletests(values, method="holm")[1]
    false_discovery = multipletests(values, method="fdr_bh")[1]
    return tuple(
        Comparison(label, p, float(one), float(other))
        for label, p, one, other in zip(labels, values, holm, false_discovery, strict=True)
    )
