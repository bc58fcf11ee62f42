"""Train and measure what links reviews to recommendations: scorers, and the corrections of the recommendation encoder.

    python training/contexts.py --base all-MiniLM-L6-v2 --output runs/contexts
    python training/linking.py --base all-MiniLM-L6-v2 --contexts runs/contexts --output runs/linking
    python training/linking.py --base all-MiniLM-L6-v2 --output action_recs/models/linking --measure --cards
    python training/linking.py --output action_recs/models/linking --shares

The first trains what reads recommendations and reviews in their context (about an hour on one core), the second all
else on the training clients (some 10 minutes); ``--measure`` trains nothing, and measures with gold spans, with the
shipped tagger's, and baselines. ``--shares`` tells how right the development clients are read where the encoder that
reads in context counts more or less: what ``CONTEXT_SHARES`` was chosen by. ``--base`` is the folder of the public
encoder that the recommendation checkpoint began as.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import save_file

from action_recs import Tagger
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import Collection, held_out_sessions, load_collection, read_folder
from action_recs.annotation.courses import Course, courses
from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
from action_recs.errors import ActionRecsError
from action_recs.evaluation.linking import (
    ADHERENCE_NAMES,
    CATEGORY_NAMES,
    compare,
    f1_of,
    figures,
    macro_f1_of,
)
from action_recs.evaluation.linking_agreement import pair_courses, thread_agreement
from action_recs.evaluation.linking_baselines import (
    bag_of_words,
    by_cosine,
    last_only,
    link_questions,
    same_questions,
    tf_idf,
)
from action_recs.evaluation.linking_card import write_card
from action_recs.evaluation.sentences import Vectors, sentence_embeddings
from action_recs.linking import ClientThread, follow_up
from action_recs.linking.features import LINK_FEATURES, SAME_FEATURES
from action_recs.linking.meanings import Meanings, corrected_encoder
from action_recs.linking.model import LinkingModel, load_linking_model, reader_record, scorer_record
from action_recs.linking.passages import lower_layers
from action_recs.manifest import write_manifest
from action_recs.session import TaggedSession
from action_recs.training.context_training import shipped_contexts
from action_recs.training.corrections import RANK, corrections_towards, public_encoder
from action_recs.training.linking import (
    Strengths,
    fit_reader,
    fit_scorer,
    link_pairs,
    rarity_of,
    read_courses,
    read_sessions,
    same_pairs,
    told_adherences,
    told_categories,
)

ANNOTATIONS = Path(__file__).parent.parent / "annotations"

PENALTIES = (10.0, 30.0)
OTHERS = (1.0, 0.1, 0.03)
"""Of the scorers: penalties, and how much the pairs of other clients count than those which the scorers are judged on.

Cross-validation takes the best; penalties of 100 and 300 were better by no more than chance."""

STRENGTHS = {
    "adherence": Strengths(0.5, 3000.0, 1.0, 1.0, seen_in=3, share=0.5),
    "category": Strengths(0.5, 1000.0, 1.0, 0.5, seen_in=2),
}
"""Of the readers; chosen in cross-validation."""

CONTEXT_SHARES = {"adherence": 0.2, "category": 0.5}
"""How much an encoder that reads in context counts; chosen on the development clients, for it knows the others."""

SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75)
"""What was compared for it."""


def main() -> None:
    arguments = parse_arguments()
    try:
        collections = load_collection(arguments.annotations)
        if arguments.shares:
            compare_shares(load_linking_model(arguments.output), collections)
            return
        if not arguments.measure:
            train(arguments, collections)
        results = measure(arguments, collections)
    except ActionRecsError as error:
        raise SystemExit(f"linking.py: {error}") from None
    show(results, Console())
    (arguments.output / "metrics.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if arguments.cards:
        write_card(results, arguments.output)


def train(arguments: argparse.Namespace, collections: tuple[Collection, ...]) -> None:
    """Write ``config.json`` and ``model.safetensors``."""
    checkpoint = load_checkpoint(SHIPPED / "recommendation", Task.RECOMMENDATION)
    in_context = shipped_contexts(arguments.contexts, checkpoint, rank=RANK)
    sessions = [session for each in collections for session in each.train]
    judged_on = {session.group for each in collections if each.name == "authored" for session in each.train}
    arguments.output.mkdir(parents=True, exist_ok=True)
    public = public_encoder(arguments.base)
    corrections = corrections_towards(public, checkpoint, rank=RANK)
    encoder = corrected_encoder(checkpoint, corrections)
    zeros = np.zeros(int(checkpoint.model.config.hidden_size), dtype=np.float32)
    mean, read = read_sessions(Meanings(checkpoint, encoder, zeros), sessions)
    tensors = {f"meanings/{name}": tensor for name, tensor in corrections.items()}
    tensors["meanings/mean"] = torch.tensor(mean).half()
    tensors |= in_context
    rarity = rarity_of(sessions, checkpoint)
    config: dict[str, Any] = {"rarity": {"words": rarity.words, "unknown": rarity.unknown}}
    held_out: dict[str, float] = {}
    for name, texts in (("adherence", told_adherences(read)), ("category", told_categories(read))):
        reader, cross_validated = fit_reader(texts, STRENGTHS[name], judged_on=judged_on)
        print(f"{name}: cross-validated macro F1 {cross_validated:.3f}", flush=True)
        config[name] = reader_record(replace(reader, context_share=CONTEXT_SHARES[name]))
        held_out[name] = round(cross_validated, 4)
        tensors[f"{name}.weights"] = torch.tensor(reader.words.weights).half()
        tensors[f"{name}.rarity"] = torch.tensor(reader.words.rarity).half()
        tensors[f"{name}.meaning"] = torch.tensor(reader.weights).half()
    followed = read_courses(read, lower_layers(checkpoint))
    for name, features, pairs in (
        ("link", LINK_FEATURES, link_pairs(followed, rarity)),
        ("same", SAME_FEATURES, same_pairs(followed, rarity)),
    ):
        fits = []
        for strength, others in itertools.product(PENALTIES, OTHERS):
            fits.append(fit_scorer(pairs, strength=strength, judged_on=judged_on, others=others))
            told = f"{name}: penalty {strength:g}, others count {others:g}"
            print(f"{told}, cross-validated F1 {fits[-1].cross_validated:.3f}", flush=True)
        best = max(fits, key=lambda fit: fit.cross_validated)
        config[name] = scorer_record(features, best.weights, best.intercept, best.threshold)
        held_out["links" if name == "link" else name] = round(best.cross_validated, 4)
    config["cross_validated"] = held_out
    config["about"] = "Made by training/linking.py; read by action_recs/linking/model.py."
    tensors["rarity.tokens"] = torch.tensor(rarity.tokens).half()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, arguments.output / "model.safetensors")
    (arguments.output / "config.json").write_text(json.dumps(config, separators=(",", ":")) + "\n", encoding="utf-8")
    write_manifest(arguments.output)


def measure(arguments: argparse.Namespace, collections: tuple[Collection, ...]) -> dict[str, Any]:
    """Everything that the card says: with gold spans and with the shipped tagger's, and baselines.

    On the development clients, and on those that were written afterwards and serve for nothing else.
    """
    model = load_linking_model(arguments.output)
    tagger = Tagger.from_pretrained()
    config = json.loads((arguments.output / "config.json").read_text(encoding="utf-8"))
    train_sessions = [session for each in collections for session in each.train]
    development = [session for each in collections for session in each.development]
    training, measured = courses(train_sessions), courses(development)
    afterwards = courses(held_out_sessions(arguments.annotations).development)
    several = [course for course in measured if len(course.sessions) > 1]
    parts = {"train": training, "development": measured, "written afterwards": afterwards}
    return {
        "data": {name: counts_of(some) for name, some in parts.items() if some},
        "cross_validated": config["cross_validated"],
        "gold": figures([compare(course, followed(course, model)) for course in measured]),
        "tagged": figures([compare(course, tagged(course, model, tagger)) for course in several]),
        "afterwards": {
            "gold": figures([compare(course, followed(course, model)) for course in afterwards]),
            "tagged": figures([compare(course, tagged(course, model, tagger)) for course in afterwards]),
        }
        if afterwards
        else {},
        "second_reading": thread_agreement(
            pair_courses(measured, courses(read_folder(arguments.annotations / "second_reading" / "links")))
        )
        if (arguments.annotations / "second_reading" / "links").is_dir()
        else {},
        "baselines": baselines(arguments, training, several, train_sessions, development),
    }


def compare_shares(model: LinkingModel, collections: tuple[Collection, ...]) -> None:
    """Print the macro F1 of category and adherence on the development clients, gold spans, by the context's share."""
    measured = courses(session for each in collections for session in each.development)
    for share in SHARES:
        readers = {name: replace(getattr(model, name), context_share=share) for name in CONTEXT_SHARES}
        weighed = replace(model, **readers)
        found = figures([compare(course, followed(course, weighed)) for course in measured])
        print(f"{share:4.2f}  " + ", ".join(f"{name} {_cells(found[name])[0]}" for name in readers), flush=True)


def followed(course: Course, model: LinkingModel) -> ClientThread:
    """With the annotators' spans."""
    return follow_up(map(TaggedSession.from_annotations, course.sessions), model=model)


def tagged(course: Course, model: LinkingModel, tagger: Tagger) -> ClientThread:
    """With a tagger's spans."""
    return follow_up(tagger.tag_many([session.transcript for session in course.sessions]), model=model)


def counts_of(some: Sequence[Course]) -> dict[str, int]:
    return {
        "clients": len({course.client for course in some}),
        "sessions": sum(len(course.sessions) for course in some),
        "courses of several sessions": sum(len(course.sessions) > 1 for course in some),
        "links": sum(map(len, (targets for course in some for targets in course.links.values()))),
        "restatements": sum(len(group) - 1 for course in some for items in course.items for group in items),
        "recommendations": sum(len(session.recommendations) for course in some for session in course.sessions),
        "reviews": sum(len(session.reviews) for course in some for session in course.sessions),
    }


def baselines(
    arguments: argparse.Namespace,
    training: list[Course],
    held_out: list[Course],
    train_sessions: list[AnnotatedSession],
    development: list[AnnotatedSession],
) -> dict[str, Any]:
    shown, asked = link_questions(training), link_questions(held_out)
    same_shown, same_asked = same_questions(training), same_questions(held_out)
    measures: dict[str, Vectors] = {"TF-IDF": tf_idf(train_sessions)}
    if arguments.base:
        measures["all-MiniLM-L6-v2"] = sentence_embeddings(str(arguments.base))
    results: dict[str, Any] = {"links": {"last session's only item": f1_of(last_only(asked))}, "same": {}}
    for name, vectors in measures.items():
        results["links"][name] = f1_of(by_cosine(shown, asked, vectors))
        results["same"][name] = f1_of(by_cosine(same_shown, same_asked, vectors))
    for task, examples, classes in (
        ("category", spoken_categories, CATEGORY_NAMES),
        ("adherence", spoken_adherences, ADHERENCE_NAMES),
    ):
        known, unknown = examples(train_sessions), examples(development)
        labels = bag_of_words([each[2] for each in known], [each[1] for each in known], [each[2] for each in unknown])
        clients: dict[str, list[tuple[str | None, str | None]]] = {}
        for (group, gold, _), label in zip(unknown, labels, strict=True):
            clients.setdefault(group, []).append((gold, label))
        results[task] = {"bag of words": macro_f1_of(clients, classes)}
    return results


def spoken_categories(sessions: list[AnnotatedSession]) -> list[tuple[str, str, str]]:
    """Group, category and words of every recommendation."""
    return [
        (session.group, span.category, span.text)
        for session in sessions
        for span in session.recommendations
        if span.category
    ]


def spoken_adherences(sessions: list[AnnotatedSession]) -> list[tuple[str, str, str]]:
    """Group, adherence and words of every review."""
    return [
        (
            session.group,
            run.adherence,
            " ".join(each.text for each in session.transcript.utterances[run.first : run.last + 1]),
        )
        for session in sessions
        for run in session.reviews
        if run.adherence
    ]


def show(results: dict[str, Any], console: Console) -> None:
    shown = {"gold spans": results["gold"], "the tagger's spans": results["tagged"]}
    shown |= {f"written afterwards, {kind}": some for kind, some in results["afterwards"].items()}
    for title, some in shown.items():
        table = Table("what", "F1", "95 % interval", "precision", "recall", "gold", title=title)
        for name, row in some.items():
            table.add_row(name, *_cells(row))
        console.print(table)
    table = Table(
        "what", "baseline", "F1", "95 % interval", "precision", "recall", "gold", title="baselines, gold spans"
    )
    for name, rows in results["baselines"].items():
        for baseline, row in rows.items():
            table.add_row(name, baseline, *_cells(row))
    console.print(table)


def _cells(row: dict[str, Any]) -> list[str]:
    f1 = row["f1"]
    shares = [f"{row[name]:.3f}" if name in row else "" for name in ("precision", "recall")]
    return [f"{f1['value']:.3f}", f"{f1['low']:.3f} to {f1['high']:.3f}", *shares, str(row["gold"])]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, help="the folder of all-MiniLM-L6-v2; needed to train")
    parser.add_argument("--contexts", type=Path, help="what training/contexts.py wrote; needed to train")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    parser.add_argument("--output", type=Path, default=SHIPPED / "linking", help="the model's folder")
    parser.add_argument("--measure", action="store_true", help="train nothing")
    parser.add_argument("--cards", action="store_true", help="write README.md into the folder")
    parser.add_argument("--shares", action="store_true", help="only compare shares of what reads in context")
    arguments = parser.parse_args()
    if not (arguments.measure or arguments.shares or (arguments.base and arguments.contexts)):
        parser.error("--base and --contexts are needed to train")
    return arguments


if __name__ == "__main__":
    main()
