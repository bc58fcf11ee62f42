"""The annotated sessions that come with the project, and which of them are kept for development.

annotations/
  corpus/*.txt             authored sessions, inline markup     -> the set "authored"
  corpus/encounters/*.txt  authored in the manner of AnnoMI      -> the set "encounters"
  corpus/supplement/*.txt  authored where errors clustered       -> the set "supplement"
  corpus/threads/*.txt     authored courses of sessions          -> the set "threads"
  corpus/targeted/*.txt    authored where a later model erred    -> the set "targeted"
  corpus/transferred/*.txt authored after AnnoMI's turns, on other matters -> the set "transferred"
  corpus/follow_ups/*.txt  authored short courses, what came of it  -> the set "follow_ups"
  corpus/contrast/*.txt    minimal variants, inline markup      -> the set "contrast"
  corpus/held_out/*.txt    authored afterwards, to measure with  -> held_out_sessions, in no set
  annomi/labels_*.jsonl    stand-off labels for AnnoMI          -> the set "annomi" (needs the public CSV)
  splits.json              the development split of each set
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.markup import read_markup
from action_recs.annotation.standoff import read_annomi
from action_recs.errors import AnnotationError

FOLDERS = ("encounters", "supplement", "threads", "targeted", "transferred", "follow_ups", "contrast")
"""The authored sets with a folder of their name."""

SETS = ("annomi", "authored", *FOLDERS)


@dataclass(frozen=True, slots=True)
class Collection:
    """The annotated sessions of one set, divided by group into training and development."""

    name: str
    train: tuple[AnnotatedSession, ...]
    development: tuple[AnnotatedSession, ...]


def load_collection(
    annotations: str | Path,
    *,
    annomi_csv: str | Path | None = None,
    development: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Collection, ...]:
    """Load the sets that are at hand: the authored ones always, AnnoMI when its CSV is given.

    Every AnnoMI transcript comes twice, once with each annotator's labels. ``development`` names groups of a set that
    are kept for development in place of those that the split file names.

    Raises
    ------
    AnnotationError
        When a file is broken, or a group of the split file does not exist.
    """
    folder = Path(annotations)
    kept = _read_splits(folder / "splits.json") | {name: list(groups) for name, groups in (development or {}).items()}
    corpus = folder / "corpus"
    sets = {"authored": read_folder(corpus)} | {name: read_folder(corpus / name) for name in FOLDERS}
    if annomi_csv:
        sets["annomi"] = read_both_annotators(folder / "annomi", annomi_csv)
    return tuple(_divide(name, sets[name], kept.get(name, [])) for name in SETS if name in sets)


def held_out_sessions(annotations: str | Path) -> Collection:
    """What was written after models had been chosen: only to measure with, never to train, choose or read errors on.

    Without the folder the collection is empty.

    Raises
    ------
    AnnotationError
        When a file is broken, or the folder holds none.
    """
    folder = Path(annotations) / "corpus" / "held_out"
    return Collection("held_out", train=(), development=tuple(read_folder(folder)) if folder.is_dir() else ())


def read_both_annotators(folder: Path, csv_path: str | Path) -> list[AnnotatedSession]:
    """Both annotators' versions of every annotated AnnoMI transcript, one annotator after the other."""
    listed = folder / "transcripts.txt"
    try:
        annotated = {int(line) for line in listed.read_text(encoding="utf-8").split()}
    except (OSError, ValueError):
        raise AnnotationError(f"{listed}: the list of annotated transcripts, a number a line, cannot be read") from None
    files = sorted(folder.glob("labels_*.jsonl"))
    return [session for file in files for session in read_annomi(csv_path, file, only=annotated)]


def read_folder(folder: Path) -> list[AnnotatedSession]:
    """The sessions of every ``.txt`` file of inline markup in a folder, in the order of the files' names."""
    files = sorted(folder.glob("*.txt"))
    if not files:
        raise AnnotationError(f"{folder}: no .txt file with sessions")
    return [session for file in files for session in read_markup(file)]


def _read_splits(path: Path) -> dict[str, list[str]]:
    try:
        development = json.loads(path.read_text(encoding="utf-8"))["development"]
        return {str(name): [str(group) for group in groups] for name, groups in development.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        remedy = 'it holds {"development": {set: [groups]}}; training/make_splits.py writes one'
        raise AnnotationError(f"{path}: cannot be read as a split; {remedy}") from None


def _divide(name: str, sessions: list[AnnotatedSession], development: list[str]) -> Collection:
    groups = {session.group for session in sessions}
    if unknown := sorted(set(development) - groups):
        raise AnnotationError(f"splits.json: the set {name} has no {', '.join(unknown)}")
    held_out = set(development)
    return Collection(
        name=name,
        train=tuple(session for session in sessions if session.group not in held_out),
        development=tuple(session for session in sessions if session.group in held_out),
    )
