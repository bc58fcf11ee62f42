"""Train both models at once, on one encoder: a base and annotated sessions in, two checkpoints out.

    python training/joint.py training/joint.yaml --annomi AnnoMI-full.csv --output runs/joint
    action-recs tag session.vtt --models runs/joint

The two checkpoints are ordinary ones and differ in nothing but their last layer. A tagger sees that, and reads what
they share once, which takes half of the time. What happens, beside what train.py says of every run:

    joint       the classes of both tasks side by side in one model; a token's label says both; both losses are added;
                the start is an encoder, or the middle between two checkpoints; at the end it is divided

With --teachers it also learns what pairs of larger models hold for probable, as with distill.py; such a pair is a
folder with recommendation/ and review/, and reads each transcript once where both have one encoder:

    python training/joint.py training/joint-distill.yaml --teachers runs/joint-base shipped \\
        --annomi AnnoMI-full.csv --output runs/student

The output folder holds recommendation/ and review/, each with its card and figures, and the run's own records.
"""

import argparse
from pathlib import Path

from action_recs.errors import ActionRecsError
from action_recs.training.arguments import overrides, run_parser, sources_of, teaching_parser
from action_recs.training.config import load_config
from action_recs.training.joint_run import train_joint

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    try:
        train_joint(
            load_config(arguments.config, overrides(arguments)),
            sources_of(arguments),
            arguments.output,
            resume=arguments.resume,
        )
    except ActionRecsError as error:
        raise SystemExit(f"joint.py: {error}") from None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[run_parser(ANNOTATIONS), teaching_parser()],
    )
    parser.add_argument("config", help="a YAML file, such as joint.yaml beside this script; its task is of no account")
    return parser.parse_args()


if __name__ == "__main__":
    main()
