"""Our own form: JSON lines, one annotated session each. Its JSON Schema is generated from the label schema.

{"version": "1.0", "id": "s1", "annotator": "a", "utterances": [{"role": "therapist", "text": "Try to walk."}],
 "recommendations": [{"utterance": 0, "start": 0, "end": 11, "form": "casual"}],
 "reviews": [{"first": 0, "last": 0, "adherence": "done"}]}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.held import IDENTIFIERS
from action_recs.annotation.json_records import first_record, records
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.problems import Problem
from action_recs.readers.formats import Content
from action_recs.transcript import Role, Transcript, Utterance

if TYPE_CHECKING:
    from pydantic import BaseModel

LISTS = {"recommendation": "recommendations", "review": "reviews"}
"""Label -> the list of the record that holds it; another label's list has its own name."""


def matches(content: Content) -> bool:
    """Whether the first record is an annotated session of ours, or one that ``action-recs tag`` wrote."""
    record = first_record(content)
    return isinstance(record, dict) and {"utterances", *LISTS.values()} <= record.keys()


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:  # noqa: ARG001
    """A session a line. One that was tagged by a model is by the annotator ``action_recs``."""
    from pydantic import ValidationError

    model = record_model()
    for place, record in records(content):
        if isinstance(record, Problem):
            yield record
            continue
        tagged = isinstance(record, dict) and "review_percentage" in record
        try:
            yield _session(model.model_validate(_untagged(record, place) if tagged else record), place)
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False):
                where = ".".join(map(_named, each["loc"])) or "the record"
                what, remedy = f"{where}: {each['type'].replace('_', ' ')}", "write it as the JSON Schema says"
                yield Problem("record", what, remedy, place)


def _named(part: int | str) -> str:
    """A step on the way to what is wrong. A key that is not ours may be anything that was said, and is not told."""
    return str(part) if isinstance(part, int) or part in _own_keys() else "(another key)"


@cache
def _own_keys() -> frozenset[str]:
    schema = json_schema()
    return frozenset(key for each in (schema, *schema["$defs"].values()) for key in each["properties"])


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a line."""
    return record_model().model_json_schema()


@cache
def record_model() -> type[BaseModel]:
    """The pydantic model of a line, made from the shipped label schema."""
    from pydantic import ConfigDict, Field, create_model

    from action_recs.annotation.schema import VERSION, load_schema

    strict = ConfigDict(extra="forbid", strict=True)
    roles: Any = Literal[tuple(role.value for role in Role)]
    version: Any = Literal[VERSION]
    utterance = create_model(
        "Utterance",
        __config__=strict,
        role=(roles, ...),
        text=(str, ...),
        speaker=(str | None, None),
        start=(float | None, None),
        end=(float | None, None),
    )
    lists: dict[str, Any] = {}
    for label, rules in load_schema().labels.items():
        place: dict[str, Any] = {"first": (int, ...), "last": (int, ...)}
        if rules.unit == "span":
            place = {"utterance": (int, ...), "start": (int, ...), "end": (int, ...), "text": (str | None, None)}
        said: dict[str, Any] = {}
        for name, attribute in rules.attributes.items():
            kind = Literal[attribute.values] if attribute.values else str
            described = Field(default=attribute.default, description=attribute.description)
            said[name] = (kind | None, described)
        score = (float, Field(default=1.0, ge=0, le=1))
        mark = create_model(label.capitalize(), __config__=strict, **place, **said, score=score)
        lists[LISTS.get(label, label)] = (list[mark], ...)  # type: ignore[valid-type] # made just now
    facts: dict[str, Any] = dict.fromkeys(("annotator", *IDENTIFIERS), (str | None, None))
    record: type[BaseModel] = create_model(
        "AnnotatedSession",
        __config__=strict,
        version=(version, VERSION),
        id=(str, ...),
        **facts,
        group=(str, ""),
        metadata=(dict[str, str], {}),
        utterances=(list[utterance], ...),  # type: ignore[valid-type] # made just now
        **lists,
    )
    return record


def _session(record: Any, place: str) -> MarkedSession:
    utterances = tuple(
        Utterance(Role(each.role), each.text, each.speaker, each.start, each.end) for each in record.utterances
    )
    marks: list[Mark] = []
    for label, name in LISTS.items():
        for number, each in enumerate(getattr(record, name), start=1):
            said = each.model_dump(exclude_none=True)
            first = said.pop("utterance") if "utterance" in said else said.pop("first")
            mark = Mark(
                label=label,
                first=first,
                last=said.pop("last", first),
                start=said.pop("start", None),
                end=said.pop("end", None),
                covered=said.pop("text", None),
                score=said.pop("score"),
                attributes=said,
                record=f"{place}, {label} {number}",
                offset=each.start if label == "recommendation" else None,
            )
            marks.append(mark)
    facts = {name: getattr(record, name) for name in IDENTIFIERS}
    return MarkedSession(
        id=record.id,
        transcript=Transcript(utterances, session_id=record.id, **facts),
        marks=tuple(marks),
        annotator=record.annotator,
        group=record.group,
        metadata=record.metadata,
        record=place,
    )


def _untagged(record: dict[str, Any], place: str) -> Any:
    """A tagged session's record as an annotated session's: what a model found is what its annotator marked."""
    utterances = record["utterances"]
    if not isinstance(utterances, list) or not all(isinstance(each, dict) for each in utterances):
        return record
    kept = {"role", "text", "speaker", "start", "end"}
    name = record.get("session_id")
    return {
        "id": name if isinstance(name, str) else place,
        "annotator": "action_recs",
        **{key: record.get(key) for key in IDENTIFIERS},
        "utterances": [{key: value for key, value in each.items() if key in kept} for each in utterances],
        **{key: record[key] for key in LISTS.values()},
    }


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """One line a session, with everything that it holds."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(json.dumps(to_record(session), ensure_ascii=False) + "\n" for session in sessions)


def to_record(session: AnnotatedSession) -> dict[str, Any]:
    """The session as plain lists, strings and numbers, as the JSON Schema says; what is absent is left out."""
    from action_recs.annotation.schema import VERSION

    facts = {"annotator": session.annotator} | {name: getattr(session.transcript, name) for name in IDENTIFIERS}
    record: dict[str, Any] = {"version": VERSION, "id": session.id, **_given(facts)}
    if session.group:
        record["group"] = session.group
    if session.metadata:
        record["metadata"] = dict(session.metadata)
    record["utterances"] = [
        {"role": each.role.value, "text": each.text}
        | _given({"speaker": each.speaker, "start": each.start, "end": each.end})
        for each in session.transcript.utterances
    ]
    record |= {name: [] for name in LISTS.values()}
    for mark in marked(session).marks:
        place: dict[str, Any] = {"first": mark.first, "last": mark.last}
        if mark.start is not None:
            place = {"utterance": mark.first, "start": mark.start, "end": mark.end, "text": mark.covered}
        scored = {} if mark.score == 1 else {"score": mark.score}
        record[LISTS[mark.label]].append({**place, **mark.attributes, **scored})
    return record


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


FORMATS = (AnnotationFormat("jsonl", matches, load, write, suffix=".jsonl", streams=True),)
