"""The study as one HTML page that needs nothing else, and as separate tables and figures for a manuscript."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from action_recs.errors import OutputError
from action_recs.study import plots
from action_recs.study.printable import Table, write_tables
from action_recs.study.results import STATEMENT, Study
from action_recs.study.simulate import SIMULATED
from action_recs.study.tables import figure, figure_interval, slopes, study_tables
from action_recs.version import __version__


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure of the report: the name of its file, a caption, and the drawing."""

    name: str
    caption: str
    svg: str

    def to_html(self) -> str:
        """An ``<img>`` that holds the drawing itself."""
        data = base64.b64encode(self.svg.encode()).decode()
        text = escape(self.caption)
        return (
            f'<figure id="figure-{self.name}"><img alt="{text}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{text}</figcaption></figure>"
        )


def study_pictures(study: Study, rows: pd.DataFrame) -> tuple[Picture, ...]:
    """Every figure that the study's data carry."""
    described = study.describe
    therapists = {found.group for found in described.groups if found.by == "therapist_id"}
    organisations = {found.group for found in described.groups if found.by == "organisation_id"}
    wanted: tuple[tuple[str, str, bool, Callable[[], Figure]], ...] = (
        (
            "recommendations",
            "Recommendations a session: share of sessions with each number, and the mean with its interval.",
            True,
            lambda: plots.recommendations_plot(described),
        ),
        (
            "organisations",
            "Sessions with a review by organisation, with 95 % intervals; the line is the share of all sessions.",
            1 < len(organisations) <= MOST_ORGANISATIONS,
            lambda: plots.groups_plot(described),
        ),
        (
            "funnel",
            "Therapists: sessions with a review against number of sessions. The limits show what chance alone would do "
            "if all therapists were alike; they are no standard to be met.",
            len(therapists) > 1,
            lambda: plots.funnel_plot(described),
        ),
        (
            "lag",
            "From a recommendation to the next session with a review (Kaplan-Meier).",
            bool(described.lags),
            lambda: plots.lag_plot(described),
        ),
        (
            "flow",
            "Inclusion: what remains at each step, and what was left out and why.",
            bool(study.flow),
            lambda: plots.flow_plot(study.flow),
        ),
        (
            "severity",
            "Review percentage by baseline severity: quartiles and middle 90 % of the sessions with a review; above "
            "them, the share of sessions that have one.",
            not rows.empty,
            lambda: plots.severity_plot(rows),
        ),
        (
            "interaction",
            "Expected change in score over review percentage at three baseline scores, with 95 % intervals (published "
            "model). Below 0: a fall in symptoms.",
            bool(study.predictions),
            lambda: plots.interaction_plot(study),
        ),
        (
            "forest",
            "Change in score per percentage point of review, at the mean baseline of the clients included.",
            bool(slopes(study)),
            lambda: plots.forest_plot(study),
        ),
        (
            "dose",
            "Change against sessions without review where the line may bend, at the mean baseline; marks: knots.",
            bool(study.curves),
            lambda: plots.dose_plot(study),
        ),
    )
    return tuple(Picture(name, caption, plots.to_svg(draw())) for name, caption, there, draw in wanted if there)


MOST_ORGANISATIONS = 60
"""More do not fit one figure."""


def render(study: Study, rows: pd.DataFrame, *, title: str = "Recommendations, their review, and outcomes") -> str:
    """The whole page.

    Parameters
    ----------
    study : Study
    rows : data frame
        The joined rows that the models were fitted to.
    title : str
    """
    return _page(study, rows, title, study_tables(study), study_pictures(study, rows))


def write_report(
    study: Study, rows: pd.DataFrame, folder: str | Path, *, title: str = "Recommendations, their review, and outcomes"
) -> None:
    """Write ``report.html``, ``tables/NAME.{csv,html,tex}`` and ``figures/NAME.svg`` into a folder.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    folder = Path(folder)
    tables, pictures = study_tables(study), study_pictures(study, rows)
    page = _page(study, rows, title, tables, pictures)
    write_tables(tables, folder / "tables")
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        for picture in pictures:
            (folder / "figures" / f"{picture.name}.svg").write_text(picture.svg, encoding="utf-8")
        (folder / "report.html").write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None


def is_simulated(rows: pd.DataFrame) -> bool:
    """Whether the clients were drawn by ``simulate_cohort``; one real client is enough for no."""
    return not rows.empty and bool(rows["client_id"].astype(str).str.startswith(SIMULATED).all())


def _page(
    study: Study, rows: pd.DataFrame, title: str, tables: tuple[Table, ...], pictures: tuple[Picture, ...]
) -> str:
    table = {one.name: _table(one) for one in tables}
    picture = {one.name: one.to_html() for one in pictures}

    def part(name: str, heading: str, *blocks: str) -> str:
        body = "\n".join(filter(None, blocks))
        return f'<section id="{name}"><h2>{heading}</h2>\n{body}\n</section>' if body else ""

    parts = (
        part("notices", "Before you read on", _notices(study)),
        part(
            "sessions",
            "What the sessions hold",
            _cards(study),
            picture.get("recommendations", ""),
            table.get("description", ""),
            picture.get("organisations", ""),
            _folded("By organisation", table.get("by_organisation", "")),
            picture.get("funnel", ""),
            _folded("By visit", table.get("by_visit", "")),
            _folded("By modality", table.get("by_modality", "")),
            picture.get("lag", ""),
            table.get("lags", ""),
        ),
        part(
            "follow-up",
            "What became of recommendations",
            table.get("follow_up", ""),
            _folded("By therapist and client", table.get("follow_up_by", "")),
            table.get("follow_up_lags", ""),
        ),
        part(
            "inclusion",
            "Who is in the analysis",
            picture.get("flow", ""),
            _folded("As a table", table.get("flow", "")),
            picture.get("severity", ""),
        ),
        part(
            "outcomes",
            "Review and change in symptoms",
            table.get("gee", ""),
            picture.get("interaction", ""),
            picture.get("forest", ""),
            table.get("slopes", ""),
        ),
        part(
            "beyond",
            "Does it hold?",
            table.get("comparisons", ""),
            picture.get("dose", ""),
            table.get("curves", ""),
            table.get("e_values", ""),
            table.get("variances", ""),
            _folded("All further models", table.get("models", "")),
        ),
    )
    banner = '<p class="simulated">Simulated data: no client, session or score in this report is real.</p>'
    return PAGE.format(
        title=escape(title),
        style=STYLE,
        subtitle=_subtitle(study),
        banner=banner if is_simulated(rows) else "",
        statement=escape(STATEMENT),
        parts="\n".join(filter(None, parts)),
        version=__version__,
    )


def _subtitle(study: Study) -> str:
    first = study.flow[0] if study.flow else None
    if first is None:
        return ""
    words = [f"{first.n:,} sessions", f"{first.n_clients:,} clients"]
    for by, name in (("therapist_id", "therapists"), ("organisation_id", "organisations")):
        groups = {found.group for found in study.describe.groups if found.by == by}
        if groups:
            words.append(f"{len(groups):,} {name}")
    return " · ".join(words)


CARDS = {
    "share_with_recommendation": "of sessions hold a recommendation",
    "share_with_structured": "hold structured homework",
    "share_with_review": "hold a review",
    "mean_recommendations": "recommendations a session, mean",
    "median_review_percentage": "median review percentage",
}


def _cards(study: Study) -> str:
    there = {found.label for found in study.describe.overall}
    cards = []
    for label, words in CARDS.items():
        if label in there:
            found = study.describe[label]
            cards.append(
                f"<div><b>{figure(label, found.estimate)}</b><span>{words}</span>"
                f"<small>{figure_interval(label, found.ci_low, found.ci_high)}</small></div>"
            )
    return f'<div class="cards">{"".join(cards)}</div>'


def _notices(study: Study) -> str:
    if not study.notices:
        return ""
    items = "".join(f"<li>{escape(notice.message)} <code>{escape(notice.code)}</code></li>" for notice in study.notices)
    return f"<ul>{items}</ul>"


def _table(table: Table) -> str:
    if not table.printed:
        return f"<p>{len(table.records):,} rows: see <code>tables/{table.name}.csv</code>.</p>"
    return f'<div class="table" id="table-{table.name}">{table.to_html()}</div>'


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>\n{body}</details>" if body else ""


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<p class="subtitle">{subtitle}</p>
</header>
{banner}
<p class="statement"><b>Association, not effect.</b> {statement}</p>
<main>
{parts}
</main>
<footer>
<p>The idea, the review percentage and the published model: Spinrad et al. (2024), BMC Psychiatry,
doi 10.1186/s12888-024-05570-0. Structured homework: Peretz et al. (2023), JMIR Formative Research,
doi 10.2196/45156. This is an independent analysis. Intervals are 95 %.</p>
<p>Written by action_recs {version}. Every number is in <code>results.json</code>.</p>
</footer>
</body>
</html>
"""

STYLE = """
:root { --ink: #1f2933; --grey: #616e7c; --line: #d9dee4; --blue: #0072b2; --orange: #d55e00; }
* { box-sizing: border-box; }
body { color: var(--ink); background: #fff;
  font: 16px/1.55 "Helvetica Neue", Helvetica, Arial, "DejaVu Sans", sans-serif;
  max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 3rem 0 1rem; padding-top: .8rem; border-top: 3px solid var(--blue); }
.subtitle, figcaption, footer, small { color: var(--grey); }
.subtitle { margin: .4rem 0 1.6rem; font-size: 1.05rem; }
.statement { border-left: 4px solid var(--orange); padding: .2rem 0 .2rem 1rem; }
.simulated { background: #fff3e6; border: 1px solid var(--orange); border-radius: 4px; padding: .6rem 1rem;
  font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem; margin-bottom: 2rem; }
.cards div { border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; }
.cards b { display: block; font-size: 1.6rem; color: var(--blue); font-variant-numeric: tabular-nums; }
.cards span, .cards small { display: block; line-height: 1.35; }
.cards small { margin-top: .3rem; }
figure { margin: 1.8rem 0; }
figure img { width: 100%; height: auto; display: block; }
figcaption { font-size: .9rem; margin-top: .6rem; max-width: 46rem; }
.table { margin: 1.8rem 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums;
  border-bottom: 2px solid var(--ink); }
td, th { padding: .3rem .7rem .3rem 0; text-align: left; vertical-align: top; font-weight: normal; }
.gt_title { font-size: 1rem; font-weight: 700; padding-bottom: .5rem; }
.gt_col_headings th { border-top: 2px solid var(--ink); border-bottom: 1px solid var(--ink); font-weight: 600;
  vertical-align: bottom; }
.gt_group_heading { font-weight: 600; padding-top: .8rem; color: var(--blue); }
.gt_table_body tr + tr td { border-top: 1px solid var(--line); }
.gt_right { text-align: right; }
td.gt_right { white-space: nowrap; }
.gt_table_body td:first-child { min-width: 13.5rem; }
.gt_sourcenote { color: var(--grey); font-size: .85rem; padding-top: .5rem; border-top: 1px solid var(--ink); }
#notices ul { padding-left: 1.2rem; }
code { font-size: .8em; color: var(--grey); background: #f1f4f7; padding: .1em .35em; border-radius: 3px; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--blue); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); font-size: .88rem; }
@media print { body { max-width: none; padding: 0; } figure, .table { break-inside: avoid; } }
"""
