"""The page of an evaluation: figures, plots, and mistakes in their context, in one file without outside resources."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import markupsafe

from action_recs.evaluation.measure import Evaluation
from action_recs.evaluation.metrics import Extent
from action_recs.evaluation.mistakes import Cause, Mistake, drawn
from action_recs.evaluation.plots import comparison_plot, curve_plot, reliability_plot, sessions_plot, slices_plot
from action_recs.evaluation.words import A_SESSION, interval, names_of
from action_recs.pages import environment, frame
from action_recs.session import Label

CONTEXT = 2
"""Utterances that are shown before and after a mistake."""

MOST_SHOWN = 50
"""Mistakes of a label that are shown: what a person reads."""

INSIDE = 6
"""Utterances of a long run that are shown at either end; those between are counted."""

CAUSES = {
    Cause.MISSED: "Missed: marked, and not found",
    Cause.SPURIOUS: "Spurious: found, and not marked",
    Cause.BOUNDARY: "Boundary: found, with other ends",
    Cause.FORM: "Form: found, as the other form",
}


def evaluation_html(evaluation: Evaluation, *, with_text: bool = True, most: int = MOST_SHOWN, seed: int = 0) -> str:
    """The page.

    Parameters
    ----------
    evaluation : Evaluation
    with_text : bool
        Whether mistakes are shown with the words around them. Without, there is no transcript text in the page.
    most : int
        Mistakes of a label that are shown, drawn at random within each cause.
    seed : int
        Of that draw.
    """
    results = evaluation.results
    tasks = [_task(evaluation, label, with_text, most, seed) for label in evaluation.cases]
    own = frame("evaluation.css", styled=True)
    shown = {"results": results, "tasks": tasks, "a_session": A_SESSION, "with_text": with_text}
    return environment().get_template("evaluation.html").render(**shown, interval=interval, p=_p, **own)


def _task(evaluation: Evaluation, label: Label, with_text: bool, most: int, seed: int) -> dict[str, Any]:
    figures = evaluation.results[label.value]
    cases = evaluation.cases[label]
    other = evaluation.other_curves.get(label)
    if label is Label.REVIEW:
        what = "Review percentage"
        pairs = [
            tuple(
                100 * sum(map(len, side.reviews)) / max(len(case.gold.transcript), 1)
                for side in (case.gold, case.found)
            )
            for case in cases
        ]
    else:
        what = "Recommendations"
        pairs = [(len(case.gold.recommendations), len(case.found.recommendations)) for case in cases]
    gold, found = zip(*pairs, strict=True)
    plots = {
        "curve": curve_plot(
            evaluation.curves[label], figures["measures"]["utterance"], wanted=figures.get("threshold"), other=other
        ),
        "reliability": reliability_plot(figures["calibration"]["bins"]),
        "sessions": sessions_plot(gold, found, what),
    }
    if any(figures["slices"].values()):
        plots["slices"] = slices_plot(figures["slices"])
    if "comparison" in figures:
        plots["comparison"] = comparison_plot(figures["comparison"], names_of(label))
    shown = drawn(evaluation.mistakes[label], most, seed=seed)
    return {
        "name": label.value,
        "names": names_of(label),
        "figures": figures,
        "plots": {name: markupsafe.Markup(plot) for name, plot in plots.items()},  # noqa: S704 (drawn here, names escaped)
        "causes": [
            {
                "words": CAUSES[cause],
                "all": figures["mistakes"][cause],
                "shown": [_shown(mistake, with_text) for mistake in some],
            }
            for cause, some in shown.items()
            if label is Label.RECOMMENDATION or cause is not Cause.FORM
        ],
    }


def _shown(mistake: Mistake, with_text: bool) -> dict[str, Any]:
    session = mistake.case.gold
    ends = (
        f"utterance {mistake.first}"
        if mistake.first == mistake.last
        else f"utterances {mistake.first} to {mistake.last}"
    )
    return {
        "session": session.id,
        "annotator": session.annotator,
        "where": ends,
        "score": mistake.score,
        "gold": mistake.gold.type if mistake.gold else None,
        "found": mistake.found.type if mistake.found else None,
        "lines": list(_lines(mistake)) if with_text else [],
    }


def _lines(mistake: Mistake) -> Iterator[dict[str, Any]]:
    utterances = mistake.case.gold.transcript.utterances
    first, last = max(mistake.first - CONTEXT, 0), min(mistake.last + CONTEXT, len(utterances) - 1)
    for index in range(first, last + 1):
        if mistake.first + INSIDE <= index <= mistake.last - INSIDE:
            if index == mistake.first + INSIDE:
                yield {"left_out": mistake.last - mistake.first + 1 - 2 * INSIDE}
            continue
        utterance = utterances[index]
        about = mistake.first <= index <= mistake.last
        yield {
            "index": index,
            "role": utterance.role.value,
            "about": about,
            "parts": _parts(utterance.text, mistake, index) if about else [(utterance.text, "")],
        }


def _parts(text: str, mistake: Mistake, index: int) -> list[tuple[str, str]]:
    """The utterance in parts, each with what it is: gold, found, both, or neither."""
    sides = {"gold": mistake.gold, "found": mistake.found}
    spans = {name: _within(mark.extent, mistake.label, index, text) for name, mark in sides.items() if mark}
    borders = sorted({0, len(text), *(border for span in spans.values() if span for border in span)})
    return [
        (
            text[start:end],
            " ".join(name for name, span in spans.items() if span and span[0] <= start and end <= span[1]),
        )
        for start, end in itertools.pairwise(borders)
    ]


def _within(extent: Extent, label: Label, index: int, text: str) -> tuple[int, int] | None:
    if label is Label.RECOMMENDATION:
        return extent[1:]
    return (0, len(text)) if extent[1] <= index < extent[2] else None


def _p(p: float | None) -> str:
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
