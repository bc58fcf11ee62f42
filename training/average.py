"""Average the weights of several checkpoints of one task into one checkpoint, and choose its decoding settings.

    python training/average.py runs/review/checkpoints/checkpoint-* --task review --like runs/review \\
        --annomi AnnoMI-full.csv --output runs/review-averaged

    python training/average.py runs/joint/checkpoints/checkpoint-* --joint --task review --like runs/joint/review ...

Checkpoints that lie on one path of training err in different places; the mean of their weights reads better than each
of them and takes no more time (Izmailov et al. 2018, Averaging weights leads to wider optima; Wortsman et al. 2022,
Model soups). Word embeddings are taken from the run that --like names and are not averaged: a run that goes on from
another leaves them as they were, with fewer words perhaps. With --joint the checkpoints are those of runs of joint.py,
of whose two tasks one is taken.
"""

import argparse
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tqdm.auto import tqdm

from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import Checkpoint, Task, check_no_adapter, load_checkpoint, save_checkpoint
from action_recs.errors import ActionRecsError, ModelError
from action_recs.training.joint import HEAD, own_top
from action_recs.training.tuning import tuned

WORD_EMBEDDINGS = "word_embeddings.weight"
ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    try:
        check_no_adapter(arguments.output)
        mean = averaged(arguments.task, arguments.checkpoints, arguments.like, joint=arguments.joint)
        save_checkpoint(mean, arguments.output)
        as_shipped = load_checkpoint(arguments.output, arguments.task)  # in half precision
        sets = load_collection(arguments.annotations, annomi_csv=arguments.annomi)
        best = tuned(as_shipped, {each.name: each.development for each in sets if each.development})
        save_checkpoint(best, arguments.output)
    except ActionRecsError as error:
        raise SystemExit(f"average.py: {error}") from None
    print(f"{arguments.output}: {best.settings.decoding}")


def averaged(task: Task, checkpoints: list[Path], like: Path, *, joint: bool = False) -> Checkpoint:
    """The checkpoint ``like``, with the mean of the others' weights in place of its own."""
    mean = load_checkpoint(like, task)
    weights = averaged_weights(checkpoints, mean.model.state_dict(), own_top(task) if joint else slice(None))
    mean.model.load_state_dict(weights)
    return mean


def averaged_weights(
    checkpoints: list[Path], like: dict[str, torch.Tensor], top: slice = slice(None)
) -> dict[str, torch.Tensor]:
    """The mean of every tensor but the word embeddings; an error when one is missing or of another shape.

    ``top`` is which rows of the last layer are meant.
    """
    fixed = {name: tensor for name, tensor in like.items() if name.endswith(WORD_EMBEDDINGS)}
    total = {name: torch.zeros_like(like[name], dtype=torch.float32) for name in like.keys() - fixed.keys()}
    for folder in tqdm(checkpoints, desc="averaging", unit="checkpoint"):
        try:
            held = load_file(folder / "model.safetensors")
        except (OSError, SafetensorError) as error:
            raise ModelError(f"{folder}: cannot be loaded as a checkpoint ({type(error).__name__})") from error
        weights = {
            name: each[top] if name.startswith(HEAD) else each
            for name, each in held.items()
            if not name.endswith(WORD_EMBEDDINGS)
        }
        if {name: each.shape for name, each in weights.items()} != {name: each.shape for name, each in total.items()}:
            raise ModelError(f"{folder}: has other weights than --like; average checkpoints of one run")
        for name, tensor in weights.items():
            total[name] += tensor.float() / len(checkpoints)
    return fixed | total


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoints", type=Path, nargs="+", help="folders with weights, such as a run's checkpoints")
    parser.add_argument("--task", type=Task, required=True, help="recommendation or review")
    parser.add_argument("--like", type=Path, required=True, help="a finished run: its tokenizer and windows are taken")
    parser.add_argument("--joint", action="store_true", help="the checkpoints are of joint.py, and hold both tasks")
    parser.add_argument("--output", type=Path, required=True, help="the folder of the averaged checkpoint")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    return parser.parse_args()


if __name__ == "__main__":
    main()
