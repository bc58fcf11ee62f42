"""Small sets: every own session is read by a model that was trained without its client."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.checkpoint import Checkpoint, load_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.training.config import OWN, ClassWeights, TrainingConfig
from action_recs.training.data import Sessions, folds_of
from action_recs.training.distillation import Teachers
from action_recs.training.figures import task_figures
from action_recs.training.fitting import Fitted, fit
from action_recs.training.interrupted import drop_unfinished
from action_recs.training.processes import processes
from action_recs.training.saving import save_trained
from action_recs.training.tuning import Counted, Decoded, best_settings, count_all, joined, read_once
from action_recs.whole_files import write_whole

Fitting = Callable[..., Fitted]
"""``fit`` of one configuration and one choice of class weights."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the folds chose.

    Attributes
    ----------
    weights : ClassWeights
        The class weights with the best utterance F1.
    decoding : DecodingSettings
        Chosen on all sessions together, each read by the model that did not know it.
    report : dict
        ``out_of_fold``: the figures with settings that are chosen without the fold they are counted on, so that
        nothing of a session's own labels is in what reads it; ``class_weights``: the F1 of each choice.
    """

    weights: ClassWeights
    decoding: DecodingSettings
    report: dict[str, Any]


def cross_validate(
    config: TrainingConfig,
    train: Mapping[str, Sessions],
    output: Path,
    *,
    teachers: Teachers | None = None,
    resume: bool = False,
) -> Chosen:
    """Train without each fold in turn, with each choice of class weights, and choose on what was left out.

    Every fold is trained for as many steps as it takes: nothing is chosen on the fold itself. Folds that an earlier
    run finished are not trained again.
    """
    done = output / "folds.json"
    if resume and done.is_file():
        record = json.loads(done.read_text(encoding="utf-8"))
        return Chosen(record["weights"], DecodingSettings(**record["decoding"]), record["report"])
    folds = folds_of(train[OWN], config.folds or 1, seed=config.seed)
    compared = []
    for number, weights in enumerate(config.weight_choices):
        fitting = partial(fit, config, weights=weights, teachers=teachers)
        compared.append(_out_of_fold(config, train, folds, output / "folds" / str(number), fitting, resume))
    best = max(compared, key=lambda each: each[0])
    names = [json.dumps(each) if isinstance(each, Mapping) else each for each in config.weight_choices]
    report = {
        "folds": len(folds),
        "class_weights": [{"weights": name, "f1": each[0]} for name, each in zip(names, compared, strict=True)],
        "out_of_fold": best[2],
    }
    weights = config.weight_choices[compared.index(best)]
    chosen = Chosen(weights, best[1], report)
    if processes().is_main_process:
        record = {"weights": chosen.weights, "decoding": asdict(chosen.decoding), "report": chosen.report}
        write_whole(json.dumps(record, indent=2) + "\n", done)
        shutil.rmtree(output / "folds")
    processes().wait_for_everyone()
    return chosen


def _out_of_fold(
    config: TrainingConfig,
    train: Mapping[str, Sessions],
    folds: list[Sessions],
    output: Path,
    fitting: Fitting,
    resume: bool,
) -> tuple[float, DecodingSettings, dict[str, Any]]:
    """Utterance F1 of all folds together, the settings to ship, and the figures."""
    counted: list[Counted] = []
    decoders = []
    for number, fold in enumerate(folds):
        others = tuple(session for other in folds if other is not fold for session in other)
        checkpoint = _trained(config, {**train, OWN: others}, output / str(number), fitting, resume)
        decoders.append(read_once(checkpoint, fold))
        counted.append(count_all(config.task, fold, decoders[-1]))
    tagged: dict[str, Decoded] = {}
    for number, fold in enumerate(folds):
        elsewhere = best_settings({OWN: joined([each for at, each in enumerate(counted) if at != number])})
        tagged |= {session.id: decoders[number][session.id](elsewhere) for session in fold}
    sessions: list[AnnotatedSession] = [session for fold in folds for session in fold]
    figures = task_figures(config.task, sessions, tagged)
    f1 = figures["metrics"][f"{config.task.value}_utterance"]["f1"]["value"]
    return f1, best_settings({OWN: joined(counted)}), figures


def _trained(
    config: TrainingConfig, train: Mapping[str, Sessions], output: Path, fitting: Fitting, resume: bool
) -> Checkpoint:
    """The model without one fold, trained now or by the run that is resumed."""
    finished = output / "trained"
    if not (resume and finished.is_dir()):
        if processes().is_main_process:
            drop_unfinished(output)
        processes().wait_for_everyone()
        begun = any(output.glob("checkpoints/checkpoint-*"))
        fitted = fitting(train, {}, output, resume=resume and begun)
        if processes().is_main_process:
            shutil.rmtree(output / "checkpoints", ignore_errors=True)
            save_trained(fitted.checkpoint, config, output / "writing")
            (output / "writing").rename(finished)
        processes().wait_for_everyone()
    return load_checkpoint(finished, config.task)
