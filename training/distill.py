"""Distil: a student learns one of the two tasks from teachers and from annotated sessions.

    python training/distill.py training/distill-recommendation.yaml --teachers runs/mpnet runs/modernbert \
        --annomi AnnoMI-full.csv --output runs/student
    python training/distill.py training/distill-review.yaml --teachers runs/mpnet --unlabelled transcripts/ \
        --set 'mix={authored: 1, unlabelled: 1}' --output runs/student

A teacher is a trained checkpoint of the task, of any encoder: larger, or with another tokenizer, or several that are
averaged. What happens to each window, all of it in action_recs/training/:

    distillation    every transcript is read once by each teacher; what it holds for probable of its tokens is laid
                    onto the characters, and from there onto the student's tokens (reviews: onto utterances)
    examples        windows carry the annotators' classes and the teachers' probabilities; unlabelled ones only these
    loss            (1 - soft) x cross-entropy with the classes + soft x divergence from the probabilities, at a
                    temperature; with hidden also the distance of the utterances' mean hidden states

Everything else is a run like any other (see train.py): the same folder, development sessions, thresholds, --resume.
"""

import argparse
from pathlib import Path

from action_recs.errors import ActionRecsError, ConfigError
from action_recs.training.arguments import overrides, run_parser, sources_of, teaching_parser
from action_recs.training.config import load_config
from action_recs.training.run import train

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    try:
        config = load_config(arguments.config, overrides(arguments))
        if config.distill is None:
            raise ConfigError(f"{arguments.config}: names no teachers; give --teachers, or set distill")
        train(config, sources_of(arguments), arguments.output, resume=arguments.resume)
    except ActionRecsError as error:
        raise SystemExit(f"distill.py: {error}") from None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[run_parser(ANNOTATIONS), teaching_parser()],
    )
    parser.add_argument("config", help="a YAML file with the key distill")
    return parser.parse_args()


if __name__ == "__main__":
    main()
