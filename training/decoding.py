"""Compare values of one decoding setting, and keep one.

    python training/decoding.py action_recs/models/recommendation --setting split --values 0.5 0.6 0.7 \\
        --annomi AnnoMI-full.csv --left-out runs/folds
    python training/decoding.py action_recs/models/recommendation --setting split --values 0.6 --keep

Training chooses the settings on the development sessions, of which real speech is the smallest part. With --left-out
all of AnnoMI counts: its transcripts are read by the models of folds.py that did not learn from them, each with its own
other settings. Every value is compared with the one that the checkpoint has: F1 of utterances and, of recommendations,
of spans; the difference with its 95 % interval, from a bootstrap over clients or transcripts. With --keep the
checkpoint gets the value.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import Checkpoint, ReadingSettings, Task, checkpoint_task, load_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.errors import ActionRecsError, ConfigError, ModelError
from action_recs.evaluation.bootstrap import cluster_weights
from action_recs.evaluation.comparison import Difference, compared
from action_recs.evaluation.left_out import load_left_out
from action_recs.evaluation.measures import RATES, cluster_of
from action_recs.training.saving import save_settings
from action_recs.training.tuning import METRICS_OF, Decoder, read_once

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
NAMES = {Task.RECOMMENDATION: ("utterances", "spans"), Task.REVIEW: ("utterances",)}
SETTINGS = tuple(asdict(DecodingSettings()))


@dataclass(frozen=True, slots=True)
class Part:
    """Sessions as a checkpoint scored them once.

    Attributes
    ----------
    checkpoint : Checkpoint
    sessions : sequence of AnnotatedSession
    decoders : mapping of session id to Decoder
    """

    checkpoint: Checkpoint
    sessions: Sequence[AnnotatedSession]
    decoders: dict[str, Decoder]


def main() -> None:
    arguments = parse_arguments()
    try:
        checkpoint = load(arguments.checkpoint)
        known = getattr(checkpoint.settings.decoding, arguments.setting)
        others = {value: changed(checkpoint, arguments.setting, value) for value in arguments.values}
        if arguments.keep:
            save_settings(replace(checkpoint, settings=next(iter(others.values()))), arguments.checkpoint)
            print(f"{arguments.checkpoint}: {arguments.setting} {known:g} -> {arguments.values[0]:g}")
            return
        print(f"| sessions | F1 of | {arguments.setting} | F1 | at {known:g} | difference |\n|---|---|---|---|---|---|")
        for name, parts in parts_of(checkpoint, arguments).items():
            for value in arguments.values:
                for of, found in differences(parts, arguments.setting, known, value).items():
                    print(f"| {name} | {of} | {value:g} | {row(found)} |", flush=True)
    except ActionRecsError as error:
        raise SystemExit(f"decoding.py: {error}") from None


def load(folder: Path) -> Checkpoint:
    task = checkpoint_task(folder)
    if task is None:
        raise ModelError(f"{folder}: no checkpoint of ours; name a folder with config.json")
    return load_checkpoint(folder, task)


def changed(checkpoint: Checkpoint, setting: str, value: float) -> ReadingSettings:
    """The checkpoint's settings with another value."""
    if not 0 <= value <= 1:
        raise ConfigError(f"--values {value:g}: a probability, between 0 and 1")
    decoding = replace(checkpoint.settings.decoding, **{setting: value})
    if decoding.floor > decoding.threshold:
        raise ConfigError(f"--values {value:g}: the floor would lie above the threshold")
    return replace(checkpoint.settings, decoding=decoding)


def parts_of(checkpoint: Checkpoint, arguments: argparse.Namespace) -> dict[str, list[Part]]:
    """The development sessions of each set, and with folds a whole set, each read by what did not learn from it."""
    sets = load_collection(arguments.annotations, annomi_csv=arguments.annomi)
    found: dict[str, list[Part]] = {}
    if arguments.left_out:
        left_out = load_left_out(arguments.left_out)
        every = next(each for each in left_out.all_of(sets) if each.name == left_out.set).development
        found[f"{left_out.set}, left out"] = [
            read(fold.checkpoint(checkpoint.settings.task), [each for each in every if fold.holds(each)])
            for fold in left_out.folds
        ]
    return found | {each.name: [read(checkpoint, each.development)] for each in sets if each.development}


def read(checkpoint: Checkpoint, sessions: Sequence[AnnotatedSession]) -> Part:
    return Part(checkpoint, sessions, read_once(checkpoint, sessions))


def differences(parts: Sequence[Part], setting: str, known: float, value: float) -> dict[str, Difference | None]:
    """For each metric of the task, F1 at ``value`` and at ``known``."""
    clusters = sorted({cluster_of(session) for part in parts for session in part.sessions})
    weights = cluster_weights(len(clusters))
    own, other = (counts(parts, clusters, setting, each) for each in (value, known))
    names = NAMES[parts[0].checkpoint.settings.task]
    return {name: compared(one, two, RATES["f1"], weights) for name, one, two in zip(names, own, other, strict=True)}


def counts(parts: Sequence[Part], clusters: Sequence[str], setting: str, value: float) -> list[NDArray[np.float64]]:
    """For each metric of the task a table of shape (clusters, 3): right, wrong and missed."""
    place = {name: number for number, name in enumerate(clusters)}
    metrics = METRICS_OF[parts[0].checkpoint.settings.task]
    tables = [np.zeros((len(clusters), 3)) for _ in metrics]
    for part in parts:
        decoding = changed(part.checkpoint, setting, value).decoding
        for session in part.sessions:
            decoded = part.decoders[session.id](decoding)
            for metric, table in zip(metrics, tables, strict=True):
                each = metric(session, decoded)
                right, wrong, missed = each.true_positives, each.false_positives, each.false_negatives
                table[place[cluster_of(session)]] += (right, wrong, missed)
    return tables


def row(found: Difference | None) -> str:
    if found is None:
        return "none marked | | "
    each = found.difference
    return f"{found.own:.3f} | {found.other:.3f} | {each.value:+.3f} [{each.low:+.3f}, {each.high:+.3f}]"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="a trained checkpoint's folder")
    parser.add_argument("--setting", choices=SETTINGS, required=True, help="which setting of the decoding")
    parser.add_argument("--values", type=float, nargs="+", required=True, help="values to compare; with --keep one")
    parser.add_argument("--keep", action="store_true", help="give the checkpoint the value")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    parser.add_argument("--left-out", type=Path, metavar="FOLDER", help="what folds.py wrote")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    arguments = parser.parse_args()
    if arguments.keep and len(arguments.values) > 1:
        parser.error("--keep: name one value")
    return arguments


if __name__ == "__main__":
    main()
