"""ELAN annotation files (.eaf): a tier for each speaker, whose annotations are what was said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.markup import descendants, local, parsed, root_is, spaced
from action_recs.readers.turns import interleave

ROOT = "ANNOTATION_DOCUMENT"
CLEARLY_MORE = 2
"""Times more text than any other kind of tier that the speech has, where a participant has several tiers."""


@dataclass(frozen=True, slots=True)
class _Tier:
    speaker: str
    participant: str | None
    kind: str | None
    segments: list[Segment] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(len(segment.text) for segment in self.segments)


def matches(content: Content) -> bool:
    """Whether the content is an ELAN document."""
    return root_is(content, ROOT)


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation, the tiers' annotations in the order of time.

    Independent tiers are read, not those that hang on another (translations, glosses). The speaker is a tier's
    participant, or its name when no tier has one. Where a participant has tiers of several types, the type with by far
    the most text is the speech. A time that was left open in ELAN is the one before it.

    Raises
    ------
    TranscriptError
        With the tier and annotation, when a time is missing, or two tiers could be what one participant says.
    """
    root = parsed(content.data, content.name, "ELAN")
    if any(header.get("TIME_UNITS", "milliseconds") != "milliseconds" for header in descendants(root, "HEADER")):
        raise TranscriptError(
            f"{content.name}: times in frames; save it with a present ELAN, which writes milliseconds"
        )
    skipped: list[str] = []
    times = _times(root, content.name)
    tiers = [
        _tier(element, number, times, content.name, skipped if options.skip else None)
        for number, element in enumerate(descendants(root, "TIER"), start=1)
        if not element.get("PARENT_REF")
    ]
    speech = _speech([tier for tier in tiers if tier.size], content.name)
    yield Conversation(interleave([tier.segments for tier in speech]), skipped=tuple(skipped))


def _times(root: Element, source: str) -> dict[str, float]:
    """Time slot -> seconds."""
    times: dict[str, float] = {}
    known = 0.0
    for number, slot in enumerate(descendants(root, "TIME_SLOT"), start=1):
        if (value := slot.get("TIME_VALUE")) is not None:
            try:
                known = int(value) / 1000
            except (ValueError, OverflowError):
                remedy = "milliseconds are a whole number"
                raise TranscriptError(f"{source}, time slot {number}: no time; {remedy}") from None
        times[slot.get("TIME_SLOT_ID", "")] = known
    return times


def _tier(element: Element, number: int, times: dict[str, float], source: str, skipped: list[str] | None) -> _Tier:
    segments: list[Segment] = []
    participant = spaced(element.get("PARTICIPANT", "")) or None
    speaker = participant or spaced(element.get("TIER_ID", "")) or f"tier {number}"
    aligned = (each for holder in element for each in holder if local(each) == "ALIGNABLE_ANNOTATION")
    for index, annotation in enumerate(aligned, start=1):
        place = f"tier {number}, annotation {index}"
        text = next((value.text or "" for value in annotation if local(value) == "ANNOTATION_VALUE"), "")
        start, end = (times.get(annotation.get(f"TIME_SLOT_REF{which}", "")) for which in (1, 2))
        if start is not None and end is not None:
            segments.append(Segment(spaced(text), speaker, start, end, place))
            continue
        problem = f"{place}: it names a time slot that is not there; save the file again with ELAN"
        if skipped is None:
            raise TranscriptError(f"{source}, {problem}")
        skipped.append(problem)
    segments.sort(key=lambda segment: segment.start or 0.0)
    return _Tier(speaker, participant, element.get("LINGUISTIC_TYPE_REF"), segments)


def _speech(tiers: list[_Tier], source: str) -> list[_Tier]:
    """One tier for each speaker."""
    if any(tier.participant for tier in tiers):
        tiers = [tier for tier in tiers if tier.participant]
    if max(Counter(tier.speaker for tier in tiers).values(), default=0) > 1:
        sizes: dict[str | None, int] = defaultdict(int)
        for tier in tiers:
            sizes[tier.kind] += tier.size
        most, *others = sorted(sizes, key=lambda kind: -sizes[kind])
        if not others or sizes[most] > CLEARLY_MORE * sizes[others[0]]:
            tiers = [tier for tier in tiers if tier.kind == most]
    if max(Counter(tier.speaker for tier in tiers).values(), default=0) > 1:
        remedy = "give each the participant or name of its own, and leave out those that are not speech"
        raise TranscriptError(f"{source}: two tiers of one speaker; {remedy}")
    return tiers


FORMATS = (Format("elan", matches, read, pieces=True),)
