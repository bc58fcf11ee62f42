"""ConvoKit corpora: a folder with ``utterances.jsonl``, whose utterances carry labels in their ``meta``.

A label in the meta is 0 or 1, or a list of spans (``[{"start": 6, "end": 23, "form": "casual"}]``), or either for each
annotator (``{"ann": 1, "bob": 0}``). Neighbouring utterances with the same label of the unit "run" are one run, unless
they say with ``run`` which they belong to. Written and read without ConvoKit itself: the files are JSON.

Source: ConvoKit, "Data format" and ``convokit/model/corpus_helpers.py`` (index version 1).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions, is_folder
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.placing import ATTRIBUTES, facts_of, with_facts
from action_recs.annotation.problems import Problem
from action_recs.annotation.speakers import with_roles
from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment
from action_recs.readers.convokit import CONVERSATION, SPEAKER
from action_recs.readers.convokit import matches as is_utterances
from action_recs.readers.formats import Content
from action_recs.session import Label
from action_recs.transcript import Role

UTTERANCES = "utterances.jsonl"
CONVERSATIONS = "conversations.json"
FACTS = "action_recs"
ANNOTATORS = "annotators"
"""In a conversation's meta: who annotated it, also those who marked nothing in it."""

Found = dict[str | None, list[Mark]]


def matches(content: Content) -> bool:
    """Whether it is a corpus's folder, or its file of utterances with labels or not."""
    if is_folder(content) and content.path is not None:
        return (content.path / UTTERANCES).is_file()
    return is_utterances(content)


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for each conversation and annotator; a conversation's utterances stand together in the file."""
    path = content.path
    if path is None:
        yield Problem("unreadable", "a corpus in memory", "give its folder")
        return
    folder = path if is_folder(content) else path.parent
    about = _conversations(folder / CONVERSATIONS)
    records: list[tuple[int, Mapping[str, Any]]] = []
    for number, record in _records(folder / UTTERANCES if is_folder(content) else path):
        if isinstance(record, Problem):
            yield record
            continue
        if records and _either(record, CONVERSATION) != _either(records[0][1], CONVERSATION):
            yield from _conversation(records, about, options)
            records = []
        records.append((number, record))
    if records:
        yield from _conversation(records, about, options)


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | Problem]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError):  # no UTF-8 is a ValueError, too
                record = None
            if isinstance(record, dict) and isinstance(record.get("text"), str):
                yield number, record
            else:
                remedy = "dump the corpus again, as UTF-8"
                yield number, Problem("unreadable", "no utterance with a text", remedy, f"line {number}")


def _conversations(path: Path) -> Mapping[str, Any]:
    """The conversations' meta; nothing where the file is missing or broken, for it is not needed."""
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _conversation(
    records: list[tuple[int, Mapping[str, Any]]], about: Mapping[str, Any], options: LoadOptions
) -> Iterator[MarkedSession | Problem]:
    first, head = records[0]
    identity = str(_either(head, CONVERSATION))
    meta = about.get(identity)
    meta = meta.get("meta", meta) if isinstance(meta, Mapping) else {}
    roles: dict[str, Role | str] = dict(options.roles)
    segments = []
    for number, record in records:
        said = _meta(record)
        speaker = str(_either(record, SPEAKER))
        if said.get("role") in set(Role):
            roles.setdefault(speaker, said["role"])
        times = (said.get("start"), said.get("end"))
        start, end = (float(time) if isinstance(time, (int, float)) else None for time in times)
        segments.append(Segment(str(record["text"]), speaker, start, end, f"line {number}"))
    try:
        transcript = with_roles(segments, roles, session_id=identity)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        yield Problem("no-transcript", what or remedy, remedy, f"line {first}")
        return
    people, facts = meta.get(ANNOTATORS), meta.get(FACTS)
    found: Found = {str(who): [] for who in people} if isinstance(people, list) else {}
    for index, (number, record) in enumerate(records):
        for name, value in _meta(record).items():
            if options.schema.meaning(name) is None:
                continue
            for who, spans in _versions(value):
                found.setdefault(who, []).extend(_marks(name, index, spans, f"line {number}"))
    runs = {name for name, rules in options.schema.labels.items() if rules.unit == "run"}
    known = {str(name): str(value) for name, value in facts.items()} if isinstance(facts, Mapping) else {}
    for who, marks in (found or {None: []}).items():
        joined = _joined(marks, lambda label: getattr(options.schema.meaning(label), "label", "") in runs)
        session = MarkedSession(identity, transcript, tuple(joined), who, record=f"line {first}")
        yield with_facts(session, known)


def _versions(value: Any) -> Iterator[tuple[str | None, list[Mapping[str, Any]]]]:
    """Annotator -> spans; a mark of a whole utterance is a span without ends."""
    if isinstance(value, Mapping) and not {"start", "run", *ATTRIBUTES} & value.keys():
        for who, each in value.items():
            for _, spans in _versions(each):
                yield str(who), spans
        return
    if isinstance(value, Mapping):
        value = [value]
    if isinstance(value, list):
        yield None, [each for each in value if isinstance(each, Mapping)]
    else:
        yield None, [{}] if value not in (None, "", 0, "0", False) else []


def _marks(name: str, index: int, spans: Iterable[Mapping[str, Any]], record: str) -> Iterator[Mark]:
    for span in spans:
        start, end = span.get("start"), span.get("end")
        whole = not (isinstance(start, int) and isinstance(end, int))
        score = span.get("score", 1.0)
        said = {key: str(value) for key, value in span.items() if key in ATTRIBUTES and value is not None}
        run = {"run": str(span["run"])} if "run" in span else {}
        yield Mark(
            label=name,
            first=index,
            last=index,
            start=None if whole else start,
            end=None if whole else end,
            attributes=said | run,
            score=float(score) if isinstance(score, (int, float)) else 1.0,
            record=record,
            offset=None if whole else start,
        )


def _joined(marks: list[Mark], is_run: Callable[[str], bool]) -> Iterator[Mark]:
    """Neighbouring utterances' marks of a run as one, without the number of the run."""
    latest: dict[str, Mark] = {}
    for mark in marks:
        if not is_run(mark.label):
            yield mark
            continue
        before = latest.get(mark.label)
        same = before is not None and before.attributes.get("run") == mark.attributes.get("run")
        if before is not None and same and mark.first <= before.last + 1:
            latest[mark.label] = replace(before, last=mark.last)
            continue
        if before is not None:
            yield _without_number(before)
        latest[mark.label] = mark
    for mark in latest.values():
        yield _without_number(mark)


def _without_number(mark: Mark) -> Mark:
    return replace(mark, attributes={name: value for name, value in mark.attributes.items() if name != "run"})


def _meta(record: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = record.get("meta")
    return meta if isinstance(meta, Mapping) else {}


def _either(record: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((record[name] for name in names if name in record), None)


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a corpus: a conversation a session, with the marks of every annotator on its utterances."""
    versions: dict[str, list[AnnotatedSession]] = defaultdict(list)
    for session in sessions:
        versions[session.id].append(session)
    speakers: dict[str, dict[str, Any]] = {}
    conversations = {}
    with (path / UTTERANCES).open("w", encoding="utf-8", newline="\n") as file:
        for identity, marked_by in versions.items():
            for record in _utterances(identity, marked_by):
                speakers.setdefault(record["speaker"], {"meta": {}, "vectors": []})
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            facts = {name: value for each in marked_by for name, value in facts_of(each).items()}
            people = [each.annotator for each in marked_by if each.annotator is not None]
            conversations[identity] = {"meta": {ANNOTATORS: people, FACTS: facts}, "vectors": []}
    index = {
        "utterances-index": {label.value: ["<class 'dict'>", "<class 'list'>"] for label in Label},
        "speakers-index": {},
        "conversations-index": {ANNOTATORS: ["<class 'list'>"], FACTS: ["<class 'dict'>"]},
        "overall-index": {},
        "version": 1,
        "vectors": [],
    }
    index["utterances-index"] |= {"role": ["<class 'str'>"], "start": ["<class 'float'>"], "end": ["<class 'float'>"]}  # type: ignore[operator]
    files = {CONVERSATIONS: conversations, "speakers.json": speakers, "corpus.json": {}, "index.json": index}
    for name, held in files.items():
        (path / name).write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")


def _utterances(identity: str, marked_by: list[AnnotatedSession]) -> Iterator[dict[str, Any]]:
    transcript = marked_by[0].transcript
    metas: list[dict[str, Any]] = [{} for _ in transcript.utterances]
    for session in marked_by:
        for number, mark in enumerate(marked(session).marks):
            said: dict[str, Any] = dict(mark.attributes) | ({"score": mark.score} if mark.score != 1 else {})
            span = {"start": mark.start, "end": mark.end} if mark.start is not None else {"run": number}
            for index in range(mark.first, mark.last + 1):
                held = metas[index].setdefault(mark.label, [] if session.annotator is None else {})
                if isinstance(held, dict):
                    held = held.setdefault(str(session.annotator), [])
                held.append(span | said)
    for index, utterance in enumerate(transcript.utterances):
        times = {"start": utterance.start, "end": utterance.end}
        yield {
            "id": f"{identity}_{index}",
            "conversation_id": identity,
            "text": utterance.text,
            "speaker": utterance.speaker or utterance.role.value.capitalize(),
            "meta": {"role": utterance.role.value, **{k: v for k, v in times.items() if v is not None}, **metas[index]},
            "reply-to": f"{identity}_{index - 1}" if index else None,
            "timestamp": utterance.start,
            "vectors": [],
        }


FORMATS = (AnnotationFormat("convokit", matches, load, write, suffix="", folder=True, holds=EVERYTHING, streams=True),)
