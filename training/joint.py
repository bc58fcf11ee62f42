"""Train both models at once, on one encoder: a base and annotated sessions in, two checkpoints out.

    python training/joint.py training/joint.yaml --annomi AnnoMI-full.csv --output runs/joint
    action-recs tag session.vtt --models runs/joint

The two checkpoints are ordinary ones and differ in nothing but their last layer. A tagger sees that, and reads what
they share once, which takes half of the time. What happens, beside what train.py says of every run:

    joint       the classes of both tasks side by side in one model; a token's label says both; both losses are added;
                the start is an encoder, or the middle between two checkpoints; at the end it is divided

The output folder holds recommendation/ and review/, each with its card and figures, and the run's own records.
"""

import argparse
from pathlib import Path

from action_recs.errors import ActionRecsError
from action_recs.training.config import load_config
from action_recs.training.data import Sources
from action_recs.training.joint_run import train_joint

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    sources = Sources(
        own=tuple(arguments.data),
        development=tuple(arguments.development),
        annotations=arguments.annotations,
        annomi=arguments.annomi,
    )
    try:
        train_joint(load_config(arguments.config, arguments.set), sources, arguments.output, resume=arguments.resume)
    except ActionRecsError as error:
        raise SystemExit(f"joint.py: {error}") from None


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a YAML file, such as joint.yaml beside this script; its task is of no account")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the run")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="own annotated sessions, in any form")
    parser.add_argument("--development", type=Path, nargs="+", default=[], help="own sessions to measure on")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of the project's sessions")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the output folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
