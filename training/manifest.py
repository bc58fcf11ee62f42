"""Write the manifest of folders with weights: run it after a file of the shipped models was made anew.

    python training/manifest.py action_recs/models/{recommendation,review,linking} action_recs/models

A checkpoint that ``save_checkpoint`` writes has its manifest already. Loading compares the files with it.
"""

import argparse
from pathlib import Path

from action_recs.errors import ActionRecsError
from action_recs.manifest import write_manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders with weights, those inside of others first")
    try:
        for folder in parser.parse_args().folders:
            write_manifest(folder)
    except ActionRecsError as error:
        raise SystemExit(f"manifest.py: {error}") from None


if __name__ == "__main__":
    main()
