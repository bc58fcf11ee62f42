"""A session as a spaCy ``Doc``, and what was found in it as spans.

The text is a line an utterance, opened by its speaker, as in :mod:`action_recs.annotation.document`:

    Therapist: Maybe go back to cooking this week.
    Client: Okay.

Who speaks where is kept beside it in ``Doc.user_data`` as JSON under the keys that :mod:`action_recs.annotation` reads,
so that a ``DocBin`` of tagged documents is a file of annotations, too.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.vocab import Vocab

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.document import Document, exact_document, read_document, spans_document
from action_recs.annotation.sidecar import KEY, identified, kept_document, with_utterances
from action_recs.annotation.spacy_docs import MARKS
from action_recs.errors import ActionRecsError, TranscriptError
from action_recs.readers.source import Source, read_source
from action_recs.session import Form, Label, Recommendation, Review, TaggedSession
from action_recs.transcript import Role, Transcript, Utterance
from action_recs.windows import LONE_SURROGATE

RECOMMENDATIONS = "recommendations"
REVIEWS = "reviews"
"""The span groups of a tagged document."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the spans of a document say, in utterances and their characters."""

    recommendations: tuple[Recommendation, ...]
    reviews: tuple[Review, ...]


def doc_from_transcript(
    source: Source, nlp: Language | Vocab | None = None, *, roles: Mapping[str, Role | str] | None = None
) -> Doc:
    """Make a document of a session, for ``nlp(doc)`` or ``nlp.pipe(docs)``.

    Parameters
    ----------
    source : Transcript, path, str, table, or iterable of (role, text)
        Whatever :func:`action_recs.tag` takes.
    nlp : Language or Vocab, optional
        The pipeline that will read the document: its tokenizer and vocabulary are used; with a vocabulary alone, the
        English tokenizer. A blank English pipeline unless given, which is enough where "action_recs" is the only
        component.
    roles : mapping, optional
        Speaker name to role, where the labels do not say it.

    Returns
    -------
    Doc
        A line an utterance, "Therapist: " or "Client: " before each. ``Token._.role`` is the speaker's role, None for
        the labels and line ends; ``Doc._.turns`` has a span for each utterance. Sentences begin after every label and
        with every line; where else they do is left to the pipeline.

    Raises
    ------
    TranscriptError
        When the source cannot be read as a transcript of one session.

    Examples
    --------
    >>> doc = doc_from_transcript([("therapist", "Maybe walk."), ("client", "Okay.")])
    >>> doc.text
    'Therapist: Maybe walk.\\nClient: Okay.\\n'
    >>> [token.text for token in doc if token._.role == "client"]
    ['Okay', '.']
    """
    return _doc(read_source(source, roles=roles), nlp)


def doc_from_session(session: TaggedSession | AnnotatedSession, nlp: Language | Vocab | None = None) -> Doc:
    """Make a document of a tagged or annotated session, with its span groups: as a reference to evaluate against.

    Examples
    --------
    >>> talk = Transcript.from_pairs([("therapist", "Maybe walk."), ("client", "Okay.")])
    >>> doc = doc_from_session(TaggedSession(talk.utterances, (Recommendation(0, 0, 10, "Maybe walk", "casual"),), ()))
    >>> doc.spans["recommendations"][0].text
    'Maybe walk'
    """
    if isinstance(session, AnnotatedSession):
        transcript = replace(session.transcript, session_id=session.id)
    else:
        utterances = tuple(
            Utterance(each.role, each.text, each.speaker, each.start, each.end) for each in session.utterances
        )
        transcript = Transcript(utterances, session_id=session.session_id)
    doc = _doc(transcript, nlp)
    mark(doc, document_of(doc), session.recommendations, session.reviews)
    return doc


def document_of(doc: Doc, roles: Mapping[str, Role | str] | None = None) -> Document:
    """The utterances in a document's text.

    Those that :func:`doc_from_transcript` kept; for any other document, those of the labels in its text ("Therapist:"),
    which are kept from then on.

    Raises
    ------
    TranscriptError
        When nobody kept them and the text has no labels.
    """
    about = _about(doc)
    if kept := kept_document({KEY: about}, doc.text):
        return kept
    if not doc.text.strip():
        return spans_document(doc.text, Transcript(()), ())
    try:
        document = read_document(doc.text, roles)
    except TranscriptError as error:
        remedy = "make the document with action_recs.spacy.doc_from_transcript"
        raise TranscriptError(f"a document that was not made from a transcript: {error}; or {remedy}") from None
    _keep(doc, document)
    return document


def transcript_of(doc: Doc, document: Document) -> Transcript:
    """The transcript of a document, with the identifiers that were kept."""
    about = _about(doc)
    return replace(identified(document.transcript, {KEY: about}), session_id=about.get("id") or None)


def mark(doc: Doc, document: Document, recommendations: Iterable[Recommendation], reviews: Iterable[Review]) -> None:
    """Write what was found into the span groups.

    A span takes in the whole of every token that it touches: tokens end with the utterance, so it never leaves it. A
    review's goes from the first speaker's label to the end of the last utterance.
    """
    places = [
        (document.starts[each.utterance] + each.start, document.starts[each.utterance] + each.end, each)
        for each in recommendations
    ]
    runs = [(*document.stretch(each.first, each.last), each) for each in reviews]
    scores: dict[str, dict[str, float]] = {}
    for group, found in (RECOMMENDATIONS, places), (REVIEWS, runs):
        spans = []
        for start, end, each in found:
            label = f"{Label.RECOMMENDATION}:{each.form}" if isinstance(each, Recommendation) else Label.REVIEW.value
            span = _span(doc, start, end, label)
            scores[_key(span)] = {"score": each.score}
            spans.append(span)
        doc.spans[group] = spans
    doc.user_data[MARKS] = json.dumps(scores)
    covered = sum(map(len, (run for *_, run in runs)))
    doc._.review_percentage = 100 * covered / len(document.starts) if document.starts else 0.0


def found_in(doc: Doc) -> Found:
    """What the span groups say: ours where the document has them, otherwise all, for the labels that we write."""
    document = document_of(doc)
    own = [doc.spans[name] for name in (RECOMMENDATIONS, REVIEWS) if name in doc.spans]
    recommendations, reviews = [], []
    for span in (span for group in own or doc.spans.values() for span in group):
        label, _, form = span.label_.partition(":")
        place = document.place(span.start_char, span.end_char)
        if place is None or label not in tuple(Label):
            continue
        if label == Label.REVIEW:
            reviews.append(Review(place.first, place.last))
            continue
        text = document.transcript.utterances[place.first].text
        start, end = max(place.start, 0), min(place.end, len(text))
        recommendations.append(Recommendation(place.first, start, end, text[start:end], Form(form or Form.CASUAL)))
    return Found(tuple(recommendations), tuple(reviews))


def is_marked(doc: Doc) -> bool:
    """Whether somebody put spans, or none, on the document."""
    return len(doc.spans) > 0


def _doc(transcript: Transcript, nlp: Language | Vocab | None) -> Doc:
    pipeline = nlp if isinstance(nlp, Language) else _blank()
    vocab = pipeline.vocab if nlp is None else nlp if isinstance(nlp, Vocab) else nlp.vocab
    document = exact_document(replace(transcript, utterances=tuple(map(_encodable, transcript.utterances))))
    words: list[str] = []
    spaces: list[bool] = []
    begins: list[bool | int | None] = []
    for opens, start, utterance in zip(document.opens, document.starts, document.transcript.utterances, strict=True):
        for piece in (document.text[opens:start], utterance.text, "\n"):
            tokens = list(_tokens(piece, pipeline))
            words += [word for word, _ in tokens]
            spaces += [space for _, space in tokens]
            # Every line end belongs to the sentence before it.
            begins += [False] if piece == "\n" else [True if index == 0 else None for index in range(len(tokens))]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=begins or None)
    if doc.text != document.text:
        raise ActionRecsError("the pipeline's tokenizer changes the text; take one that keeps it, as spaCy's do")
    _keep(doc, document)
    return doc


def _tokens(piece: str, nlp: Language) -> Iterator[tuple[str, bool]]:
    """The words of a piece, and whether a blank follows each: no word reaches from one piece into the next."""
    if piece == "\n":
        yield piece, False
    elif piece:
        for token in nlp.tokenizer(piece):
            yield token.text, bool(token.whitespace_)


def _encodable(utterance: Utterance) -> Utterance:
    """Half a character, which no string of spaCy can hold, as the sign that stands for it; lengths stay."""
    speaker = utterance.speaker
    return replace(
        utterance,
        text=LONE_SURROGATE.sub("\ufffd", utterance.text),
        speaker=None if speaker is None else LONE_SURROGATE.sub("\ufffd", speaker),
    )


def _keep(doc: Doc, document: Document) -> None:
    session = AnnotatedSession(document.transcript.session_id or "", document.transcript)
    doc.user_data[KEY] = json.dumps(with_utterances(session, document))


def _about(doc: Doc) -> dict[str, Any]:
    """What was kept of the session; anybody may have changed it."""
    try:
        about = json.loads(doc.user_data.get(KEY) or "{}")
    except (ValueError, TypeError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _span(doc: Doc, start: int, end: int, label: str) -> Span:
    span = doc.char_span(start, end, label=label, alignment_mode="expand")
    if span is None:
        raise ActionRecsError(f"no tokens at characters {start} to {end} of the document; make it anew")
    return span


def _key(span: Span) -> str:
    return f"{span.start_char} {span.end_char} {span.label_}"


def _role(token: Token) -> Role | None:
    starts, ends, roles = _layout(token.doc.user_data.get(KEY) or "{}")
    at = bisect_right(starts, token.idx) - 1
    return roles[at] if at >= 0 and token.idx < ends[at] else None


def _turns(doc: Doc) -> list[Span]:
    """A span for each utterance, in order, with its role as the label; empty where nothing was said."""
    begins = [token.idx for token in doc]
    return [
        Span(doc, bisect_left(begins, start), bisect_left(begins, end), label=role.value)
        for start, end, role in zip(*_layout(doc.user_data.get(KEY) or "{}"), strict=True)
    ]


def _form(span: Span) -> Form | None:
    label, _, form = span.label_.partition(":")
    return Form(form) if label == Label.RECOMMENDATION and form in tuple(Form) else None


def _score(span: Span) -> float | None:
    score = _scores(span.doc.user_data.get(MARKS) or "{}").get(_key(span), {}).get("score")
    return None if score is None else float(score)


@lru_cache(maxsize=8)
def _layout(kept: str) -> tuple[list[int], list[int], list[Role]]:
    utterances = json.loads(kept).get("utterances", [])
    return (
        [each["start"] for each in utterances],
        [each["end"] for each in utterances],
        [Role(each["role"]) for each in utterances],
    )


@lru_cache(maxsize=8)
def _scores(kept: str) -> dict[str, dict[str, float]]:
    scores: dict[str, dict[str, float]] = json.loads(kept)
    return scores


@lru_cache(maxsize=1)
def _blank() -> Language:
    return spacy.blank("en")


Token.set_extension("role", getter=_role, force=True)
Span.set_extension("form", getter=_form, force=True)
Span.set_extension("score", getter=_score, force=True)
Doc.set_extension("turns", getter=_turns, force=True)
Doc.set_extension("review_percentage", default=None, force=True)
