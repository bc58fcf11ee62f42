"""One session at a glance: who spoke how much, what was recommended, and where something was looked back at."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from action_recs.session import Form, Label, TaggedSession
from action_recs.study.plots import BLUE, GREY, ORANGE, PALE, WIDTH, styled
from action_recs.transcript import Role


@styled
def timeline_plot(session: TaggedSession) -> Figure:
    """Words of each utterance (therapist up, others down), reviews as bands, recommendations as marks, and both scores.

    No transcript text is drawn.
    """
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    speech, scores = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1))
    at = range(len(session))
    therapist = [utterance.role is Role.THERAPIST for utterance in session.utterances]
    words = [len(utterance.text.split()) for utterance in session.utterances]
    heights = [count if up else -count for count, up in zip(words, therapist, strict=True)]
    colours = [GREY if up else PALE for up in therapist]
    speech.bar(at, heights, width=0.9, color=colours, edgecolor=GREY, linewidth=0.4)
    top = 1.12 * max([*words, 1])
    for run in session.reviews:
        for axes in (speech, scores):
            axes.axvspan(run.first - 0.5, run.last + 0.5, color=ORANGE, alpha=0.18, lw=0)
    for found in session.recommendations:
        structured = found.form is Form.STRUCTURED
        speech.plot(found.utterance, top, marker="v", ms=7, color=BLUE, mfc=BLUE if structured else "white")
    speech.set(ylim=(-top, 1.12 * top), ylabel="Words")
    speech.set_yticks([-round(top / 1.12), 0, round(top / 1.12)], [str(round(top / 1.12)), "0", str(round(top / 1.12))])
    speech.legend(
        handles=[
            Patch(color=GREY, label="therapist"),
            Patch(fc=PALE, ec=GREY, label="client"),
            Patch(color=ORANGE, alpha=0.3, label="review"),
            *speech.plot([], [], "v", color=BLUE, label="structured"),
            *speech.plot([], [], "v", color=BLUE, mfc="white", label="casual"),
        ],
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
    )
    for label, colour in ((Label.RECOMMENDATION, BLUE), (Label.REVIEW, ORANGE)):
        values = [utterance.scores[label] for utterance in session.utterances]
        scores.plot(at, values, color=colour, lw=1.2, label=label.value)
    scores.set(ylim=(0, 1.02), ylabel="Score", xlabel="Utterance", xlim=(-0.7, len(session) - 0.3))
    scores.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure
