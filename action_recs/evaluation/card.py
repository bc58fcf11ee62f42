"""Model cards, written from measured figures and never by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from action_recs.checkpoint import Task

METRICS_OF = {
    Task.RECOMMENDATION: {
        "recommendation_utterance": "utterances that hold a recommendation",
        "recommendation_span": "spans (overlap of a half or more)",
        "recommendation_form": "form of the spans found (accuracy)",
        "session_with_recommendation": "sessions that hold a recommendation",
    },
    Task.REVIEW: {
        "review_utterance": "utterances that lie in a review",
        "session_with_review": "sessions that hold a review",
    },
}

SETS = {
    "annomi": "real speech (AnnoMI, against each of two annotators)",
    "authored": "authored sessions",
    "contrast": "contrast excerpts (authored)",
    "held_out": "held out (authored afterwards)",
}

FINDS = {
    Task.RECOMMENDATION: (
        "character spans inside a therapist's utterances in which the therapist puts something forward for the client "
        "to do, practise, try, stop, notice, write down or arrange outside the session, each `casual` or `structured`"
    ),
    Task.REVIEW: (
        "runs of utterances, of both speakers, in which the therapist goes back to something recommended, assigned, "
        "planned or talked through in an earlier session or contact"
    ),
}

WRONG = {
    Task.RECOMMENDATION: """\
- A plan that the therapist says back ("so you'll call her on Friday") and a reflection of a wish ("you'd like to call
  her") differ by a word or two; both are taken for the other.
- General information ("most people find that walking helps") is sometimes taken for an option that is offered, and
  the reverse.
- Where a recommendation begins and ends is less certain than that there is one: compare the span and the utterance
  figures.""",
    Task.REVIEW: """\
- First meetings in which a referral, a form or an earlier attempt is talked through are sometimes taken for a review.
- A review that only its content gives away, with no "last time" or "how did it go", is often missed.
- Where a long review ends and new planning begins is uncertain, for annotators too.
- Development data holds few reviews of real speech: the intervals are wide.""",
}

BEGIN_FIGURES = "<!-- figures: written by training/evaluate.py -->"
END_FIGURES = "<!-- end of figures -->"


def write_cards(results: Mapping[str, Any], models: Path) -> None:
    """Write ``README.md`` into the folder of each model from what ``training/evaluate.py`` measured."""
    for task in Task:
        (models / task.value / "README.md").write_text(card(task, results), encoding="utf-8")


def write_readme_figures(results: Mapping[str, Any], readme: Path) -> None:
    """Replace the table of figures between its two marks in the project's README."""
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN_FIGURES)
    _, end, after = rest.partition(END_FIGURES)
    if not (begin and end):
        raise ValueError(f"{readme}: the marks around the figures are missing")
    table = overview(results["development"])
    readme.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def overview(development: Mapping[str, Any]) -> str:
    """One row a metric, one column a set, and a row a baseline for the utterance figures where they were measured."""
    sets = list(development["models"])
    lines = ["| | " + " | ".join(SETS[name] for name in sets) + " |", "|---|" + "---|" * len(sets)]
    for metrics in METRICS_OF.values():
        for metric, words in metrics.items():
            lines.append(_overview_row(words, development["models"], metric))
            for baseline in (name for name in development if name != "models" and metric.endswith("utterance")):
                lines.append(_overview_row(f"- the same, {baseline}", development[baseline], metric))
    return "\n".join(lines)


def _overview_row(words: str, sets: Mapping[str, Any], metric: str) -> str:
    return f"| {words} | " + " | ".join(_interval(figures["metrics"][metric]) for figures in sets.values()) + " |"


def _interval(row: Mapping[str, Any]) -> str:
    estimate = row.get("f1") or row["accuracy"]
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"


def card(task: Task, results: Mapping[str, Any]) -> str:
    """The card of one model, with the metadata block of the Hugging Face hub."""
    return f"""\
---
language: en
license: apache-2.0
library_name: transformers
pipeline_tag: token-classification
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [psychotherapy, action-recommendations, {task.value}]
---

# action_recs: {task.value}

Finds {FINDS[task]}, in transcripts of psychotherapy and counselling in English. The definition is in
`annotations/GUIDELINES.md`. A MiniLM encoder of 22 million parameters, fine-tuned for token classification; it reads
windows of consecutive utterances, each opened by a marker for the speaker's role. The recommendations' and the reviews'
model were trained together and have the same encoder, so that one pass serves both. Use it through `action_recs.tag`,
which lays the windows and decodes the scores with the thresholds of this checkpoint's `config.json`.

## Data

{_data(results["data"])}

Authored sessions were written for this project; no real person speaks in them. AnnoMI (Wu et al. 2022, 2023) holds
transcribed demonstrations of motivational interviewing; its text is not part of the package. Two annotators labelled
it independently: the model was trained on both versions, so that what they disagree on pulls it both ways.

## Figures

On the development split, which training never saw (whole clients, transcripts and sets of variants). The checkpoint
and its thresholds were chosen on these same sessions, and the set `targeted` was written after the errors of an earlier
model on them had been read: these figures flatter. "Held out" are whole encounters and courses of therapy sessions
that were written afterwards and on which nothing was chosen; they are the nearest to what to expect. Brackets: 95 %
interval, bootstrap over clients or transcripts.

{_figures(task, results["development"]["models"])}

By the kind of transcript, utterance F1:

{_slices(task, results["slices"])}

Reproduce with `python training/evaluate.py --annomi AnnoMI-full.csv`.

## What it gets wrong

{WRONG[task]}
- It has read English only, mostly British and American.

## Intended use

Research on many sessions together, and feedback that a clinician sees with a supervisor and can check against the
transcript. Not for judging, ranking or paying a clinician, and not for decisions about a client: on a single session
it is too often wrong for that.
"""


def _data(data: Mapping[str, Any]) -> str:
    lines = ["| set | split | sessions | recommendations | reviews |", "|---|---|---:|---:|---:|"]
    for name, splits in data.items():
        for split, counts in splits.items():
            cells = (name, split, counts["sessions"], counts["recommendation"], counts["review"])
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "AnnoMI's labels are counted over both annotators."]
    return "\n".join(lines)


def _figures(task: Task, sets: Mapping[str, Any]) -> str:
    lines = ["| what | data | F1 | precision | recall | gold |", "|---|---|---|---:|---:|---:|"]
    for name, words in METRICS_OF[task].items():
        for data, figures in sets.items():
            row = figures["metrics"][name]
            rates = " | ".join(f"{row[key]:.2f}" if key in row else "" for key in ("precision", "recall"))
            gold = row.get("gold", row.get("spans"))
            lines.append(f"| {words} | {SETS[data]} | {_interval(row)} | {rates} | {gold} |")
    return "\n".join(lines)


def _slices(task: Task, sets: Mapping[str, Any]) -> str:
    metric = f"{task.value}_utterance"
    lines = ["| data | slice | F1 | gold |", "|---|---|---|---:|"]
    for data, found in sets.items():
        for name, metrics in found.items():
            row = metrics[metric]
            lines.append(f"| {SETS[data]} | {name} | {_interval(row)} | {row['gold']} |")
    return "\n".join(lines)
