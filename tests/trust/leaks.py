"""Everywhere a word of a transcript could turn up while a command runs, and inputs that make commands fail."""

from __future__ import annotations

import io
import json
import logging
import tempfile
import traceback
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

CANARY = "zyxquarrel"
"""A word that is in no library, path or message of ours: where it turns up, text of a transcript got out."""

SAID = f"{CANARY} could {CANARY} walk {CANARY}"
TAGGED = {
    "session_id": "s1",
    "client_id": "c1",
    "therapist_id": "t1",
    "organisation_id": "o1",
    "date": "2026-01-05",
    "utterances": [
        {
            "index": index,
            "role": role,
            "text": SAID,
            "labels": [],
            "scores": {"recommendation": 0.1, "review": 0.1},
        }
        for index, role in enumerate(["therapist", "client"])
    ],
    "recommendations": [],
    "reviews": [],
    "review_percentage": 0.0,
}


def _zip(**parts: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return data.getvalue()


def _lines(*records: object) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


INPUTS: dict[str, tuple[str, str | bytes]] = {
    "good text": (".txt", f"Therapist: {SAID}.\nClient: {SAID}.\nTherapist: Maybe {SAID}?\n"),
    "good session": (".jsonl", _lines(TAGGED)),
    "good markup": (".txt", f'# session: s1\nT: <rec form="casual">{SAID}</rec>\nC: {SAID}\n'),
    "unknown roles": (".txt", f"Ann: {SAID}\nBo: {SAID}\nAnn: {SAID}\nBo: {SAID}\n"),
    "no labels": (".txt", f"{SAID}\n{SAID}\n"),
    "a label as long as a sentence": (".txt", f"{SAID} and so on: {SAID}\nTherapist: {SAID}\n"),
    "broken JSON": (".json", f'{{"turns": [{{"speaker": "T", "text": "{SAID}'),
    "JSON of no shape": (".json", json.dumps({CANARY: [SAID, {SAID: SAID}]})),
    "JSON of strings": (".json", json.dumps([SAID, SAID])),
    "numbers where text belongs": (".json", json.dumps([{"speaker": 1, "text": [SAID]}, {"speaker": SAID, "text": 2}])),
    "broken lines": (".jsonl", _lines(TAGGED) + f'{{"text": "{SAID}\n'),
    "a run outside": (".jsonl", _lines(TAGGED | {"reviews": [{"first": 0, "last": 9, "score": 1}]})),
    "a span outside": (
        ".jsonl",
        _lines(
            TAGGED
            | {
                "recommendations": [
                    {"utterance": 0, "start": 0, "end": 999, "text": SAID, "form": "casual", "score": 1}
                ]
            }
        ),
    ),
    "text in wrong places": (".jsonl", _lines(TAGGED | {"date": SAID, "utterances": SAID, "reviews": [SAID]})),
    "another text": (".jsonl", _lines(TAGGED | {"text": SAID, "spans": [{"start": 5, "end": 1, "label": "review"}]})),
    "rows of other lengths": (".csv", f'speaker,text\nTherapist,{SAID}\nClient,{SAID},{SAID}\nClient,"{SAID}\n'),
    "no columns": (".csv", f"{CANARY},who\n{SAID},a\n"),
    "times in disorder": (".vtt", f"WEBVTT\n\n00:09.000 --> 00:01.000\n<v Ann>{SAID}\n\n{SAID} --> x\n{SAID}\n"),
    "subtitles": (".srt", f"1\n00:00:09,000 --> 00:00:01,000\nAnn: {SAID}\n\n2\n{SAID} --> {SAID}\n{SAID}\n"),
    "another encoding": (".txt", f"Therapist: {SAID} café\n".encode("latin-1")),
    "half UTF-16": (".txt", f"Therapist: {SAID}".encode("utf-16")[:-1]),
    "bytes": (".txt", b"\x89PNG\r\n\x00\x01" + SAID.encode() * 9),
    "broken XML": (".eaf", f"<ANNOTATION_DOCUMENT><TIER><ANNOTATION_VALUE>{SAID}</TIER>"),
    "entities": (
        ".xml",
        f'<!DOCTYPE TEI [<!ENTITY a "{SAID}">]><TEI><text><body><u who="#a">&a;</u></body></text></TEI>',
    ),
    "broken document": (".docx", _zip(word__document=SAID, **{"word__document.xml": f"<w:p>{SAID}"})),
    "broken workbook": (".xlsx", _zip(**{"xl__workbook.xml": f"<workbook>{SAID}"})),
    "broken project": (".qdpx", _zip(**{"project.qde": f"<Project>{SAID}"})),
    "broken PDF": (".pdf", b"%PDF-1.7\n1 0 obj\n(" + SAID.encode() + b")\nstream\n"),
    "rich text": (".rtf", "{\\rtf1 {" + SAID + "\\par"),
    "marks that do not close": (".txt", f'# session: s1\nT: <rec form="loose">{SAID}\n<review>\nC: {SAID}</rec>\n'),
    "columns": (".conll", f"{CANARY}\tB-recommendation\n{CANARY}\tX\tY\n\n{SAID}\n"),
    "chat": (".cha", f"@Begin\n*PAR: {SAID}\n%x {SAID}\n@Participants: {SAID}\n"),
    "settings": (".yaml", f"labels: [{SAID}: {SAID}: ]\n"),
    "nothing": (".txt", ""),
}


def write_inputs(folder: Path) -> dict[str, Path]:
    paths = {}
    for name, (suffix, content) in INPUTS.items():
        path = folder / (name.replace(" ", "-") + suffix)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths[name] = path
    return paths


def commands(app: typer.Typer) -> dict[str, Any]:
    """Every command of the program by its words: {"annotations check": ...}."""
    return dict(_commands(typer.main.get_command(app), ()))


def _commands(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "list_commands"):
        yield " ".join(words), command
        return
    for name in command.list_commands(None):  # it may import a command only when it is asked for
        yield from _commands(command.get_command(None, name), (*words, name))


def arguments(command: Any, path: Path, output: Path, models: Path) -> list[str]:
    """A call of the command that gives it the path wherever it takes a file, and where it must write, the output."""
    given: list[str] = []
    for each in command.params:
        words = each.name or ""
        if each.param_type_name == "argument":
            # two sources where it takes many, and one where it takes one
            given += [str(path)] * (2 if each.nargs == -1 and words == "annotators" else 1)
        elif words in ("output", "out"):
            given += [each.opts[-1], str(output)]
        elif words == "models":
            given += [each.opts[-1], str(models)]
        elif words in ("verbose", "debug", "progress"):
            given.append(each.opts[-1])
        elif each.required:
            given += [each.opts[-1], _choice(each, path)]
    return given


def _choice(option: Any, path: Path) -> str:
    """A value for an option that must be given."""
    kind = getattr(option, "type", None)
    if choices := getattr(kind, "choices", None):
        return str(next(iter(choices)))
    if option.name == "to":
        return "jsonl"
    return "1" if getattr(kind, "name", "").startswith(("integer", "float")) else str(path)


def marked(annotator: str, client: str, *, start: int = 0, last: int = 0) -> dict[str, Any]:
    """A session that somebody annotated, in our own form: a recommendation and a review."""
    return {
        "version": "1.0",
        "id": f"s-{client}",
        "annotator": annotator,
        "client_id": client,
        "utterances": [{"role": role, "text": SAID} for role in ("therapist", "client")],
        "recommendations": [{"utterance": 0, "start": start, "end": len(SAID), "form": "casual"}],
        "reviews": [{"first": 0, "last": last}],
    }


def write_sound(folder: Path) -> dict[str, Path]:
    """What each command needs to get as far as the file that is not sound."""
    tagged, outcomes = study_files(folder)
    paths = {name: folder / f"{name}.jsonl" for name in ("anna", "ben", "one")}
    clients = [f"c{number}" for number in range(6)]
    paths["anna"].write_text(_lines(*(marked("anna", each) for each in clients)), encoding="utf-8")
    paths["ben"].write_text(_lines(*(marked("ben", each, start=6, last=1) for each in clients)), encoding="utf-8")
    paths["one"].write_text(_lines(TAGGED | {"session_id": "another"}), encoding="utf-8")
    return paths | {"tagged": tagged, "outcomes": outcomes}


WAYS_IN: dict[str, str] = {
    "tag as VTT": "tag {file} --models {models} --format vtt -o {out}.jsonl",
    "tag as a page": "tag {file} {one} --models {models} -o {out}.html",
    "tag as rows": "tag {file} {one} --models {models} -o {out}.csv",
    "read": "read {one} {file} -o {out}.jsonl",
    "report": "report {one} {file} -o {out}",
    "follow-up": "follow-up {one} {file} -o {out}.jsonl",
    "study of broken sessions": "study {file} {outcomes} -o {out}",
    "study of broken scores": "study {tagged} {file} -o {out}",
    "study with threads": "study {tagged} {outcomes} --threads {file} -o {out}",
    "study with error rates": "study {tagged} {outcomes} --rates {file} -o {out}",
    "study with validation": "study {tagged} {outcomes} --validation {file} -o {out}",
    "check with a schema": "annotations check {anna} --schema {file}",
    "check as marked lines": "annotations check {file} --format jsonl",
    "check and repair": "annotations check {file} --fix --json",
    "convert": "annotations convert {file} --to label-studio --fix -o {out}.json",
    "agree": "annotations agree {anna} {file} --html {out}.html --json",
    "adjudicate": "annotations adjudicate {anna} {file} --by union -o {out}.jsonl",
    "adjudicate with decisions": "annotations adjudicate {anna} {ben} --decisions {file} -o {out}.jsonl",
    "split": "annotations split {anna} {file} -o {out}",
    "suggest": "suggest {one} {file} -n 1 --model {models} -o {out}.json",
    "suggest and pass over": "suggest {one} {file} -n 1 --skip --model {models} -o {out}.json",
    "suggest but what is annotated": "suggest {one} -n 1 --annotated {file} --model {models} -o {out}.json",
    "train": "train review --data {file} --from {models}/review -o {out}",
    "train beside a sound file": (
        "train review --data {anna} {file} --from {models}/review --set passes=1 --set folds=2 -o {out}"
    ),
    "train with a development set": "train review --data {anna} --development {file} --from {models}/review -o {out}",
    "train on what nobody annotated": (
        "train review --data {anna} --unlabelled {file} --set mix.unlabelled=1 --from {models}/review -o {out}"
    ),
    "train with AnnoMI": "train review --annomi {file} --set mix.annomi=1 --from {models}/review -o {out}",
    "train by settings": "train {file} --data {anna} --from {models}/review -o {out}",
    "train from a broken model": "train review --data {anna} --from {file} -o {out}",
    "evaluate": "evaluate --data {file} --model {models} --compare {models} -o {out}",
    "evaluate beside a sound file": "evaluate --data {anna} {file} --model {models} --json",
    "evaluate a broken model": "evaluate --data {anna} --model {file}",
    "export": "export --models {file} -o {out}",
    "info": "info --models {file}",
}
"""Every place where a command takes a file, with everything else as it should be."""


@dataclass
class Watched:
    """What was said, and written beside the output, while a command ran."""

    logged: list[str] = field(default_factory=list)
    folders: tuple[Path, ...] = ()

    def leaks(self, result: Result | None = None) -> list[str]:
        """Where the canary is."""
        found = [f"log: {line[:60]}" for line in self.logged if CANARY in line]
        if result is not None:
            if CANARY in result.stderr:
                found.append("standard error")
            if result.exit_code and CANARY in result.stdout:
                found.append("standard output of a failure")
            if result.exception is not None and CANARY in "".join(traceback.format_exception(result.exception)):
                found.append("traceback")
        return found + [str(path) for folder in self.folders for path in holding(folder)]


def holding(folder: Path) -> list[Path]:
    """Files with the canary in them, or in their names; in UTF-8 or UTF-16."""
    needles = [CANARY.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return [
        path
        for path in folder.rglob("*")
        if CANARY in path.name or (path.is_file() and any(needle in path.read_bytes() for needle in needles))
    ]


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[Watched]:
    """All that is logged, by anybody, and every warning; home, caches and temporary files in a folder of ours."""
    places = {name: folder / name for name in ("home", "temporary", "cache", "work")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(places["cache"]))
    monkeypatch.setenv("TMPDIR", str(places["temporary"]))
    monkeypatch.setattr(tempfile, "tempdir", str(places["temporary"]))
    monkeypatch.chdir(places["work"])
    seen = Watched(folders=tuple(places.values()))
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: seen.logged.append(  # type: ignore[method-assign]
        record.getMessage() + "".join(traceback.format_exception(*record.exc_info) if record.exc_info else ())
    )
    root = logging.getLogger()
    before, shown = root.level, warnings.showwarning
    others = {name: logging.getLogger(name).level for name in ("transformers", "datasets", "action_recs")}
    for name in others:
        logging.getLogger(name).setLevel(logging.DEBUG)
        logging.getLogger(name).addHandler(handler)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    warnings.showwarning = lambda message, *_, **__: seen.logged.append(str(message))
    try:
        yield seen
    finally:
        warnings.showwarning = shown
        root.removeHandler(handler)
        root.setLevel(before)
        for name, level in others.items():
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(level)


def run(app: typer.Typer, words: str, given: list[str]) -> Result:
    return CliRunner().invoke(app, [*words.split(), *given])


def study_files(folder: Path) -> tuple[Path, Path]:
    """Tagged sessions of twelve clients, and their scores."""
    lines, scores = folder / "tagged.jsonl", folder / "scores.csv"
    sessions = []
    for client in range(12):
        for visit in range(3):
            known = {
                "session_id": f"s{client}-{visit}",
                "client_id": f"c{client}",
                "date": f"2026-01-{5 + 7 * visit:02d}",
            }
            spoken = [each | {"text": f"{SAID} {visit}"} for each in TAGGED["utterances"]]
            run = [{"first": 0, "last": 0, "score": 0.9}] if (client + visit) % 3 == 0 else []
            sessions.append(TAGGED | known | {"utterances": spoken, "reviews": run})
    lines.write_text(_lines(*sessions), encoding="utf-8")
    rows = ["client_id,date,instrument,score"]
    rows += [f"c{c},2026-01-{4 + 7 * v:02d},PHQ-9,{(c * 7 + v * 5) % 20}" for c in range(12) for v in range(4)]
    scores.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return lines, scores
