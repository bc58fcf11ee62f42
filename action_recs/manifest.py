"""What a folder of weights held when it was written: a hash of every file, compared before any of them is read.

A copy that was cut short, a disk that lost a bit, weights or a tokenizer that somebody exchanged: each may still load
and find something else. ``manifest.json`` is no signature: who can write the folder can write it anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from action_recs.errors import ModelError, OutputError
from action_recs.whole_files import write_whole

MANIFEST = "manifest.json"

UNREAD_NAMES = frozenset({MANIFEST, "metrics.json", "training_config.json", "run.json", "folds.json"})
"""What a run leaves beside its weights and no loader of the folder looks at: figures and settings."""

UNREAD_SUFFIXES = frozenset({".csv", ".html", ".jsonl", ".log", ".md", ".png", ".svg", ".yaml", ".yml"})
"""Cards and reports, which are written after the weights and change nothing that is found."""


def write_manifest(folder: str | Path) -> None:
    """Write ``manifest.json``: size and SHA-256 of every file of the folder that a loader may read.

    Raises
    ------
    OutputError
        When the folder cannot be read or written.
    """
    folder = Path(folder)
    try:
        content = {"files": files_of(folder)}
    except OSError as error:
        raise OutputError(f"{folder}: cannot be read ({error.strerror})") from None
    write_whole(json.dumps(content, indent=1) + "\n", folder / MANIFEST)


def check_manifest(folder: str | Path, *, required: bool = False) -> bool:
    """Compare a folder with its manifest.

    Parameters
    ----------
    folder : path
    required : bool
        Whether a folder without a manifest is refused. Otherwise it passes: checkpoints of other makers have none.

    Returns
    -------
    bool
        Whether there is a manifest, and the folder is what it says.

    Raises
    ------
    ModelError
        With the first file that was changed, is missing, or was added.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        if required:
            raise ModelError(f"{folder}: {MANIFEST} is missing; install action_recs again")
        return False
    remedy = "copy the folder again, or train it again"
    try:
        listed: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        found = set(_files(folder))
        if missing := sorted(listed.keys() - found):
            raise ModelError(f"{folder}: {missing[0]} is missing, which {MANIFEST} lists; {remedy}")
        if added := sorted(found - listed.keys()):
            raise ModelError(f"{folder}: {added[0]} was added, which {MANIFEST} does not list; take it away")
        for name, entry in listed.items():
            if _entry(folder / name) != entry:
                raise ModelError(f"{folder / name}: is not the file that was written ({MANIFEST}); {remedy}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder / MANIFEST}: cannot be read ({type(error).__name__}); {remedy}") from None
    return True


def files_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file of a folder that a loader may read: folders of which they are equal read alike.

    Raises
    ------
    OSError
    """
    return {name: _entry(folder / name) for name in _files(folder)}


def _files(folder: Path) -> list[str]:
    """The files that a loader may read. Folders below answer for themselves; it looks into none of them.

    Names that begin with a dot are passed over: operating systems leave such files, and no loader reads them.
    """
    return sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file()
        and path.name not in UNREAD_NAMES
        and path.suffix.lower() not in UNREAD_SUFFIXES
        and not path.name.startswith(".")
    )


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
