"""What the scripts that train have in common on their command lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from action_recs.training.data import Sources


def run_parser(annotations: Path) -> argparse.ArgumentParser:
    """The arguments of every run, as a parent of a script's own parser.

    Parameters
    ----------
    annotations : path
        Where the project's sessions lie unless told.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--output", type=Path, required=True, help="the folder of the run")
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="own annotated sessions, in any form")
    parser.add_argument("--development", type=Path, nargs="+", default=[], help="own sessions to measure on")
    parser.add_argument("--annomi", type=Path, help="AnnoMI-full.csv, which is public but not part of this repository")
    parser.add_argument("--annotations", type=Path, default=annotations, help="the folder of the project's sessions")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a setting")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint of the output folder")
    return parser


def teaching_parser() -> argparse.ArgumentParser:
    """The arguments of a run with teachers, likewise."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--teachers", nargs="+", default=[], help="checkpoint folders, or shipped")
    parser.add_argument("--unlabelled", type=Path, nargs="+", default=[], help="transcripts that only teachers read")
    return parser


def overrides(arguments: argparse.Namespace) -> list[str]:
    """The settings that the command line gives, teachers first, as ``config.load_config`` takes them."""
    teachers = ", ".join(map(quoted, arguments.teachers))
    return [*([f"distill.teachers=[{teachers}]"] if teachers else []), *arguments.set]


def quoted(name: str) -> str:
    """A path as YAML reads it, whatever signs it holds.

    Examples
    --------
    >>> print(quoted("Ann's runs/a: b"))
    'Ann''s runs/a: b'
    """
    return "'" + name.replace("'", "''") + "'"


def sources_of(arguments: argparse.Namespace) -> Sources:
    """Where the sessions of a run come from; only some scripts take ``--unlabelled``."""
    return Sources(
        own=tuple(arguments.data),
        development=tuple(arguments.development),
        unlabelled=tuple(getattr(arguments, "unlabelled", ())),
        annotations=arguments.annotations,
        annomi=arguments.annomi,
    )
