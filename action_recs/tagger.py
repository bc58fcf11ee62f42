"""The tagger: both models, from transcripts to tagged sessions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from action_recs.checkpoint import Checkpoint, Task, check_no_adapter, checkpoint_folders, save_checkpoint
from action_recs.decoding import (
    by_utterance,
    find_recommendations,
    find_reviews,
    recommendation_scores,
    review_classes,
    review_scores,
)
from action_recs.errors import TranscriptError
from action_recs.precision import Precision
from action_recs.readers.source import Source, read_source, read_sources
from action_recs.scorer import Scorer, load_scorer, scorer_of
from action_recs.session import IDENTIFIERS, Label, Recommendation, Review, TaggedSession, TaggedUtterance
from action_recs.transcript import Role, Transcript
from action_recs.trunk import share_trunk

if TYPE_CHECKING:
    import numpy as np
    import torch

    from action_recs.dataset_map import BatchMap
    from action_recs.workers import Workers

BATCH_TOKENS = 8192
"""Tokens that go through an encoder at once, padding included. On a processor no more than its cache holds is taken."""

SESSIONS_AT_ONCE = 16
"""Sessions that are read together, so that windows of like length share a batch; the next ones meanwhile."""


class Tagger:
    """Finds recommendations and reviews with two trained models.

    Make one with :meth:`from_pretrained`; it holds the models and nothing of what it reads.

    Parameters
    ----------
    recommendation, review : Checkpoint or Scorer
        The two loaded models. A checkpoint of transformers is read as it is, a scorer is made to be fast.

    Attributes
    ----------
    scorers : list of Scorer
        What reads: the recommendations', the reviews'.

    Examples
    --------
    >>> tagger = Tagger.from_pretrained()
    >>> session = tagger.tag([
    ...     ("therapist", "Maybe try going back to cooking this week, that was good for you."),
    ...     ("client", "Okay."),
    ... ])
    >>> len(session.utterances)
    2
    """

    def __init__(self, recommendation: Checkpoint | Scorer, review: Checkpoint | Scorer) -> None:
        one, other = (each if isinstance(each, Scorer) else scorer_of(each) for each in (recommendation, review))
        self.scorers = list(share_trunk(one, other))

    def __repr__(self) -> str:
        return f"Tagger({', '.join(map(repr, self.scorers))})"

    @property
    def recommendation(self) -> Checkpoint:
        """The checkpoint of recommendations as transformers has it; loaded when it is first asked for."""
        return replace(self.scorers[0].checkpoint(), settings=self.scorers[0].settings)

    @property
    def review(self) -> Checkpoint:
        """The checkpoint of reviews, likewise."""
        return replace(self.scorers[1].checkpoint(), settings=self.scorers[1].settings)

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        recommendation: str | Path | None = None,
        review: str | Path | None = None,
        device: str | torch.device = "cpu",
        precision: Precision | str = Precision.AUTO,
    ) -> Tagger:
        """Load the shipped models, or your own in place of one or both.

        Nothing is fetched: every path is a local folder.

        Parameters
        ----------
        path : path, optional
            A folder that :meth:`save_pretrained` wrote, with ``recommendation/`` and ``review/`` in it; or the folder
            of one checkpoint, beside which the shipped one of the other task is used.
        recommendation, review : path, optional
            The folder of one checkpoint each, such as ``action-recs train`` writes, or an adapter.
        device : str or torch.device
            Where the models run: "cpu", "cuda", "mps".
        precision : Precision or str
            "fp32", "bf16", "fp16" (on GPUs); "auto" takes the fastest that gives the same labels on this machine.

        Raises
        ------
        ModelError
            When a folder is missing, incomplete, or holds something else, or the device or the precision is not at
            hand.
        """
        folders = checkpoint_folders(path)
        return cls(
            load_scorer(
                recommendation or folders[Task.RECOMMENDATION], Task.RECOMMENDATION, device=device, precision=precision
            ),
            load_scorer(review or folders[Task.REVIEW], Task.REVIEW, device=device, precision=precision),
        )

    def with_thresholds(self, thresholds: Mapping[Label, float]) -> Tagger:
        """A tagger with the same models that finds what reaches these probabilities, 0 to 1; others stay.

        Examples
        --------
        >>> strict = Tagger.from_pretrained().with_thresholds({Label.RECOMMENDATION: 0.95})
        >>> strict.recommendation.settings.decoding.threshold
        0.95
        """
        return type(self)(*(_deciding(each, thresholds) for each in self.scorers))

    def save_pretrained(self, path: str | Path) -> None:
        """Write both checkpoints, as half-precision safetensors, to ``path/recommendation`` and ``path/review``.

        Raises
        ------
        OutputError
            When they cannot be made, or one of them holds an adapter.
        """
        folders = [Path(path) / task.value for task in (Task.RECOMMENDATION, Task.REVIEW)]
        check_no_adapter(*folders)
        for checkpoint, folder in zip((self.recommendation, self.review), folders, strict=True):
            save_checkpoint(checkpoint, folder)

    def tag(
        self, source: Source, *, roles: Mapping[str, Role | str] | None = None, batch_tokens: int = BATCH_TOKENS
    ) -> TaggedSession:
        """Tag one session: a transcript, a path, a text or pairs (see :func:`action_recs.tag`)."""
        transcript = read_source(source, roles=roles)
        with self.workers() as workers:
            return self._start([transcript], workers, batch_tokens)()[0]

    def tag_many(
        self,
        sources: Iterable[Source] | str | Path,
        *,
        roles: Mapping[str, Role | str] | None = None,
        batch_tokens: int = BATCH_TOKENS,
        progress: bool = False,
    ) -> Iterator[TaggedSession]:
        """Tag a stream of sessions, in order, holding only a few of them at a time.

        Parameters
        ----------
        sources : iterable of Transcript, path, text or pairs; or a folder, or a file with many sessions
            A path in the iterable may also be a file with many sessions.
        roles : mapping, optional
            Speaker name to role, for labels that do not say it.
        batch_tokens : int
            Tokens that go through an encoder at once; lower it when memory runs out.
        progress : bool
            Show a progress bar.
        """
        from tqdm.auto import tqdm

        stream = _read_each(sources, roles)
        count = len(sources) if isinstance(sources, Sequence) and not isinstance(sources, str) else None
        with tqdm(total=count, unit="session", disable=not progress) as bar, self.workers() as workers:
            before: Callable[[], list[TaggedSession]] | None = None
            error: TranscriptError | None = None
            while error is None:
                read = list(itertools.islice(stream, SESSIONS_AT_ONCE))
                good = [one for one in read if isinstance(one, Transcript)]
                error = next((one for one in read if isinstance(one, TranscriptError)), None)
                started = self._start(good, workers, batch_tokens) if good else None
                for session in before() if before else ():  # decoded while the next ones are computed
                    bar.update()
                    yield session
                before = started
                if before is None:
                    break
            for session in before() if before else ():
                bar.update()
                yield session
            if error is not None:
                raise error

    def as_map(
        self,
        *,
        rows: Literal["sessions", "utterances"] = "sessions",
        column: str | None = None,
        columns: Mapping[str, str] | None = None,
        roles: Mapping[str, Role | str] | None = None,
        on_error: Literal["raise", "mark"] = "raise",
    ) -> BatchMap:
        """The tagger as a function for ``Dataset.map(..., batched=True)`` of Hugging Face datasets.

        Parameters
        ----------
        rows : {"sessions", "utterances"}
            What a row of the dataset is. Where it is an utterance, a batch must hold whole sessions: give ``map`` a
            ``batch_size=None`` and one process; or call ``tag_many(dataset)``, which reads sessions of any length.
        column : str, optional
            For a row a session: the column with its turns, or its text with speakers' labels. By default "utterances"
            or "text", among others.
        columns : mapping, optional
            For a row an utterance: our column name to the dataset's, ``{"speaker": "who", "text": "said"}``.
        roles : mapping, optional
            Speaker name to role, where the labels do not say it.
        on_error : {"raise", "mark"}
            What becomes of a session that cannot be read: an exception, or nulls with the reason in ``error``.

        Returns
        -------
        callable
            Adds the columns that :func:`action_recs.arrow.tag_session_rows` or
            :func:`~action_recs.arrow.tag_utterance_rows` list. It hands whole tables back, so that ``map`` takes no
            columns away: call ``remove_columns`` on the result.

        Examples
        --------
        >>> dataset.map(tagger.as_map(), batched=True, batch_size=64)  # doctest: +SKIP
        """
        from action_recs.dataset_map import BatchMap  # knows this module

        return BatchMap(self, rows=rows, column=column, columns=columns, roles=roles, on_error=on_error)

    def workers(self) -> Workers:
        """Threads that read with its models, for a ``with`` block."""
        from action_recs.workers import Workers  # loads torch, which importing the package must not

        return Workers(self.scorers[0].device)

    def _start(
        self, transcripts: list[Transcript], workers: Workers, batch_tokens: int
    ) -> Callable[[], list[TaggedSession]]:
        """Begin to tag some sessions; returns what waits for them and decodes them."""
        from action_recs.scoring import start_scoring

        wait = start_scoring(self.scorers, transcripts, workers, batch_tokens=batch_tokens)
        spans, runs = (scorer.settings.decoding for scorer in self.scorers)

        def finish() -> list[TaggedSession]:
            sessions = []
            recommending, reviewing = wait()
            for transcript, (cut, tables), (review_cut, review_tables) in zip(
                transcripts, recommending, reviewing, strict=True
            ):
                tokens = by_utterance(cut, tables, len(transcript))
                classes = review_classes(review_cut, review_tables, len(transcript))
                sessions.append(
                    _session(
                        transcript,
                        find_recommendations(transcript, tokens, spans),
                        recommendation_scores(transcript, tokens),
                        find_reviews(classes, runs),
                        review_scores(classes),
                    )
                )
            return sessions

        return finish


def _deciding(scorer: Scorer, thresholds: Mapping[Label, float]) -> Scorer:
    """The scorer with its threshold replaced, if there is one for its task."""
    settings = scorer.settings
    threshold = thresholds.get(Label(settings.task.value), settings.decoding.threshold)
    return replace(scorer, settings=replace(settings, decoding=replace(settings.decoding, threshold=threshold)))


def _read_each(
    sources: Iterable[Source] | str | Path, roles: Mapping[str, Role | str] | None
) -> Iterator[Transcript | TranscriptError]:
    """Read the sources one by one; one that cannot be read comes as its error, after the good ones, and ends it."""
    number = 0
    try:
        for transcript in read_sources(sources, roles=roles):
            yield transcript
            number += 1
    except TranscriptError as error:
        yield type(error)(f"session {number}: {error}")


def _session(
    transcript: Transcript,
    recommendations: list[Recommendation],
    recommendation_score: np.ndarray,
    reviews: list[Review],
    review_score: np.ndarray,
) -> TaggedSession:
    recommending = {found.utterance for found in recommendations}
    reviewing = {index for run in reviews for index in range(run.first, run.last + 1)}
    held = ((Label.RECOMMENDATION, recommending), (Label.REVIEW, reviewing))
    return TaggedSession(
        utterances=tuple(
            TaggedUtterance(
                index=index,
                role=utterance.role,
                text=utterance.text,
                labels=frozenset(label for label, members in held if index in members),
                scores={
                    Label.RECOMMENDATION: float(recommendation_score[index]),
                    Label.REVIEW: float(review_score[index]),
                },
                speaker=utterance.speaker,
                start=utterance.start,
                end=utterance.end,
            )
            for index, utterance in enumerate(transcript.utterances)
        ),
        recommendations=tuple(recommendations),
        reviews=tuple(reviews),
        **{name: getattr(transcript, name) for name in IDENTIFIERS},
    )
