"""What a run learns from and is measured on: own sessions and the project's, divided by client."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import action_recs
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.collection import SETS, load_collection
from action_recs.annotation.dataset import group_of, split_sessions
from action_recs.annotation.loading import load_annotations
from action_recs.errors import ConfigError
from action_recs.readers import read_many
from action_recs.training.config import OWN, UNLABELLED, TrainingConfig
from action_recs.transcript import Transcript

Sessions = tuple[AnnotatedSession, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where sessions come from.

    Attributes
    ----------
    own : tuple of path
        Annotated files or folders, in any form that ``load_annotations`` reads: the set "own".
    development : tuple of path
        The same, kept for development; without, clients of ``own`` are.
    unlabelled : tuple of path
        Transcripts, in any form that ``read_many`` reads: the set "unlabelled".
    annotations : path, optional
        The folder of the project's own sessions; by default the checkout's that the package is run from.
    annomi : path, optional
        AnnoMI-full.csv.
    development_groups : mapping of set to groups, optional
        Of the project's sets: what is kept for development in place of what the split file says.
    """

    own: tuple[Path, ...] = ()
    development: tuple[Path, ...] = ()
    unlabelled: tuple[Path, ...] = ()
    annotations: Path | None = None
    annomi: Path | None = None
    development_groups: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Sessions by set.

    Attributes
    ----------
    train, development : mapping of set name to sessions
        Of the sets of the mix, and of those that the run is measured on. Where the own clients are divided into folds,
        all of them are in ``train``.
    files : mapping of path to SHA-256
        What was read.
    """

    train: Mapping[str, Sessions]
    development: Mapping[str, Sessions]
    files: Mapping[str, str] = field(default_factory=dict)


def gather(config: TrainingConfig, sources: Sources) -> TrainingData:
    """Read and divide what the configuration asks for.

    Raises
    ------
    ConfigError
        When a set of the mix is not given, or a set cannot be divided as it is to be.
    AnnotationError, TranscriptError
        When a file is broken.
    """
    _check_sources(config, sources)
    train: dict[str, Sessions] = {}
    development: dict[str, Sessions] = {}
    read: list[Path] = []
    wanted = {*config.mix, *config.evaluate_on}
    if project := wanted & {*SETS}:
        folder = _annotations_folder(sources.annotations, project)
        sets = {
            each.name: each
            for each in load_collection(folder, annomi_csv=sources.annomi, development=sources.development_groups)
        }
        for key, names in (("mix", config.mix), ("evaluate_on", config.evaluate_on)):
            if absent := [name for name in names if name in SETS and name not in sets]:
                raise ConfigError(
                    f"{key}: no set {', '.join(absent)} without --annomi; give it, or leave it out with --set"
                )
        for name in project:
            train[name], development[name] = sets[name].train, sets[name].development
        read += [folder, *([sources.annomi] if sources.annomi else [])]
    if OWN in wanted:
        train[OWN], development[OWN] = _own(config, sources)
        read += [*sources.own, *sources.development]
    if UNLABELLED in config.mix:
        train[UNLABELLED] = _unlabelled(sources.unlabelled)
        read += sources.unlabelled
    held_out = {name: development[name] for name in config.evaluate_on if not (name == OWN and config.folds)}
    if bare := [name for name, sessions in held_out.items() if not sessions]:
        raise ConfigError(f"evaluate_on: the set {', '.join(bare)} has no development sessions")
    mixed = {name: train[name] + (development[name] if name in config.learn_development else ()) for name in config.mix}
    return TrainingData(mixed, held_out, _hashes(read))


def folds_of(sessions: Sequence[AnnotatedSession], count: int, *, seed: int) -> list[Sessions]:
    """The sessions in so many parts, by client, each with its share of the labels."""
    clients = len({each.group for each in sessions})
    if clients < count:
        who = "all sessions are of one client" if clients == 1 else f"the sessions are of {clients} clients"
        remedy = "annotate more clients' sessions" + (f", or set folds={clients}" if clients > 1 else "")
        raise ConfigError(f"folds: {who}, who cannot be divided into {count} folds; {remedy}")
    parts = split_sessions(sessions, {f"fold {number}": 1.0 for number in range(count)}, seed=seed).sets
    return [parts[f"fold {number}"] for number in range(count)]


def sessions_hash(sets: Mapping[str, Iterable[AnnotatedSession]]) -> str:
    """SHA-256 over everything that a run learns from the sessions, whatever files they came in."""
    digest = hashlib.sha256()
    for name in sorted(sets):
        for session in sets[name]:
            talk = [(each.role.value, each.text) for each in session.transcript.utterances]
            spans = [(each.utterance, each.start, each.end, each.form.value) for each in session.recommendations]
            runs = [(each.first, each.last) for each in session.reviews]
            record = [name, session.id, session.annotator, session.group, talk, spans, runs]
            digest.update(json.dumps(record, ensure_ascii=True).encode())
    return digest.hexdigest()


def _check_sources(config: TrainingConfig, sources: Sources) -> None:
    given = {OWN: ("--data", sources.own), UNLABELLED: ("--unlabelled", sources.unlabelled)}
    for name, (option, paths) in given.items():
        if name in config.mix and not paths:
            raise ConfigError(f"mix: the set {name} is what {option} names; give it, or take {name} out of the mix")
        if paths and name not in config.mix:
            raise ConfigError(f"mix: lacks {name}, which {option} names; add '{name}: 1'")
    if OWN in config.evaluate_on and not (sources.own or sources.development):
        raise ConfigError(f"evaluate_on: the set {OWN} is what --data names; give it, or evaluate on others")
    if sources.development and config.folds:
        raise ConfigError("folds: with --development there is nothing to divide; leave one of them out")
    if sources.development and OWN not in config.evaluate_on:
        raise ConfigError(f"evaluate_on: lacks {OWN}, which --development names")


def _annotations_folder(given: Path | None, wanted: Iterable[str]) -> Path:
    folder = given or Path(action_recs.__file__).parent.parent / "annotations"
    if given is None and not (folder / "splits.json").is_file():
        raise ConfigError(
            f"mix: the sets {', '.join(sorted(wanted))} are in the project's repository and not in the package; name "
            "its annotations folder with --annotations, or train on your own: --set 'mix={own: 1}'"
        )
    return folder


def _own(config: TrainingConfig, sources: Sources) -> tuple[Sessions, Sessions]:
    """Own sessions for training and for development."""
    train, development = _load(sources.own), _load(sources.development)
    if development:
        shared = {each.group for each in train} & {each.group for each in development}
        if shared:
            raise ConfigError(f"--development: shares clients with --data: {', '.join(sorted(shared)[:5])}")
        return train, development
    if config.folds or OWN not in config.evaluate_on:
        return train, ()
    if len({each.group for each in train}) < 2:
        raise ConfigError(
            "--data: all sessions are of one client, who cannot be divided; annotate another client's sessions, or "
            "give --development"
        )
    shares = {"train": 1 - config.development_share, "development": config.development_share}
    if not all(shares.values()):
        raise ConfigError("development_share: between 0 and 1 without the ends; or give --development")
    parts = split_sessions(train, shares, seed=config.seed).sets
    return parts["train"], parts["development"]


def _load(paths: Iterable[Path]) -> Sessions:
    sessions: dict[tuple[str, str | None], AnnotatedSession] = {}
    transcripts: dict[str, Transcript] = {}
    for path in paths:
        if not path.exists():
            raise ConfigError(f"{path}: no such file or folder")
        for session in load_annotations(path):
            if transcripts.setdefault(session.id, session.transcript) != session.transcript:
                raise ConfigError(f"{path}: another session than before is named {session.id}; give it its own name")
            if (session.id, session.annotator) in sessions:
                raise ConfigError(f"{path}: the session {session.id} comes twice; leave one file out")
            sessions[session.id, session.annotator] = replace(session, group=group_of(session))
    return tuple(sessions.values())


def _unlabelled(paths: Iterable[Path]) -> Sessions:
    transcripts = [transcript for path in paths for transcript in read_many(path)]
    return tuple(
        AnnotatedSession(f"unlabelled-{number}", transcript, group=f"unlabelled-{number}")
        for number, transcript in enumerate(transcripts)
    )


def _hashes(paths: Iterable[Path]) -> dict[str, str]:
    files = [
        file
        for path in paths
        for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
        if file.is_file() and not file.name.startswith(".")
    ]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
