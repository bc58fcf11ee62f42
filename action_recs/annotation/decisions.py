"""What a judge decided of the annotators' disagreements: the file that the page saves, read and applied.

    {"version": "1.0", "judge": "Kim", "decisions": [
      {"session": "s1", "label": "recommendation", "first": 4, "last": 4, "choice": "annotator", "annotator": "anna",
       "versions": [{"annotator": "anna", "marks": [{"utterance": 4, "start": 6, "end": 23, "form": "casual"}]},
                    {"annotator": "ben", "marks": []}]}]}

``choice`` is "annotator" (as this one has it), "union", "none" or "own", with ``marks`` as the judge made them.
``versions`` is what the annotators had marked when it was decided: a decision counts only where they still have.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from action_recs.annotation.disagreements import Disagreement
from action_recs.errors import AnnotationError
from action_recs.session import Form

VERSION = "1.0"
Choice = Literal["annotator", "union", "none", "own"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One disagreement decided.

    Attributes
    ----------
    place : str
        Names the disagreement: session, label, utterances, and what each annotator had marked there.
    where : str
        The same for messages: "session s1, recommendation, utterance 4".
    choice : {"annotator", "union", "none", "own"}
    annotator : str
        Whose version it is, for "annotator".
    spans : tuple of (int, int, int, Form)
        For "own", of recommendations: utterance, start, end, form.
    runs : tuple of (int, int)
        For "own", of reviews: first and last utterance.
    """

    place: str
    where: str
    choice: Choice
    annotator: str = ""
    spans: tuple[tuple[int, int, int, Form], ...] = ()
    runs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """A file of decisions: who judged, and what, by the name of the disagreement."""

    judge: str | None
    decided: Mapping[str, Decision]


def read_decisions(path: str | Path) -> Decisions:
    """Read the file that the page saves.

    Raises
    ------
    AnnotationError
        With every entry that is no decision, or decides again what another one has decided otherwise.
    """
    remedy = "save it from the page again"
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read ({error.strerror}); give the file that the page saved") from None
    except (ValueError, RecursionError):
        raise AnnotationError(f"{path}: not JSON; {remedy}") from None
    entries = content.get("decisions") if isinstance(content, dict) else None
    if not isinstance(entries, list) or str(content.get("version")).partition(".")[0] != VERSION.partition(".")[0]:
        raise AnnotationError(f"{path}: no decisions of version {VERSION}; {remedy}")
    decided: dict[str, Decision] = {}
    problems = []
    for number, entry in enumerate(entries, start=1):
        try:
            decision = _decision(entry)
        except (KeyError, TypeError, ValueError):
            problems.append(f"{path}, decision {number}: not of the form that the page saves; {remedy}")
            continue
        if decided.setdefault(decision.place, decision) != decision:
            problems.append(f"{path}, decision {number}: {decision.where} is decided twice; leave one out")
    if problems:
        raise AnnotationError("\n".join(problems))
    judge = content.get("judge")
    return Decisions(judge if isinstance(judge, str) and judge.strip() else None, decided)


def _decision(entry: dict[str, Any]) -> Decision:
    choice = entry["choice"]
    if choice not in ("annotator", "union", "none", "own"):
        raise ValueError(choice)
    first, last = _whole(entry["first"]), _whole(entry["last"])
    numbers = f"utterance {first}" if first == last else f"utterances {first} to {last}"
    marks = entry["marks"] if choice == "own" else []
    review = entry["label"] == "review"
    if choice == "annotator" and entry["annotator"] not in [each["annotator"] for each in entry["versions"]]:
        raise ValueError("an annotator who is none of them")
    return Decision(
        place=_place(entry),
        where=f"session {entry['session']}, {entry['label']}, {numbers}",
        choice=choice,
        annotator=entry["annotator"] if choice == "annotator" else "",
        spans=tuple(
            sorted(
                (_whole(each["utterance"]), _whole(each["start"]), _whole(each["end"]), Form(each["form"]))
                for each in marks
                if not review
            )
        ),
        runs=tuple(sorted((_whole(each["first"]), _whole(each["last"])) for each in marks if review)),
    )


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no whole number")
    return value


def _place(entry: Mapping[str, Any]) -> str:
    """The name of a disagreement: the same for the same marks in whatever order of keys."""
    known = {key: entry[key] for key in ("session", "label", "first", "last", "versions")}
    return json.dumps(known, sort_keys=True)


def assigned(
    decisions: Decisions, found: Iterable[Disagreement], *, every: bool
) -> list[tuple[Disagreement, Decision]]:
    """The disagreements that are decided, each with its decision.

    Parameters
    ----------
    decisions : Decisions
    found : iterable of Disagreement
    every : bool
        Whether all of them must be decided.

    Raises
    ------
    AnnotationError
        With every decision that is about no disagreement there is, and, where every one must be decided, with all
        that are not.
    """
    waiting = dict(decisions.decided)
    pairs, open_ = [], []
    for each in found:
        place = each.to_dict()
        if decision := waiting.pop(_place(place), None):
            pairs.append((each, decision))
        else:
            open_.append(f"session {each.session}, {each.label.value}, utterances {each.first} to {each.last}")
    remedy = "make the page again from the versions that are merged"
    problems = [
        f"decided, but no disagreement between these versions: {each.where}; {remedy}" for each in waiting.values()
    ]
    if every:
        remedy = "decide it on the page, or say how to merge what is not decided"
        problems += [f"not decided: {each}; {remedy}" for each in open_]
    if problems:
        raise AnnotationError("\n".join(problems))
    return pairs
