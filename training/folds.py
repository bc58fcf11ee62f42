"""Cross-validate a recipe on AnnoMI: train without each part of its transcripts in turn, so that each is read unseen.

    python training/folds.py training/joint-fold.yaml --annomi AnnoMI-full.csv --output runs/folds
    python training/evaluate.py --annomi AnnoMI-full.csv --left-out runs/folds

AnnoMI's labels are few, and its development part is too small to tell five points from chance. Here all of its
transcripts are read, by siblings of what ships. They must start from a checkpoint that never saw AnnoMI
(joint-authored.yaml).

Each fold is a run of joint.py. One that has ended is not trained again, one that was broken off goes on, and --only
trains some of them, so that they can run side by side. When all have ended, each is given the decoding settings that
suit the transcripts of the other folds, and the development sessions of the recipe's evaluate_on, best. A transcript's
labels reach what reads it through those settings alone: the other folds were read by models that had learnt from it.

With --share each fold learns from a part of the transcripts that it may learn from, drawn with its share of the labels:
what fewer of them would give tells what more would.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import load_collection
from action_recs.annotation.dataset import split_sessions
from action_recs.checkpoint import Task
from action_recs.errors import ActionRecsError, ConfigError
from action_recs.evaluation.left_out import RECORD, Fold
from action_recs.training.arguments import run_parser, sources_of
from action_recs.training.config import OWN, SHIPPED_BASE, TrainingConfig, load_config
from action_recs.training.data import Sources, folds_of, gather
from action_recs.training.joint_run import train_joint
from action_recs.training.run import check_same
from action_recs.training.saving import save_settings
from action_recs.training.tuning import Counted, best_settings, count_all, joined, read_once
from action_recs.whole_files import write_whole

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
DIVIDED = "annomi"
LIKE_IT = "transferred"
"""The set that keeps the turns of its transcripts."""


def main() -> None:
    arguments = parse_arguments()
    try:
        config, sources = load_config(arguments.config, arguments.set), sources_of(arguments)
        check_recipe(config)
        sets = {each.name: each for each in load_collection(arguments.annotations, annomi_csv=sources.annomi)}
        every = sets[DIVIDED].train + sets[DIVIDED].development
        parts = folds_of(every, arguments.folds, seed=config.seed)
        folds = [
            Fold(frozenset(session.group for session in part), arguments.output / str(number))
            for number, part in enumerate(parts)
        ]
        for number, fold in enumerate(folds):
            if arguments.only is None or number in arguments.only:
                train_without(fold, not_learnt(fold, every, arguments.share, config.seed), config, sources)
        if not all(ended(fold) for fold in folds):
            print(f"{arguments.output}: folds are left to train")
            return
        choose_decoding(folds, parts, {name: sets[name].development for name in config.evaluate_on})
        record = {
            "set": DIVIDED,
            "folds": [{"groups": sorted(each.groups), "models": each.models.name} for each in folds],
        }
        write_whole(json.dumps(record, indent=1) + "\n", arguments.output / RECORD)
    except ActionRecsError as error:
        raise SystemExit(f"folds.py: {error}") from None


def check_recipe(config: TrainingConfig) -> None:
    """Refuse what would let a fold know the transcripts that it is to read.

    Raises
    ------
    ConfigError
    """
    if DIVIDED not in config.mix:
        raise ConfigError(f"mix: lacks {DIVIDED}, which is what is divided")
    if LIKE_IT in config.mix:
        raise ConfigError(f"mix: {LIKE_IT} keeps the turns of {DIVIDED}'s transcripts; leave it out")
    if config.base == SHIPPED_BASE:
        raise ConfigError(f"base: what ships knows {DIVIDED}; start from a run of joint-authored.yaml")
    if config.distill is not None:
        raise ConfigError("distill: its teachers may know what a fold is to read; leave it out")
    if config.learn_development:
        raise ConfigError("learn_development: a fold would learn from what it is to read; leave it out")
    if {DIVIDED, OWN} & {*config.evaluate_on}:
        raise ConfigError(f"evaluate_on: neither {DIVIDED} nor {OWN}, but authored sets, such as contrast")


def not_learnt(fold: Fold, sessions: Sequence[AnnotatedSession], share: float, seed: int) -> tuple[str, ...]:
    """The transcripts that a fold is to read, and of the others those beyond the share that it learns from."""
    others = [each for each in sessions if not fold.holds(each)]
    parts = split_sessions(others, {"learnt": share, "not learnt": 1 - share}, seed=seed).sets if share < 1 else {}
    return tuple(sorted(fold.groups | {each.group for each in parts.get("not learnt", ())}))


def train_without(fold: Fold, groups: Sequence[str], config: TrainingConfig, sources: Sources) -> None:
    """Train a fold without these, or see that the one that is there is this one."""
    without = replace(sources, development_groups={DIVIDED: tuple(groups)})
    if ended(fold):
        check_same(config, gather(config, without), fold.models)
    else:
        train_joint(config, without, fold.models, resume=any(fold.models.glob("checkpoints/checkpoint-*")))


def ended(fold: Fold) -> bool:
    """Whether both checkpoints lie there; the figures are what a run writes last."""
    return all((fold.models / task.value / "metrics.json").is_file() for task in Task)


def choose_decoding(
    folds: Sequence[Fold],
    parts: Sequence[Sequence[AnnotatedSession]],
    development: Mapping[str, Sequence[AnnotatedSession]],
) -> None:
    """Give each fold's checkpoints the settings that are best without its own part."""
    for task in Task:
        counted: list[Counted] = []
        elsewhere: list[dict[str, Counted]] = []
        for fold, part in zip(folds, parts, strict=True):
            checkpoint = fold.checkpoint(task)
            counted.append(count_all(task, part, read_once(checkpoint, part)))
            elsewhere.append(
                {name: count_all(task, some, read_once(checkpoint, some)) for name, some in development.items()}
            )
        for number, fold in enumerate(folds):
            others = joined([each for at, each in enumerate(counted) if at != number])
            checkpoint = fold.checkpoint(task)
            decoding = best_settings({**elsewhere[number], DIVIDED: others})
            settings = replace(checkpoint.settings, decoding=decoding)
            save_settings(replace(checkpoint, settings=settings), fold.models / task.value)
            print(f"{fold.models.name}, {task.value}: {decoding}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[run_parser(ANNOTATIONS)]
    )
    parser.add_argument("config", help="a YAML file, such as joint-fold.yaml beside this script")
    parser.add_argument("--folds", type=int, default=4, help="parts, at least 2")
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of the other transcripts that a fold learns"
    )
    parser.add_argument("--only", type=int, nargs="+", metavar="NUMBER", help="train these folds, counted from 0")
    arguments = parser.parse_args()
    if arguments.annomi is None:
        parser.error("--annomi: AnnoMI-full.csv is what is divided")
    if arguments.folds < 2:
        parser.error("--folds: at least 2")
    if not 0 < arguments.share <= 1:
        parser.error("--share: more than 0, at most 1")
    if not {*(arguments.only or ())} <= {*range(arguments.folds)}:
        parser.error(f"--only: folds are counted from 0 to {arguments.folds - 1}")
    return arguments


if __name__ == "__main__":
    main()
