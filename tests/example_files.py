"""The files that the documentation's examples take for given: small, authored, and of the kind that they name."""

import csv
import json
import shutil
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from told import TRANSCRIPTS

import action_recs
from action_recs.annotation import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession, write_annotations
from action_recs.session import Form
from action_recs.transcript import Transcript

SESSION = Path(action_recs.__file__).parent / "examples" / "session.txt"

TALK = [
    ("therapist", "Last week you wanted to go for a walk every day. How did it go?"),
    ("client", "I went twice, and it helped."),
    ("therapist", "Good. Maybe try going back to cooking this week, that was good for you."),
    ("client", "Okay."),
]
IN_FOLDERS = ("transcripts/s1.txt", "transcripts/s2.txt", "monday/s1.txt", "tuesday/s1.txt")
ANSWERS = ("I can do that.", "All right, I will try.", "Yes, on Sunday.")  # no two sessions of a client are the same
ADVICE = "Maybe try going back to cooking this week"


def prepare(folder: Path) -> None:
    """Write all of them."""
    for name in ("session.txt", "monday.txt", "tuesday.txt", *IN_FOLDERS):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(SESSION, folder / name)
    shutil.copytree(folder / "transcripts", folder / "folder")
    shutil.copy(TRANSCRIPTS / "webvtt" / "teams.vtt", folder / "session.vtt")
    shutil.copy(TRANSCRIPTS / "aws_transcribe" / "speaker_labels.json", folder / "session.json")
    _annotations(folder)
    _study(folder)
    (folder / "utterances").mkdir()
    rows = [
        {"session_id": f"s{number}", "index": index, "speaker": role, "text": text}
        for number in range(6)
        for index, (role, text) in enumerate(TALK)
    ]
    parquet.write_table(pa.Table.from_pylist(rows), folder / "utterances" / "part-0.parquet")


def _annotations(folder: Path) -> None:
    """Two annotators, who differ in one of four sessions."""
    start = TALK[2][1].index(ADVICE)
    for name, annotator in (("annotator_a", "anna"), ("annotator_b", "ben"), ("export", "anna")):
        sessions = [
            AnnotatedSession(
                f"s{number}",
                Transcript.from_pairs(TALK, session_id=f"s{number}"),
                (AnnotatedRecommendation(2, start, start + len(ADVICE), ADVICE, Form.CASUAL),),
                () if annotator == "ben" and number == 3 else (AnnotatedReview(0, 1),),
                annotator=annotator,
                group=f"c{number}",
            )
            for number in range(4)
        ]
        write_annotations(sessions, folder / f"{name}.json", "label-studio")
    for name in ("annotated", "held_out"):
        write_annotations(sessions, folder / f"{name}.jsonl", "jsonl")


def _study(folder: Path) -> None:
    """Ten clients with three sessions each, and a score before and after each."""
    people = [(f"c{number}", f"t{number % 3}") for number in range(10)]
    with (folder / "sessions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["session_id", "client_id", "therapist_id", "organisation_id", "date", "speaker", "text"])
        for client, therapist in people:
            for week in range(3):
                talk = [*(TALK if (week + int(client[1:])) % 2 else TALK[2:]), ("client", ANSWERS[week])]
                for role, text in talk:
                    writer.writerow(
                        [f"{client}w{week}", client, therapist, "o1", f"2024-01-{8 + 7 * week:02}", role, text]
                    )
    with (folder / "outcomes.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["client_id", "date", "instrument", "score"])
        for number, (client, _) in enumerate(people):
            for week in range(4):
                writer.writerow([client, f"2024-01-{1 + 7 * week:02}", "PHQ-9", 14 - week - number % 4])
    (folder / "rates.json").write_text(
        json.dumps({"share_with_review": {"precision": 0.71, "recall": 0.7, "gold": 60, "sessions": 120}})
    )
