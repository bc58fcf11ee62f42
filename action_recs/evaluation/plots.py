"""The figures of an evaluation as SVG that takes its ink from the page, so that one drawing suits light and dark."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from action_recs.evaluation.curves import Curve

INK = "#1f2934"
"""Stands for the page's own colour of text; written as ``currentColor``."""

BLUE, ORANGE = "#3a8fd0", "#d97a1f"
"""The model, and the one that it is compared with: told apart by most colour-blind readers, on light and on dark."""

STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "sans-serif",
    "font.size": 9,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "action_recs",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

WIDTH, HEIGHT = 4.2, 3.2


def to_svg(figure: Figure, title: str) -> str:
    """The figure as SVG to put into a page, with a title that is read aloud; the same bytes for the same figure."""
    file = io.StringIO()
    with mpl.rc_context(STYLE):
        figure.savefig(
            file, format="svg", bbox_inches="tight", transparent=True, metadata={"Date": None, "Title": title}
        )
    drawing = file.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(INK, "currentColor")
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def curve_plot(
    curve: Curve,
    point: Mapping[str, Any],
    *,
    wanted: Mapping[str, Any] | None = None,
    other: Curve | None = None,
) -> str:
    """Precision against recall, with where the checkpoint's own threshold stands.

    Parameters
    ----------
    curve : Curve
    point : mapping
        The figures of the utterances at the checkpoint's threshold: ``precision`` and ``recall``.
    wanted : mapping, optional
        The threshold for a wanted precision, as ``curves.Threshold.to_dict`` has it.
    other : Curve, optional
        Of the model that it is compared with.
    """
    with mpl.rc_context(STYLE):
        figure, axes = _axes()
        if other is not None:
            _steps(axes, other, ORANGE, "other model")
        _steps(axes, curve, BLUE, "model")
        if point["precision"]:
            at = (point["recall"]["value"], point["precision"]["value"])
            axes.plot(*at, "o", color=BLUE, ms=7, label="at its threshold")
        if wanted and wanted["threshold"] is not None:
            axes.plot(
                wanted["recall"], wanted["precision"], "D", color=BLUE, mfc="none", ms=8, label="wanted precision"
            )
        axes.set(xlabel="Recall", ylabel="Precision", xlim=(0, 1.02), ylim=(0, 1.05))
        axes.legend(loc="lower left", fontsize=8)
        return to_svg(figure, "Precision against recall of utterances")


def _steps(axes: Axes, curve: Curve, colour: str, name: str) -> None:
    axes.step(curve.recall, curve.precision, where="pre", color=colour, lw=1.8, label=name)


def reliability_plot(bins: Sequence[Mapping[str, Any]]) -> str:
    """The share of utterances that carry the label against their score, with 95 % intervals (Wilson 1927)."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes()
        axes.plot([0, 1], [0, 1], ":", color=INK, lw=1)
        at = [each["score"] for each in bins]
        shares = np.array([each["share"] for each in bins])
        low, high = np.array([_wilson(each["share"], each["count"]) for each in bins]).T
        axes.errorbar(
            at,
            shares,
            yerr=[np.maximum(shares - low, 0), np.maximum(high - shares, 0)],
            fmt="o",
            color=BLUE,
            ms=5,
            lw=1.2,
        )
        for each, top in zip(bins, high, strict=True):
            axes.annotate(
                f"{each['count']:,}", (each["score"], top), (0, 2), textcoords="offset points", ha="center", fontsize=7
            )
        axes.set(xlabel="Score", ylabel="Share that carries the label", xlim=(-0.02, 1.02), ylim=(-0.02, 1.1))
        return to_svg(figure, "Share of utterances that carry the label, by score")


def _wilson(share: float, count: int, z: float = 1.96) -> tuple[float, float]:
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return float(middle - half), float(middle + half)


def sessions_plot(gold: Sequence[float], found: Sequence[float], what: str) -> str:
    """What is found in each session against what is marked there."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes()
        top = max(*gold, *found, 1)
        axes.plot([0, top], [0, top], ":", color=INK, lw=1)
        places, counts = np.unique(np.column_stack([gold, found]), axis=0, return_counts=True)
        axes.scatter(places[:, 0], places[:, 1], s=18 * np.sqrt(counts), color=BLUE, alpha=0.6, lw=0)
        axes.set(xlabel=f"{what}, marked", ylabel=f"{what}, found")
        return to_svg(figure, f"{what}: found against marked, a dot a session")


def slices_plot(slices: Mapping[str, Mapping[str, Any]]) -> str:
    """Utterance F1 of every slice with its interval."""
    rows = [
        (f"{column}: {value}  ({figures['sessions']})", figures["utterance"]["f1"])
        for column, values in slices.items()
        for value, figures in values.items()
        if figures["utterance"]["f1"] is not None
    ]
    return _forest(rows, "Utterance F1  (sessions in brackets)", (0, 1.02), "Utterance F1 by slice")


def comparison_plot(comparison: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Difference of F1 of two models, measure by measure, with intervals; right of the line the model is better."""
    rows = [
        (words, comparison[name]["f1"]["difference"])
        for name, words in names.items()
        if comparison.get(name, {}).get("f1") is not None
    ]
    return _forest(rows, "F1, model minus other model", None, "Difference of F1 between the models")


def _forest(
    rows: Sequence[tuple[str, Mapping[str, Any]]], words: str, limits: tuple[float, float] | None, title: str
) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * WIDTH, 0.9 + 0.24 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, (_, estimate) in enumerate(rows):
            if estimate["low"] is not None:
                axes.plot([estimate["low"], estimate["high"]], [place, place], color=BLUE, lw=1.5)
            axes.plot(estimate["value"], place, "o", color=BLUE, ms=5)
        axes.set_yticks(range(len(rows)), [_plain(name) for name, _ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(words)
        if limits:
            axes.set_xlim(limits)
        else:
            axes.axvline(0, color=INK, lw=0.8, ls=":")
        return to_svg(figure, title)


def _plain(name: str) -> str:
    """A name as text: a dollar would begin a formula."""
    shown = name if len(name) <= 48 else name[:47] + "…"
    return shown.replace("$", r"\$")


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    return figure, figure.subplots()
