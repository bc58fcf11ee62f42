"""What became of recommendations, as a study counts it."""

import json

import pandas as pd
import pytest

from action_recs.errors import StudyError
from action_recs.study.follow_up import (
    ITEM_STUDY_COLUMNS,
    describe_follow_up,
    read_items,
    time_to_review,
    with_items,
)


def thread(client, items, *, sessions=3, therapist="t1", dates=("2024-03-01", "2024-03-08", "2024-03-22")):
    """A client's line as the command writes it; items are (session, form, category, reviewing session, adherence)."""
    return {
        "client_id": client,
        "sessions": [
            {
                "session_id": f"{client}-s{place}",
                "client_id": client,
                "therapist_id": therapist,
                "organisation_id": None,
                "date": dates[place],
            }
            for place in range(sessions)
        ],
        "items": [
            {
                "session": place,
                "recommendation": {"form": form},
                "category": category,
                "reviews": [] if review is None else [{"session": review}],
                "adherence": adherence,
            }
            for place, form, category, review, adherence in items
        ],
        "reviews": [],
    }


@pytest.fixture
def items(tmp_path):
    threads = [
        thread(
            "a",
            [
                (0, "casual", "learn", 1, "done"),
                (0, "casual", "monitor", 2, "not_done"),
                (2, "casual", "learn", None, None),
            ],
        ),
        thread(
            "b",
            [
                (1, "structured", "learn", 2, "partial"),
                (1, "casual", "learn", None, None),
                (0, "casual", "learn", 1, "unclear"),
            ],
        ),
    ]
    path = tmp_path / "threads.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in threads))
    return read_items(path)


def figure(found, label, by="all", group="all"):
    (one,) = (each for each in found.figures if (each.label, each.by, each.group) == (label, by, group))
    return one


def test_shares_count_what_could_be_reviewed_and_what_tells(items):
    found = describe_follow_up(items)
    assert (found.n_items, found.n_reviewed, found.n_clients) == (6, 4, 2)
    ever = figure(found, "reviewed")
    assert (ever.estimate, ever.n_items, ever.n_clusters) == (pytest.approx(4 / 5), 5, 2)
    assert figure(found, "done").estimate == pytest.approx(1 / 3)
    assert figure(found, "done or partly").estimate == pytest.approx(2 / 3)
    assert (
        figure(found, "reviewed", "form", "casual").estimate,
        figure(found, "reviewed", "form", "structured").estimate,
    ) == (0.75, 1)
    assert figure(found, "done", "category", "learn").n_items == 2
    assert figure(found, "reviewed", "client_id", "b").estimate == pytest.approx(2 / 3)
    assert figure(found, "reviewed", "therapist_id", "t1").n_items == 5


def test_time_to_review_is_of_the_recommendation_itself_and_censored(items):
    sessions, days = time_to_review(items, "sessions"), time_to_review(items, "days")
    assert (sessions.n_sessions, sessions.n_reviewed) == (5, 4)
    # at one session 5 could be reviewed and 3 were, one was censored; at two, 1 of 1
    assert sessions.times == (1.0, 2.0)
    assert sessions.reviewed == pytest.approx((3 / 5, 1.0))
    assert days.times == (7.0, 14.0, 21.0)
    assert sessions.median == 1.0


def test_without_items_or_dates_there_is_nothing_to_say():
    nothing = describe_follow_up(pd.DataFrame(columns=list(ITEM_STUDY_COLUMNS)))
    assert (nothing.n_items, nothing.figures, nothing.lags) == (0, (), ())


def test_counts_join_the_table_of_sessions(items):
    sessions = pd.DataFrame({"session_id": ["a-s0", "b-s1", "z"]})
    joined = with_items(sessions, items)
    assert joined[["items", "items_reviewed", "items_done"]].values.tolist() == [[2, 2, 1], [2, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("line", ["{", "[1]", "{}", '{"sessions": [], "items": [{"session": 3}]}'])
def test_a_file_that_holds_no_threads_is_refused_with_the_line(tmp_path, line):
    path = tmp_path / "threads.jsonl"
    path.write_text("\n" + line + "\n")
    with pytest.raises(StudyError, match="line 2: not a client's thread"):
        read_items(path)
