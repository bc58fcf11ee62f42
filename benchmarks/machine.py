"""What a figure was measured on: processor, memory, versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("action_recs", "torch", "transformers", "tokenizers", "numpy")
WATCHED = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "avx_vnni", "amx_bf16", "amx_int8")


def describe() -> dict[str, Any]:
    """The machine and the versions, for the head of a result."""
    import torch

    flags, name = _processor()
    known = {
        "processor": name,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instructions": [flag for flag in WATCHED if flag in flags],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {package: _version(package) for package in PACKAGES},
    }
    if torch.cuda.is_available():
        known["gpu"] = torch.cuda.get_device_name()
    return known


def load() -> float:
    """Processes that waited for a processor in the last minute, on average: far above 0, times say little."""
    return os.getloadavg()[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _processor() -> tuple[set[str], str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set(), platform.processor()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {key.strip(): text.strip() for key, text in fields.items()}
    return set(named.get("flags", "").split()), named.get("model name", platform.processor())
