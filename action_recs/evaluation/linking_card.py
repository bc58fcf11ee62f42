"""The card of the linking model, written from measured figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

WORDS = {
    "links": "links of a review to an item",
    "same": "restatements (pairs of recommendations that are one)",
    "category": "category (macro F1 of 6)",
    "adherence": "adherence, by review (macro F1 of 4)",
    "link_adherence": "adherence, by right link (macro F1 of 4)",
    "broad": "reviews that look back to nothing in the thread",
}

WANTED = {"links": 0.80, "same": 0.85, "category": 0.75, "adherence": 0.75}


def write_card(results: Mapping[str, Any], folder: Path) -> None:
    """Write ``README.md`` from what ``training/linking.py`` measured."""
    (folder / "README.md").write_text(card(results, folder), encoding="utf-8")


def card(results: Mapping[str, Any], folder: Path) -> str:
    return f"""\
---
language: en
license: apache-2.0
base_model: sentence-transformers/all-MiniLM-L6-v2
tags: [psychotherapy, action-recommendations, linking]
---

# action_recs: linking

Says, over the sessions of one client, which earlier recommendation a review looks back to, what became of it (`done`,
`partial`, `not_done`, `unclear`), which recommendations of a session say the same, and of which category each is.
Use it through `action_recs.follow_up`.

- **Links**: logistic regression on how alike a review and a recommendation are (content words, those around the
  recommendation too; the states of the recommendation encoder's lower layers, token for token; what both mean), how
  much more than the rivals, and where they stand.
- **Restatements**: the same of two recommendations, and how the later one grows from the talk around the earlier one.
- **Category**: a logistic regression on words, one on what the recommendation means, alone and with the talk around
  it, and an encoder that was trained to read it in that talk. Their log probabilities are
  added{_share("category", folder)}.
- **Adherence**: a logistic regression on the words of a review, singly and in pairs, with who says them, one on what
  the client's and the therapist's utterances mean, and the same encoder, which reads the review (of a long one 300
  tokens); added likewise{_share("adherence", folder)}. The words that show an adherence are the sentence (of the
  client, where one speaks) whose words add most to it.

What a text means is the mean of the last states of the public encoder, which low-rank corrections of the shipped one
lead back to; other corrections lead on to the one that reads in context. `model.safetensors` holds the corrections,
not the encoders; `config.json` the regressions and how rare words are. Together they take about
{_megabytes(folder):.0f} MB.

## Data

{_data(results["data"])}

**Trained and measured on authored sessions only**, written for this project; no real person speaks in them. There is no
public collection of consecutive real sessions of the same clients that could be used, and AnnoMI holds single sessions.
Authored reviews name what they look back to more plainly than people do: expect clearly less on real speech.

## Figures

Development clients, which training never saw; penalties, thresholds and what is looked at were chosen by
cross-validation over training clients, with an eye on the development clients' figures; how much the encoder that reads
in context counts was chosen on the latter alone. *Afterwards*: courses that serve only to measure with; nothing was
chosen on them. Brackets: 95 % interval, bootstrap over clients.

{_figures(results)}

With the tagger's spans, a recommendation or a review counts as found where it overlaps the annotators' by a half or
more; what is missed or made up counts against every figure. {_bound(results)}

{_second_reading(results.get("second_reading"))}

{_cross_validated(results)}

Baselines, on gold spans, with thresholds chosen on training clients:

{_baselines(results["baselines"])}

Adherence and category by class, on gold spans:

{_classes(results["gold"])}

{_verdict(results)}

Reproduce with `python training/linking.py --measure --base all-MiniLM-L6-v2` (the folder of the public encoder).

## What it gets wrong

- A review that names nothing ("how did that go?") is linked by its answer only, or not at all.
- A restatement that shares no word with what it repeats ("keep it in drafts", "go now, then, straight up there") is
  taken for another recommendation. Restatements are few in the development sessions: the interval is wide.
- A review that takes up two tasks is often linked to one of them only; and one that names a task in other words than
  the therapist did ("I did google" for "leave off looking up symptoms"), or by a name that stood in the turns before
  it, to none.
- `partial` and `done` differ by degree, and annotators draw the line where they see it; `unclear` is rare, and often
  taken for one of them. Irony is not understood.
- "No, not once" is taken for not done, also where the task was to leave something off.
- One review has one adherence: where it looks back to two things, both get the same.

## Intended use

Research on many sessions together, and feedback that a clinician can check against the words. Not for judging a
clinician or a client: that a model found no review does not mean that there was none.
"""


def _share(question: str, folder: Path) -> str:
    share = json.loads((folder / "config.json").read_text(encoding="utf-8"))[question]["context_share"]
    return "" if share == 1 else f", the encoder's by {share:g}"


def _megabytes(folder: Path) -> float:
    return sum((folder / name).stat().st_size for name in ("config.json", "model.safetensors")) / 1e6


def _data(data: Mapping[str, Mapping[str, int]]) -> str:
    names = list(next(iter(data.values())))
    lines = ["| split | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    lines += [
        f"| {split} | " + " | ".join(str(counts[name]) for name in names) + " |" for split, counts in data.items()
    ]
    return "\n".join(lines)


def _figures(results: Mapping[str, Any]) -> str:
    parts = [("gold spans", results["gold"]), ("the shipped tagger's spans", results["tagged"])]
    parts += [(f"afterwards: {_KINDS[kind]}", some) for kind, some in results["afterwards"].items()]
    lines = [
        "| what | " + " | ".join(f"{name} | gold" for name, _ in parts) + " |",
        "|---|" + "---|---:|" * len(parts),
    ]
    for name, words in WORDS.items():
        cells = [f"{_interval(some[name])} | {some[name]['gold']}" for _, some in parts]
        lines.append(f"| {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


_KINDS = {"gold": "gold spans", "tagged": "the tagger's spans"}


def _baselines(baselines: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["| what | baseline | F1 |", "|---|---|---|"]
    lines += [
        f"| {WORDS[name]} | {baseline} | {_interval(row)} |"
        for name, rows in baselines.items()
        for baseline, row in rows.items()
    ]
    return "\n".join(lines)


def _classes(gold: Mapping[str, Any]) -> str:
    lines = ["| class | F1 | gold |", "|---|---:|---:|"]
    for name in ("category", "adherence"):
        lines += [f"| {each} | {row['f1']:.2f} | {row['gold']} |" for each, row in gold[name]["by_class"].items()]
    return "\n".join(lines)


def _bound(results: Mapping[str, Any]) -> str:
    """What the tagger leaves to be linked."""
    row = results["tagged"]["links"]
    reachable, gold = row["reachable"], row["gold"]
    found = round(row["recall"] * gold)
    said = f"Of the {gold} links, {reachable} have both ends among the tagger's spans, and {found} of these were made"
    most = ": most of what is missed end to end is missed by the tagger" if reachable - found < gold - reachable else ""
    return f"{said}{most}."


def _second_reading(rows: Mapping[str, Any] | None) -> str:
    """What another reader makes of the same marks."""
    if not rows:
        return ""
    told = ", ".join(
        f"{WORDS[name]} {row['f1']['value']:.2f} [{row['f1']['low']:.2f}, {row['f1']['high']:.2f}]"
        for name, row in rows.items()
    )
    return f"""\
A second reader, who saw the marks of the development courses and nothing of what belongs together, agrees with their
authors at F1: {told}."""


def _cross_validated(results: Mapping[str, Any]) -> str:
    rows = results["cross_validated"]
    return (
        "In cross-validation over the training clients of the same making as the development clients (the others' "
        "courses are trained on throughout), on single pairs and gold spans, by words and meaning without the encoder "
        "that reads in context, which has seen these clients: "
        + ", ".join(f"{WORDS[name].split(' (')[0]} {value:.2f}" for name, value in rows.items())
        + "."
    )


def _verdict(results: Mapping[str, Any]) -> str:
    short = [
        f"{WORDS[name]} {results['gold'][name]['f1']['value']:.2f} (wanted {least:.2f})"
        for name, least in WANTED.items()
        if results["gold"][name]["f1"]["value"] < least
    ]
    lead = results["gold"]["links"]["f1"]["value"] - results["baselines"]["links"]["TF-IDF"]["f1"]["value"]
    lines = [f"Links are {100 * lead:.0f} points of F1 above TF-IDF (wanted: 15).", ""]
    lines += ["Below what was wanted:", "", *(f"- {each}" for each in short)] if short else ["All else is reached."]
    return "\n".join(lines)


def _interval(row: Mapping[str, Any]) -> str:
    estimate = row["f1"]
    return f"{estimate['value']:.2f} [{estimate['low']:.2f}, {estimate['high']:.2f}]"
