"""Train what reads recommendations and reviews in their context: of which category, and what was done.

    python training/contexts.py --base all-MiniLM-L6-v2 --output runs/contexts

``--base`` is the folder of the public encoder that the recommendation checkpoint began as. About an hour on one core
that computes in bfloat16; ``--resume`` goes on after the last whole pass. ``training/linking.py`` takes what it writes.
"""

import argparse
from pathlib import Path

from action_recs.annotation.collection import load_collection
from action_recs.checkpoint import SHIPPED, Task, load_checkpoint
from action_recs.errors import ActionRecsError
from action_recs.linking.meanings import corrected_encoder
from action_recs.training.context_training import ContextSettings, fit_contexts, save_contexts
from action_recs.training.corrections import RANK, corrections_towards, public_encoder

ANNOTATIONS = Path(__file__).parent.parent / "annotations"


def main() -> None:
    arguments = parse_arguments()
    try:
        train(arguments)
    except ActionRecsError as error:
        raise SystemExit(f"contexts.py: {error}") from None


def train(arguments: argparse.Namespace) -> None:
    """Write ``contexts.safetensors``."""
    collections = load_collection(arguments.annotations)
    checkpoint = load_checkpoint(SHIPPED / "recommendation", Task.RECOMMENDATION)
    reader = fit_contexts(
        checkpoint,
        corrected_encoder(checkpoint, corrections_towards(public_encoder(arguments.base), checkpoint, rank=RANK)),
        [session for each in collections for session in each.train],
        [session for each in collections for session in each.development],
        arguments.output,
        ContextSettings(passes=arguments.passes, rate=arguments.rate, seed=arguments.seed),
        resume=arguments.resume,
    )
    save_contexts(reader, arguments.output)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=Path, required=True, help="the folder of all-MiniLM-L6-v2")
    parser.add_argument("--annotations", type=Path, default=ANNOTATIONS, help="the folder of annotated sessions")
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    parser.add_argument("--passes", type=int, default=4, help="over all texts (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1e-4, help="learning rate (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on after the last whole pass")
    return parser.parse_args()


if __name__ == "__main__":
    main()
