"""Tables, figures and the report."""

import csv
import dataclasses
import io
import math
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("great_tables")

from action_recs import TaggedSession
from action_recs.errors import OutputError
from action_recs.study import plots, tables
from action_recs.study.analysis import analyse
from action_recs.study.join import join
from action_recs.study.report import render, write_report
from action_recs.study.results import STATEMENT, Flow, Prevalence
from action_recs.study.simulate import Design, simulate_cohort
from action_recs.study.tables import Column, Table, description_table, gee_table, number, study_tables
from action_recs.study.timeline import timeline_plot

SMALL = Design(n_sessions=240, n_clients=60, n_therapists=20, n_organisations=4, missing_scores=0.1)


@pytest.fixture(scope="module")
def cohort():
    return simulate_cohort(SMALL, seed=1)


@pytest.fixture(scope="module")
def joined(cohort):
    return join(cohort.sessions, cohort.outcomes)


@pytest.fixture(scope="module")
def study(cohort, joined):
    return analyse(cohort.sessions, joined)


TABLE = Table(
    name="example",
    title="A <title> & more",
    columns=(
        Column("Term", ("term",), left=True),
        Column("Estimate", ("estimate",), number),
        Column("95 % CI", ("low", "high"), tables.interval),
    ),
    records=(
        {"part": "one", "term": "a_b <i>", "estimate": -0.12345, "low": -0.2, "high": 0.05},
        {"part": "two", "term": "c", "estimate": math.nan, "low": math.nan, "high": math.nan},
    ),
    note="50 % of it",
    group="part",
)


def test_csv_has_all_digits_and_nothing_where_there_is_no_number():
    assert TABLE.to_csv() == "part,term,estimate,low,high\none,a_b <i>,-0.12345,-0.2,0.05\ntwo,c,,,\n"


def test_html_is_rounded_and_escaped():
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", TABLE.to_html(), flags=re.DOTALL)
    text = [re.sub("<[^>]+>", "", cell).strip() for cell in cells]
    assert text == [
        *("A &lt;title&gt; &amp; more", "Term", "Estimate", "95 % CI"),
        *("one", "a_b &lt;i&gt;", "−0.123", "−0.200 to 0.050"),
        *("two", "c", "–", "–"),
        "50 % of it",
    ]


def test_latex_is_escaped():
    latex = TABLE.to_latex()
    assert r"a\_b \textless{}i\textgreater{}" in latex
    assert "$-$0.123" in latex
    assert latex.isascii()


def test_a_group_is_named_by_its_data_and_cannot_break_the_page():
    bad = dataclasses.replace(TABLE, records=({**TABLE.records[0], "part": "</table><script>alert(1)</script>"},))
    assert "<script" not in bad.to_html()


def test_the_description_stands_beside_the_published_figures(study):
    rows = {row["label"]: row for row in csv.DictReader(io.StringIO(description_table(study.describe).to_csv()))}
    assert rows["share_with_recommendation"]["published"] == "95 %"
    assert rows["share_with_structured"]["published"] == "61 %"
    assert rows["median_review_percentage"]["published"] == ""
    assert float(rows["share_with_review"]["estimate"]) == study.describe["share_with_review"].estimate


def test_the_gee_table_has_every_row_of_the_results(study):
    rows = list(csv.DictReader(io.StringIO(gee_table(study).to_csv())))
    expected = [row for fit in study.gee for row in fit.rows]
    assert [(row["term"], float(row["estimate"]), float(row["p"])) for row in rows] == [
        (row.term, row.estimate, row.p) for row in expected
    ]
    assert rows[0]["published"] == "0.032"


def test_every_table_can_be_written_in_every_form(study):
    for table in study_tables(study):
        headings = [column.heading for column in table.columns]
        assert len(set(headings)) == len(headings), table.name
        assert table.to_csv().count("\n") == len(table.records) + 1
        if table.printed:
            assert table.to_html().startswith("<table")
            assert r"\begin{tabular" in table.to_latex()


def text_of(figure):
    figure.draw_without_rendering()
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def test_the_flow_chart_says_what_was_left_out():
    flow = (
        Flow("in the file", "sessions", 1200, 90),
        Flow("with a date", "sessions", 1190, 90, 10, "no date"),
        Flow("with a score", "sessions", 800, 70, 390, "no PHQ-9", "PHQ-9"),
        Flow("with a score", "sessions", 700, 60, 490, "no GAD-7", "GAD-7"),
    )
    text = text_of(plots.flow_plot(flow)).replace("\n", " ")
    for part in (
        "In the file 1,200 sessions, 90 clients",
        "10 left out: no date",
        "390 left out: no PHQ-9",
        "GAD-7: with",
    ):
        assert part in text


@pytest.mark.parametrize("instruments", [(), ("PHQ-9",), ("GAD-7", "PHQ-9")])
def test_the_flow_chart_takes_any_number_of_instruments(instruments):
    flow = [Flow("in the file", "sessions", 12, 9), *(Flow("left", "sessions", 8, 7, 4, "why", i) for i in instruments)]
    assert text_of(plots.flow_plot(flow)).count("8 sessions") == len(instruments)


def test_the_forest_names_every_subgroup(study):
    text = text_of(plots.forest_plot(study))
    assert "PHQ-9, all clients" in text
    assert "GAD-7, moderate to severe at baseline" in text


def test_the_funnel_counts_those_outside(study):
    """A third and two thirds of 12 sessions are inside the limits around a half, all of 12 are not."""
    half = dataclasses.replace(study.describe["share_with_review"], estimate=0.5)
    therapists = [
        Prevalence("share_with_review", share, 0.0, 1.0, 12, 3, "therapist_id", name)
        for name, share in (("a", 1 / 3), ("b", 2 / 3), ("c", 1.0))
    ]
    described = dataclasses.replace(study.describe, overall=(half,), groups=tuple(therapists))
    assert "1 of 3 therapists outside the 95 % limits" in text_of(plots.funnel_plot(described))


def test_figures_are_drawn_the_same_every_time(study):
    assert plots.to_svg(plots.interaction_plot(study)) == plots.to_svg(plots.interaction_plot(study))


def test_the_timeline_shows_no_words(cohort):
    session = next(session for session in cohort.tagged_sessions() if session.reviews and session.recommendations)
    text = text_of(timeline_plot(session))
    assert "simulated" not in text
    assert {"therapist", "client", "review", "structured", "casual"} <= set(text.split())
    assert text_of(timeline_plot(TaggedSession((), (), ())))


class Links(HTMLParser):
    """What a page would fetch, and whether its tags are closed."""

    def __init__(self):
        super().__init__()
        self.fetched, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.fetched += [value for name, value in attrs if name in ("src", "href", "srcset", "data") and value]
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_needs_nothing_else(study, joined):
    page = render(study, joined.table)
    links = Links()
    links.feed(page)
    assert links.open == []
    assert links.fetched
    assert all(link.startswith("data:image/svg+xml;base64,") for link in links.fetched)
    assert "@import" not in page
    assert "url(" not in page


def test_the_report_says_what_the_figures_do_not(study, joined):
    page = render(study, joined.table, title="A <b> title")
    assert STATEMENT in page
    assert "<title>A &lt;b&gt; title</title>" in page
    for notice in study.notices:
        assert notice.code in page


def test_a_report_on_simulated_data_says_so_and_no_other_does(study, joined):
    assert "Simulated data" in render(study, joined.table)
    real = joined.table.assign(client_id=["c1", *joined.table["client_id"][1:]])
    assert "Simulated data" not in render(study, real)


def test_a_report_without_models_is_still_a_report(study, joined):
    bare = dataclasses.replace(
        study, gee=(), models=(), variances=(), predictions=(), curves=(), comparisons=(), e_values=()
    )
    page = render(bare, joined.table)
    assert "What the sessions hold" in page
    assert 'id="outcomes"' not in page


def test_the_folder(study, joined, tmp_path):
    write_report(study, joined.table, tmp_path / "new" / "report")
    written = {str(file.relative_to(tmp_path / "new" / "report")) for file in tmp_path.rglob("*") if file.is_file()}
    assert {"report.html", "tables/gee.csv", "tables/gee.html", "tables/gee.tex", "figures/forest.svg"} <= written


def test_a_folder_that_cannot_be_written(study, joined, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(study, joined.table, tmp_path / "file")


def test_the_report_takes_what_there_is(cohort):
    """No therapists, no organisations, one instrument, and not one review."""
    nothing = {name: 0 for name in cohort.sessions if name.startswith("review") and name != "review_position"}
    sessions = cohort.sessions.assign(therapist_id=None, organisation_id=None, review_position=math.nan, **nothing)
    scores = cohort.outcomes[cohort.outcomes["instrument"] == "GAD-7"]
    joined = join(sessions, scores)
    study = analyse(sessions, joined)
    page = render(study, joined.table)
    assert study.gee == ()
    assert "no variation in review percentage" in page
    for absent in ("figure-funnel", "figure-organisations", "figure-forest", 'id="outcomes"', "PHQ-9"):
        assert absent not in page
    for present in ("figure-recommendations", "figure-severity", "figure-flow"):
        assert present in page


def test_what_became_of_recommendations_is_in_tables_report_and_results(study, joined):
    from action_recs.study.results import FollowUp, FollowUpFigure, Lag

    figures = (
        FollowUpFigure("reviewed", 0.5, 0.25, 0.75, 40, 10),
        FollowUpFigure("done", 0.25, 0.1, 0.5, 20, 8, "form", "casual"),
        FollowUpFigure("reviewed", 0.4, math.nan, math.nan, 5, 1, "therapist_id", "T1"),
    )
    lags = (Lag("sessions", 2.0, (1.0, 2.0), (0.3, 0.5), 40, 20),)
    followed = dataclasses.replace(study, follow_up=FollowUp(50, 20, 10, figures, lags))
    found = {table.name: table for table in study_tables(followed)}
    assert "By form: Done, of those whose review tells" in found["follow_up"].to_csv()
    assert found["follow_up_by"].to_csv().splitlines()[1].endswith("T1,0.4,,,5")
    page = render(followed, joined.table)
    assert "What became of recommendations" in page
    assert "25.0 to 75.0 %" in page
    assert followed.to_dict()["follow_up"]["n_items"] == 50
    assert "What became of recommendations" not in render(study, joined.table)
    assert "follow_up" not in study.to_dict()
