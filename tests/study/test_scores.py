"""PHQ-9 and GAD-7 in every form that tables have them."""

import pytest

pytest.importorskip("pandas")

from action_recs.errors import StudyError
from action_recs.study.scores import GAD7, PHQ9, read_scores


def read(tmp_path, text):
    path = tmp_path / "o.csv"
    path.write_text(text, encoding="utf-8")
    return read_scores(path)


def rows(scores):
    table = scores.table.assign(date=scores.table["date"].dt.strftime("%Y-%m-%d"))
    return table[["client_id", "date", "instrument", "score"]].to_numpy().tolist()


TWO = [["a", "2024-01-01", "PHQ-9", 9.0], ["a", "2024-01-01", "GAD-7", 7.0]]


@pytest.mark.parametrize(
    "text",
    [
        "client_id,date,instrument,score\na,2024-01-01,PHQ-9,9\na,2024-01-01,GAD-7,7\n",
        "\ufeffClient ID,Date,Instrument,Score\n\na,2024-01-01,phq9,9.0\na,2024-01-01,gad_7,7\n",
        "client_id,date,PHQ-9,GAD-7\na,2024-01-01,9,7\n",
        "client_id,date,phq9_total,gad7_score,therapist\na,2024-01-01,9,7,t\n",
        "client_id,date," + ",".join(f"phq9_{n}" for n in range(1, 10)) + ",GAD-7\na,2024-01-01," + "1," * 9 + "7\n",
        "client_id,date,phq9," + ",".join(f"GAD-7 item {n}" for n in range(7, 0, -1)) + "\na,2024-01-01,9" + ",1" * 7,
    ],
)
def test_every_form_gives_the_same_scores(tmp_path, text):
    assert rows(read(tmp_path, text)) == TWO


@pytest.mark.parametrize(
    ("instrument", "lowest"),
    [
        (PHQ9, {0: "none", 5: "mild", 10: "moderate", 15: "moderately severe", 20: "severe"}),
        (GAD7, {0: "none", 5: "mild", 10: "moderate", 15: "severe"}),
    ],
)
def test_bands_begin_where_the_instruments_papers_say(instrument, lowest):
    expected = None
    for score in range(instrument.highest + 1):
        expected = lowest.get(score, expected)
        assert instrument.band(score) == expected
    assert (PHQ9.highest, GAD7.highest) == (27, 21)


@pytest.mark.parametrize(
    ("answers", "score"),
    [
        ([3] * 9, 27),
        ([0] * 9, 0),
        ([1] * 8 + [None], 9),  # 8 * 9 / 8
        ([2, 1, 1, 1, 1, 1, 1, None, None], 10),  # 8 * 9 / 7 = 10.29
        ([3, 1, 1, 1, 1, 1, 1, 0, None], 10),  # 9 * 9 / 8 = 10.125
        ([1, 1, 1, 1, 0, 0, 0, 0, None], 5),  # 4 * 9 / 8 = 4.5
        ([3] * 6 + [None] * 3, None),
    ],
)
def test_up_to_two_missing_items_get_the_mean_of_the_others(answers, score):
    assert PHQ9.score(answers) == score


def test_what_is_left_out_is_said(tmp_path):
    found = read(
        tmp_path,
        "client_id,date,instrument,score\n"
        "a,2024-01-01,PHQ-9,9\na,2024-01-01,phq9,9\nb,2024-01-01,PHQ-9,\nb,2024-01-01,PCL-5,40\n,2024-01-01,GAD-7,3\n",
    )
    assert rows(found) == TWO[:1]
    codes = {notice.code: notice.message[0] for notice in found.notices}
    assert codes == {"duplicate-scores": "1", "no-score": "1", "other-instrument": "1", "no-client-or-date": "1"}


def test_a_total_that_is_not_the_sum_of_its_items(tmp_path):
    header = "client_id,date,phq9," + ",".join(f"phq9_{n}" for n in range(1, 10))
    with pytest.raises(StudyError, match="line 2: the PHQ-9 score is not the sum"):
        read(tmp_path, header + "\na,2024-01-01,10" + ",1" * 9)


LONG = "client_id,date,instrument,score\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column client_id and no column date"),
        ("client_id,instrument,score\n", "no column date"),
        ("client_id,date,mood\na,2024-01-01,3\n", "no column with scores"),
        ("client_id,date,phq9_1\na,2024-01-01,3\n", "PHQ-9 items are not 1 to 9"),
        ("client_id,date,PHQ-9,phq9\na,2024-01-01,3,3\n", "line 1: the columns 3 and 4 have the same name"),
        (LONG, "holds no score"),
        (LONG + "a,2024-01-01,PHQ-9,28\n", "line 2: PHQ-9 is 28; it can be 0 to 27"),
        (LONG + "a,2024-01-01,GAD-7,22\n", "line 2: GAD-7 is 22"),
        (LONG + "a,2024-01-01,GAD-7,-1\n", "line 2: GAD-7 is -1"),
        (LONG + "a,2024-01-01,GAD-7,inf\n", "line 2: GAD-7 is inf"),
        (LONG + "a,2024-01-01,GAD-7,seven\n", "line 2: GAD-7 is not a number"),
        (LONG + "a,2024-01-01,GAD-7,1_0\n", "line 2: GAD-7 is not a number"),
        (LONG + "a,01/02/2024,GAD-7,7\n", "line 2: the date is not ISO 8601"),
        (LONG + "a,2024-01-01,GAD-7\n", "line 2: 3 cells under 4 columns"),
        (LONG + "a,2024-01-01,GAD-7,7\na,2024-01-01,GAD-7,8\n", "line 3: another GAD-7 score .* line 2"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path, text, message):
    with pytest.raises(StudyError, match=message):
        read(tmp_path, text)


def test_a_file_that_is_none(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        read_scores(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"client_id,date\n\xe9")
    with pytest.raises(StudyError, match="not UTF-8"):
        read_scores(tmp_path / "latin.csv")
