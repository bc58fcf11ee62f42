"""From transcripts to a file of pre-annotated tasks: what ``action-recs suggest`` does.

The sessions are read twice, as a stream: once to be tagged, of which a few numbers a session are kept, and once more to
write those that were chosen. So thousands of sessions take little memory.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.label_studio import MODEL
from action_recs.annotation.loading import stream_annotations, write_annotations
from action_recs.errors import ConfigError, TranscriptError
from action_recs.readers import read_many
from action_recs.session import SCORE_DIGITS, Label, TaggedSession
from action_recs.suggest.choosing import Candidate, Choice, Why, choose
from action_recs.suggest.embedding import session_embeddings
from action_recs.suggest.uncertainty import doubtful_utterances, expected_errors
from action_recs.tagger import SESSIONS_AT_ONCE, Tagger
from action_recs.transcript import Role, Transcript
from action_recs.whole_files import check_file_place

FORMS = ("label-studio", "doccano", "prodigy", "jsonl")
SUFFIXES = {".json": "label-studio", ".jsonl": "jsonl"}
"""The form of a file whose name says nothing else."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A session to annotate next, and why.

    Attributes
    ----------
    session : str
        Its id in the file that is written.
    why : Why
    reason : str
        In words, without any of the session's.
    rank : int
        Its place in the order of uncertainty, from 1.
    expected_errors : float
        Utterances that the models probably decide wrongly, of both labels.
    """

    session: str
    why: Why
    reason: str
    rank: int
    expected_errors: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "session": self.session,
            "why": self.why.value,
            "reason": self.reason,
            "rank": self.rank,
            "expected_errors": round(self.expected_errors, 2),
        }


@dataclass(frozen=True, slots=True)
class Suggested:
    """What was suggested.

    Attributes
    ----------
    suggestions : tuple of Suggestion
        In the order of the file.
    sessions : int
        That were looked at.
    annotated : int
        That were left out because they are annotated already.
    skipped : tuple of str
        Sessions that could not be read, with the place and the reason, where that was to be passed over.
    lost : mapping of str to int
        What the form of the file cannot hold, and how often; see ``write_annotations``.
    """

    suggestions: tuple[Suggestion, ...]
    sessions: int
    annotated: int
    skipped: tuple[str, ...]
    lost: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is kept of a session that was looked at."""

    place: int
    candidate: Candidate
    doubtful: Mapping[Label, int]
    utterances: int


def suggest_files(
    paths: Sequence[str | Path],
    count: int,
    output: str | Path,
    *,
    form: str | None = None,
    annotated: Sequence[str | Path] = (),
    models: str | Path | None = None,
    roles: Mapping[str, Role | str] | None = None,
    skip: bool = False,
    random_share: float = 0.2,
    seed: int = 0,
    device: str = "cpu",
    progress: bool | None = False,
) -> Suggested:
    """Choose sessions, and write them with what the models find in them.

    Parameters
    ----------
    paths : sequence of path
        Transcripts in any format, also folders and files with many sessions.
    count : int
        How many to choose; all where there are no more.
    output : path
        The file to write.
    form : str, optional
        One of ``FORMS``; by default what the file's suffix says.
    annotated : sequence of path
        Annotations in any form: sessions with the same words are not suggested again.
    models : path, optional
        A folder of both models, or of one checkpoint, in place of the shipped ones.
    roles : mapping, optional
        Speaker's label -> role.
    skip : bool
        Pass over sessions that cannot be read.
    random_share, seed
        See :func:`~action_recs.suggest.choosing.choose`.
    device : str
        Where the models run: "cpu", "cuda", "mps".
    progress : bool or None
        Show progress; None shows it on a terminal.

    Raises
    ------
    ActionRecsError
        Before any session is read where that can be told; then no file is written.
    """
    output = Path(output)
    form = _form(output, form)
    choose([], count, random_share=random_share)  # refuses what is out of range, before the work
    check_file_place(output)
    tagger = Tagger.from_pretrained(models, device=device)
    known = {_words(session.transcript) for path in annotated for session in stream_annotations(path)}
    skipped: list[str] = []
    left_out: list[int] = []
    stream = enumerate(_read(paths, roles, skip, skipped))
    looked = list(_looked_at(tagger, _without(stream, known, left_out), progress))
    if not looked:
        raise TranscriptError("no session is left to choose from; give sessions that are not annotated yet")
    choices = choose([each.candidate for each in looked], count, random_share=random_share, seed=seed)
    order = {looked[choice.index].place: number for number, choice in enumerate(choices)}
    again = enumerate(_read(paths, roles, skip, []))
    wanted = {place: transcript for place, transcript in again if place in order}
    if len(wanted) < len(choices):
        raise TranscriptError("the files changed while they were read; start again")
    transcripts = [wanted[place] for place in order]
    ids = _ids(transcripts)
    suggestions = tuple(
        Suggestion(
            name,
            choice.why,
            _reason(choice, looked[choice.index], len(looked)),
            choice.rank,
            _uncertainty(looked, choice),
        )
        for name, choice in zip(ids, choices, strict=True)
    )
    tagged = tagger.tag_many(transcripts)
    tasks = (_task(*each) for each in zip(suggestions, transcripts, tagged, strict=True))
    lost = write_annotations(tasks, output, form)
    return Suggested(suggestions, len(looked), len(left_out), tuple(skipped), lost)


def _read(
    paths: Iterable[str | Path], roles: Mapping[str, Role | str] | None, skip: bool, skipped: list[str]
) -> Iterator[Transcript]:
    """The sessions of all paths; those that are passed over are added to ``skipped``."""
    for path in paths:
        found = read_many(path, roles, "skip" if skip else "raise")
        yield from found
        skipped.extend(found.skipped)


def _looked_at(tagger: Tagger, sessions: Iterable[tuple[int, Transcript]], progress: bool | None) -> Iterator[_Looked]:
    from tqdm.auto import tqdm

    thresholds = {
        Label.RECOMMENDATION: tagger.recommendation.settings.decoding.threshold,
        Label.REVIEW: tagger.review.settings.decoding.threshold,
    }
    stream = iter(sessions)
    with tqdm(unit=" sessions", disable=None if progress is None else not progress, leave=False) as bar:
        while some := list(itertools.islice(stream, SESSIONS_AT_ONCE)):
            transcripts = [transcript for _, transcript in some]
            embeddings = session_embeddings(tagger.recommendation, transcripts)
            for (place, _), tagged, embedding in zip(some, tagger.tag_many(transcripts), embeddings, strict=True):
                scores = {label: [each.scores[label] for each in tagged.utterances] for label in Label}
                errors = sum(expected_errors(scores[label], thresholds[label]) for label in Label)
                doubtful = {label: doubtful_utterances(scores[label], thresholds[label]) for label in Label}
                yield _Looked(place, Candidate(errors, embedding), doubtful, len(tagged))
                bar.update()


def _without(
    sessions: Iterable[tuple[int, Transcript]], known: set[str], left_out: list[int]
) -> Iterator[tuple[int, Transcript]]:
    for place, transcript in sessions:
        if known and _words(transcript) in known:
            left_out.append(place)
        else:
            yield place, transcript


def _words(transcript: Transcript) -> str:
    """What is said, whatever it is called and however its blanks and lines fall, in a form that tells nothing."""
    said = " ".join(" ".join(utterance.text for utterance in transcript.utterances).split())
    return hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()


def _uncertainty(looked: Sequence[_Looked], choice: Choice) -> float:
    return looked[choice.index].candidate.uncertainty


def _reason(choice: Choice, looked: _Looked, sessions: int) -> str:
    counts = " and ".join(f"{count} for {label.value}s" for label, count in looked.doubtful.items() if count)
    doubts = f"of {looked.utterances} utterances, {counts or 'none'} in doubt"
    rank = f"place {choice.rank} of {sessions} in uncertainty"
    if choice.why is Why.RANDOM:
        return f"drawn at random, so that the choice also holds what nobody looks for ({rank})"
    if choice.why is Why.DIFFERENT:
        return f"unlike those before it (distance {choice.distance:.2f}), and {doubts} ({rank})"
    return f"{doubts} ({rank})"


def _ids(transcripts: Sequence[Transcript]) -> list[str]:
    """A name for each session, its own where it has one, and no name twice."""
    unique: list[str] = []
    taken: set[str] = set()
    for number, transcript in enumerate(transcripts, start=1):
        name = fresh = transcript.session_id or f"session-{number}"
        again = 1
        while fresh in taken:
            again += 1
            fresh = f"{name}-{again}"
        taken.add(fresh)
        unique.append(fresh)
    return unique


def _task(suggestion: Suggestion, transcript: Transcript, tagged: TaggedSession) -> AnnotatedSession:
    """The session as the models annotate it."""
    return AnnotatedSession(
        id=suggestion.session,
        transcript=transcript,
        recommendations=tuple(
            AnnotatedRecommendation(
                each.utterance, each.start, each.end, each.text, each.form, round(each.score, SCORE_DIGITS)
            )
            for each in tagged.recommendations
        ),
        reviews=tuple(
            AnnotatedReview(each.first, each.last, round(each.score, SCORE_DIGITS)) for each in tagged.reviews
        ),
        annotator=MODEL,
        metadata={"suggested": suggestion.why.value, "reason": suggestion.reason},
    )


def _form(output: Path, form: str | None) -> str:
    form = form or SUFFIXES.get(output.suffix.lower())
    if form not in FORMS:
        remedy = f"give --format, one of {', '.join(FORMS)}"
        raise ConfigError(f"{output.name}: the form of the tasks is not clear; {remedy}")
    return form
