"""Measure the shipped models, or others, on the development split, and write their cards and the README's table.

    python training/evaluate.py --annomi AnnoMI-full.csv
    python training/evaluate.py --annomi AnnoMI-full.csv --models runs --output runs/metrics.json
    python training/evaluate.py --annomi AnnoMI-full.csv --models runs --errors runs/errors
    python training/evaluate.py --annomi AnnoMI-full.csv --learnt annomi
    python training/evaluate.py --annomi AnnoMI-full.csv --baselines --output action_recs/models/metrics.json --cards

Prints one table a set, real speech first, with 95 % intervals from a bootstrap over clients or transcripts. Last comes
what was written after the models had been chosen, and on which nothing is: of its mistakes there is no report.
With --left-out all of AnnoMI is read by the models of folds.py, each transcript by those that did not learn from it:
what the recipe is worth, told by siblings of what ships.
With --learnt a set's training sessions take the place of all that: what the models make of what they have seen. Where
they know that by heart and miss much of the rest, more data would help them, not more parameters alone.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from action_recs import Tagger
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import Collection, held_out_sessions, load_collection
from action_recs.checkpoint import SHIPPED
from action_recs.errors import ActionRecsError
from action_recs.evaluation.baselines import BASELINES
from action_recs.evaluation.card import write_cards, write_readme_figures
from action_recs.evaluation.left_out import Fold, LeftOut, by_fold, load_left_out
from action_recs.evaluation.measure import curve_of, evaluate
from action_recs.evaluation.reading import load_models
from action_recs.evaluation.report import TagMany, evaluate_sessions, label_counts, slices, tagged_once
from action_recs.evaluation.run import tell, write_evaluation
from action_recs.evaluation.sentences import sentence_embeddings
from action_recs.evaluation.zero_shot import nearest_sentences

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
README = Path(__file__).parent.parent / "README.md"


def main() -> None:
    arguments = parse_arguments()
    if arguments.output and not arguments.output.parent.is_dir():
        raise SystemExit(f"evaluate.py: the folder of {arguments.output} does not exist; make it first")
    if arguments.cards and not (arguments.annomi and arguments.baselines):
        raise SystemExit(
            "evaluate.py: --cards needs --annomi and --baselines: the cards report real speech and baselines"
        )
    if arguments.left_out and (arguments.cards or arguments.learnt):
        raise SystemExit("evaluate.py: --left-out tells of other models than those of --models: no cards, no --learnt")
    if arguments.learnt and (arguments.cards or arguments.errors):
        raise SystemExit("evaluate.py: --learnt tells of training sessions: cards and reports of mistakes do not")
    try:
        collections = load_collection(arguments.annotations, annomi_csv=arguments.annomi)
        held_out = held_out_sessions(arguments.annotations)
        left_out = load_left_out(arguments.left_out) if arguments.left_out else None
        if left_out:
            collections = left_out.all_of(collections)
        if arguments.learnt:
            collections, held_out = seen(collections, arguments.learnt), replace(held_out, development=())
        results = measure(arguments, collections, held_out, left_out)
        if arguments.errors:
            write_errors(arguments, collections, left_out)
    except ActionRecsError as error:
        raise SystemExit(f"evaluate.py: {error}") from None
    show(results, Console())
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if arguments.cards:
        write_cards(results, arguments.models)
        if arguments.models == SHIPPED:
            write_readme_figures(results, README)


def seen(collections: tuple[Collection, ...], name: str) -> tuple[Collection, ...]:
    """The training sessions of one set, as if they were its development sessions."""
    for each in collections:
        if each.name == name:
            return (replace(each, development=each.train),)
    known = ", ".join(each.name for each in collections)
    raise SystemExit(f"evaluate.py: --learnt: there is no set {name}; there are {known} (annomi needs --annomi)")


def measure(
    arguments: argparse.Namespace,
    collections: tuple[Collection, ...],
    held_out: Collection,
    left_out: LeftOut | None,
) -> dict[str, Any]:
    tagger = Tagger.from_pretrained(arguments.models)
    tag_many = tagging(tagger)
    if left_out:
        tag_many = by_fold(left_out, lambda fold: tagging(Tagger.from_pretrained(fold.models)), tag_many)
    taggers: dict[str, TagMany] = {"models": tagged_once(tag_many)}
    if arguments.baselines:
        training = [session for each in collections for session in each.train]
        makers = dict(BASELINES)
        if arguments.embeddings:
            makers["sentence embeddings"] = nearest_sentences(sentence_embeddings(arguments.embeddings))
        for name, make in makers.items():
            taggers[name] = make(training)
            if left_out:
                taggers[name] = by_fold(left_out, learnt_without(make, training), taggers[name])
    every = (*collections, held_out) if held_out.development else collections
    whole = whole_sessions(collections)
    return {
        **({"left_out": {"set": left_out.set, "folds": len(left_out.folds)}} if left_out else {}),
        "data": {
            each.name: {
                "train": {"sessions": len({session.id for session in each.train}), **label_counts(each.train)},
                "development": {
                    "sessions": len({session.id for session in each.development}),
                    **label_counts(each.development),
                },
            }
            for each in every
        },
        "development": {
            name: {each.name: evaluate_sessions(each.development, tag) for each in every if each.development}
            for name, tag in taggers.items()
        },
        "slices": {each.name: slices(each.development, taggers["models"]) for each in every if each.development},
        # whole sessions of real and authored talk, for `action-recs tag --precision`
        **{
            checkpoint.settings.task.value: {"curve": curve_of(checkpoint, whole).to_dict()}
            for checkpoint in (tagger.recommendation, tagger.review)
            if whole and not left_out
        },
    }


def tagging(tagger: Tagger) -> TagMany:
    return lambda transcripts: list(tagger.tag_many(transcripts, progress=True))


def learnt_without(
    make: Callable[[Sequence[AnnotatedSession]], TagMany], training: Sequence[AnnotatedSession]
) -> Callable[[Fold], TagMany]:
    """A baseline, made anew for each fold."""
    return lambda fold: make([session for session in training if not fold.holds(session)])


def write_errors(arguments: argparse.Namespace, collections: tuple[Collection, ...], left_out: LeftOut | None) -> None:
    """A report for each set, or each fold of one, with the mistakes by cause, in their context."""
    for each in collections:
        folds = left_out.folds if left_out and each.name == left_out.set else ()
        parts = {
            f"{each.name}-{fold.models.name}": (fold.models, [one for one in each.development if fold.holds(one)])
            for fold in folds
        } or {each.name: (arguments.models, list(each.development))}
        for name, (models, sessions) in parts.items():
            if any(session.recommendations or session.reviews for session in sessions):
                found = evaluate(load_models(models), sessions, progress=None)
                tell(found, models, [f"{name}, development"], other=None)
                write_evaluation(found, arguments.errors / name)


def whole_sessions(collections: tuple[Collection, ...]) -> list[AnnotatedSession]:
    """Development sessions that are no excerpts."""
    return [session for each in collections if each.name != "contrast" for session in each.development]


def show(results: dict[str, Any], console: Console) -> None:
    for tagger, sets in results["development"].items():
        for name, figures in sets.items():
            folds = results.get("left_out", {})
            who = f"{tagger}, without each of {folds['folds']} parts" if folds.get("set") == name else tagger
            table = Table("Metric", "F1", "95 % interval", "Precision", "Recall", "Gold", title=f"{who}: {name}")
            for metric, row in figures["metrics"].items():
                main_figure = row.get("f1") or row["accuracy"]
                table.add_row(
                    metric if "f1" in row else f"{metric} (accuracy)",
                    f"{main_figure['value']:.3f}",
                    f"{main_figure['low']:.3f} to {main_figure['high']:.3f}",
                    *(f"{row[key]:.3f}" if key in row else "" for key in ("precision", "recall")),
                    str(row.get("gold", row.get("spans"))),
                )
            console.print(table)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=SHIPPED, help="a folder with recommendation/ and review/")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv; without it only authored sessions are measured")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    parser.add_argument("--left-out", type=Path, metavar="FOLDS", help="a folder of folds.py, whose models read AnnoMI")
    parser.add_argument("--baselines", action="store_true", help="measure the baselines beside the models")
    parser.add_argument("--embeddings", help="with --baselines: a sentence encoder's folder, such as all-MiniLM-L6-v2")
    parser.add_argument("--output", type=Path, help="write all figures to this JSON file")
    parser.add_argument("--errors", type=Path, help="a folder for reports of the mistakes; they hold transcript text")
    parser.add_argument("--learnt", metavar="SET", help="measure on this set's training sessions instead")
    parser.add_argument(
        "--cards", action="store_true", help="write the models' cards and, for the shipped ones, the README's table"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
