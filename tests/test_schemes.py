"""Strict, exact, partial and type: what each scheme makes of the smallest cases, and of what nervaluate counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action_recs.evaluation.schemes import SCHEMES, Mark, SchemeCounts, judged, paired

CASUAL, TASK = "casual", "structured"


def marks(*places):
    return [Mark((utterance, start, end), kind) for utterance, start, end, kind in places]


ONE = (0, 10, 20, CASUAL)
# columns: correct, incorrect, partial, missed, spurious
TABLE = {
    "nothing at all": ([], [], dict.fromkeys(SCHEMES, (0, 0, 0, 0, 0))),
    "the same": ([ONE], [ONE], dict.fromkeys(SCHEMES, (1, 0, 0, 0, 0))),
    "missed": ([ONE], [], dict.fromkeys(SCHEMES, (0, 0, 0, 1, 0))),
    "spurious": ([], [ONE], dict.fromkeys(SCHEMES, (0, 0, 0, 0, 1))),
    "other type": (
        [ONE],
        [(0, 10, 20, TASK)],
        {"strict": (0, 1, 0, 0, 0), "exact": (1, 0, 0, 0, 0), "partial": (1, 0, 0, 0, 0), "type": (0, 1, 0, 0, 0)},
    ),
    "other ends": (
        [ONE],
        [(0, 12, 25, CASUAL)],
        {"strict": (0, 1, 0, 0, 0), "exact": (0, 1, 0, 0, 0), "partial": (0, 0, 1, 0, 0), "type": (1, 0, 0, 0, 0)},
    ),
    "other ends and type": (
        [ONE],
        [(0, 12, 25, TASK)],
        {"strict": (0, 1, 0, 0, 0), "exact": (0, 1, 0, 0, 0), "partial": (0, 0, 1, 0, 0), "type": (0, 1, 0, 0, 0)},
    ),
    "next to each other": ([ONE], [(0, 20, 30, CASUAL)], dict.fromkeys(SCHEMES, (0, 0, 0, 1, 1))),
    "in another utterance": ([ONE], [(1, 10, 20, CASUAL)], dict.fromkeys(SCHEMES, (0, 0, 0, 1, 1))),
    "one over two": (
        [(0, 0, 10, CASUAL), (0, 10, 30, CASUAL)],
        [(0, 0, 30, CASUAL)],
        {"strict": (0, 1, 0, 1, 0), "exact": (0, 1, 0, 1, 0), "partial": (0, 0, 1, 1, 0), "type": (1, 0, 0, 1, 0)},
    ),
    "the right one, after one that overlaps it": (
        [(0, 10, 20, CASUAL)],
        [(0, 5, 12, CASUAL), (0, 10, 20, CASUAL)],
        dict.fromkeys(SCHEMES, (1, 0, 0, 0, 1)),
    ),
}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("case", TABLE)
def test_the_table(case, scheme):
    gold, found, expected = TABLE[case]
    assert judged(marks(*gold), marks(*found), SCHEMES[scheme]) == SchemeCounts(*expected[scheme])


def test_rates():
    counts = SchemeCounts(correct=3, incorrect=1, partial=2, missed=4, spurious=2)
    assert (counts.found, counts.gold) == (8, 10)
    assert (counts.precision, counts.recall) == pytest.approx((4 / 8, 4 / 10))
    assert counts.f1 == pytest.approx(2 * 0.5 * 0.4 / 0.9)
    assert counts + counts == SchemeCounts(6, 2, 4, 8, 4)
    assert (SchemeCounts().precision, SchemeCounts().recall, SchemeCounts().f1) == (0, 0, 0)


# One place of ten characters for each gold mark, so that no mark overlaps two others.
place = st.tuples(st.integers(0, 4), st.integers(5, 9), st.sampled_from([CASUAL, TASK]))
line = st.lists(st.none() | place, min_size=6, max_size=6).map(
    lambda made: [(0, 10 * at + each[0], 10 * at + each[1], each[2]) for at, each in enumerate(made) if each]
)


@given(line, line)
def test_nervaluate_counts_the_same(gold, found):
    strategies = pytest.importorskip("nervaluate.strategies")
    entities = pytest.importorskip("nervaluate.entities")
    theirs = {
        "strict": strategies.StrictEvaluation,
        "exact": strategies.ExactEvaluation,
        "partial": strategies.PartialEvaluation,
        "type": strategies.EntityTypeEvaluation,
    }
    true, predicted = (
        [entities.Entity(kind, start, end - 1) for _, start, end, kind in side] for side in (gold, found)
    )
    for name, scheme in SCHEMES.items():
        result, _ = theirs[name]().evaluate(true, predicted, [CASUAL, TASK])
        own = judged(marks(*gold), marks(*found), scheme)
        counted = (result.correct, result.incorrect, result.partial, result.missed, result.spurious)
        assert (own.correct, own.incorrect, own.partial, own.missed, own.spurious) == counted
        assert (own.precision, own.recall) == pytest.approx((result.precision, result.recall))
        assert own.f1 == pytest.approx(result.f1)


anywhere = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8), st.integers(9, 14), st.just(CASUAL)), max_size=4)


@given(anywhere, anywhere)
def test_every_mark_is_judged_once(gold, found):
    pairs = paired(marks(*gold), marks(*found))
    assert len({place for place, _ in pairs}) == len({at for _, at in pairs}) == len(pairs)
    for scheme in SCHEMES.values():
        counts = judged(marks(*gold), marks(*found), scheme)
        assert (counts.gold, counts.found) == (len(gold), len(found))
