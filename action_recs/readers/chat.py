"""CHAT transcripts (.cha) of TalkBank: a main line for each utterance, with codes that are taken out of it.

    @Participants:  THE Dr_Lee Therapist, CLI Ann Client
    *THE:   how did it go &-uh with the <the plan> [//] the list ? 1000_4600

Parsed here and not with pylangacq: that refuses roles which TalkBank does not list ("Client"), and quotes the
transcript in its errors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation, Segment
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.markup import spaced

HEAD = re.compile(r"\s*(?:@(?:UTF8|Window|Font|PID|Color words)\b[^\r\n]*[\r\n]\s*)*@Begin\b")
LINE_END = re.compile(r"\r\n|\r|\n")
MAIN = re.compile(r"\*(?P<code>[^\s:*]{1,20}):\s*(?P<rest>.*)")
HEADER = re.compile(r"@(?P<name>[^:\t]+)(?::\s*(?P<value>.*))?")

BULLET = re.compile("\x15(?:[^\x15]*_)?(?P<start>\\d{1,9})_(?P<end>\\d{1,9})-?\x15")
OTHER_BULLET = re.compile("\x15[^\x15]*\x15?")

TERMINATORS = {"+...": "...", "+..?": "...?", "+!?": "?!", "+/.": "—", "+/?": "—?", "+//.": "—", "+//?": "—?"}
TERMINATORS |= {'+"/.': ".", '+".': ".", "+.": ".", "+/": "—"}
PUNCTUATION = re.compile(r"[.?!,;:…—]+\?*|[)\]”’»]")
CLOSERS = {"‡": ",", "„": ","}
CODES = re.compile(
    r"""\[ [^\[\]]* \]                   # [//], [= explanation], [: replacement], [*], [+ postcode], [>]
      | \( (?: \.{1,3} | [\d:.]+ ) \)  # pauses: (.), (2.5)
      | &=\S+ | &\*\S+                 # &=laughs, &*CLI:mhm (the other one's, in between)
      | (?<!\S) (?: \+["^<,+]? (?!\S) | 0\S* )  # how it goes on from the line before; what was left out or only done
      | [<>‹›⟨⟩↑↓↗→↘⇗⇘∞≈≋≡∙⌈⌉⌊⌋∆∇°▁▔☺♋∾⁎↻≠ˈˌ^]   # scope, overlap, intonation, voice
      | \x02. | \x01 | \x03""",
    re.VERBOSE,
)
FORM = re.compile(r"@[a-z]\S*$")
LENGTHENED = re.compile(r"(?<=[^\W\d]):+")
WITHIN_WORDS = str.maketrans({"(": "", ")": "", "_": " ", "+": " "})
FRAGMENT = re.compile(r"^&[-+~]?")
SPEAKING_ROLES = frozenset(
    ["Therapist", "Client", "Patient", "Doctor", "Nurse", "Counselor", "Interviewer", "Observer"]
)
"""Roles of participants that say more than their codes do."""


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str = field(repr=False)

    @property
    def place(self) -> str:
        return f"line {self.number}"


def matches(content: Content) -> bool:
    """Whether the content begins as CHAT does."""
    return content.text is not None and HEAD.match(content.text) is not None


def read(content: Content, options: Options) -> Iterator[Conversation]:
    """The conversation, with what was said as it was said: false starts stay, codes, pauses and events do not.

    A speaker is called by his role where that tells who he is ("Therapist", "Client 2"), otherwise by his code ("PAR").

    Raises
    ------
    TranscriptError
        With the line, when it is none of CHAT's or the file is cut off.
    """
    roles: dict[str, str] = {}
    date = None
    segments: list[Segment] = []
    skipped: list[str] = []
    ended = False
    for line in _unfolded(content.text or ""):
        if main := MAIN.fullmatch(line.text):
            segments.append(_segment(main, line))
        elif header := HEADER.fullmatch(line.text):
            ended = ended or header["name"] == "End"
            if header["name"] == "Participants":
                roles = _roles(header["value"] or "")
            elif header["name"] == "Date":
                date = _date(header["value"] or "")
        elif not line.text.startswith("%"):
            _skip_or_raise(f"{line.place}: begins with none of *, %, @ and tab; correct it", content, options, skipped)
    if not ended:
        _skip_or_raise("no @End: the transcript is cut off; copy it again", content, options, skipped)
    spoken = tuple(_named(segment, roles) for segment in segments)
    yield Conversation(spoken, date=date, skipped=tuple(skipped))


def _skip_or_raise(problem: str, content: Content, options: Options, skipped: list[str]) -> None:
    if not options.skip:
        raise TranscriptError(f"{content.name}, {problem}")
    skipped.append(problem)


def _unfolded(text: str) -> Iterator[_Line]:
    """Lines with those that go on with them, which begin with a tab."""
    before: _Line | None = None
    for number, line in enumerate(LINE_END.split(text), start=1):
        if before and line.startswith(("\t", " ")):
            before = _Line(before.number, f"{before.text} {line.strip()}")
        elif line.strip():
            if before:
                yield before
            before = _Line(number, line.rstrip())
    if before:
        yield before


def _segment(main: re.Match[str], line: _Line) -> Segment:
    bullets = list(BULLET.finditer(main["rest"]))
    start, end = (int(bullets[0]["start"]) / 1000, int(bullets[-1]["end"]) / 1000) if bullets else (None, None)
    return Segment(spoken_words(main["rest"]), main["code"], start, end, line.place)


def spoken_words(line: str) -> str:
    """What a main line says, without CHAT's codes.

    Examples
    --------
    >>> spoken_words("<I wan(t)> [//] I didn't (.) &-uh go to Dr_Lee , no: +...")
    "I want I didn't uh go to Dr Lee, no..."
    """
    line = OTHER_BULLET.sub(" ", BULLET.sub(" ", line))
    words: list[str] = []
    for token in CODES.sub(" ", line).split():
        if token.isalpha():
            words.append(token)
            continue
        mark = TERMINATORS.get(token) or CLOSERS.get(token) or (token if PUNCTUATION.fullmatch(token) else None)
        if mark and words:
            words[-1] += mark
        elif not mark:
            words.append(_word(token))
    return " ".join(words).replace("“ ", "“")


def _word(token: str) -> str:
    word = FORM.sub("", FRAGMENT.sub("", token))
    word = LENGTHENED.sub("", word)
    return spaced(word.translate(WITHIN_WORDS))


def _roles(participants: str) -> dict[str, str]:
    """Code -> what to call the speaker."""
    listed = [each.split() for each in participants.split(",")]
    said = {each[0]: each[-1] for each in listed if len(each) > 1 and each[-1] in SPEAKING_ROLES}
    times = Counter(said.values())
    numbers: Counter[str] = Counter()
    names = {}
    for code, role in said.items():
        numbers[role] += 1
        names[code] = role if times[role] == 1 else f"{role} {numbers[role]}"
    return names


def _named(segment: Segment, names: dict[str, str]) -> Segment:
    return replace(segment, speaker=names.get(segment.speaker or "", segment.speaker))


def _date(written: str) -> str | None:
    """The date in ISO's form: "12-JAN-2024" is "2024-01-12"; what is written otherwise stays."""
    try:
        return datetime.strptime(written.strip(), "%d-%b-%Y").date().isoformat()
    except ValueError:
        return written.strip() or None


FORMATS = (Format("chat", matches, read, pieces=True),)
