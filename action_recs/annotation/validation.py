"""Marks under the schema's constraints: every violation with its place, and, when asked for, the repair of some.

A session with a violation is not delivered. Repairs are those that change no decision of the annotator: a blank at the
end of a span is left out, a letter that was missed is taken in, a mark made twice is counted once. Each is told.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.marks import Mark, MarkedSession
from action_recs.annotation.problems import Change, Problem
from action_recs.errors import AnnotationError
from action_recs.session import Form
from action_recs.transcript import Role, Utterance

if TYPE_CHECKING:
    from action_recs.annotation.schema import LabelSchema, Schema

Spread = tuple[Mark, "LabelSchema"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a session: itself, when nothing is wrong with it, and what is wrong or was changed."""

    session: AnnotatedSession | None
    problems: tuple[Problem, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(slots=True)
class _Findings:
    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def wrong(self, mark: Mark, kind: str, what: str, remedy: str) -> None:
        self.problems.append(Problem(kind, _of(mark) + what, remedy, mark.record, mark.offset))

    def changed(self, mark: Mark, what: str) -> None:
        self.changes.append(Change(_of(mark) + what, mark.record, mark.offset))


def check_session(marked: MarkedSession, schema: Schema, *, fix: bool = False) -> Checked:
    """Map a session's marks to the schema and hold them against it.

    Parameters
    ----------
    marked : MarkedSession
    schema : Schema
    fix : bool
        Repair what can be repaired without a decision, and list it.

    Returns
    -------
    Checked
        Without a session when anything is wrong.
    """
    found = _Findings(problems=list(marked.problems))
    utterances = marked.transcript.utterances
    if not utterances:
        found.problems.append(
            Problem("empty", "a session without utterances", "leave it out, or export it again", marked.record)
        )
    sound: list[Mark] = []
    for given in marked.marks:
        if (mark := _in_the_schema(given, schema, found)) is None:
            continue
        unit = schema.labels[mark.label].unit
        if not _inside(mark, utterances, found):
            continue
        if unit == "run":
            sound.append(replace(mark, start=None, end=None))
        elif (span := _span(mark, utterances, found, fix=fix)) is not None:
            sound.append(_constrained(span, schema.labels[mark.label], utterances, found, fix=fix))
    sound = _once(sound, found, fix=fix)
    for label, rules in schema.labels.items():
        if "no_overlap" in rules.constraints:
            _apart([mark for mark in sound if mark.label == label], found)
    _ids(sound, found)
    if found.problems:
        return Checked(None, tuple(found.problems), tuple(found.changes))
    try:
        return Checked(_annotated(marked, sound), changes=tuple(found.changes))
    except AnnotationError as error:  # a constraint of the type that the schema does not state
        problem = Problem("constraint", str(error), "correct the marks", marked.record)
        return Checked(None, (problem,), tuple(found.changes))


class AcrossSessions:
    """What must hold between sessions: ids are unique for an annotator, and all annotators saw the same text.

    Of each session a number an utterance is kept, so that tens of thousands fit in memory.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str | None], str] = {}
        self._texts: dict[str, tuple[array[int], str]] = {}

    def check(self, session: MarkedSession, file: str) -> Iterator[Problem]:
        """What is wrong between this session and those before it."""
        here = ", ".join(place for place in (file, session.record) if place)
        key = (session.id, session.annotator)
        if key in self._seen:
            by = f" by annotator {session.annotator}" if session.annotator else ""
            what = f"session {session.id}{by} is there twice, first in {self._seen[key]}"
            yield Problem("duplicate-id", what, "give each its own id, or leave one out", session.record, file=file)
        self._seen.setdefault(key, here)
        texts = array("q", (hash((each.role, each.text)) for each in session.transcript.utterances))
        if session.id not in self._texts:
            self._texts[session.id] = (texts, here)
            return
        first, where = self._texts[session.id]
        if first != texts:
            differs = next((index for index, (a, b) in enumerate(zip(first, texts, strict=False)) if a != b), None)
            at = min(len(first), len(texts)) if differs is None else differs
            what = f"session {session.id} has another text or role than in {where}, from utterance {at} on"
            remedy = "annotators of one session mark one text: export both from the same source"
            yield Problem("text-differs", what, remedy, session.record, file=file)


def _in_the_schema(mark: Mark, schema: Schema, found: _Findings) -> Mark | None:
    """The mark with our label and attributes, or None when it is none of ours."""
    meaning = schema.meaning(mark.label)
    if meaning is None:
        if schema.extra == "refuse":
            known = ", ".join(schema.labels)
            remedy = f"map it to one of {known}, or drop such labels"
            found.wrong(mark, "outside-schema", f"the label {mark.label[:40]!r} is not in the schema", remedy)
        return None
    allowed = schema.labels[meaning.label].attributes
    attributes = {name: rules.default for name, rules in allowed.items() if rules.default is not None}
    attributes |= meaning.attributes
    for theirs, value in mark.attributes.items():
        name, value = schema.attribute(theirs, value)
        if name not in allowed:
            if schema.extra == "refuse":
                remedy = f"map it to one of {', '.join(allowed)}, or drop what is unknown"
                found.wrong(mark, "outside-schema", f"the attribute {name[:40]!r} is not in the schema", remedy)
        elif (values := allowed[name].values) and value not in values:
            remedy = f"it is one of {', '.join(values)}"
            found.wrong(mark, "outside-schema", f"an unknown value of {name}", remedy)
        else:
            attributes[name] = value
    return replace(mark, label=meaning.label, attributes=attributes)


def _inside(mark: Mark, utterances: tuple[Utterance, ...], found: _Findings) -> bool:
    if mark.last < mark.first:
        found.wrong(mark, "ends-before-start", f"ends at utterance {mark.last}, before it starts", "mark it again")
        return False
    if mark.first < 0 or mark.last >= len(utterances):
        what = f"reaches outside of the session's {len(utterances)} utterances"
        found.wrong(mark, "outside-text", what, "export text and marks together again")
        return False
    return True


def _span(mark: Mark, utterances: tuple[Utterance, ...], found: _Findings, *, fix: bool) -> Mark | None:
    """A mark of characters of one utterance, or None with what is wrong with it."""
    if mark.first != mark.last:
        what = f"goes on to utterance {mark.last}"
        found.wrong(mark, "crosses-utterances", what, "mark one utterance at a time; each part is a mark of its own")
        return None
    text = utterances[mark.first].text
    if mark.start is None or mark.end is None:
        whole = text.strip()
        if not whole:
            found.wrong(mark, "empty", "marks an utterance without words", "mark the one that says it")
            return None
        start = text.index(whole)
        return replace(mark, start=start, end=start + len(whole))
    start, end = mark.start, mark.end
    if end <= start:
        found.wrong(mark, "ends-before-start", "is empty or ends before it starts", "mark it again")
        return None
    if start < 0 or end > len(text):
        inner = (max(start, 0), min(end, len(text)))
        if not fix or inner[1] <= inner[0]:
            what = (
                "begins in the speaker's label" if start < 0 else f"reaches past the {len(text)} characters of the text"
            )
            found.wrong(mark, "outside-text", what, "mark words of the utterance only (--fix leaves the rest out)")
            return None
        found.changed(mark, f"cut down to the utterance's text, characters {inner[0]} to {inner[1]}")
        return replace(mark, start=inner[0], end=inner[1], covered=None)
    if mark.covered is not None and _words(mark.covered) != _words(text[start:end]):
        remedy = "text and marks are of different versions, or offsets are in another unit: export both again"
        found.wrong(mark, "text-differs", "the words that it is said to cover are not those at its place", remedy)
        return None
    return mark


def _constrained(
    mark: Mark, rules: LabelSchema, utterances: tuple[Utterance, ...], found: _Findings, *, fix: bool
) -> Mark:
    """The mark after every constraint on a span alone: repaired, or with what is wrong told."""
    for constraint in rules.constraints:
        if constraint in SPAN_CONSTRAINTS:
            mark = SPAN_CONSTRAINTS[constraint](mark, utterances[mark.first], found, fix)
    return mark


def _therapist_speaks(mark: Mark, utterance: Utterance, found: _Findings, fix: bool) -> Mark:  # noqa: ARG001
    if utterance.role is not Role.THERAPIST:
        remedy = "only the therapist's words are marked; check the label, or the roles of the speakers"
        found.wrong(mark, "not-the-therapist", f"in an utterance of the {utterance.role.value}", remedy)
    return mark


def _no_blank_at_ends(mark: Mark, utterance: Utterance, found: _Findings, fix: bool) -> Mark:
    start, end = _ends(mark)
    text = utterance.text[start:end]
    if text == text.strip():
        return mark
    if not text.strip():
        found.wrong(mark, "blank-at-end", "marks blanks only", "mark words")
        return mark
    inner = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    if not fix:
        found.wrong(mark, "blank-at-end", "begins or ends with a blank", "leave it out (--fix does)")
        return mark
    found.changed(mark, f"blanks at the ends left out, characters {inner[0]} to {inner[1]}")
    return replace(mark, start=inner[0], end=inner[1], covered=None)


def _whole_words(mark: Mark, utterance: Utterance, found: _Findings, fix: bool) -> Mark:
    """No end lies one letter inside a word: the slip of a hand. Ends further inside are taken for meant."""
    start, end = _ends(mark)
    text = utterance.text
    cut_start = start > 0 and _letters(text[start - 1 : start + 1]) and not _letter(text[start - 2 : start - 1])
    cut_end = end < len(text) and _letters(text[end - 1 : end + 1]) and not _letter(text[end + 1 : end + 2])
    if not (cut_start or cut_end):
        return mark
    whole = start - int(cut_start), end + int(cut_end)
    if not fix:
        what = f"{'begins' if cut_start else 'ends'} one letter inside a word"
        found.wrong(mark, "off-by-one", what, "mark the whole word (--fix does)")
        return mark
    found.changed(mark, f"a letter of a word taken in, characters {whole[0]} to {whole[1]}")
    return replace(mark, start=whole[0], end=whole[1], covered=None)


SPAN_CONSTRAINTS: dict[str, Callable[[Mark, Utterance, _Findings, bool], Mark]] = {
    "therapist_speaks": _therapist_speaks,
    "no_blank_at_ends": _no_blank_at_ends,
    "whole_words": _whole_words,
}


def _once(marks: Iterable[Mark], found: _Findings, *, fix: bool) -> list[Mark]:
    """Every mark once: with ``fix``, one that repeats another in all that it says is left out."""
    kept: list[Mark] = []
    for mark in marks:
        if fix and any(_said(mark) == _said(other) for other in kept):
            found.changed(mark, "a mark that was made twice left out")
        else:
            kept.append(mark)
    return kept


def _apart(marks: list[Mark], found: _Findings) -> None:
    ordered = sorted(marks, key=lambda mark: (mark.first, mark.start or 0, mark.last, mark.end or 0))
    longest: Mark | None = None
    for mark in ordered:
        if longest is not None and _overlap(longest, mark):
            what = f"overlaps with the {longest.label} at {_stretch(longest)}"
            found.wrong(mark, "overlap", what, "make them one, or divide them")
        if longest is None or (mark.last, mark.end or 0) > (longest.last, longest.end or 0):
            longest = mark


def _overlap(before: Mark, after: Mark) -> bool:
    if before.end is None or after.start is None:
        return after.first <= before.last
    return (after.first, after.start) < (before.last, before.end)


def _ids(marks: Iterable[Mark], found: _Findings) -> None:
    named = [mark for mark in marks if mark.attributes.get("id")]
    counted = Counter(mark.attributes["id"] for mark in named)
    seen: set[str] = set()
    for mark in named:
        name = mark.attributes["id"]
        if counted[name] > 1 and name in seen:
            found.wrong(mark, "duplicate-id", "has the id of another mark of the session", "give each its own")
        seen.add(name)
    for mark in marks:
        if (target := mark.attributes.get("restates")) and target not in counted:
            found.wrong(mark, "dangling-id", "restates a mark that the session does not have", "correct the id")


def _annotated(marked: MarkedSession, marks: list[Mark]) -> AnnotatedSession:
    utterances = marked.transcript.utterances
    spans = sorted((m for m in marks if m.label == "recommendation"), key=lambda mark: (mark.first, mark.start or 0))
    runs = sorted((m for m in marks if m.label == "review"), key=lambda mark: mark.first)
    transcript = replace(marked.transcript, session_id=marked.id)
    return AnnotatedSession(
        id=marked.id,
        transcript=transcript,
        recommendations=tuple(_recommendation(mark, utterances[mark.first].text) for mark in spans),
        reviews=tuple(_review(mark) for mark in runs),
        annotator=marked.annotator,
        group=marked.group or transcript.client_id or marked.id,
        metadata=dict(marked.metadata),
    )


def _recommendation(mark: Mark, text: str) -> AnnotatedRecommendation:
    start, end = _ends(mark)
    said: Mapping[str, str] = mark.attributes
    return AnnotatedRecommendation(
        utterance=mark.first,
        start=start,
        end=end,
        text=text[start:end],
        form=Form(said["form"]),
        score=mark.score,
        id=said.get("id"),
        category=said.get("category"),
        restates=said.get("restates"),
    )


def _review(mark: Mark) -> AnnotatedReview:
    said: Mapping[str, str] = mark.attributes
    return AnnotatedReview(
        first=mark.first,
        last=mark.last,
        score=mark.score,
        of=tuple(target.strip() for target in said.get("of", "").split(",") if target.strip()),
        adherence=said.get("adherence"),
        target=said.get("target"),
    )


def _said(mark: Mark) -> tuple[object, ...]:
    return (mark.label, mark.first, mark.last, mark.start, mark.end, sorted(mark.attributes.items()))


def _of(mark: Mark) -> str:
    return f"{mark.label[:40]} at {_stretch(mark)}: "


def _stretch(mark: Mark) -> str:
    if mark.start is None or mark.end is None:
        return f"utterances {mark.first} to {mark.last}"
    return f"utterance {mark.first}, characters {mark.start} to {mark.end}"


def _ends(mark: Mark) -> tuple[int, int]:
    if mark.start is None or mark.end is None:
        raise ValueError("a mark of whole utterances has no ends")
    return mark.start, mark.end


def _words(text: str) -> list[str]:
    """What stays of a text when a tool writes blanks and line ends in its own way (Label Studio: a backslash and n)."""
    return text.replace("\\n", " ").split()


def _letters(pair: str) -> bool:
    return len(pair) == 2 and all(map(_letter, pair))


def _letter(character: str) -> bool:
    """Whether it is a letter of a script that puts blanks between words and has capitals."""
    return character.lower() != character.upper()
