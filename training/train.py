"""Train one of the two models: a base encoder and annotated sessions in, a checkpoint out.

    python training/train.py training/recommendation.yaml --annomi AnnoMI-full.csv --output runs/recommendation
    python training/train.py training/review.yaml --output runs/review --set passes=2 --set seed=1

The output folder holds the best checkpoint by development F1, with decoding settings chosen on the development
sessions, `metrics.json` with the figures of every evaluation, and `training_config.json` with the settings. A run that
was stopped goes on where it was with --resume.
"""

import argparse
import itertools
import json
from dataclasses import asdict, replace
from pathlib import Path

from transformers import set_seed

from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import ReadingSettings, load_checkpoint, save_checkpoint
from action_recs.decoding import DecodingSettings
from action_recs.errors import ActionRecsError, ConfigError
from action_recs.training.config import TrainingConfig, load_config
from action_recs.training.examples import training_dataset
from action_recs.training.start import start_model
from action_recs.training.trainer import make_trainer
from action_recs.training.tuning import tuned
from action_recs.training.vocabulary import with_smaller_vocabulary

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    try:
        config = load_config(arguments.config, arguments.set)
        train(config, arguments.output, arguments.annotations, arguments.annomi, arguments.resume)
    except ActionRecsError as error:
        raise SystemExit(f"train.py: {error}") from None


def train(config: TrainingConfig, output: Path, annotations: Path, annomi: Path | None, resume: bool) -> None:
    set_seed(config.seed)
    sets = {each.name: each for each in load_collection(annotations, annomi_csv=annomi)}
    for key, names in (("mix", config.mix), ("evaluate_on", config.evaluate_on)):
        if absent := [name for name in names if name not in sets]:
            raise ConfigError(
                f"{key}: no set {', '.join(absent)} without --annomi; give it, or leave it out with --set"
            )

    development = {name: sets[name].development for name in config.evaluate_on}
    if bare := [name for name, sessions in development.items() if not sessions]:
        raise ConfigError(f"evaluate_on: the set {', '.join(bare)} has no development sessions")
    begun = any(output.glob("checkpoints/checkpoint-*"))
    if resume and not begun:
        raise ConfigError(f"{output}: no checkpoint to go on from; start without --resume")
    if begun and not resume:
        raise ConfigError(f"{output}: holds another run; go on with --resume, or name another folder")

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{output}: cannot be made a folder ({error.strerror})") from None

    settings = ReadingSettings(config.task, config.window_tokens, config.overlap_tokens)
    checkpoint = start_model(config.base, settings)
    sessions = {name: each.train for name, each in sets.items()}
    if config.vocabulary is not None:
        every = itertools.chain.from_iterable(sessions.values())
        checkpoint = with_smaller_vocabulary(checkpoint, every, config.vocabulary)
    checkpoint.model.get_input_embeddings().requires_grad_(config.train_embeddings)
    training = training_dataset(
        sessions,
        config.mix,
        checkpoint.tokenizer,
        settings,
        passes=config.passes,
        batch_windows=config.batch_windows,
        recognised=config.recognised,
        wrong_speakers=config.wrong_speakers,
        masked=config.masked,
        seed=config.seed,
    )

    (output / "training_config.json").write_text(json.dumps(asdict(config), indent=2) + "\n", encoding="utf-8")
    trainer = make_trainer(checkpoint, training, development, config, output)
    trainer.train(resume_from_checkpoint=resume)
    held_out = {name: each.development for name, each in sets.items() if each.development}
    save_checkpoint(checkpoint, output)
    as_shipped = load_checkpoint(output, config.task)  # half precision and without dropout, as it will be read
    if config.decoding:
        settings = replace(settings, decoding=DecodingSettings(**config.decoding))
        save_checkpoint(replace(as_shipped, settings=settings), output)
    else:
        save_checkpoint(tuned(as_shipped, held_out), output)
    history = [entry for entry in trainer.state.log_history if "eval_f1" in entry]
    (output / "metrics.json").write_text(json.dumps(history, indent=2) + "\n", encoding="utf-8")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="the YAML file of the task")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the run")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the output folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
