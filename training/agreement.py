"""How well two people agree who annotated the same transcripts under the guidelines: the ceiling for any model.

    python training/agreement.py --annomi AnnoMI-full.csv

One annotator counts as gold, the other as prediction; F1 is the same either way round. Real speech: both annotators of
AnnoMI. Authored encounters, and what is held out: their own author, and a second reader who saw them without labels.
What belongs together: the authored development courses, whose second reader saw which words are recommendations and
reviews, and not what they look back to, restate, became of or are. Links count by the author's restatements.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import held_out_sessions, read_both_annotators, read_folder
from action_recs.annotation.courses import Course, courses
from action_recs.errors import ActionRecsError
from action_recs.evaluation.linking_agreement import pair_courses, thread_agreement
from action_recs.evaluation.report import evaluate_sessions

ANNOTATIONS = Path(__file__).parent.parent / "annotations"

Pairs = list[tuple[AnnotatedSession, AnnotatedSession]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv")
    try:
        compare(parser.parse_args().annomi)
    except ActionRecsError as error:
        raise SystemExit(f"agreement.py: {error}") from None


def compare(annomi: Path | None) -> None:
    """Print a table for each pair of readings."""
    second = read_folder(ANNOTATIONS / "second_reading")
    show("authored encounters", pair(read_folder(ANNOTATIONS / "corpus" / "encounters"), second))
    held_out = held_out_sessions(ANNOTATIONS).development
    show("held out: encounters", pair([each for each in held_out if each.group.startswith("g")], second))
    show("held out: courses of therapy", pair([each for each in held_out if each.group.startswith("c")], second))
    show_threads(
        pair_courses(
            courses(read_folder(ANNOTATIONS / "corpus")), courses(read_folder(ANNOTATIONS / "second_reading" / "links"))
        )
    )
    if annomi:
        both = read_both_annotators(ANNOTATIONS / "annomi", annomi)
        show("AnnoMI", pair(both[: len(both) // 2], both[len(both) // 2 :]))


def pair(ones: Iterable[AnnotatedSession], others: Iterable[AnnotatedSession]) -> Pairs:
    """Both versions of every session that both hold."""
    second = {session.id: session for session in others}
    return [(session, second[session.id]) for session in ones if session.id in second]


def show(title: str, pairs: Pairs) -> None:
    """Print F1 with its interval for every metric."""
    table = Table("Metric", "F1 (forms: accuracy)", "95 % interval", title=f"{title}: {len(pairs)} sessions")
    others = {one.id: other for one, other in pairs}
    compared = evaluate_sessions(
        [one for one, _ in pairs], lambda transcripts: [others[str(each.session_id)] for each in transcripts]
    )
    for name, row in compared["metrics"].items():
        estimate = row.get("f1") or row["accuracy"]
        table.add_row(name, f"{estimate['value']:.3f}", f"{estimate['low']:.3f} to {estimate['high']:.3f}")
    Console().print(table)


def show_threads(pairs: Sequence[tuple[Course, Course]]) -> None:
    """Print how well two readers agree on links, restatements, categories and adherence."""
    table = Table(
        "What",
        "F1 (category, adherence: macro)",
        "95 % interval",
        "Marked",
        title=f"courses: {len(pairs)} clients",
    )
    for name, row in thread_agreement(pairs).items():
        estimate = row["f1"]
        table.add_row(
            name, f"{estimate['value']:.3f}", f"{estimate['low']:.3f} to {estimate['high']:.3f}", str(row["gold"])
        )
    Console().print(table)


if __name__ == "__main__":
    main()
