"""Intervals from a bootstrap over clusters."""

import pytest

from action_recs.evaluation.bootstrap import Estimate, clustered_interval
from action_recs.evaluation.metrics import Counts

MIXED = {f"c{number}": Counts(8, number, number * number) for number in range(10)}


@pytest.mark.parametrize(
    ("clusters", "figure", "expected"),
    [
        ({"a": Counts(1, 1, 0)}, "precision", (0.5, 0.5, 0.5)),
        ({"a": Counts(1, 1, 0)}, "recall", (1, 1, 1)),
        ({"a": Counts(1, 1, 0)}, "f1", (2 / 3, 2 / 3, 2 / 3)),
        ({"a": Counts(2, 0, 0), "b": Counts(5, 0, 0)}, "f1", (1, 1, 1)),
        ({"a": Counts(0, 0, 0)}, "f1", (0, 0, 0)),
        ({"a": Counts(1, 0, 0), "b": Counts(0, 1, 0)}, "precision", (0.5, 0, 1)),
    ],
)
def test_smallest_cases(clusters, figure, expected):
    found = clustered_interval(clusters, figure)
    assert (found.value, found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize("figure", ["f1", "precision", "recall"])
def test_the_interval_holds_the_figure_and_is_fixed_by_the_seed(figure):
    found = clustered_interval(MIXED, figure)
    assert 0 <= found.low < found.value < found.high <= 1
    assert clustered_interval(MIXED, figure) == found
    assert len({clustered_interval(MIXED, figure, draws=20, seed=seed) for seed in range(9)}) > 1
    assert clustered_interval(MIXED, figure, draws=500).value == found.value


def test_fewer_clusters_make_a_wider_interval():
    few = {"a": Counts(8, 0, 0), "b": Counts(8, 9, 9)}
    many = {f"{name}{copy}": counts for name, counts in few.items() for copy in range(30)}
    wide, narrow = clustered_interval(few), clustered_interval(many)
    assert wide.value == pytest.approx(narrow.value)
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_an_estimate_is_written_with_four_decimals():
    assert Estimate(2 / 3, 0.5, 1.0).to_dict() == {"value": 0.6667, "low": 0.5, "high": 1.0}
