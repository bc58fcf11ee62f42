"""Turn a checkpoint of which blocks were trained whole into a small adapter over the encoder that it began as.

    python training/adapter.py runs/large/recommendation --base sentence-transformers/all-mpnet-base-v2 \\
        --output runs/large-adapter/recommendation

``Tagger.from_pretrained`` reads the one as the other, up to what the rank leaves out: measure it before it is used.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from action_recs.checkpoint import load_checkpoint
from action_recs.errors import ActionRecsError, ModelError, OutputError
from action_recs.training.config import LoraConfig, TrainingConfig
from action_recs.training.low_rank import as_adapter
from action_recs.training.saving import save_trained
from action_recs.training.start import earlier_settings


def main() -> None:
    arguments = parse_arguments()
    try:
        turn(arguments.checkpoint, arguments.base, arguments.output, arguments.rank)
    except ActionRecsError as error:
        raise SystemExit(f"adapter.py: {error}") from None


def turn(folder: Path, base: str, output: Path, rank: int) -> None:
    """Write the adapter's folder."""
    settings = earlier_settings(str(folder))
    if settings is None:
        raise ModelError(f"{folder}: not a checkpoint of action_recs; name the folder of one")
    if output.exists() and any(output.iterdir()):
        raise OutputError(f"{output}: is not empty; name another folder")
    config = TrainingConfig(settings.task, base, {"own": 1.0}, lora=LoraConfig(r=rank), evaluate_on=("own",))
    trained = load_checkpoint(folder, settings.task)
    save_trained(replace(trained, model=as_adapter(trained, base, rank=rank)), config, output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="its folder")
    parser.add_argument("--base", required=True, help="the encoder that it began as: a folder or a hub name")
    parser.add_argument("--rank", type=int, default=32, help="of what training changed (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="the adapter's folder")
    return parser.parse_args()


if __name__ == "__main__":
    main()
