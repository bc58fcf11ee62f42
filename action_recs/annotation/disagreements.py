"""Where annotators disagree: a list, and the page to adjudicate from.

The page is one HTML file without anything from outside. It holds transcript text, because that is what is decided on:
keep it where the transcripts are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from action_recs.annotation.agreement import UNNAMED, by_session
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.errors import OutputError
from action_recs.evaluation.metrics import Extent, extents
from action_recs.session import Label

CONTEXT = 2
"""Utterances that the page shows before and after a disagreement."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch of a session that its annotators did not mark in the same way.

    Attributes
    ----------
    session : str
    label : Label
    first, last : int
        0-based utterances, both inclusive.
    marks : mapping of str to tuple of Extent
        Annotator -> what they marked there, empty for who marked nothing.
    kind : str
        "only some" marked it, "extent" (all did, of other lengths), or "form".
    """

    session: str
    label: Label
    first: int
    last: int
    marks: Mapping[str, tuple[Extent, ...]]
    kind: str

    def to_dict(self) -> dict[str, object]:
        """Where and between whom, without any text: what the JSON report holds."""
        return {
            "session": self.session,
            "label": self.label.value,
            "first": self.first,
            "last": self.last,
            "kind": self.kind,
            "marks": {who: [list(extent) for extent in own] for who, own in self.marks.items()},
        }


def disagreements(sessions: Iterable[AnnotatedSession]) -> list[Disagreement]:
    """Every disagreement, session after session, in the order of the transcript.

    Overlapping marks of different annotators are one disagreement.

    Raises
    ------
    AnnotationError
        When the transcripts of a session differ between its annotators.
    """
    return [
        found
        for name, versions in by_session(sessions).items()
        if len(versions) > 1
        for label in Label
        for found in _of_session(name, versions, label)
    ]


def _of_session(name: str, versions: Mapping[str, AnnotatedSession], label: Label) -> Iterator[Disagreement]:
    marks = sorted((extent, who) for who, session in versions.items() for extent in extents(session, label))
    forms = {
        (who, span.utterance, span.start, span.end): span.form
        for who, session in versions.items()
        for span in session.recommendations
    }
    cluster: list[tuple[Extent, str]] = []
    reach = 0
    for extent, who in [*marks, ((-1, 0, 0), "")]:
        if cluster and (extent[0] != cluster[0][0][0] or extent[1] >= reach):
            own = {each: tuple(mark for mark, by in cluster if by == each) for each in versions}
            if len(set(own.values())) > 1:
                kind = "extent" if all(own.values()) else "only some"
                yield _disagreement(name, label, own, kind)
            elif label is Label.RECOMMENDATION and any(
                len({forms[by, *mark] for mark, by in cluster if mark == each}) > 1 for each, _ in cluster
            ):
                yield _disagreement(name, label, own, "form")
            cluster = []
        if not cluster:
            reach = extent[2]
        cluster.append((extent, who))
        reach = max(reach, extent[2])


def _disagreement(name: str, label: Label, own: dict[str, tuple[Extent, ...]], kind: str) -> Disagreement:
    marks = [mark for each in own.values() for mark in each]
    if label is Label.RECOMMENDATION:
        first = last = marks[0][0]
    else:
        first, last = min(start for _, start, _ in marks), max(end for *_, end in marks) - 1
    return Disagreement(name, label, first, last, own, kind)


def write_page(sessions: Iterable[AnnotatedSession], path: str | Path) -> int:
    """Write the page with every disagreement, in its context, with each annotator's marks.

    Parameters
    ----------
    sessions : iterable of AnnotatedSession
        All annotators' versions.
    path : path
        Of the HTML file.

    Returns
    -------
    int
        How many disagreements are on it.

    Raises
    ------
    AnnotationError
        When the transcripts of a session differ between its annotators.
    OutputError
        When the file cannot be written.
    """
    known = list(sessions)
    found = disagreements(known)
    by_name = {(each.id, each.annotator or UNNAMED): each for each in known}
    parts = [_section(number, each, by_name) for number, each in enumerate(found, start=1)]
    page = _PAGE.format(count=len(found), sessions=len({each.session for each in found}), sections="\n".join(parts))
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror}); name a file in a folder that exists"
        ) from None
    return len(found)


def _section(number: int, found: Disagreement, sessions: Mapping[tuple[str, str], AnnotatedSession]) -> str:
    rows = []
    for who in found.marks:
        session = sessions[found.session, who]
        shown = range(max(found.first - CONTEXT, 0), min(found.last + CONTEXT + 1, len(session.transcript)))
        lines = "".join(_line(index, session, found, who) for index in shown)
        rows.append(f"<div class=version><h3>{escape(who)}</h3>{lines}</div>")
    where = f"{found.label.value}, utterances {found.first} to {found.last}"
    head = f"{number}. {escape(found.session)}: {where} ({found.kind})"
    return f"<section id=d{number}><h2>{head}</h2><div class=versions>{''.join(rows)}</div></section>"


def _line(index: int, session: AnnotatedSession, found: Disagreement, who: str) -> str:
    utterance = session.transcript.utterances[index]
    own = found.marks[who]
    text = escape(utterance.text)
    about = "context" if not found.first <= index <= found.last else "said"
    if found.label is Label.REVIEW and any(start <= index < end for _, start, end in own):
        text = f"<mark>{text}</mark>"
    elif found.label is Label.RECOMMENDATION and index == found.first:
        text, position = "", 0
        forms = {(span.utterance, span.start): span.form.value for span in session.recommendations}
        for _, start, end in own:
            text += escape(utterance.text[position:start])
            text += f"<mark title={forms[index, start]}>{escape(utterance.text[start:end])}</mark>"
            text += f"<small> {forms[index, start]}</small>"
            position = end
        text += escape(utterance.text[position:])
    return f"<p class={about}><b>{index} {utterance.role.value}</b> {text}</p>"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Disagreements between annotators</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c1c1c; }}
section {{ border-top: 1px solid #ccc; padding: 0.5rem 0 1rem; break-inside: avoid; }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1.05rem; }} h3 {{ font-size: 0.95rem; margin: 0.3rem 0; }}
.versions {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }}
p {{ margin: 0.3rem 0; white-space: pre-wrap; }} .context {{ color: #666; }}
mark {{ background: #ffe08a; padding: 0 0.1em; }}
</style></head><body>
<h1>Disagreements between annotators</h1>
<p>{count} in {sessions} sessions. Each annotator's version stands beside the others', with what they marked.
To decide, mark the sessions once more as the judge, and merge with the judge's version.</p>
{sections}
</body></html>
"""
