"""Stand-off labels for AnnoMI: our annotators' marks, joined to a transcript that the user downloads.

AnnoMI's text (``AnnoMI-full.csv``; Wu et al. 2022, 2023) is not ours to redistribute, so the labels name places in it.
Offsets are code points in ``utterance_text`` after every run of white space is collapsed to one space and the ends are
stripped.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.errors import AnnotationError, TranscriptError
from action_recs.session import Form
from action_recs.transcript import Transcript, Utterance, as_role

KINDS = ("recommendation", "review")
COLUMNS = ("transcript_id", "utterance_id", "interlocutor", "utterance_text", "mi_quality", "topic")


def read_annomi(csv_path: str | Path, labels_path: str | Path, *, only: set[int]) -> list[AnnotatedSession]:
    """Join one annotator's labels to AnnoMI's text.

    Parameters
    ----------
    csv_path : path
        ``AnnoMI-full.csv``. Where several people annotated a transcript its rows repeat; each utterance is taken once.
    labels_path : path
        JSON lines: ``recommendation`` (a span of an utterance) and ``review`` (a run of utterances).
    only : set of int
        The transcripts that were annotated. One of them without any label is a session without recommendations and
        reviews; a transcript outside of ``only`` was never looked at and is left out.

    Raises
    ------
    AnnotationError
        When a column, an annotated transcript or an utterance is missing, or a label points outside the text.
    """
    transcripts = _read_csv(Path(csv_path), only)
    labels = _read_labels(Path(labels_path))
    if strange := sorted(labels.keys() - only):
        raise AnnotationError(f"{labels_path}: labels for transcripts that are not listed as annotated: {strange}")
    if missing := sorted(only - transcripts.keys()):
        raise AnnotationError(f"{csv_path}: annotated transcripts are missing: {missing}; use the full AnnoMI CSV")
    sessions: list[AnnotatedSession] = []
    broken: list[str] = []
    for number in sorted(only):
        try:
            sessions.append(_session(number, transcripts[number], labels.get(number, []), labels_path))
        except AnnotationError as error:
            broken.append(str(error))
    if broken:
        raise AnnotationError("\n".join(broken))
    return sessions


def _read_csv(path: Path, only: set[int]) -> dict[int, dict[int, dict[str, str]]]:
    rows: dict[int, dict[int, dict[str, str]]] = defaultdict(dict)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if absent := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
                raise AnnotationError(f"{path}, line 1: no column {', '.join(absent)}; is this AnnoMI-full.csv?")
            for row in reader:
                transcript = int(row["transcript_id"])
                if transcript in only:
                    rows[transcript].setdefault(int(row["utterance_id"]), row)
    except (OSError, UnicodeDecodeError, ValueError, TypeError, csv.Error) as error:
        raise AnnotationError(f"{path}: cannot be read as the AnnoMI CSV ({type(error).__name__})") from None
    return rows


def _read_labels(path: Path) -> dict[int, list[dict[str, Any]]]:
    labels = defaultdict(list)
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(f"{path}: cannot be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip():
                record = json.loads(line)
                if record["label"] not in KINDS or not isinstance(record["transcript_id"], int):
                    raise ValueError
                labels[record["transcript_id"]].append(record)
        except (ValueError, KeyError, TypeError):
            wanted = f"a number as transcript_id and a label among {', '.join(KINDS)}"
            raise AnnotationError(f"{path}, line {number}: not a label record with {wanted}") from None
    return labels


def _session(
    number: int, rows: dict[int, dict[str, str]], labels: list[dict[str, Any]], path: str | Path
) -> AnnotatedSession:
    order = sorted(rows)
    index = {utterance_id: position for position, utterance_id in enumerate(order)}
    session_id = f"annomi-{number}"
    try:
        utterances = tuple(
            Utterance(as_role(rows[key]["interlocutor"]), " ".join(rows[key]["utterance_text"].split()))
            for key in order
        )
        spans = [_span(label, index, utterances) for label in labels if label["label"] == "recommendation"]
        runs = [_run(label, index) for label in labels if label["label"] == "review"]
        return AnnotatedSession(
            id=session_id,
            transcript=Transcript(utterances, session_id=session_id, client_id=session_id),
            recommendations=tuple(sorted(spans, key=lambda span: (span.utterance, span.start))),
            reviews=tuple(sorted(runs, key=lambda run: run.first)),
            annotator=labels[0].get("annotator") if labels else _annotator(path),
            group=session_id,
            metadata={"mi_quality": rows[order[0]]["mi_quality"], "topic": rows[order[0]]["topic"]},
        )
    except (KeyError, IndexError) as error:
        raise AnnotationError(f"{path}, transcript {number}: no field or utterance {error}") from None
    except (AnnotationError, TranscriptError) as error:
        raise AnnotationError(f"{path}, transcript {number}: {error}") from None
    except (ValueError, TypeError, AttributeError):
        raise AnnotationError(f"{path}, transcript {number}: a label or row whose fields are of another type") from None


def _span(label: dict[str, Any], index: dict[int, int], utterances: tuple[Utterance, ...]) -> AnnotatedRecommendation:
    utterance = index[label["utterance_id"]]
    return AnnotatedRecommendation(
        utterance=utterance,
        start=label["start"],
        end=label["end"],
        text=utterances[utterance].text[label["start"] : label["end"]],
        form=Form(label["form"]),
        category=label.get("category"),
    )


def _run(label: dict[str, Any], index: dict[int, int]) -> AnnotatedReview:
    return AnnotatedReview(
        first=index[label["first"]],
        last=index[label["last"]],
        adherence=label.get("adherence"),
        target=label.get("target"),
    )


def _annotator(labels_path: str | Path) -> str:
    return Path(labels_path).stem.rpartition("_")[2]
