"""A session as one text, for tools that annotate documents: a line an utterance, opened by its speaker.

    Therapist: Maybe go back to cooking this week.
    Client: Okay.

Every utterance is a piece of the text as it stands, so that places in the text and in the utterances are each other's.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from action_recs.annotation.speakers import with_roles
from action_recs.readers.conversation import Segment
from action_recs.readers.labels import Labels, Line
from action_recs.role_labels import role_of_label
from action_recs.transcript import Role, Transcript, label_key

LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch lies: utterances ``first`` to ``last``, from ``start`` in the one to ``end`` in the other.

    ``start`` and ``end`` are code points of the utterances' texts. They lie outside of them where the stretch begins in
    a speaker's label (``start`` is negative) or ends behind the text (``end`` is greater than its length).
    """

    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A text and the utterances in it.

    Attributes
    ----------
    text : str
    transcript : Transcript
    starts : tuple of int
        Where each utterance's text begins in the document, in code points.
    opens : tuple of int
        Where each utterance's line begins, with the speaker's label.
    """

    text: str = field(repr=False)
    transcript: Transcript
    starts: tuple[int, ...] = field(repr=False)
    opens: tuple[int, ...] = field(repr=False)

    def place(self, start: int, end: int) -> Place | None:
        """Where code points ``start`` to ``end`` (exclusive) of the text lie; None when that is no stretch of it.

        Blanks and line ends at its ends belong to no utterance of their own: a mark that takes in the line end before
        or after it is not one of two utterances.
        """
        if not 0 <= start < end <= len(self.text):
            return None
        inner_start, inner_end = start, end
        while inner_start < inner_end and self.text[inner_start].isspace():
            inner_start += 1
        while inner_end > inner_start and self.text[inner_end - 1].isspace():
            inner_end -= 1
        if inner_start == inner_end:
            inner_start, inner_end = start, start + 1
        first = max(bisect_right(self.opens, inner_start) - 1, 0)
        last = max(bisect_right(self.opens, inner_end - 1) - 1, first)
        return Place(first, last, start - self.starts[first], end - self.starts[last])

    def stretch(self, first: int, last: int, start: int | None = None, end: int | None = None) -> tuple[int, int]:
        """Where a mark lies in the text; one of whole utterances takes in the speakers' labels."""
        if start is None or end is None:
            return self.opens[first], self.starts[last] + len(self.transcript.utterances[last].text)
        return self.starts[first] + start, self.starts[last] + end


def lay_out(transcript: Transcript) -> Document:
    """Write a session as a document that can be read again. Line ends inside an utterance become blanks.

    The speaker's label opens the line where it says the role by itself, otherwise the role does: only then are the
    roles known to whoever reads the text.
    """
    one_lined = tuple(replace(each, text=one_line(each.text)) for each in transcript.utterances)
    return exact_document(replace(transcript, utterances=one_lined))


def exact_document(transcript: Transcript) -> Document:
    """Write a session as a document, every text as it is: for forms that keep beside it where utterances begin."""
    lines: list[str] = []
    starts: list[int] = []
    opens: list[int] = []
    position = 0
    for utterance in transcript.utterances:
        label = shown_speaker(utterance.speaker, utterance.role)
        opens.append(position)
        starts.append(position + len(label) + 2)
        lines.append(f"{label}: {utterance.text}\n")
        position += len(lines[-1])
    return Document("".join(lines), transcript, tuple(starts), tuple(opens))


def shown_speaker(speaker: str | None, role: Role) -> str:
    """What stands before an utterance: the speaker's label if it is one that says this role, or the role."""
    fits = speaker is not None and re.fullmatch(r"\w[^:\n\r\[\]()]*", speaker) and speaker == speaker.strip()
    return speaker if speaker is not None and fits and role_of_label(speaker) is role else role.value.capitalize()


def one_line(text: str) -> str:
    """The text with every character that some program takes for a line end as a blank; its length does not change."""
    return re.sub(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text)


def read_document(
    text: str, roles: Mapping[str, Role | str] | None = None, *, session_id: str | None = None
) -> Document:
    """Find the utterances of a text: a line that opens with a speaker's label, and the lines that go on with it.

    Raises
    ------
    TranscriptError
        When a speaker's role is not known.
    """
    lines = list(_lines(text))
    labels = Labels([line for line, _, _ in lines], frozenset(label_key(name) for name in roles or {}))
    turns: list[tuple[str | None, int, int, int, str]] = []  # speaker, line's begin, text's begin, end, place
    for line, begin, end in lines:
        if opened := labels.opened(line):
            turns.append((opened.label, begin, _after_label(text, begin, end, opened.label), end, line.place))
        elif turns and turns[0][0] is not None:
            speaker, first, start, _, place = turns[-1]
            turns[-1] = (speaker, first, start, end, place)
        else:
            turns.append((None, begin, begin, end, line.place))
    segments = [Segment(text[start:end], speaker, place=place) for speaker, _, start, end, place in turns]
    transcript = with_roles(segments, roles, session_id=session_id)
    return Document(text, transcript, tuple(turn[2] for turn in turns), tuple(turn[1] for turn in turns))


def spans_document(text: str, transcript: Transcript, starts: tuple[int, ...]) -> Document:
    """A document whose utterances are known, as where a tool keeps what we wrote beside the text."""
    opens = tuple(text.rfind("\n", 0, start) + 1 for start in starts)
    return Document(text, transcript, starts, opens)


def _lines(text: str) -> Iterator[tuple[Line, int, int]]:
    """The lines that are not blank, with where they begin and end."""
    position = 0
    ends = [(each.start(), each.end()) for each in LINE_END.finditer(text)]
    for number, (end, following) in enumerate([*ends, (len(text), len(text))], start=1):
        if text[position:end].strip():
            yield Line(f"line {number}", text[position:end]), position, end
        position = following


def _after_label(text: str, begin: int, end: int, label: str) -> int:
    """Where the speech begins: behind the colon after the label, and one blank."""
    colon = text.index(":", text.index(label, begin, end) + len(label), end) + 1
    return colon + (text[colon : colon + 1] in (" ", "\t"))
