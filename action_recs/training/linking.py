"""From annotated courses to the scorers of links and restatements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.courses import Course, courses
from action_recs.checkpoint import Checkpoint
from action_recs.linking.adherence import ADHERENCES, adherence_numbers, said_terms
from action_recs.linking.category import CATEGORIES, category_numbers, category_terms
from action_recs.linking.features import Candidate, Table, link_features, same_features
from action_recs.linking.meanings import Floats, Meanings, of_unit_length
from action_recs.linking.passages import (
    Rarity,
    Spoken,
    content_words,
    read_tokens,
    recommendation_passage,
    review_passage,
    texts_of,
    with_meanings,
)
from action_recs.linking.reader import Reader
from action_recs.linking.term_model import TermModel
from action_recs.linking.thread import Adherence, Category
from action_recs.session import Form, TaggedSession

FOLDS = 8
CONSTANT = 1e-4
"""Standard deviation up to which a column of meanings says nothing: that of a number of a vector is some 0.05."""
RARE = 2
"""A word of fewer utterances is as rare as one that is not there."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of one group of courses: features, which belong together, and where each is from.

    Attributes
    ----------
    table : array of shape (pairs, columns)
    together : array of bool, shape (pairs,)
    client : tuple of str, one a pair
    asked : tuple of int, one a pair
        Which review (or which session) a pair belongs to.
    """

    table: Table
    together: NDArray[np.bool_]
    client: tuple[str, ...]
    asked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReadSession:
    """An annotated session with what it means."""

    annotated: AnnotatedSession
    tagged: TaggedSession = field(repr=False)
    spoken: Spoken = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadCourse:
    """A course with the tokens of its sessions."""

    course: Course
    sessions: tuple[TaggedSession, ...]
    spoken: tuple[Spoken, ...]


def read_sessions(encoder: Meanings, sessions: Iterable[AnnotatedSession]) -> tuple[Floats, list[ReadSession]]:
    """What sessions mean, all read together.

    Parameters
    ----------
    encoder : Meanings
        Its mean must be zero.

    Returns
    -------
    (array of shape (hidden size,), list of ReadSession)
        The mean over all that was read, in half precision; and the sessions, with it taken away.
    """
    annotated = list(sessions)
    tagged = [TaggedSession.from_annotations(session) for session in annotated]
    texts = [texts_of(session) for session in tagged]
    vectors = encoder.vectors([text for some in texts for text in some])
    mean = vectors.mean(axis=0).astype(np.float16).astype(np.float32)
    parts = np.split(of_unit_length(vectors - mean), np.cumsum([len(some) for some in texts])[:-1])
    read = zip(annotated, tagged, parts, strict=True)
    return mean, [ReadSession(each, session, with_meanings(session, part)) for each, session, part in read]


def rarity_of(sessions: Iterable[AnnotatedSession], checkpoint: Checkpoint) -> Rarity:
    """How rare words and tokens are over the utterances of sessions."""
    words: Counter[str] = Counter()
    tokens: Counter[int] = Counter()
    total = 0
    for session in sessions:
        texts = [utterance.text for utterance in session.transcript.utterances]
        total += len(texts)
        for text in texts:
            words.update(set(content_words(text)))
        for ids in checkpoint.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]:
            tokens.update(set(ids))
    count = np.array([tokens[token] for token in range(len(checkpoint.tokenizer))])
    common = math.log(total) * 0.45  # a token of more than a hundredth or so of the utterances says nothing
    return Rarity(
        {word: round(math.log(total / seen), 3) for word, seen in sorted(words.items()) if seen >= RARE},
        round(math.log(total), 3),
        np.maximum(np.log(total / (1 + count)) - common, 0).astype(np.float16).astype(np.float32),
    )


def read_courses(read: Iterable[ReadSession], checkpoint: Checkpoint) -> list[ReadCourse]:
    """The courses among sessions that hold a link or a restatement, with the tokens of what is said."""
    known = {each.annotated.id: each for each in read}
    found = []
    for course in courses(each.annotated for each in known.values()):
        if any(course.links.values()) or any(len(group) > 1 for items in course.items for group in items):
            own = [known[session.id] for session in course.sessions]
            spoken = tuple(replace(each.spoken, tokens=read_tokens(checkpoint, each.tagged)) for each in own)
            found.append(ReadCourse(course, tuple(each.tagged for each in own), spoken))
    return found


def link_pairs(read: Iterable[ReadCourse], rarity: Rarity) -> Pairs:
    """Every review against every item of the sessions before it, with gold spans and gold items."""
    tables, together, clients, asked = [], [], [], []
    question = 0
    for each in read:
        candidates: list[tuple[int, int, Candidate]] = []
        reviewed: set[tuple[int, int]] = set()
        for place, session in enumerate(each.sessions):
            if session.reviews and candidates:
                features = link_features(
                    [review_passage(session, each.spoken[place], run) for run in session.reviews],
                    [len(run) for run in session.reviews],
                    [_candidate(candidate, place, own, (own, item) in reviewed) for own, item, candidate in candidates],
                    rarity,
                )
                for review, table in enumerate(features):
                    targets = each.course.links[place, review]
                    tables.append(table)
                    together += [(own, item) in targets for own, item, _ in candidates]
                    clients += [each.course.client] * len(candidates)
                    asked += [question] * len(candidates)
                    question += 1
            for review in range(len(session.reviews)):
                reviewed.update(each.course.links[place, review])
            groups = each.course.items[place]
            for number, group in enumerate(groups):
                spans = [session.recommendations[at] for at in group]
                passage = recommendation_passage(session, each.spoken[place], group)
                structured = any(span.form is Form.STRUCTURED for span in spans)
                length = sum(len(span.text) for span in spans)
                rank = number / max(len(groups) - 1, 1)
                draft = Candidate(passage, 0, rank, structured, len(spans) - 1, length, False)
                candidates.append((place, number, draft))
    return Pairs(np.concatenate(tables), np.array(together), tuple(clients), tuple(asked))


def _candidate(draft: Candidate, place: int, own: int, reviewed: bool) -> Candidate:
    return replace(draft, sessions_between=place - own, reviewed_before=reviewed)


def same_pairs(read: Iterable[ReadCourse], rarity: Rarity) -> Pairs:
    """Every pair of recommendations of each session."""
    tables, together, clients, asked = [], [], [], []
    question = 0
    for each in read:
        for place, session in enumerate(each.sessions):
            spans = session.recommendations
            passages = [recommendation_passage(session, each.spoken[place], [number]) for number in range(len(spans))]
            pairs, table = same_features(session, passages, rarity)
            if not pairs:
                continue
            group_of = {number: at for at, group in enumerate(each.course.items[place]) for number in group}
            tables.append(table)
            together += [group_of[first] == group_of[second] for first, second in pairs]
            clients += [each.course.client] * len(pairs)
            asked += [question] * len(pairs)
            question += 1
    return Pairs(np.concatenate(tables), np.array(together), tuple(clients), tuple(asked))


@dataclass(frozen=True, slots=True)
class Fitted:
    """A logistic regression on unscaled features, its threshold, and how it did where it had not been trained."""

    weights: Table
    intercept: float
    threshold: float
    cross_validated: float


def fit_scorer(
    pairs: Pairs, *, strength: float, judged_on: Container[str], others: float = 1.0, draws: int = 3
) -> Fitted:
    """Fit on all pairs; the threshold is the one with the best F1 in cross-validation over clients.

    Parameters
    ----------
    strength : float
        Of the penalty: the inverse of scikit-learn's ``C``.
    judged_on : container of str
        The clients whose pairs the F1 is of: those whose courses resemble what the model is for.
    others : float
        How much a pair of any other client counts.
    draws : int
        How often the clients are divided anew; scores are averaged over them.
    """
    judged = np.array([client in judged_on for client in pairs.client])
    counts = np.where(judged, 1.0, others)
    scores = np.mean([held_out(pairs, counts, strength, seed) for seed in range(draws)], axis=0)
    threshold, best = best_threshold(pairs.together[judged], scores[judged])
    scaler, regression = _regression(pairs.table, pairs.together, counts, strength)
    weights = regression.coef_[0] / scaler.scale_
    return Fitted(weights, float(regression.intercept_[0] - weights @ scaler.mean_), threshold, best)


def held_out(pairs: Pairs, counts: Table, strength: float, seed: int) -> Table:
    """The probability of each pair by a model that has not seen its client."""
    fold = np.array([crc32(f"{seed} {client}".encode()) % FOLDS for client in pairs.client])
    scores = np.zeros(len(fold))
    for number in range(FOLDS):
        shown = fold != number
        scaler, regression = _regression(pairs.table[shown], pairs.together[shown], counts[shown], strength)
        scores[~shown] = regression.predict_proba(scaler.transform(pairs.table[~shown]))[:, 1]
    return scores


def best_threshold(together: NDArray[np.bool_], scores: Table) -> tuple[float, float]:
    """The threshold with the best F1, and that F1."""
    order = np.argsort(-scores)
    hits = np.cumsum(together[order])
    f1 = 2 * hits / (together.sum() + np.arange(1, len(order) + 1))
    at = int(f1.argmax())
    following = scores[order[at + 1]] if at + 1 < len(order) else 0.0
    return float((scores[order[at]] + following) / 2), float(f1[at])


def _regression(table: Table, together: NDArray[np.bool_], counts: Table, strength: float) -> Any:
    scaler = StandardScaler()
    regression = LogisticRegression(C=1 / strength, max_iter=3000)
    return scaler, regression.fit(scaler.fit_transform(table), together, sample_weight=counts)


@dataclass(frozen=True, slots=True)
class Told:
    """Texts with their classes.

    Attributes
    ----------
    terms : tuple of list of str, one a text
    numbers : array of float, shape (texts, columns)
        What they mean.
    labels : tuple of int, one a text
    clients : tuple of str, one a text
    """

    terms: tuple[list[str], ...] = field(repr=False)
    numbers: Floats = field(repr=False)
    labels: tuple[int, ...]
    clients: tuple[str, ...]


def told_adherences(read: Iterable[ReadSession]) -> Told:
    """Every review that has an adherence."""
    return _told(
        (
            [term for term, _ in said_terms(each.tagged, run)],
            adherence_numbers(each.tagged, each.spoken, run),
            ADHERENCES.index(Adherence(told.adherence)),
            each.annotated.group,
        )
        for each in read
        for run, told in zip(each.tagged.reviews, each.annotated.reviews, strict=True)
        if told.adherence
    )


def told_categories(read: Iterable[ReadSession]) -> Told:
    """Every recommendation that has a category."""
    return _told(
        (
            category_terms(span.text),
            category_numbers(each.tagged, each.spoken, number),
            CATEGORIES.index(Category(span.category)),
            each.annotated.group,
        )
        for each in read
        for number, span in enumerate(each.annotated.recommendations)
        if span.category
    )


def _told(rows: Iterable[tuple[list[str], Floats, int, str]]) -> Told:
    terms, numbers, labels, clients = zip(*rows, strict=True)
    return Told(terms, np.array(numbers), labels, clients)


@dataclass(frozen=True, slots=True)
class Strengths:
    """The penalties of a reader, as the inverse of scikit-learn's ``C``, and how much rare classes are lifted.

    Attributes
    ----------
    words, meaning : float
    words_balance, meaning_balance : float
        The power of a class's rarity by which its texts count more: 1 makes all classes count alike, 0 all texts.
    seen_in : int
        A term of fewer texts is not used.
    share : float
        How much the scores from the meaning count; those from the words count 1.
    """

    words: float
    meaning: float
    words_balance: float
    meaning_balance: float
    seen_in: int
    share: float = 1.0


def fit_reader(told: Told, strengths: Strengths, *, judged_on: Container[str]) -> tuple[Reader, float]:
    """Fit on all texts; the macro F1 is that of cross-validation over the clients it is judged on."""
    gold = np.array(told.labels)
    judged = np.array([client in judged_on for client in told.clients])
    fold = np.array([crc32(client.encode()) % FOLDS for client in told.clients])
    found = np.zeros(len(gold), dtype=int)
    for number in range(FOLDS):
        shown, hidden = np.flatnonzero(fold != number), np.flatnonzero(judged & (fold == number))
        if not len(hidden):
            continue
        reader = _reader(told, shown, strengths)
        found[hidden] = [reader.log_probabilities(told.terms[at], told.numbers[at]).argmax() for at in hidden]
    macro = float(f1_score(gold[judged], found[judged], average="macro"))
    return _reader(told, np.arange(len(gold)), strengths), macro


def _reader(told: Told, shown: NDArray[np.int64], strengths: Strengths) -> Reader:
    gold = np.array(told.labels)[shown]
    counts = np.bincount(gold)
    rarity = len(gold) / np.maximum(counts, 1) / np.count_nonzero(counts)
    vectorizer = TfidfVectorizer(analyzer=list, min_df=strengths.seen_in, sublinear_tf=True)
    table = vectorizer.fit_transform([told.terms[at] for at in shown])
    words = LogisticRegression(C=1 / strengths.words, max_iter=3000)
    words.fit(table, gold, sample_weight=rarity[gold] ** strengths.words_balance)
    numbers = told.numbers[shown].astype(float)
    spread = numbers.std(axis=0)
    scale = np.where(spread > CONSTANT, spread, np.inf)  # a column that hardly varies is left out
    meaning = LogisticRegression(C=1 / strengths.meaning, max_iter=3000)
    meaning.fit((numbers - numbers.mean(axis=0)) / scale, gold, sample_weight=rarity[gold] ** strengths.meaning_balance)
    weights = strengths.share * meaning.coef_ / scale
    return Reader(
        TermModel(
            {str(term): int(row) for term, row in vectorizer.vocabulary_.items()},
            np.asarray(vectorizer.idf_),
            words.coef_.T,
            words.intercept_,
        ),
        weights.T,
        strengths.share * meaning.intercept_ - weights @ numbers.mean(axis=0),
    )
