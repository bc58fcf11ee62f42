"""Which scores a session gets, and who is left out."""

import pytest

pytest.importorskip("pandas")

import pandas as pd

from action_recs import Label, Role, TaggedSession, TaggedUtterance
from action_recs.errors import StudyError
from action_recs.study.join import Window, join
from action_recs.study.scores import collect
from action_recs.study.sessions import tabulate

ONE_UTTERANCE = (TaggedUtterance(0, Role.CLIENT, "x", frozenset(), dict.fromkeys(Label, 0.0)),)


def session(**ids):
    return TaggedSession(ONE_UTTERANCE, (), (), **ids)


def sessions(*days, client="a"):
    """Sessions of one client in January 2024."""
    return [session(session_id=f"{client}{day}", client_id=client, date=f"2024-01-{day:02}") for day in days]


def table(some):
    return tabulate(some).table


def scores(*of, client="a", instrument="PHQ-9"):
    """Scores as (date, score)."""
    columns = ["client_id", "date", "instrument", "score"]
    records = [dict(zip(columns, (client, date, instrument, score), strict=True)) for date, score in of]
    return collect(list(enumerate(records, 2)), columns).table


def found(joined):
    return joined.table[["session_id", "baseline", "score", "change", "days"]].to_numpy().tolist()


FOUR = [("2024-01-01", 12), ("2024-01-08", 10), ("2024-01-15", 7), ("2024-03-01", 3)]


def test_change_is_from_the_first_score_to_the_one_after_the_session():
    joined = join(table(sessions(1, 8, 10)), scores(*FOUR))
    assert found(joined) == [["a1", 12, 10, -2, 7], ["a8", 12, 7, -5, 7], ["a10", 12, 7, -5, 5]]
    assert joined.table["baseline_band"].unique().tolist() == ["moderate"]
    assert joined.table["previous"].tolist() == [12, 10, 10]
    assert [notice.code for notice in joined.notices] == ["shared-scores"]


def test_change_from_the_score_before():
    joined = join(table(sessions(1, 8, 10)), scores(*FOUR), Window(baseline="previous"))
    assert found(joined) == [["a1", 12, 10, -2, 7], ["a8", 10, 7, -3, 7], ["a10", 10, 7, -3, 5]]


def test_the_window_after_a_session_ends():
    assert found(join(table(sessions(1, 20)), scores(*FOUR), Window(after=7))) == [["a1", 12, 10, -2, 7]]
    assert found(join(table(sessions(20)), scores(*FOUR), Window(after=41))) == [["a20", 12, 3, -9, 41]]


def test_a_score_of_the_same_day_comes_before_the_session():
    joined = join(table(sessions(8)), scores(("2024-01-08", 10), ("2024-01-09", 9)))
    assert found(joined) == [["a8", 10, 9, -1, 1]]


def test_everyone_who_is_left_out_has_a_reason():
    some = table([*sessions(1, 28), *sessions(1, client="b"), session(), session(client_id="a")])
    joined = join(some, scores(("2024-01-02", 12), ("2024-01-30", 10)))
    reasons = joined.dropped[["line", "instrument", "reason"]].to_numpy().tolist()
    assert reasons == [
        [4, "", "no client"],
        [5, "", "no date"],
        [3, "PHQ-9", "the client has no score"],
        [1, "PHQ-9", "the client's first score is later than the session"],
    ]
    steps = [(step.n, step.n_clients, step.n_dropped) for step in joined.flow if step.unit == "sessions"]
    assert steps == [(5, 2, 0), (4, 2, 1), (3, 2, 1), (2, 1, 1), (1, 1, 1), (1, 1, 0)]
    assert len(joined.table) + len(joined.dropped) == len(some)


def test_scores_of_nobody_and_from_long_before_are_noticed():
    some = pd.concat(
        [scores(("2023-01-01", 20), ("2023-12-30", 12), ("2024-01-05", 8)), scores(("2024-01-01", 5), client="z")]
    )
    joined = join(table(sessions(1)), some)
    assert found(joined) == [["a1", 12, 8, -4, 4]]
    assert {notice.code for notice in joined.notices} == {"scores-without-sessions", "scores-before-first-session"}


def test_instruments_are_joined_each_for_itself():
    both = pd.concat([scores(*FOUR), scores(("2024-01-01", 3), ("2024-01-09", 4), instrument="GAD-7")])
    joined = join(table(sessions(1)), both)
    assert joined.instruments == ("PHQ-9", "GAD-7")
    assert joined.of("GAD-7")["change"].tolist() == [1]


def test_nothing_to_join():
    with pytest.raises(StudyError, match="no session has a baseline"):
        join(table(sessions(1)), scores(("2024-01-01", 5)))
    for ids in ({"client_id": "a"}, {"date": "2024-01-01"}):
        with pytest.raises(StudyError, match="both a client_id and a date"):
            join(table([session(**ids)]), scores(*FOUR))
    with pytest.raises(StudyError, match="window"):
        Window(after=0)
    with pytest.raises(StudyError, match="window"):
        Window(before=10**13)
