"""What a run looked like: its loss and its F1 over the steps, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from action_recs.errors import ConfigError

WIDTH, HEIGHT = 6.0, 3.2  # inches


def check_plotting() -> None:
    """An error that names the extra, where matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ConfigError("matplotlib is missing: pip install 'action_recs[train]'") from None


def write_plots(metrics: Mapping[str, Any], folder: Path) -> list[Path]:
    """``loss.svg`` and, where there were evaluations, ``f1.svg``.

    Parameters
    ----------
    metrics : mapping
        What ``metrics.json`` holds.
    folder : path
        Made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"training loss": [(entry["step"], entry["loss"]) for entry in metrics["loss"]]}
    written = [_plot(lines, "loss a token", folder / "loss.svg")]
    if metrics["history"]:
        names = [key for key in metrics["history"][0] if key.startswith("eval_") and key.endswith("f1")]
        curves = {
            _title(name): [(entry["step"], entry[name]) for entry in metrics["history"]]
            for name in sorted(names, key=len)
        }
        written.append(_plot(curves, "utterance F1", folder / "f1.svg"))
    return written


def _title(name: str) -> str:
    return "mean of the sets" if name == "eval_f1" else name.removeprefix("eval_").removesuffix("_f1")


def _plot(lines: Mapping[str, list[tuple[float, float]]], label: str, path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    for name, points in lines.items():
        axes.plot([step for step, _ in points], [value for _, value in points], label=name, marker="o", markersize=3)
    axes.set_xlabel("step")
    axes.set_ylabel(label)
    axes.grid(visible=True, alpha=0.3)
    if len(lines) > 1:
        axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None})
    return path
