"""From annotated courses to the scorers of links and restatements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.courses import Course
from action_recs.checkpoint import Checkpoint
from action_recs.linking.adherence import ADHERENCES, said_terms
from action_recs.linking.features import Candidate, Table, link_features, same_features
from action_recs.linking.passages import (
    Rarity,
    Spoken,
    content_words,
    read_session,
    recommendation_passage,
    review_passage,
)
from action_recs.linking.reader import CATEGORIES, category_terms
from action_recs.linking.term_model import TermModel
from action_recs.linking.thread import Adherence, Category
from action_recs.session import Form, TaggedSession

FOLDS = 8
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
class ReadCourse:
    """A course with the tokens of its sessions."""

    course: Course
    sessions: tuple[TaggedSession, ...]
    spoken: tuple[Spoken, ...]


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


def read_courses(courses: Iterable[Course], checkpoint: Checkpoint) -> list[ReadCourse]:
    """Run the encoder over what is recommended and reviewed in courses."""
    read = []
    for course in courses:
        sessions = tuple(TaggedSession.from_annotations(session) for session in course.sessions)
        read.append(ReadCourse(course, sessions, tuple(read_session(checkpoint, session) for session in sessions)))
    return read


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
                passage = recommendation_passage(session, each.spoken[place], spans)
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
            passages = [recommendation_passage(session, each.spoken[place], [span]) for span in spans]
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


def fit_scorer(pairs: Pairs, *, strength: float, draws: int = 3) -> Fitted:
    """Fit on all pairs; the threshold is the one with the best F1 in cross-validation over clients.

    Parameters
    ----------
    strength : float
        Of the penalty: the inverse of scikit-learn's ``C``.
    draws : int
        How often the clients are divided anew; scores are averaged over them.
    """
    scores = np.mean([held_out(pairs, strength, seed) for seed in range(draws)], axis=0)
    threshold, best = best_threshold(pairs.together, scores)
    model = _regression(strength).fit(pairs.table, pairs.together)
    scaler, regression = model[0], model[-1]
    weights = regression.coef_[0] / scaler.scale_
    return Fitted(weights, float(regression.intercept_[0] - weights @ scaler.mean_), threshold, best)


def held_out(pairs: Pairs, strength: float, seed: int) -> Table:
    """The probability of each pair by a model that has not seen its client."""
    fold = np.array([crc32(f"{seed} {client}".encode()) % FOLDS for client in pairs.client])
    scores = np.zeros(len(fold))
    for number in range(FOLDS):
        shown = fold != number
        model = _regression(strength).fit(pairs.table[shown], pairs.together[shown])
        scores[~shown] = model.predict_proba(pairs.table[~shown])[:, 1]
    return scores


def best_threshold(together: NDArray[np.bool_], scores: Table) -> tuple[float, float]:
    """The threshold with the best F1, and that F1."""
    order = np.argsort(-scores)
    hits = np.cumsum(together[order])
    f1 = 2 * hits / (together.sum() + np.arange(1, len(order) + 1))
    at = int(f1.argmax())
    following = scores[order[at + 1]] if at + 1 < len(order) else 0.0
    return float((scores[order[at]] + following) / 2), float(f1[at])


def _regression(strength: float) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=1 / strength, max_iter=3000))


@dataclass(frozen=True, slots=True)
class Told:
    """Texts as terms with their classes, for a linear model."""

    terms: tuple[list[str], ...] = field(repr=False)
    labels: tuple[int, ...]
    clients: tuple[str, ...]


def told_adherences(sessions: Iterable[AnnotatedSession]) -> Told:
    """Every review that has an adherence."""
    rows = [
        ([term for term, _ in said_terms(tagged, run)], ADHERENCES.index(Adherence(run.adherence)), session.group)
        for session in sessions
        for tagged in [TaggedSession.from_annotations(session)]
        for run in session.reviews
        if run.adherence
    ]
    return Told(*zip(*rows, strict=True))


def told_categories(sessions: Iterable[AnnotatedSession]) -> Told:
    """Every recommendation that has a category."""
    rows = [
        (category_terms(span.text), CATEGORIES.index(Category(span.category)), session.group)
        for session in sessions
        for span in session.recommendations
        if span.category
    ]
    return Told(*zip(*rows, strict=True))


def fit_terms(told: Told, *, strength: float, seen_in: int) -> tuple[TermModel, float]:
    """The weights of terms that occur in ``seen_in`` texts or more, and the macro F1 in cross-validation over clients.

    Parameters
    ----------
    strength : float
        Of the penalty: the inverse of scikit-learn's ``C``.
    """
    gold = np.array(told.labels)
    fold = np.array([crc32(client.encode()) % FOLDS for client in told.clients])
    found = np.zeros(len(gold), dtype=int)
    for number in range(FOLDS):
        shown, hidden = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if not len(hidden):
            continue
        vectorizer, regression = _terms_regression([told.terms[at] for at in shown], gold[shown], strength, seen_in)
        found[hidden] = regression.predict(vectorizer.transform([told.terms[at] for at in hidden]))
    vectorizer, regression = _terms_regression(told.terms, gold, strength, seen_in)
    model = TermModel(
        {str(term): int(row) for term, row in vectorizer.vocabulary_.items()},
        np.asarray(vectorizer.idf_),
        regression.coef_.T,
        regression.intercept_,
    )
    return model, float(f1_score(gold, found, average="macro"))


def _terms_regression(texts: Sequence[list[str]], gold: NDArray[np.int64], strength: float, seen_in: int) -> Any:
    vectorizer = TfidfVectorizer(analyzer=list, min_df=seen_in, sublinear_tf=True)
    regression = LogisticRegression(C=1 / strength, class_weight="balanced", max_iter=3000)
    return vectorizer, regression.fit(vectorizer.fit_transform(texts), gold)
