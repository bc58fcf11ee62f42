"""Measure checkpoints on the development split and keep a row for each in EXPERIMENTS.md.

    python training/experiments.py runs/joint/recommendation runs/joint/review --annomi AnnoMI-full.csv \\
        --what "one encoder for both tasks"

Every checkpoint is read once, its decoding settings are chosen by the rule that training uses, and what it then finds
is counted: so all rows compare alike, whatever settings a checkpoint came with. Rows are kept in experiments.json; a
checkpoint that is measured again takes its old row's place. Brackets: 95 % intervals, bootstrap over clients or
transcripts.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import Task, checkpoint_task, load_checkpoint
from action_recs.errors import ActionRecsError
from action_recs.training.figures import checkpoint_figures
from action_recs.training.tuning import read_once, tuned

HERE = Path(__file__).parent
ROWS, PAGE = HERE / "experiments.json", HERE / "EXPERIMENTS.md"
BEGIN, END = "<!-- rows: written by training/experiments.py -->", "<!-- end of rows -->"
SHOWN = {
    Task.RECOMMENDATION: {"recommendation_utterance": "utterances", "recommendation_span": "spans"},
    Task.REVIEW: {"review_utterance": "utterances", "session_with_review": "sessions"},
}
SETS = {"annomi": "AnnoMI", "authored": "authored", "contrast": "contrast"}


def main() -> None:
    arguments = parse_arguments()
    try:
        sets = load_collection(arguments.annotations, annomi_csv=arguments.annomi) if arguments.checkpoints else ()
        development = {each.name: each.development for each in sets if each.name in SETS and each.development}
        for folder in arguments.checkpoints:
            row = measured(folder, development, arguments)
            rows = [each for each in kept() if (each["name"], each["task"]) != (row["name"], row["task"])] + [row]
            ROWS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
            write_page(rows)
            print(line(row))
    except ActionRecsError as error:
        raise SystemExit(f"experiments.py: {error}") from None
    if not arguments.checkpoints:
        write_page(kept())


def measured(
    folder: Path, development: Mapping[str, Sequence[AnnotatedSession]], arguments: argparse.Namespace
) -> dict[str, Any]:
    """A row: what a checkpoint was made of, and how right it is."""
    task = checkpoint_task(folder)
    if task is None:
        raise SystemExit(f"experiments.py: {folder}: no checkpoint of ours; name a folder with config.json")
    checkpoint = load_checkpoint(folder, task)
    if arguments.overlap is not None:
        checkpoint = replace(checkpoint, settings=replace(checkpoint.settings, overlap_tokens=arguments.overlap))
    decoders = {name: read_once(checkpoint, sessions) for name, sessions in development.items()}
    checkpoint = tuned(checkpoint, development, decoders)
    figures = {name: checkpoint_figures(checkpoint, each, decoders[name]) for name, each in development.items()}
    return {
        "name": arguments.name or "/".join(folder.resolve().parts[-2:]),
        "task": task.value,
        "what": arguments.what,
        "windows": [checkpoint.settings.window_tokens, checkpoint.settings.overlap_tokens],
        "run": settings_of(folder),
        "decoding": asdict(checkpoint.settings.decoding),
        "figures": {
            name: {metric: each["metrics"][metric] for metric in SHOWN[task]} for name, each in figures.items()
        },
    }


def settings_of(folder: Path) -> dict[str, Any]:
    """Of the run that made a checkpoint, as far as the run says."""
    for place in (folder, folder.parent, folder.parent.parent):
        if (file := place / "training_config.json").is_file():
            held = json.loads(file.read_text(encoding="utf-8"))
            return {name: held.get(name) for name in ("mix", "passes", "learning_rate", "masked", "seed")}
    return {}


def kept() -> list[dict[str, Any]]:
    return json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.is_file() else []


def write_page(rows: list[dict[str, Any]]) -> None:
    """Replace the tables between the page's two marks."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"experiments.py: {PAGE}: the marks around the rows are missing")
    tables = [table(task, [row for row in rows if row["task"] == task.value]) for task in Task]
    PAGE.write_text("\n".join([f"{before}{begin}", *tables, f"{end}{after}"]), encoding="utf-8")


def table(task: Task, rows: list[dict[str, Any]]) -> str:
    columns = [f"{name}: {words}" for name in SETS.values() for words in SHOWN[task].values()]
    head = ["run", "what", "data", "passes, rate, hidden, seed", "windows", "decoding", *columns]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join([f"## {task.value.capitalize()}s, F1", "", *lines, *map(line, rows), ""])


def line(row: dict[str, Any]) -> str:
    run = row["run"]
    mix = ", ".join(f"{share:g} {name}" for name, share in run.get("mix", {}).items())
    how = ", ".join(
        f"{run[key]:g}" for key in ("passes", "learning_rate", "masked", "seed") if run.get(key) is not None
    )
    cells = [row["name"], row["what"], mix, how, "/".join(map(str, row["windows"])), decoding(row["decoding"])]
    for name in SETS:
        cells += [interval(row["figures"].get(name, {}).get(metric)) for metric in SHOWN[Task(row["task"])]]
    return f"| {' | '.join(cells)} |"


def decoding(settings: dict[str, float]) -> str:
    return "/".join(f"{settings[name]:g}" for name in ("threshold", "floor", "split"))


def interval(metric: dict[str, Any] | None) -> str:
    return "{value:.2f} [{low:.2f}, {high:.2f}]".format(**metric["f1"]) if metric else ""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="*", help="folders; without any the page is written anew")
    parser.add_argument("--what", default="", help="what was tried, in a few words")
    parser.add_argument("--name", help="the row's name, where the folder's own says too little")
    parser.add_argument("--overlap", type=int, help="read with another overlap of the windows, in tokens")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    parser.add_argument("--annotations", type=Path, default=HERE.parent / "annotations", help="annotated sessions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
