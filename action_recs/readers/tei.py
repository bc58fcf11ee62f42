"""TEI transcriptions of speech: <u who=...> elements, with ISO 24624's annotation blocks and timeline or without."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from action_recs.errors import TranscriptError
from action_recs.readers.cells import as_seconds
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.markup import XML_ID, descendants, local, outermost, parsed, root_is, spaced

UNSAID_NAMES = """pause incident kinesic vocal desc note gap shift writing spanGrp span fs interp anchor media
reg corr expan"""
UNSAID = frozenset(UNSAID_NAMES.split())
"""Elements that are not speech, or another form of the word beside them: its correction, its spelling out."""
UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
ATTACHED = re.compile(r"\s+([,.?!;:…)\]”]|['’](?:s|m|d|re|ve|ll)\b|n['’]t\b)")
"""What stands right behind the word before it, where every word is an element."""


def matches(content: Content) -> bool:
    """Whether the content is a TEI document."""
    return root_is(content, "TEI", r"TEI\.2", "teiCorpus")


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation; of a corpus, each text's.

    The speaker is the person's name in the header, or otherwise the id. Times come from the timeline.

    Raises
    ------
    TranscriptError
        With the number of the utterance, when it refers to a time that is not there, or nobody speaks.
    """
    root = parsed(content.data, content.name, "TEI")
    texts = list(outermost(root, "TEI")) if local(root) == "teiCorpus" else [root]
    for number, text in enumerate(texts, start=1):
        name = content.name if len(texts) == 1 else f"{content.name}, text {number}"
        conversation = _conversation(text, name, options)
        if len(texts) > 1:
            session_id = text.get(XML_ID) or text.get("id") or f"{content.stem}-{number}"
            conversation = replace(conversation, session_id=session_id)
        yield conversation


def _conversation(text: Element, source: str, options: Options) -> Conversation:
    people, times = _people(text), _times(text)
    segments: list[Segment] = []
    skipped: list[str] = []
    for number, (utterance, around) in enumerate(_utterances(text), start=1):
        place = f"utterance {number}"
        try:
            start, end = (_time(around.get(which), times) for which in ("start", "end"))
        except TranscriptError as error:
            if not options.skip:
                raise TranscriptError(f"{source}, {place}: {error}") from None
            skipped.append(f"{place}: {error}")
            continue
        anchors = [times.get(_id(each.get("synch"))) for each in descendants(utterance, "anchor")]
        known = [time for time in anchors if time is not None]
        who = _id(around.get("who"))
        segments.append(
            Segment(
                _words(utterance),
                people.get(who, who) or None,
                start if start is not None or not known else known[0],
                end if end is not None or len(known) < 2 else known[-1],
                place,
            )
        )
    if not segments and not skipped:
        remedy = "a TEI transcription has <u> elements; is it a written text?"
        raise TranscriptError(f"{source}: nobody speaks in it; {remedy}")
    date = next((each.get("when") for part in outermost(text, "setting") for each in descendants(part, "date")), None)
    return Conversation(tuple(segments), date=date, skipped=tuple(skipped))


def _utterances(text: Element) -> Iterator[tuple[Element, dict[str, str]]]:
    """Each <u>, with its attributes and those of the annotation block around it."""
    waiting: list[tuple[Element, dict[str, str]]] = [(text, {})]
    while waiting:
        element, around = waiting.pop()
        if local(element) == "u":
            yield element, {**around, **element.attrib}
            continue
        if local(element) == "annotationBlock":
            around = element.attrib
        waiting.extend((child, around) for child in reversed(element))


def _words(utterance: Element) -> str:
    """What is said: word by word where words are marked, otherwise the text."""
    parts: list[str] = []
    waiting: list[Element | str] = [utterance]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            parts.append(one)
        elif (name := local(one)) and name not in UNSAID:
            parts.append(" " if name in ("w", "seg") else "")
            inside = [one.text or "", *(piece for child in one for piece in (child, child.tail or ""))]
            waiting.extend(reversed(inside))
    text = spaced("".join(parts))
    return ATTACHED.sub(r"\1", text) if next(descendants(utterance, "w"), None) is not None else text


def _people(text: Element) -> dict[str, str]:
    """Id -> name."""
    people = {}
    for person in outermost(text, "person"):
        names = [each for each in person if local(each) in ("persName", "name")]
        name = spaced(" ".join(names[0].itertext())) if names else ""
        people[person.get(XML_ID) or person.get("id") or ""] = name
    return {who: name for who, name in people.items() if who and name}


def _times(text: Element) -> dict[str, float | None]:
    """Id of a point in time -> seconds from the first of its timeline, None when nobody knows."""
    times: dict[str, float | None] = {}
    for timeline in outermost(text, "timeline"):
        steps = _steps(timeline)
        for name in steps:
            chain: dict[str, None] = {}
            at: str | None = name
            while at in steps and at not in times and at not in chain:
                chain[at] = None
                at = steps[at][0]
            time = 0.0 if at is None else times.get(at)
            for each in reversed(chain):
                step = steps[each][1]
                time = times[each] = None if time is None or step is None else round(time + step, 6)
    return times


def _steps(timeline: Element) -> dict[str, tuple[str | None, float | None]]:
    """Id of a point -> the point from which its time counts (None: the beginning), and how long after."""
    unit = UNITS.get(timeline.get("unit", "s"), 1.0)
    steps: dict[str, tuple[str | None, float | None]] = {}
    before = None
    origin = None
    for when in descendants(timeline, "when"):
        name = _id(when.get(XML_ID) or when.get("id"))
        absolute, interval = _known(when.get("absolute")), _known(when.get("interval"))
        if before is None:
            origin = absolute
            steps[name] = (None, 0.0 if interval is None else interval * unit)
        elif interval is not None and interval >= 0:
            steps[name] = (_id(when.get("since")) or before, interval * unit)
        else:
            steps[name] = (None, None if absolute is None or origin is None else absolute - origin)
        before = name
    return steps


def _known(written: str | None) -> float | None:
    try:
        return as_seconds(written)
    except TranscriptError:  # a date and time, or a duration that is unknown
        return None


def _time(written: str | None, times: dict[str, float | None]) -> float | None:
    """The time of an utterance's edge: a point of the timeline, or, in older texts, the time itself."""
    if written is None:
        return None
    if _id(written) in times:
        return times[_id(written)]
    try:
        return as_seconds(written)
    except TranscriptError:
        raise TranscriptError("it refers to a time that is not in the timeline; export it again") from None


def _id(reference: str | None) -> str:
    return (reference or "").strip().removeprefix("#")


FORMATS = (Format("tei", matches, read),)
