"""A training run from its settings to its folder: what ``action-recs train`` and ``training/train.py`` do."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

from action_recs.checkpoint import Checkpoint, Task, check_no_adapter, load_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.errors import ConfigError
from action_recs.training.card import run_card
from action_recs.training.checks import check_labels, check_start
from action_recs.training.config import OWN, TrainingConfig
from action_recs.training.data import Sources, TrainingData, gather
from action_recs.training.distillation import Teachers
from action_recs.training.figures import checkpoint_figures
from action_recs.training.fitting import Fitted, fit
from action_recs.training.folds import Chosen, cross_validate
from action_recs.training.interrupted import check_begun, drop_unfinished
from action_recs.training.plots import check_plotting, write_plots
from action_recs.training.processes import processes
from action_recs.training.record import data_hash, run_record
from action_recs.training.saving import save_settings, save_trained
from action_recs.training.start import base_of, earlier_settings, start_model
from action_recs.training.tuning import Decoder, read_once, tuned
from action_recs.whole_files import write_whole

MAY_DIFFER = {"report_to", "keep", "stop_after", "patience"}
"""Settings that a run may be resumed with other values of."""

DEFAULTS = {
    each.name: json.loads(json.dumps(each.default)) for each in fields(TrainingConfig) if each.default is not MISSING
}
"""As ``training_config.json`` holds them, for settings that came later than a run."""


def train(config: TrainingConfig, sources: Sources, output: Path, *, resume: bool | int = False) -> dict[str, Any]:
    """Train one of the two models.

    Parameters
    ----------
    config : TrainingConfig
    sources : Sources
    output : path
        The folder of the run: the checkpoint, its card (``README.md``), ``training_config.json``, ``run.json`` (code,
        data and versions), ``metrics.json``, ``figures/``, and the Trainer's ``checkpoints/``.
    resume : bool or int
        Go on from the run's last checkpoint, or from that of this step.

    Returns
    -------
    dict
        What ``metrics.json`` holds: ``history`` (every evaluation), ``loss``, ``decoding``, ``development`` (figures of
        the finished checkpoint on each set), ``start`` (of the checkpoint that it began with, None for an encoder) and
        ``folds`` (see ``folds.Chosen``, None without).

    Raises
    ------
    ActionRecsError
        Before the first step, for data, settings and checkpoints that cannot end well.
    """
    check_plotting()
    data = gather(config, sources)
    check_labels(config, data)
    started = start_model(
        config.base, config.task, window_tokens=config.window_tokens, overlap_tokens=config.overlap_tokens
    )
    check_start(config, data, started)
    del started
    distill = config.distill
    teachers = Teachers.load(distill.teachers, config.task, hidden=distill.hidden > 0) if distill else None
    begin(config, data, output, resume, tasks=[config.task])

    chosen = None
    if config.folds:
        chosen = cross_validate(config, data.train, output, teachers=teachers, resume=bool(resume))
    weights = chosen.weights if chosen else config.weight_choices[0]
    last = any(output.glob("checkpoints/checkpoint-*")) and bool(resume)
    where = str(output / "checkpoints" / f"checkpoint-{resume}") if type(resume) is int else last
    fitted = fit(config, data.train, data.development, output, weights=weights, teachers=teachers, resume=where)

    metrics: dict[str, Any] = {}
    if processes().is_main_process:
        metrics = finish(config, data, fitted, chosen, output)
    processes().wait_for_everyone()
    return metrics


def begin(
    config: TrainingConfig, data: TrainingData, output: Path, resume: bool | int, *, tasks: Sequence[Task]
) -> None:
    """Make the run's folder, with what is known before the first step; refuse another run's.

    Of a run that goes on, what was not written to its end is dropped first.
    """
    if resume and processes().is_main_process and (dropped := drop_unfinished(output)):
        sys.stderr.write(f"{output}: {', '.join(dropped)} was not written to its end, and is made again\n")
    processes().wait_for_everyone()
    record = run_record(config, data, tasks)
    begun = any(output.glob("checkpoints/checkpoint-*")) or any(output.glob("folds*"))
    check_begun(output, begun, resume=bool(resume))
    if config.lora is None or config.lora.merge:
        check_no_adapter(*([output] if len(tasks) == 1 else (output / task.value for task in tasks)))
    if type(resume) is int and not (output / "checkpoints" / f"checkpoint-{resume}").is_dir():
        kept = sorted(
            (path.name for path in output.glob("checkpoints/checkpoint-*")),
            key=lambda name: int(re.sub(r"\D", "", name)),
        )
        raise ConfigError(f"{output}: no checkpoint of step {resume}; there are {', '.join(kept)}")
    if resume:
        check_same(config, data, output)
    processes().wait_for_everyone()  # nobody writes before everybody has looked
    if processes().is_main_process and not resume:
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{output}: cannot be made a folder ({error.strerror})") from None
        write_whole(json.dumps(as_written(config), indent=2) + "\n", output / "training_config.json")
        write_whole(json.dumps(record, indent=2) + "\n", output / "run.json")
    processes().wait_for_everyone()


def as_written(config: TrainingConfig) -> dict[str, Any]:
    """The settings as ``training_config.json`` holds them."""
    written: dict[str, Any] = json.loads(json.dumps(asdict(config)))
    return written


def finish(
    config: TrainingConfig,
    data: TrainingData,
    fitted: Fitted,
    chosen: Chosen | None,
    output: Path,
    *,
    begun: Path | None = None,
) -> dict[str, Any]:
    """Write the checkpoint with its decoding settings, the figures, the plots and the card.

    ``begun`` is the run's folder, where it is not the checkpoint's.
    """
    save_trained(fitted.checkpoint, config, output)
    trained = load_checkpoint(output, config.task)  # half precision and without dropout, as it will be read
    decoders = {name: read_once(trained, sessions) for name, sessions in data.development.items()}
    trained = _decided(config, data, trained, chosen, decoders)
    save_settings(trained, output)
    metrics = {
        "history": [entry for entry in fitted.history if "eval_f1" in entry],
        "loss": [entry for entry in fitted.history if "loss" in entry],
        "decoding": asdict(trained.settings.decoding),
        "development": {
            name: checkpoint_figures(trained, sessions, decoders[name]) for name, sessions in data.development.items()
        },
        "start": _start_figures(config, data),
        "folds": chosen.report if chosen else None,
    }
    record = json.loads(((begun or output) / "run.json").read_text(encoding="utf-8"))
    write_whole(json.dumps(metrics, indent=2) + "\n", output / "metrics.json")
    write_plots(metrics, output / "figures")
    write_whole(run_card(config, trained.settings, record, metrics), output / "README.md")
    return metrics


def _decided(
    config: TrainingConfig,
    data: TrainingData,
    trained: Checkpoint,
    chosen: Chosen | None,
    decoders: Mapping[str, Mapping[str, Decoder]],
) -> Checkpoint:
    """The checkpoint with the decoding settings that were named, or chosen on folds, or on development sessions."""
    if config.decoding or chosen:
        decoding = DecodingSettings(**config.decoding) if config.decoding else chosen.decoding  # type: ignore[union-attr]
        return replace(trained, settings=replace(trained.settings, decoding=decoding))
    return tuned(trained, data.development, decoders)


def _start_figures(config: TrainingConfig, data: TrainingData) -> dict[str, Any] | None:
    """How the checkpoint that the run began with reads what the run is measured on."""
    base = base_of(config.base, config.task)
    if earlier_settings(base) is None:
        return None
    before = load_checkpoint(base, config.task)
    measured = dict(data.development) | ({OWN: data.train[OWN]} if config.folds else {})
    return {name: checkpoint_figures(before, sessions) for name, sessions in measured.items()}


def check_same(config: TrainingConfig, data: TrainingData, output: Path) -> None:
    """A run goes on with the settings and the sessions that it began with.

    Raises
    ------
    ConfigError
        When they are others. A setting that came later than the run had its default then.
    """
    settings = as_written(config)
    try:
        before = json.loads((output / "training_config.json").read_text(encoding="utf-8"))
        held = json.loads((output / "run.json").read_text(encoding="utf-8"))["data"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{output}: training_config.json or run.json is broken; begin anew elsewhere") from None
    before = DEFAULTS | before
    changed = sorted(name for name in settings if name not in MAY_DIFFER and settings[name] != before.get(name))
    if changed:
        raise ConfigError(f"{output}: was begun with other values of {', '.join(changed)}; resume with the same")
    if held != data_hash(data):
        raise ConfigError(f"{output}: was begun with other sessions; resume with the same, or begin anew elsewhere")
