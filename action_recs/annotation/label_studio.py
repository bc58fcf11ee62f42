"""Label Studio: JSON exports (and JSON-MIN) of texts with spans, and of dialogues labelled with the Paragraphs tag.

Offsets: a ``Text`` tag's are code points, a carriage return and a line feed one each (before version 1.4 they were
UTF-16 code units); a ``Paragraphs`` tag's are UTF-16 code units of the paragraph, whose number is a string. Where the
export has the words of a region (in a ``Text`` with a backslash and n for every line end), they decide.

Who annotated is a number, or a user with an address where the export names users. Cancelled ("skipped") annotations
are none; drafts, comments, notes on regions and predictions of other models are not read. JSON-MIN has what is chosen
for regions apart from the regions, and cannot say which is whose: where that matters it is a problem.

Sources: Label Studio's editor, web/libs/editor/src (tags/object/Paragraphs/HtxParagraphs and Phrases, regions/
ParagraphsRegion, RichTextRegion and Result, utils/selection-tools, tags/object/RichText/view), and its
data_export/serializers; label-studio-sdk 2.1, converter (annotation_result_from_task, convert_to_json_min).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from action_recs.annotation import sidecar
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import read_document
from action_recs.annotation.formats import AnnotationFormat, LoadOptions
from action_recs.annotation.json_records import first_record, records
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.offsets import from_utf16, to_utf16
from action_recs.annotation.problems import Problem
from action_recs.annotation.schema import Schema
from action_recs.annotation.speakers import with_roles
from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment
from action_recs.readers.formats import Content
from action_recs.transcript import Role, Transcript, Utterance

TEXT_KEYS = ("text", "utterance", "content", "transcript")
NAME_KEYS = ("role", "author", "speaker", "name", "user")
MODEL = "action_recs"
"""The model version of predictions that we wrote; those of others are no annotations."""

REGIONS = ("labels", "paragraphlabels", "hypertextlabels")
RELATIONS = ("restates", "same")


def matches(content: Content) -> bool:
    """Whether the first record is a task with annotations, or a line of a JSON-MIN export."""
    record = first_record(content)
    if not isinstance(record, dict):
        return False
    task = isinstance(record.get("data"), dict) and any(
        isinstance(record.get(key), list) for key in ("annotations", "completions", "predictions")
    )
    return task or {"id", "annotation_id", "annotator"} <= record.keys()


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """A session for every annotation that was not cancelled, in the order of tasks and annotations.

    An annotation with an empty result is a session in which nothing was marked. Tasks that nobody annotated are not
    delivered, except with the predictions of this library.
    """
    for place, task in records(content):
        if isinstance(task, Problem):
            yield task
        elif not isinstance(task, dict):
            yield Problem("unreadable", "not a task", "export the project as JSON", place)
        elif "annotation_id" in task and "annotations" not in task:
            if task["annotation_id"] is not None:  # a task that nobody annotated is in the export, too
                yield from _flat(task, options)
        else:
            yield from _task(task, place, options)


def _task(task: dict[str, Any], place: str, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    place = f"task {task['id']}" if isinstance(task.get("id"), (int, str)) else place
    data = task.get("data")
    annotations = task.get("annotations", task.get("completions")) or []
    if not isinstance(data, dict) or not isinstance(annotations, list):
        yield Problem("unreadable", "a task without data", "export the project as JSON", place)
        return
    if not annotations:
        predictions = task.get("predictions")
        found = predictions if isinstance(predictions, list) else []
        annotations = [each for each in found if isinstance(each, dict) and each.get("model_version") == MODEL]
    for number, annotation in enumerate(annotations, start=1):
        if not isinstance(annotation, dict):
            yield Problem("unreadable", f"annotation {number} is none", "export the project as JSON", place)
        elif not annotation.get("was_cancelled"):
            name = annotation.get("id", number)
            yield _session(data, annotation, str(task.get("id", place)), f"{place}, annotation {name}", options)


def _flat(task: dict[str, Any], options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """JSON-MIN: one object an annotation, the task's data and each control's values side by side."""
    results, data = [], {}
    for key, value in task.items():
        regions = value if isinstance(value, list) else []
        kinds = {kind for each in regions if isinstance(each, dict) for kind in REGIONS if kind in each}
        if kinds:
            results += [
                {"type": next(iter(kinds)), "id": f"{key} {number}", "value": each}
                for number, each in enumerate(regions, start=1)
            ]
        else:
            data[key] = value
    annotation = {"completed_by": task.get("annotator"), "result": results}
    name = str(task.get("id", ""))
    place = f"task {name}, annotation {task['annotation_id']}"
    for key, value in data.items():
        if results and _chosen(key, value, options.schema):
            what = f"the values of {key!r} stand apart from the regions that they were chosen for"
            yield Problem("attributes-apart", what, "export the project as JSON, not as JSON-MIN", place)
    yield _session(data, annotation, name, place, options)


def _chosen(key: str, value: Any, schema: Schema) -> bool:
    """Whether it is what a control for regions holds: one or several of an attribute's values."""
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) for each in values):
        return False
    mapped = [schema.attribute(key, each) for each in values]
    allowed = {name: each.values for label in schema.labels.values() for name, each in label.attributes.items()}
    return all(said in (allowed.get(name) or ()) for name, said in mapped)


def _session(
    data: Mapping[str, Any], annotation: Mapping[str, Any], task: str, place: str, options: LoadOptions
) -> MarkedSession | Problem:
    results = annotation.get("result") or []
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        return Problem("unreadable", "a result that is no list of regions", "export the project as JSON", place)
    facts = sidecar.session_facts(data, task)
    problems: list[Problem] = []
    paragraphs = _dialogue(data)
    wants_text = any(each.get("type") == "labels" for each in results)
    try:
        if paragraphs is not None and not (wants_text and _text(data) is not None):
            transcript = _spoken(paragraphs, data, options)
            marks = [
                m for each in _regions(results, place, problems) for m in _in_paragraphs(each, transcript, problems)
            ]
        elif (text := _text(data)) is not None:
            document = sidecar.kept_document(data, text) or read_document(text, options.roles)
            transcript = document.transcript
            marks = [m for each in _regions(results, place, problems) for m in _in_text(each, document, problems)]
        else:
            remedy = "export a project whose tasks hold the text itself, not its address"
            return Problem("no-text", "a task without text or dialogue", remedy, place)
    except TranscriptError as error:
        what, _, remedy = str(error).rpartition("; ")
        return Problem("unreadable", what or remedy, remedy, place)
    return MarkedSession(
        transcript=sidecar.identified(transcript, data),
        marks=tuple(marks),
        annotator=_annotator(annotation),
        record=place,
        problems=tuple(problems),
        **facts,
    )


def _annotator(annotation: Mapping[str, Any]) -> str | None:
    by = annotation.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("username") or by.get("id")
    by = by if by is not None else annotation.get("created_username") or annotation.get("model_version")
    return None if by is None else str(by)


def _dialogue(data: Mapping[str, Any]) -> list[Any] | None:
    """The value of the task that a Paragraphs tag shows: a list of objects with a text."""
    for key, value in data.items():
        if key != sidecar.KEY and isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            texts = [name for name in TEXT_KEYS if name in value[0]]
            if texts and not {"choices", "startOffset"} & value[0].keys():  # regions of a JSON-MIN export
                return value
    return None


def _text(data: Mapping[str, Any]) -> str | None:
    """The value of the task that a Text tag shows: by its usual name, or the longest string of several lines."""
    named = [data[key] for key in TEXT_KEYS if isinstance(data.get(key), str)]
    others = [value for value in data.values() if isinstance(value, str) and "\n" in value]
    texts = named or sorted(others, key=len, reverse=True)
    return texts[0] if texts else None


def _spoken(paragraphs: list[Any], data: Mapping[str, Any], options: LoadOptions) -> Transcript:
    """The dialogue's utterances; a paragraph's ``role`` says who speaks, or else its author's label."""
    segments, roles = [], []
    for number, each in enumerate(paragraphs):
        text = next((each[key] for key in TEXT_KEYS if isinstance(each.get(key), str)), None)
        if text is None:
            raise TranscriptError(f"paragraph {number}: no text; export the project again")
        start, end = (each.get(key) if isinstance(each.get(key), (int, float)) else None for key in ("start", "end"))
        if end is None and start is not None and isinstance(each.get("duration"), (int, float)):
            end = start + each["duration"]
        names = [each[key] for key in NAME_KEYS[1:] if isinstance(each.get(key), str)]
        segments.append(Segment(text, names[0] if names else None, start, end, f"paragraph {number}"))
        roles.append(each.get("role"))
    known = {role.value for role in Role}
    if all(isinstance(role, str) and role in known for role in roles):
        kept = (data.get(sidecar.KEY) or {}) if isinstance(data.get(sidecar.KEY), dict) else {}
        unnamed = set(kept.get("unnamed") or ())
        return Transcript(
            tuple(
                Utterance(Role(role), each.text, None if number in unnamed else each.speaker, each.start, each.end)
                for number, (role, each) in enumerate(zip(roles, segments, strict=True))
            )
        )
    named = [
        Segment(each.text, each.speaker if each.speaker is not None else role, each.start, each.end, each.place)
        for each, role in zip(segments, roles, strict=True)
    ]
    return with_roles(named, options.roles)


class _Region:
    """A region of a result: its value, labels, and what other controls of the same region say of it."""

    __slots__ = ("attributes", "labels", "record", "score", "value")

    def __init__(self, value: Mapping[str, Any], labels: list[str], record: str, score: float) -> None:
        self.value, self.labels, self.record, self.score = value, labels, record, score
        self.attributes: dict[str, str] = {}


def _regions(results: list[dict[str, Any]], place: str, problems: list[Problem]) -> list[_Region]:
    regions: dict[str, _Region] = {}
    for number, each in enumerate(results, start=1):
        kind, value = each.get("type"), each.get("value")
        if kind not in REGIONS or not isinstance(value, dict):
            continue
        name = str(each.get("id", number))
        labels = value.get(kind)
        record = f"{place}, region {name}"
        if not isinstance(labels, list) or not labels:
            problems.append(Problem("no-label", "a region without a label", "label it or delete it", record))
            continue
        score = each.get("score")
        regions[name] = _Region(value, list(map(str, labels)), record, score if isinstance(score, (int, float)) else 1)
    for each in results:
        region = regions.get(str(each.get("id")))
        if region and each.get("type") not in REGIONS and (said := _said(each)) is not None:
            region.attributes[str(each.get("from_name"))] = said
    for each in results:
        labels = each.get("labels")
        if each.get("type") == "relation" and isinstance(labels, list) and any(name in labels for name in RELATIONS):
            ends = [str(each.get("from_id")), str(each.get("to_id"))]
            if each.get("direction") == "left":  # the arrow was turned round
                ends.reverse()
            one, other = (regions.get(end) for end in ends)
            if one and other:
                other.attributes.setdefault("id", ends[1])
                one.attributes["restates"] = other.attributes["id"]
    return list(regions.values())


def _said(result: Mapping[str, Any]) -> str | None:
    """What a control other than labels says of its region: a choice, or a text."""
    value = result.get("value")
    if not isinstance(value, dict):
        return None
    said = value.get(str(result.get("type")), value.get("text"))
    said = said[0] if isinstance(said, list) and said else said
    return said if isinstance(said, str) else None


def _in_text(region: _Region, document: Any, problems: list[Problem]) -> Iterator[Mark]:
    start, end = region.value.get("start"), region.value.get("end")
    if not (isinstance(start, int) and isinstance(end, int)):
        remedy = "label plain text or a dialogue"
        problems.append(Problem("unreadable", "a region without character offsets", remedy, region.record))
        return
    covered = _covered(region)
    points = _points(document.text, document.text, start, end, covered, utf16=False)
    at = document.place(*points) if points else None
    if at is None:
        remedy = "export text and labels together again"
        kind = "ends-before-start" if end <= start else "outside-text"
        problems.append(Problem(kind, "no stretch of the text", remedy, region.record, start))
        return
    for label in region.labels:
        yield Mark(
            label, at.first, at.last, at.start, at.end, region.attributes, covered, region.score, region.record, start
        )


def _in_paragraphs(region: _Region, transcript: Transcript, problems: list[Problem]) -> Iterator[Mark]:
    value = region.value
    try:
        first, last = int(value["start"]), int(value["end"])
        start, end = int(value["startOffset"]), int(value["endOffset"])
    except (KeyError, ValueError, TypeError):
        remedy = "label plain text or a dialogue"
        problems.append(Problem("unreadable", "a region without paragraph offsets", remedy, region.record))
        return
    covered = _covered(region)
    if 0 <= first <= last < len(transcript):
        texts = [each.text for each in transcript.utterances[first : last + 1]]
        points = _points(texts[0], texts[-1], start, end, covered if first == last else None, utf16=True)
        if points is None:
            remedy = "export text and labels together again"
            problems.append(Problem("outside-text", "no stretch of its paragraphs", remedy, region.record, start))
            return
        start, end = points
        # A selection that was dragged over a line's end takes nothing of the paragraph that it ends or begins in.
        while first < last and not transcript.utterances[last].text[:end].strip():
            last -= 1
            end = len(transcript.utterances[last].text)
        while first < last and not transcript.utterances[first].text[start:].strip():
            first, start = first + 1, 0
    for label in region.labels:
        yield Mark(label, first, last, start, end, region.attributes, covered, region.score, region.record, start)


def _covered(region: _Region) -> str | None:
    text = region.value.get("text")
    return text if isinstance(text, str) and text else None


def _points(first: str, last: str, start: int, end: int, covered: str | None, *, utf16: bool) -> tuple[int, int] | None:
    """Offsets in code points: in the tag's own unit, or in the other one where only that gives the words covered."""
    try:
        wide = from_utf16(first, start), from_utf16(last, end)
    except ValueError:
        wide = None
    plain = (start, end)
    own, other = (wide, plain) if utf16 else (plain, wide)
    if own == other or covered is None or first is not last:
        return own
    fits = [
        each for each in (own, other) if each and first[slice(*each)].split() == covered.replace("\\n", " ").split()
    ]
    return fits[0] if fits else own


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Tasks to import: a dialogue for the Paragraphs tag, the marks as annotations, or as predictions if a model's.

    Sessions of one id that follow each other are one task with several annotations.
    """
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.write("[")
        for number, (_, group) in enumerate(groupby(sessions, key=lambda each: (each.id, each.transcript))):
            file.write(",\n" if number else "\n")
            json.dump(_written(list(group), number + 1), file, ensure_ascii=False)
        file.write("\n]\n")


def _written(sessions: list[AnnotatedSession], number: int) -> dict[str, Any]:
    first = sessions[0]
    dialogue, unnamed = [], []
    for index, utterance in enumerate(first.transcript.utterances):
        if utterance.speaker is None:
            unnamed.append(index)
        author = utterance.speaker if utterance.speaker is not None else utterance.role.value.capitalize()
        paragraph: dict[str, Any] = {"author": author, "role": utterance.role.value, "text": utterance.text}
        times = {"start": utterance.start, "end": utterance.end}
        dialogue.append(paragraph | {name: time for name, time in times.items() if time is not None})
    kept = sidecar.session_record(first) | ({"unnamed": unnamed} if unnamed else {})
    annotations, predictions = [], []
    for index, session in enumerate(sessions, start=1):
        result = list(_results(session))
        if session.annotator == MODEL:
            predictions.append({"model_version": MODEL, "result": result})
        else:
            by = _completed_by(session.annotator)
            annotations.append({"id": number * 1000 + index, **by, "was_cancelled": False, "result": result})
    data = {"session_id": first.id, "dialogue": dialogue, sidecar.KEY: kept}
    return {"id": number, "data": data, "annotations": annotations, "predictions": predictions}


def _completed_by(annotator: str | None) -> dict[str, Any]:
    if annotator is None:
        return {}
    if annotator.isascii() and annotator.isdecimal() and str(int(annotator)) == annotator:
        return {"completed_by": int(annotator)}
    # A name that is no address is not looked up on import; it stays beside the annotation.
    return {"completed_by": {"email": annotator}} if "@" in annotator else {"created_username": annotator}


def _results(session: AnnotatedSession) -> Iterator[dict[str, Any]]:
    texts = [each.text for each in session.transcript.utterances]
    for number, mark in enumerate(marked(session).marks, start=1):
        start = mark.start or 0
        end = len(texts[mark.last]) if mark.end is None else mark.end
        value = {
            "start": str(mark.first),
            "end": str(mark.last),
            "startOffset": to_utf16(texts[mark.first], start),
            "endOffset": to_utf16(texts[mark.last], end),
        }
        common = {"id": f"mark{number}", "to_name": "dialogue"}
        words = "\n".join(texts[mark.first : mark.last + 1]) if mark.covered is None else mark.covered
        region = {**value, "text": words, "paragraphlabels": [mark.label]}
        scored = {} if mark.score == 1 else {"score": mark.score}
        yield {**common, "from_name": "label", "type": "paragraphlabels", "value": region, **scored}
        for name, said in mark.attributes.items():
            kind = "textarea" if name in FREE else "choices"
            key = "text" if kind == "textarea" else "choices"
            yield {**common, "from_name": name, "type": kind, "value": {**value, key: [said]}}


FREE = ("id", "restates", "target", "of")
"""Attributes without a list of values: a TextArea in the labelling interface, the others are Choices."""

FORMATS = (AnnotationFormat("label-studio", matches, load, write, suffix=".json", streams=True),)
