"""The figures of a study, each a matplotlib ``Figure`` of its own: nothing is drawn on a shared canvas or shown."""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator
from scipy import stats

from action_recs.study.gee import SUBGROUP_NAMES
from action_recs.study.printable import p_value
from action_recs.study.results import Description, Flow, Prediction, Prevalence, Study
from action_recs.study.tables import GROUPS, slopes

P = ParamSpec("P")

INK, GREY, PALE = "#1f2933", "#7b8794", "#e4e7eb"
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
"""From the palette of Okabe & Ito (2008), told apart by most colour-blind readers."""

INSTRUMENT_COLOURS = {"PHQ-9": BLUE, "GAD-7": ORANGE}

STYLE: dict[Any, Any] = {
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "legend.frameon": False,
    "svg.hashsalt": "action_recs",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}

WIDTH = 7.2
"""Inches: the measure of a printed page, and of the report."""


def to_svg(figure: Figure) -> str:
    """The figure as SVG, the same bytes for the same figure."""
    file = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    return file.getvalue()


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """The plot, drawn in this library's style whatever the caller's is."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **options: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **options)

    return drawn


@styled
def recommendations_plot(description: Description) -> Figure:
    """How many sessions hold how many recommendations."""
    found = _distribution(description, "recommendations")
    figure, axes = _axes(WIDTH, 2.9)
    shares = 100 * np.array(found[1]) / max(sum(found[1]), 1)
    axes.bar(found[0], shares, width=0.82, color=[PALE if value == 0 else BLUE for value in found[0]])
    mean = description["mean_recommendations"]
    axes.axvspan(mean.ci_low, mean.ci_high, color=ORANGE, alpha=0.25, lw=0)
    axes.axvline(mean.estimate, color=ORANGE, lw=1.5)
    axes.annotate(
        f"mean {mean.estimate:.1f}",
        (mean.estimate, 1),
        (6, -2),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        va="top",
        color=ORANGE,
    )
    axes.set(xlabel="Recommendations a session", ylabel="Sessions, %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@styled
def severity_plot(rows: pd.DataFrame) -> Figure:
    """Review percentage by baseline severity: the share of sessions that review, and how much those do.

    Parameters
    ----------
    rows : data frame
        Joined rows, of one instrument or more.
    """
    instruments = list(dict.fromkeys(rows["instrument"]))
    figure, panels = _panels(len(instruments), WIDTH, 3.1)
    for axes, instrument in zip(panels, instruments, strict=True):
        some = rows[rows["instrument"] == instrument]
        bands = [band for band in BANDS if (some["baseline_band"] == band).any()]
        colour = INSTRUMENT_COLOURS.get(instrument, GREEN)
        for place, band in enumerate(bands):
            values = some.loc[some["baseline_band"] == band, "review_percentage"].to_numpy(dtype=float)
            reviewing = values[values > 0]
            if len(reviewing):
                axes.boxplot(
                    reviewing,
                    positions=[place],
                    widths=0.55,
                    whis=(5, 95),
                    showfliers=False,
                    patch_artist=True,
                    boxprops={"facecolor": colour, "alpha": 0.3, "edgecolor": colour},
                    medianprops={"color": colour, "linewidth": 2},
                    whiskerprops={"color": colour},
                    capprops={"color": colour},
                )
            axes.annotate(
                f"{100 * len(reviewing) / len(values):.0f} %\nof {len(values):,}",
                (place, 1),
                xycoords=axes.get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=8,
                color=GREY,
            )
        axes.set_xticks(range(len(bands)), [textwrap.fill(band, 11) for band in bands], fontsize=7.5)
        axes.set_xlim(-0.6, len(bands) - 0.4)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(f"{instrument} at baseline")
        axes.set_title(instrument, pad=26)
    panels[0].set_ylabel("Review percentage\nof sessions with a review")
    return figure


BANDS = ("none", "mild", "moderate", "moderately severe", "severe")


@styled
def interaction_plot(study: Study) -> Figure:
    """Expected change over review percentage, one line a baseline score, with 95 % intervals."""
    instruments = list(dict.fromkeys(point.instrument for point in study.predictions))
    figure, panels = _panels(len(instruments), WIDTH, 3.2, sharey=True)
    for axes, instrument in zip(panels, instruments, strict=True):
        points = [point for point in study.predictions if point.instrument == instrument]
        baselines = sorted({point.baseline for point in points})
        for baseline, colour in zip(baselines, _shades(len(baselines)), strict=True):
            _curve(axes, [point for point in points if point.baseline == baseline], colour, f"{baseline:.0f}")
        axes.axhline(0, color=GREY, lw=0.8, ls=":")
        fit = next(fit for fit in study.gee if (fit.instrument, fit.subgroup) == (instrument, "all"))
        p = p_value(fit["review_percentage:baseline"].p)
        axes.set_title(f"{instrument}   interaction p {'' if p.startswith('<') else '= '}{p}")
        axes.set_xlabel("Review percentage")
        axes.margins(x=0)
    panels[0].set_ylabel("Expected change in score")
    panels[-1].legend(title="Baseline", loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


@styled
def forest_plot(study: Study) -> Figure:
    """Change per percentage point of review at the mean baseline, in all clients and by baseline severity."""
    rows = slopes(study)
    figure, axes = _axes(WIDTH, 0.9 + 0.36 * len(rows))
    for place, row in enumerate(rows):
        colour = INSTRUMENT_COLOURS.get(row.instrument, GREEN)
        whole = row.subgroup == "all"
        axes.plot([row.ci_low, row.ci_high], [place, place], color=colour, lw=2.2 if whole else 1.4)
        axes.plot(row.estimate, place, marker="D" if whole else "s", ms=7 if whole else 5, color=colour)
    axes.axvline(0, color=GREY, lw=0.8, ls=":")
    names = [f"{row.instrument}, {SUBGROUP_NAMES.get(row.subgroup, row.subgroup)}" for row in rows]
    axes.set_yticks(range(len(rows)), names)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    for place, row in enumerate(rows):
        text = f"{row.estimate:.3f} ({row.ci_low:.3f} to {row.ci_high:.3f})   n = {row.n_sessions:,}"
        axes.annotate(
            text.replace("-", "−"),
            (1.02, place),
            xycoords=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
        )
    axes.set_xlabel("Points per percentage point of review  (left: a larger fall)")
    axes.tick_params(axis="y", length=0)
    return figure


@styled
def dose_plot(study: Study) -> Figure:
    """Change against no review, as a curve (restricted cubic spline), at the mean baseline."""
    figure, panels = _panels(len(study.curves), WIDTH, 3.0, sharey=True)
    for axes, curve in zip(panels, study.curves, strict=True):
        _curve(axes, curve.points, INSTRUMENT_COLOURS.get(curve.instrument, GREEN))
        for knot in curve.knots:
            axes.plot(knot, 0.015, marker="|", color=GREY, ms=7, transform=axes.get_xaxis_transform())
        axes.axhline(0, color=GREY, lw=0.8, ls=":")
        p = p_value(curve.p_nonlinear)
        axes.set_title(f"{curve.instrument}   bend p {'' if p.startswith('<') else '= '}{p}")
        axes.set_xlabel("Review percentage")
        axes.margins(x=0)
    panels[0].set_ylabel("Change against no review")
    return figure


@styled
def funnel_plot(description: Description, by: str = "therapist_id", label: str = "share_with_review") -> Figure:
    """Each therapist's share of sessions with a review against the number of sessions, with control limits.

    Limits are the exact binomial quantiles for 95 % and 99.8 % around the overall share (Spiegelhalter 2005, Statistics
    in Medicine 24, 1185-1202): what chance alone would make of therapists who are all alike. Real habits differ, so
    that more than one in twenty lie outside without any of them doing well or badly.
    """
    groups = [figure for figure in description.groups if (figure.by, figure.label) == (by, label)]
    sizes = np.array([group.n_sessions for group in groups])
    shares = np.array([100 * group.estimate for group in groups])
    overall = description[label].estimate
    figure, axes = _axes(WIDTH, 3.4)
    grid = np.arange(1, int(sizes.max() * 1.05) + 2)
    for level, style in ((0.95, "--"), (0.998, "-")):
        low, high = (_binomial_limit(end, grid, overall) for end in ((1 - level) / 2, (1 + level) / 2))
        axes.plot(grid, low, style, color=GREY, lw=1, label=f"{100 * level:g} % limits")
        axes.plot(grid, high, style, color=GREY, lw=1)
    axes.axhline(100 * overall, color=ORANGE, lw=1.2)
    axes.scatter(sizes, shares, s=16, color=BLUE, alpha=0.55, lw=0)
    outside = (shares < np.interp(sizes, grid, _binomial_limit(0.025, grid, overall))) | (
        shares > np.interp(sizes, grid, _binomial_limit(0.975, grid, overall))
    )
    what = GROUPS[by].lower()
    axes.set_title(
        f"{outside.sum()} of {len(groups)} {what}s outside the 95 % limits", fontweight="normal", fontsize=8.5
    )
    axes.set(xlabel=f"Sessions of the {what}", ylabel="Sessions with a review, %", ylim=(-3, 103), xlim=(0, grid[-1]))
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def _binomial_limit(quantile: float, n: np.ndarray[Any, np.dtype[np.int64]], share: float) -> np.ndarray[Any, Any]:
    """The quantile of a share of n in per cent, interpolated between whole numbers so that the line is smooth."""
    above = stats.binom.ppf(quantile, n, share)
    reached, before = stats.binom.cdf(above, n, share), stats.binom.cdf(above - 1, n, share)
    part = np.divide(reached - quantile, reached - before, out=np.zeros(len(n)), where=reached > before)
    return np.asarray(np.clip(100 * (above - part) / n, 0, 100))


@styled
def groups_plot(description: Description, by: str = "organisation_id", label: str = "share_with_review") -> Figure:
    """A figure of every group with its interval, in order."""
    groups = sorted(
        (figure for figure in description.groups if (figure.by, figure.label) == (by, label)),
        key=lambda group: group.estimate,
    )
    overall: Prevalence = description[label]
    figure, axes = _axes(WIDTH, 0.9 + 0.24 * len(groups))
    for place, group in enumerate(groups):
        axes.plot([100 * group.ci_low, 100 * group.ci_high], [place, place], color=BLUE, lw=1.4)
        axes.plot(100 * group.estimate, place, "o", ms=4.5, color=BLUE)
    axes.axvline(100 * overall.estimate, color=ORANGE, lw=1.2)
    axes.set_yticks(range(len(groups)), [f"{group.group}  ({group.n_sessions:,})" for group in groups])
    axes.set(xlabel="Sessions with a review, %  (number of sessions in brackets)", xlim=(0, 100))
    axes.tick_params(axis="y", length=0)
    return figure


@styled
def lag_plot(description: Description) -> Figure:
    """Share of sessions with a recommendation that a session with a review has followed, by visits and by days."""
    figure, panels = _panels(len(description.lags), WIDTH, 2.7, sharey=True)
    for axes, lag in zip(panels, description.lags, strict=True):
        axes.step([0, *lag.times], [0, *(100 * share for share in lag.reviewed)], where="post", color=BLUE)
        axes.set(xlabel=f"{lag.unit.capitalize()} after the recommendation", ylim=(0, 100))
        axes.set_xlim(left=0)
    panels[0].set_ylabel("Followed by a review, %")
    return figure


@styled
def flow_plot(flow: Sequence[Flow]) -> Figure:
    """Boxes for what remains, with those left out beside them; the instruments part after the shared steps."""
    shared = [step for step in flow if not step.instrument]
    branches = [[step for step in flow if step.instrument == name] for name in _instruments(flow)]
    depth = len(shared) + max((len(branch) for branch in branches), default=0)
    height = STEP * depth
    figure, axes = _axes(WIDTH, height)
    axes.set_axis_off()
    axes.set(xlim=(0, WIDTH), ylim=(height, -0.05))
    if len(branches) < 2:
        _boxes(axes, flow, WIDTH / 2 - 0.7, 0.0)
        return figure
    centres = np.linspace(0.16, 0.68, len(branches)) * WIDTH
    middle = float(centres.mean())
    end = _boxes(axes, shared, middle, 0.0)
    start = len(shared) * STEP
    if end:
        bend = (end + start) / 2
        axes.plot([middle, middle], [end, bend], color=GREY, lw=1)
        axes.plot(centres[[0, -1]], [bend, bend], color=GREY, lw=1)
    for centre, branch in zip(centres.tolist(), branches, strict=True):
        if end:
            axes.annotate("", (centre, start), (centre, bend), arrowprops=_ARROW)
        _boxes(axes, branch, centre, start)
    return figure


STEP, BOX = 0.84, 0.56
"""Inches from box to box, and of a box."""

_ARROW = {"arrowstyle": "-|>", "color": GREY, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}


def _boxes(axes: Axes, steps: Iterable[Flow], centre: float, top: float) -> float | None:
    """A column of boxes; returns where the last one ends."""
    end: float | None = None
    for place, step in enumerate(steps):
        y = top + STEP * place
        if end is not None:
            axes.annotate("", (centre, y), (centre, end), arrowprops=_ARROW)
        words = textwrap.fill(f"{step.instrument}: {step.step}" if step.instrument and not place else step.step, 32)
        text = f"{words[0].upper()}{words[1:]}\n{step.n:,} {step.unit}, {step.n_clients:,} clients"
        shape = FancyBboxPatch((centre - 1, y), 2, BOX, boxstyle="round,pad=0,rounding_size=0.05", fc="white", ec=BLUE)
        axes.add_patch(shape)
        axes.text(centre, y + BOX / 2, text, ha="center", va="center", fontsize=7.5, linespacing=1.25)
        if step.n_dropped:
            reason = textwrap.fill(f"{step.n_dropped:,} left out: {step.reason}", 22)
            axes.text(centre + 1.08, y + BOX / 2, reason, va="center", fontsize=7, color=ORANGE, linespacing=1.2)
        end = y + BOX
    return end


def _instruments(flow: Sequence[Flow]) -> list[str]:
    return list(dict.fromkeys(step.instrument for step in flow if step.instrument))


def _distribution(description: Description, label: str) -> tuple[tuple[float, ...], tuple[int, ...]]:
    found = next(item for item in description.distributions if item.label == label)
    return found.values, found.n_sessions


def _curve(axes: Axes, points: Sequence[Prediction], colour: Any, label: str | None = None) -> None:
    points = sorted(points, key=lambda point: point.review_percentage)
    at = [point.review_percentage for point in points]
    axes.plot(at, [point.change for point in points], color=colour, lw=2, label=label)
    axes.fill_between(
        at, [point.ci_low for point in points], [point.ci_high for point in points], color=colour, alpha=0.15, lw=0
    )


def _shades(count: int) -> list[Any]:
    """From light to dark: the higher the baseline, the darker."""
    return [mpl.colormaps["viridis_r"](share) for share in np.linspace(0.3, 0.9, count)]


def _axes(width: float, height: float) -> tuple[Figure, Axes]:
    figure, (axes,) = _panels(1, width, height)
    return figure, axes


def _panels(count: int, width: float, height: float, *, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(1, max(count, 1), squeeze=False, sharey=sharey)
    return figure, list(grid[0])
