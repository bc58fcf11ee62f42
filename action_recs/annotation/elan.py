"""ELAN annotation files (.eaf): speech on tiers of speakers, marks on tiers of labels, both in time.

A tier is of labels when its name or linguistic type is one ("recommendation", "review@Ann"), or when most of what
stands on it is. All other independent tiers are speech, an annotation an utterance. A mark is on the utterances that
it covers in time, at least by half. Who marked is the tier's annotator, or stands behind an @ in its name.

What we write says more in the mark's value ("casual | category: monitor | characters: 10-27"), and in the properties of
the header what is known of the session, so that it comes back as it was.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import one_line
from action_recs.annotation.formats import EVERYTHING, AnnotationFormat, LoadOptions
from action_recs.annotation.marks import Mark, MarkedSession, marked
from action_recs.annotation.placing import ATTRIBUTES, as_score, check_xml, facts_of, file_name, with_facts, xml_text
from action_recs.annotation.problems import Problem
from action_recs.annotation.schema import Schema
from action_recs.annotation.speakers import with_roles
from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Segment
from action_recs.readers.elan import ROOT
from action_recs.readers.formats import Content
from action_recs.readers.markup import descendants, local, parsed, root_is
from action_recs.transcript import Role, Transcript, Utterance

OURS = "action_recs "
"""How the names of the header's properties begin that we write."""

INVENTED = f"{OURS}invented times"
ROLE_OF = f"{OURS}role of "
IDENTITY = f"{OURS}session"
FACT = f"{OURS}fact "
BAR = " | "
HALF = 0.5
DIGITS = 12
"""The most of a number in a file: of milliseconds, thirty years."""

STEP = 2000
"""Milliseconds that an utterance takes when no times are known."""

CHARACTERS, UTTERANCES, SCORE = "characters", "utterances", "score"


def matches(content: Content) -> bool:
    """Whether the content is an ELAN document."""
    return root_is(content, ROOT)


def load(content: Content, options: LoadOptions) -> Iterator[MarkedSession | Problem]:
    """One session for everyone who has a tier of labels.

    Raises
    ------
    TranscriptError
        When it is no whole XML, or the roles of the speakers are not known.
    """
    root = parsed(content.data, content.name, "ELAN")
    properties = {each.get("NAME", ""): each.text or "" for each in descendants(root, "PROPERTY")}
    slots = _slots(root)
    annotations = {each.get("ANNOTATION_ID", ""): each for each in root.iter() if each.get("ANNOTATION_ID")}
    tiers = [
        tier
        for element in descendants(root, "TIER")
        if (tier := _tier(element, tuple(_entries(element, slots, annotations)), options.schema))
    ]
    speech = [tier for tier in tiers if tier.label is None]
    identity = properties.get(IDENTITY) or content.stem or content.name
    transcript, times = _transcript(speech, properties, options, identity)
    by_annotator: dict[str | None, list[Mark | Problem]] = defaultdict(list)
    for tier in tiers:
        if tier.label is not None:
            by_annotator[tier.annotator].extend(_marks(tier, transcript, times, options.schema))
    facts = {name.removeprefix(FACT): value for name, value in properties.items() if name.startswith(FACT)}
    for who, found in (by_annotator or {None: []}).items():
        session = MarkedSession(
            identity,
            transcript,
            tuple(each for each in found if isinstance(each, Mark)),
            who,
            record=f"tiers of {who}" if who else "",
            problems=tuple(each for each in found if isinstance(each, Problem)),
        )
        yield with_facts(session, facts)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An annotation: milliseconds, what it says, and its id for messages."""

    start: int
    end: int
    value: str = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class _Tier:
    """A tier: of labels when ``label`` is not None; "" when each annotation says its label itself."""

    name: str
    speaker: str
    label: str | None
    annotator: str | None
    entries: tuple[_Entry, ...] = field(repr=False)


def _tier(element: ET.Element, entries: tuple[_Entry, ...], schema: Schema) -> _Tier | None:
    """The tier, or None for one that hangs on another and is of no labels: translations, glosses."""
    name = element.get("TIER_ID", "")
    stem, _, behind = name.partition("@")
    label = next((each for each in (stem, element.get("LINGUISTIC_TYPE_REF", "")) if schema.meaning(each)), None)
    if label is None and entries:
        known = sum(schema.meaning(entry.value.partition(BAR)[0]) is not None for entry in entries)
        label = "" if known > len(entries) / 2 else None
    if label is None and element.get("PARENT_REF"):
        return None
    who = element.get("ANNOTATOR") or behind or None
    return _Tier(name, element.get("PARTICIPANT") or name, label, who if label is not None else None, entries)


def _entries(tier: ET.Element, slots: Mapping[str, int], annotations: Mapping[str, ET.Element]) -> Iterator[_Entry]:
    """The tier's annotations; one that refers to another has its times."""
    for holder in descendants(tier, "ANNOTATION"):
        for annotation in holder:
            value = next((each.text or "" for each in annotation if local(each) == "ANNOTATION_VALUE"), "")
            name = annotation.get("ANNOTATION_ID", "")
            aligned, seen = annotation, {name}
            while (parent := aligned.get("ANNOTATION_REF")) in annotations and parent not in seen:
                seen.add(str(parent))
                aligned = annotations[str(parent)]
            ends = [slots.get(aligned.get(f"TIME_SLOT_REF{which}", "")) for which in (1, 2)]
            if ends[0] is None or ends[1] is None:
                raise TranscriptError(
                    f"annotation {name}: it names a time slot that is not there; save the file again with ELAN"
                )
            yield _Entry(ends[0], ends[1], value, name)


def _slots(root: ET.Element) -> dict[str, int]:
    """Time slot -> milliseconds; one that was left open in ELAN is the one before it."""
    found: dict[str, int] = {}
    known = 0
    for slot in descendants(root, "TIME_SLOT"):
        value = slot.get("TIME_VALUE", "")
        known = int(value) if value.isdecimal() and len(value) <= DIGITS else known
        found[slot.get("TIME_SLOT_ID", "")] = known
    return found


def _transcript(
    speech: list[_Tier], properties: Mapping[str, str], options: LoadOptions, identity: str
) -> tuple[Transcript, list[tuple[int, int]]]:
    """The utterances in the order of time, and when each was said in milliseconds."""
    roles: dict[str, Role | str] = dict(options.roles)
    for tier in speech:
        if told := properties.get(f"{ROLE_OF}{tier.name}"):
            roles.setdefault(tier.speaker, told)
    said = sorted(((entry, tier) for tier in speech for entry in tier.entries), key=lambda pair: pair[0].start)
    invented = {int(each) for each in properties.get(INVENTED, "").split() if each.isdecimal() and len(each) <= DIGITS}
    segments = [
        Segment(entry.value, tier.speaker, entry.start / 1000, entry.end / 1000, f"annotation {entry.name}")
        for entry, tier in said
    ]
    transcript = with_roles(segments, roles, session_id=identity)
    utterances = tuple(
        Utterance(each.role, each.text, each.speaker) if index in invented else each
        for index, each in enumerate(transcript.utterances)
    )
    return replace(transcript, utterances=utterances), [(entry.start, entry.end) for entry, _ in said]


def _marks(
    tier: _Tier, transcript: Transcript, times: list[tuple[int, int]], schema: Schema
) -> Iterator[Mark | Problem]:
    for entry in tier.entries:
        record = f"tier {tier.name!r}, annotation {entry.name}"
        head, *parts = entry.value.split(BAR)
        said = dict(pair for part in parts if len(pair := part.split(": ", 1)) == 2)
        label = _label(tier.label or "", head.strip(), schema)
        span, run = _pair(said.get(CHARACTERS)), _pair(said.get(UTTERANCES))
        if run is None or not run[0] <= run[1] < len(times):
            span = run = None
        elif (entry.start, entry.end) != _time(transcript, times, run, span):
            span = run = None  # somebody moved it since it was written: its place in time is what is meant
        covered = [index for index, each in enumerate(times) if _covers(entry, *each)]
        if run is None and not covered:
            remedy = "draw it over the speech that it is about"
            yield Problem("outside-text", "a mark over no utterance", remedy, record, entry.start)
            continue
        first, last = run or (covered[0], covered[-1])
        yield Mark(
            label=label,
            first=first,
            last=last,
            start=span[0] if span else None,
            end=span[1] if span else None,
            attributes={name: value for name, value in said.items() if name in ATTRIBUTES},
            score=as_score(said.get(SCORE, "1")),
            record=record,
            offset=entry.start,
        )


def _label(tier: str, value: str, schema: Schema) -> str:
    """The label that a value on a tier stands for: it refines the tier's ("casual"), or is a note of the annotator."""
    if not tier:
        return value
    refined = f"{tier}:{value}"
    return refined if value and schema.meaning(refined) else tier


def _covers(entry: _Entry, start: int, end: int) -> bool:
    """Whether a mark lies over at least half of an utterance, or has at least half of itself in it."""
    shared = min(entry.end, end) - max(entry.start, start)
    shorter = min(end - start, entry.end - entry.start)
    return shared > 0 and shared >= HALF * shorter


def _pair(text: str | None) -> tuple[int, int] | None:
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text or "")
    return (int(found[1]), int(found[2])) if found else None


def write(sessions: Iterable[AnnotatedSession], path: Path) -> None:
    """Write a file for each session, with tiers for each annotator.

    Raises
    ------
    AnnotationError
        When a text holds characters that XML cannot.
    """
    versions: dict[str, list[AnnotatedSession]] = defaultdict(list)
    for session in sessions:
        check_xml(session)
        versions[session.id].append(session)
    for identity, marked_by in versions.items():
        name = file_name(identity)
        while (path / f"{name}.eaf").exists():
            name += "_"
        ET.ElementTree(_document(marked_by)).write(path / f"{name}.eaf", encoding="UTF-8", xml_declaration=True)


def _document(versions: list[AnnotatedSession]) -> ET.Element:
    transcript = versions[0].transcript
    root = ET.Element(ROOT, {"AUTHOR": "action_recs", "DATE": datetime.now(UTC).isoformat(timespec="seconds")})
    root.attrib |= {
        "FORMAT": "3.0",
        "VERSION": "3.0",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
    }
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    times, invented = _milliseconds(transcript)
    order = _Order(ET.SubElement(root, "TIME_ORDER"))
    properties = {IDENTITY: versions[0].id, INVENTED: " ".join(map(str, invented))}
    tiers: dict[tuple[str, Role], ET.Element] = {}
    for utterance, (start, end) in zip(transcript.utterances, times, strict=True):
        speaker = utterance.speaker or utterance.role.value.capitalize()
        if (tier := tiers.get((speaker, utterance.role))) is None:
            taken = {each.get("TIER_ID") for each in tiers.values()}
            name = xml_text(speaker).replace("@", " ")
            while name in taken:
                name += "_"
            tier = ET.SubElement(root, "TIER", {"TIER_ID": name, "PARTICIPANT": xml_text(speaker)})
            tier.set("LINGUISTIC_TYPE_REF", "speech")
            tiers[speaker, utterance.role] = tier
            properties[f"{ROLE_OF}{name}"] = utterance.role.value
        order.annotate(tier, start, end, one_line(utterance.text))
    for session in versions:
        properties |= {f"{FACT}{name}": value for name, value in facts_of(session).items()}
        _write_marks(root, session, times, order)
    for name, value in properties.items():
        if value:
            ET.SubElement(header, "PROPERTY", {"NAME": xml_text(name)}).text = xml_text(value)
    order.element[:] = sorted(order.element, key=lambda slot: int(slot.get("TIME_VALUE", "0")))
    for kind in ("speech", "recommendation", "review"):
        about = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": kind, "TIME_ALIGNABLE": "true"}
        ET.SubElement(root, "LINGUISTIC_TYPE", about)
    return root


@dataclass(slots=True)
class _Order:
    """The document's time slots and annotations, numbered as they are made."""

    element: ET.Element
    slots: int = 0
    annotations: int = 0

    def annotate(self, tier: ET.Element, start: int, end: int, value: str) -> None:
        refs = {}
        for which, time in ((1, start), (2, end)):
            self.slots += 1
            ET.SubElement(self.element, "TIME_SLOT", {"TIME_SLOT_ID": f"ts{self.slots}", "TIME_VALUE": str(time)})
            refs[f"TIME_SLOT_REF{which}"] = f"ts{self.slots}"
        self.annotations += 1
        holder = ET.SubElement(tier, "ANNOTATION")
        made = ET.SubElement(holder, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{self.annotations}", **refs})
        ET.SubElement(made, "ANNOTATION_VALUE").text = value


def _write_marks(root: ET.Element, session: AnnotatedSession, times: list[tuple[int, int]], order: _Order) -> None:
    """A tier for each label, also when nothing is on it: that the annotator looked and found nothing is said so."""
    who = session.annotator
    tiers = {}
    for label in ("recommendation", "review"):
        name = f"{label}@{xml_text(who)}" if who else label
        tiers[label] = ET.SubElement(root, "TIER", {"TIER_ID": name, "LINGUISTIC_TYPE_REF": label})
        if who:
            tiers[label].set("ANNOTATOR", xml_text(who))
    for mark in marked(session).marks:
        said = dict(mark.attributes)
        parts = [said.pop("form", mark.label), *(f"{name}: {one_line(value)}" for name, value in said.items())]
        span = None if mark.start is None or mark.end is None else (mark.start, mark.end)
        if span:
            parts.append(f"{CHARACTERS}: {span[0]}-{span[1]}")
        parts.append(f"{UTTERANCES}: {mark.first}-{mark.last}")
        if mark.score != 1:
            parts.append(f"{SCORE}: {mark.score!r}")
        start, end = _time(session.transcript, times, (mark.first, mark.last), span)
        order.annotate(tiers[mark.label], start, end, xml_text(BAR.join(parts)))


def _time(
    transcript: Transcript, times: list[tuple[int, int]], run: tuple[int, int], span: tuple[int, int] | None
) -> tuple[int, int]:
    """When a mark is written to be: its utterances' time, or the words' part of it, as if all letters took the same."""
    start, end = times[run[0]][0], times[run[1]][1]
    if span is None:
        return start, end
    length = max(len(transcript.utterances[run[0]].text), 1)
    return start + span[0] * (end - start) // length, start + max(span[1] * (end - start) // length, 1)


def _milliseconds(transcript: Transcript) -> tuple[list[tuple[int, int]], list[int]]:
    """When each utterance is said, ascending; and those without a time of their own, for which one is invented."""
    step = 1 if any(each.start is not None for each in transcript.utterances) else STEP
    times: list[tuple[int, int]] = []
    invented = []
    latest = -step
    for index, utterance in enumerate(transcript.utterances):
        start = None if utterance.start is None else round(utterance.start * 1000)
        end = None if utterance.end is None else round(utterance.end * 1000)
        if start is None or end is None or start <= latest or end <= start:
            invented.append(index)
            start, end = latest + step, latest + 2 * step
        times.append((start, end))
        latest = start
    return times, invented


FORMATS = (AnnotationFormat("elan", matches, load, write, suffix="", folder=True, holds=EVERYTHING - {"line_ends"}),)
