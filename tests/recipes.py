"""The training scripts as modules, and settings for a run of seconds."""

import importlib.util
from pathlib import Path

TRAINING = Path(__file__).parent.parent / "training"

SHORT = {
    "passes": 2,
    "window_tokens": 64,
    "overlap_tokens": 16,
    "batch_windows": 2,
    "learning_rate": 1e-3,
    "evaluations": 2,
    "evaluate_on": ["contrast", "authored"],
}


def script(name):
    spec = importlib.util.spec_from_file_location(f"training_{name}", TRAINING / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
