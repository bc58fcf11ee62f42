"""Write the tables of docs/limits.md: figures of the shipped models on parts of the development split.

    python training/limits.py                              # the parts that action_recs/models/metrics.json holds
    python training/limits.py --annomi AnnoMI-full.csv     # all parts, measured anew: minutes of one processor

Parts are what the data tell of a session: how it was transcribed, what kind of help it was, who spoke, how long it was,
and for AnnoMI how good the interviewing was and what it was about. Beside them stand the same sessions as they would be
with less care taken. Brackets: 95 % intervals from a bootstrap over clients or transcripts.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from action_recs import Tagger
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import SHIPPED
from action_recs.errors import ActionRecsError
from action_recs.evaluation.card import SETS
from action_recs.evaluation.report import TagMany, evaluate_sessions, tagged_once
from action_recs.training.augment import as_recognised
from action_recs.transcript import Role, Transcript

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "limits.md"
BEGIN, END = "<!-- figures: written by training/limits.py -->", "<!-- end of figures -->"
FEWEST = 20
"""Marked utterances under which a figure would say more about chance than about the models."""

METRICS = {"recommendation_utterance": "recommendations", "review_utterance": "reviews"}
WRONG_SPEAKERS = 0.05

SHORT, LONG = 30, 80
"""Utterances up to which a session is short, and beyond which it is long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv: measure all parts anew")
    parser.add_argument("--models", type=Path, default=SHIPPED, help="a folder with recommendation/ and review/")
    arguments = parser.parse_args()
    try:
        tables = measured(arguments.models, arguments.annomi) if arguments.annomi else known(arguments.models)
    except (ActionRecsError, OSError) as error:
        raise SystemExit(f"limits.py: {error}") from None
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"limits.py: {PAGE}: the marks around the figures are missing")
    PAGE.write_text("".join([before, begin, "\n", *tables, end, after]), encoding="utf-8")


def measured(models: Path, annomi: Path) -> list[str]:
    """The tables of every part, after tagging the development sessions."""
    collections = load_collection(ROOT / "annotations", annomi_csv=annomi)
    sets = {each.name: each.development for each in collections if each.development}
    tagger = Tagger.from_pretrained(models)
    tag = tagged_once(lambda transcripts: list(tagger.tag_many(transcripts, progress=True)))
    authored = [session for name, sessions in sets.items() if name != "annomi" for session in sessions]
    return [
        table("Real speech (AnnoMI, against each of two annotators)", sets["annomi"], REAL, tag),
        table("Authored sessions and excerpts", authored, AUTHORED, tag),
        worse(sets, tag),
    ]


def worse(sets: Mapping[str, Sequence[AnnotatedSession]], tag: TagMany) -> str:
    """The same sessions without case and punctuation, and with some utterances given to the other speaker."""
    rows = [heading("The same sessions, written down with less care", "set")]
    for name, sessions in sets.items():
        rows.append(row(f"{SETS[name]}: as they are", sessions, tag))
        bare = [as_recognised(session) for session in sessions]
        rows.append(row("in lower case, without punctuation", bare, tag))
        share = f"{WRONG_SPEAKERS:.0%}".replace("%", " %")
        rows.append(row(f"{share} of the utterances given to the other speaker", sessions, misheard(tag)))
    return "\n".join([*rows, "", ""])


def misheard(tag: TagMany) -> TagMany:
    """The tagger behind a program that tells speakers apart, and is wrong at times."""
    other = {Role.THERAPIST: Role.CLIENT, Role.CLIENT: Role.THERAPIST}
    draw = random.Random(0)

    def swapped(transcript: Transcript) -> Transcript:
        utterances = (
            replace(each, role=other.get(each.role, each.role)) if draw.random() < WRONG_SPEAKERS else each
            for each in transcript.utterances
        )
        return replace(transcript, utterances=tuple(utterances))

    return lambda transcripts: tag([swapped(transcript) for transcript in transcripts])


def known(models: Path) -> list[str]:
    """One table of the parts that the models' metrics.json holds, by set."""
    slices = json.loads((models / "metrics.json").read_text(encoding="utf-8"))["slices"]
    rows = ["| data | part | recommendations: F1 | marked | reviews: F1 | marked |", "|---|---|---|--:|---|--:|"]
    for name, parts in slices.items():
        for part, metrics in parts.items():
            cells = [cell for metric in METRICS for cell in interval(metrics[metric])]
            rows.append(f"| {SETS.get(name, name)} | {part.replace('mi_quality', 'quality of the interviewing')} | ")
            rows[-1] += f"{' | '.join(cells)} |"
    return ["\n".join([*rows, "", ""])]


def interval(metric: dict[str, Any]) -> tuple[str, str]:
    """F1 with its interval where enough is marked, and how much is."""
    f1, enough = metric["f1"], metric["gold"] >= FEWEST
    return f"{f1['value']:.2f} [{f1['low']:.2f}, {f1['high']:.2f}]" if enough else "too few", str(metric["gold"])


def modality(session: AnnotatedSession) -> str:
    return session.metadata.get("modality", "").replace("MI", "motivational interviewing").lower()


def voices(session: AnnotatedSession) -> str:
    """Whether one client speaks, or more people than client and therapist."""
    others = {each.speaker or each.role for each in session.transcript.utterances if each.role is not Role.THERAPIST}
    return "client and therapist" if len(others) < 2 else "couples, families, others in the room"


def length(session: AnnotatedSession) -> str:
    count = len(session.transcript)
    names = (f"up to {SHORT} utterances", f"{SHORT + 1} to {LONG} utterances", f"more than {LONG} utterances")
    return names[(count > SHORT) + (count > LONG)]


Parts = dict[str, Callable[[AnnotatedSession], str]]
REAL: Parts = {
    "quality of the interviewing": lambda session: session.metadata.get("mi_quality", ""),
    "topic": lambda session: session.metadata.get("topic", ""),
    "length": length,
}
AUTHORED: Parts = {
    "transcription": lambda session: session.metadata.get("style", ""),
    "kind of help": modality,
    "speakers": voices,
    "length": length,
}


def table(title: str, sessions: Sequence[AnnotatedSession], parts: Parts, tag: TagMany) -> str:
    """A heading, and a row for all and for each part that holds enough of one label; the others together."""
    rows = [heading(title, "part"), row("all", sessions, tag)]
    for name, part in parts.items():
        marked = Counter[str]()
        for session in sessions:
            marked[part(session)] += len({found.utterance for found in session.recommendations})
        large = [value for value, count in marked.most_common() if value and count >= FEWEST]
        for value in large:
            rows.append(row(f"{name}: {value}", [each for each in sessions if part(each) == value], tag))
        if others := [each for each in sessions if part(each) not in large]:
            rows.append(row(f"{name}: all others", others, tag))
    return "\n".join([*rows, "", ""])


def heading(title: str, first: str) -> str:
    columns = " | ".join(f"{label}: F1 | precision | recall | marked" for label in METRICS.values())
    return f"### {title}\n\n| {first} | sessions | {columns} |\n|---|--:|---|--:|--:|--:|---|--:|--:|--:|"


def row(name: str, sessions: Sequence[AnnotatedSession], tag: TagMany) -> str:
    found = evaluate_sessions(sessions, tag)
    cells = [cell for metric in METRICS for cell in figures(found["metrics"][metric])]
    return f"| {name} | {found['sessions']} | {' | '.join(cells)} |"


def figures(metric: dict[str, Any]) -> tuple[str, str, str, str]:
    shown, gold = interval(metric)
    shares = [f"{metric[name]:.2f}" if metric["gold"] >= FEWEST else "" for name in ("precision", "recall")]
    return shown, *shares, gold  # type: ignore[return-value]


if __name__ == "__main__":
    main()
