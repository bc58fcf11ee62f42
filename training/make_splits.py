"""Write annotations/splits.json: the fixed development split of each set. Run once; the file is kept.

    python training/make_splits.py --annomi AnnoMI-full.csv

A quarter of the groups (clients, transcripts, sets of variants) of each set, drawn so that their positives are spread
like the whole set's. The encounters were written later, for training only.
"""

import argparse
import json
from pathlib import Path

from action_recs.annotation.collection import read_both_annotators, read_folder
from action_recs.annotation.splits import development_groups

ANNOTATIONS = Path(__file__).parent.parent / "annotations"
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annomi", type=Path, required=True, help="AnnoMI-full.csv")
    arguments = parser.parse_args()
    sets = {
        "annomi": read_both_annotators(ANNOTATIONS / "annomi", arguments.annomi),
        "authored": read_folder(ANNOTATIONS / "corpus"),
        "contrast": read_folder(ANNOTATIONS / "corpus" / "contrast"),
    }
    splits = {
        "about": "Development groups of each set, by training/make_splits.py. All other groups are for training.",
        "development": {name: development_groups(sessions, seed=SEED) for name, sessions in sets.items()},
    }
    (ANNOTATIONS / "splits.json").write_text(json.dumps(splits, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
