"""``action-recs info``: what is installed here, and how good the models are."""

from __future__ import annotations

import json
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from action_recs.checkpoint import SHIPPED
from action_recs.cli.errors import one_line_errors
from action_recs.cli.models import model_folders
from action_recs.cli.options import AsJson, Models
from action_recs.cli.printing import print_json, printing
from action_recs.errors import ModelError
from action_recs.version import __version__

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "numpy")

SHOWN = {
    "recommendation_utterance": "utterances that hold a recommendation",
    "recommendation_span": "spans of recommendations",
    "review_utterance": "utterances that lie in a review",
}
"""Of ``metrics.json``: its name of a figure -> ours."""

SETS = {"annomi": "real speech (AnnoMI)", "authored": "authored sessions"}


def info(models: Models = None, as_json: AsJson = False) -> None:
    """Show versions, the device, the optional libraries, and the models with their figures and licences.

    [bold]Examples[/bold]

      action-recs info

      action-recs info --json

      action-recs info --models runs/
    """
    with one_line_errors():
        found = gather(models)
        if as_json:
            print_json(found)
            return
        with printing() as console:
            show(found, console)


def gather(models: Path | None) -> dict[str, Any]:
    """All of it, as ``--json`` prints it."""
    return {
        "action_recs": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "devices": _devices(),
        "extras": _extras(),
        "models": {label.value: _model(folder) for label, folder in model_folders(models).items()},
        "figures": _figures(models or SHIPPED),
    }


def show(found: dict[str, Any], console: Console) -> None:
    """Print what was gathered as tables."""
    libraries = ", ".join(f"{name} {version or 'missing'}" for name, version in found["libraries"].items())
    console.print(f"action_recs {found['action_recs']}, Python {found['python']}, {found['platform']}", highlight=False)
    console.print(libraries, highlight=False)
    console.print(f"devices: {', '.join(found['devices']) or 'none: torch is missing'}", highlight=False)
    table = Table("Extra", "Libraries", title="Optional libraries", title_justify="left")
    for name, needs in found["extras"].items():
        missing = [library for library, version in needs.items() if version is None]
        table.add_row(name, f"missing: {', '.join(missing)}" if missing else "all there")
    if found["extras"]:
        console.print(table)
    table = Table("Model", "Parameters", "Threshold", "Licence", "Base", title="Models", title_justify="left")
    for name, model in found["models"].items():
        parameters = f"{model['parameters'] / 1e6:.1f} M" if model["parameters"] else "?"
        cells = (name, parameters, f"{model['threshold']:g}", model["license"] or "?", model["base_model"] or "?")
        table.add_row(*cells)
    console.print(table)
    if not found["figures"]:
        console.print("no figures lie beside these models; action-recs evaluate measures them", highlight=False)
        return
    title = "Figures on the development split"
    table = Table("What", "Where", "F1 [95 % interval]", "Precision", "Recall", title=title, title_justify="left")
    for row in found["figures"]:
        f1 = f"{row['f1']:.2f} [{row['f1_low']:.2f}, {row['f1_high']:.2f}]"
        table.add_row(row["what"], row["where"], f1, f"{row['precision']:.2f}", f"{row['recall']:.2f}")
    console.print(table)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> list[str]:
    try:
        import torch
    except ImportError:
        return []
    found = ["cpu"]
    if torch.cuda.is_available():
        found += [f"cuda:{at} ({torch.cuda.get_device_name(at)})" for at in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        found.append("xpu")
    return found


def _extras() -> dict[str, dict[str, str | None]]:
    """For each extra the libraries that it brings, with the version that is here."""
    from packaging.requirements import Requirement

    try:
        ours = metadata.metadata("action_recs")
    except metadata.PackageNotFoundError:  # run from the sources
        return {}
    needs = [Requirement(each) for each in ours.get_all("Requires-Dist") or []]
    return {
        extra: {each.name: _version(each.name) for each in needs if _is_of(each, extra)}
        for extra in ours.get_all("Provides-Extra") or []
        if extra != "dev"
    }


def _is_of(requirement: Any, extra: str) -> bool:
    marker = requirement.marker
    return marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""})


def _model(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        settings = config["action_recs"]
        card = _card(folder / "README.md")
        return {
            "folder": str(folder),
            "architecture": config["architectures"][0],
            "parameters": _parameters(folder / "model.safetensors"),
            "window_tokens": settings["window_tokens"],
            **settings["decoding"],
            "license": card.get("license"),
            "base_model": card.get("base_model"),
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise ModelError(f"{folder}: not a checkpoint of ours; give a folder that action-recs train wrote") from None


def _card(path: Path) -> dict[str, str]:
    """The one-line entries at a model card's head."""
    if not path.exists():
        return {}
    head = path.read_text(encoding="utf-8").split("---", 2)
    lines = head[1].splitlines() if len(head) == 3 else []
    return {name.strip(): value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


def _parameters(path: Path) -> int | None:
    """How many numbers a file of weights holds, from its head: eight bytes with its length, then JSON."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        tensors = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    shapes = [tensor["shape"] for name, tensor in tensors.items() if name != "__metadata__"]
    total = 0
    for shape in shapes:
        count = 1
        for length in shape:
            count *= length
        total += count
    return total


def _figures(models: Path) -> list[dict[str, Any]]:
    """The figures that were measured when the models were made, when they lie beside them."""
    try:
        measured = json.loads((models / "metrics.json").read_text(encoding="utf-8"))["development"]["models"]
        return [
            {
                "what": what,
                "where": where,
                "f1": figures["f1"]["value"],
                "f1_low": figures["f1"]["low"],
                "f1_high": figures["f1"]["high"],
                "precision": figures["precision"],
                "recall": figures["recall"],
            }
            for name, what in SHOWN.items()
            for place, where in SETS.items()
            if (figures := measured.get(place, {}).get("metrics", {}).get(name))
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []
