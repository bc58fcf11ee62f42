"""Train one of the two models: a base and annotated sessions in, a checkpoint out.

    python training/train.py training/recommendation.yaml --annomi AnnoMI-full.csv --output runs/recommendation
    python training/train.py training/own-review.yaml --data annotated/ --output runs/review --set passes=2
    accelerate launch training/train.py training/review.yaml --output runs/review --set batch_tokens=16384

What a run does, each step a module of action_recs/training/:

    config      every setting of the YAML file, checked
    data        sessions of each set, divided by client into training and development, or into folds
    checks      labels, folds and windows that would spoil the run
    start       the encoder, or the checkpoint that goes on
    folds       for small sets: train without some clients, choose thresholds and class weights on them
    fitting     examples (windows, anew in each pass) -> batches -> trainer (loss, precision, adapting)
    tuning      threshold, floor and split, chosen on the development sessions
    figures     how right it is, and how right what it began with was

The output folder holds the checkpoint with its card, `metrics.json`, `training_config.json`, `run.json` (code, data,
versions), `figures/`, and the Trainer's checkpoints. A run that was stopped goes on where it was with --resume.
"""

import argparse
from pathlib import Path

from action_recs.errors import ActionRecsError
from action_recs.training.arguments import run_parser, sources_of
from action_recs.training.config import load_config
from action_recs.training.run import train

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    overrides = [*arguments.set, *([f"base={arguments.base}"] if arguments.base else [])]
    resume = arguments.resume if arguments.resume_step is None else arguments.resume_step
    try:
        train(load_config(arguments.config, overrides), sources_of(arguments), arguments.output, resume=resume)
    except ActionRecsError as error:
        raise SystemExit(f"train.py: {error}") from None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, parents=[run_parser(ANNOTATIONS)]
    )
    parser.add_argument("config", help="a YAML file, such as those beside this script")
    parser.add_argument("--unlabelled", type=Path, nargs="+", default=[], help="transcripts for teachers to read")
    parser.add_argument("--from", dest="base", help="what to start from: shipped, a folder, or a hub name")
    parser.add_argument("--resume-step", type=int, help="go on from the checkpoint of this step")
    return parser.parse_args()


if __name__ == "__main__":
    main()
