"""Where annotators disagree, one value for each place; :mod:`~action_recs.annotation.disagreements_page` shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from action_recs.annotation.agreement import by_session
from action_recs.annotation.annotated import AnnotatedSession
from action_recs.evaluation.metrics import Extent, extents
from action_recs.session import Label


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
    forms : mapping of str to tuple of str
        Annotator -> the form of each of these marks; empty for reviews.
    """

    session: str
    label: Label
    first: int
    last: int
    marks: Mapping[str, tuple[Extent, ...]]
    kind: str
    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """Where and between whom, without any text: what the JSON report and a file of decisions hold.

        A recommendation's mark is an utterance, code points in it (``end`` is exclusive) and its form; a review's the
        first and the last utterance.
        """
        versions = [
            {"annotator": who, "marks": [self._place(who, at) for at in range(len(own))]}
            for who, own in self.marks.items()
        ]
        return {
            "session": self.session,
            "label": self.label.value,
            "first": self.first,
            "last": self.last,
            "kind": self.kind,
            "versions": versions,
        }

    def _place(self, who: str, at: int) -> dict[str, object]:
        place, start, end = self.marks[who][at]
        if self.label is Label.REVIEW:
            return {"first": start, "last": end - 1}
        return {"utterance": place, "start": start, "end": end, "form": self.forms[who][at]}


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
        (who, span.utterance, span.start, span.end): span.form.value
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
                yield _disagreement(name, label, own, kind, forms)
            elif label is Label.RECOMMENDATION and any(
                len({forms[by, *mark] for mark, by in cluster if mark == each}) > 1 for each, _ in cluster
            ):
                yield _disagreement(name, label, own, "form", forms)
            cluster = []
        if not cluster:
            reach = extent[2]
        cluster.append((extent, who))
        reach = max(reach, extent[2])


def _disagreement(
    name: str,
    label: Label,
    own: dict[str, tuple[Extent, ...]],
    kind: str,
    forms: Mapping[tuple[str, int, int, int], str],
) -> Disagreement:
    marks = [mark for each in own.values() for mark in each]
    if label is Label.RECOMMENDATION:
        first = last = marks[0][0]
    else:
        first, last = min(start for _, start, _ in marks), max(end for *_, end in marks) - 1
    if label is Label.REVIEW:
        return Disagreement(name, label, first, last, own, kind)
    said = {who: tuple(forms[who, *mark] for mark in each) for who, each in own.items()}
    return Disagreement(name, label, first, last, own, kind, said)
