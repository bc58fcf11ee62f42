"""What the linking model must beat, on gold spans: the last session's only item, TF-IDF, sentence embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from action_recs.annotation.annotated import AnnotatedSession
from action_recs.annotation.courses import Course
from action_recs.evaluation.curves import best_threshold
from action_recs.evaluation.metrics import Counts
from action_recs.evaluation.sentences import Vectors


@dataclass(frozen=True, slots=True)
class Question:
    """Pairs of texts that belong together or not: a review with every earlier item, or the spans of a session."""

    client: str
    asked: tuple[str, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    pairs: tuple[tuple[int, int, bool], ...]  # place in asked, place in texts, whether they belong together
    only: tuple[bool, ...] = ()  # for each pair, whether the item is the last session's only one


def link_questions(courses: Iterable[Course]) -> list[Question]:
    """The reviews of each session of each course, with the items of all sessions before it."""
    questions = []
    for course in courses:
        texts: list[str] = []
        places: list[tuple[int, int]] = []
        for place, session in enumerate(course.sessions):
            said = [utterance.text for utterance in session.transcript.utterances]
            asked = tuple(" ".join(said[run.first : run.last + 1]) for run in session.reviews)
            if asked and texts:
                last = [at for at, (own, _) in enumerate(places) if own == place - 1]
                pairs = [
                    (review, at, places[at] in course.links[place, review])
                    for review in range(len(asked))
                    for at in range(len(texts))
                ]
                only = tuple(len(last) == 1 and at == last[0] for _, at, _ in pairs)
                questions.append(Question(course.client, asked, tuple(texts), tuple(pairs), only))
            for number, group in enumerate(course.items[place]):
                texts.append(" ".join(session.recommendations[at].text for at in group))
                places.append((place, number))
    return questions


def same_questions(courses: Iterable[Course]) -> list[Question]:
    """The recommendations of each session, each with those before it."""
    questions = []
    for course in courses:
        for place, session in enumerate(course.sessions):
            texts = tuple(span.text for span in session.recommendations)
            group_of = {number: at for at, group in enumerate(course.items[place]) for number in group}
            pairs = tuple(
                (second, first, group_of[first] == group_of[second])
                for second in range(len(texts))
                for first in range(second)
            )
            if pairs:
                questions.append(Question(course.client, texts, texts, pairs))
    return questions


def last_only(questions: Iterable[Question]) -> dict[str, Counts]:
    """Every review looks back to the last session's recommendation where there is only one, else to nothing."""
    clients: dict[str, Counts] = {}
    for question in questions:
        gold = np.array([together for _, _, together in question.pairs])
        clients[question.client] = clients.get(question.client, Counts()) + _counts(gold, np.array(question.only))
    return clients


def by_cosine(training: Sequence[Question], held_out: Sequence[Question], vectors: Vectors) -> dict[str, Counts]:
    """What is alike by more than the threshold that has the best F1 on the training questions."""
    scores = np.concatenate([_cosines(question, vectors) for question in training])
    gold = np.array([together for question in training for _, _, together in question.pairs])
    _, threshold = best_threshold(scores, gold)
    clients: dict[str, Counts] = {}
    for question in held_out:
        together = np.array([each for _, _, each in question.pairs])
        counts = _counts(together, _cosines(question, vectors) >= threshold)
        clients[question.client] = clients.get(question.client, Counts()) + counts
    return clients


def _cosines(question: Question, vectors: Vectors) -> NDArray[np.float64]:
    asked, texts = vectors(question.asked), vectors(question.texts)
    alike = np.asarray(asked @ texts.T)
    return np.array([alike[one, other] for one, other, _ in question.pairs])


def _counts(gold: NDArray[np.bool_], predicted: NDArray[np.bool_]) -> Counts:
    hits = int((gold & predicted).sum())
    return Counts(hits, int(predicted.sum()) - hits, int(gold.sum()) - hits)


def tf_idf(training: Iterable[AnnotatedSession]) -> Vectors:
    """TF-IDF of words, with the frequencies of the training utterances."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [utterance.text for session in training for utterance in session.transcript.utterances]
    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit(texts)
    return lambda some: vectorizer.transform(some).toarray()


def bag_of_words(texts: Sequence[str], labels: Sequence[str], held_out: Sequence[str]) -> list[str]:
    """TF-IDF of words and word pairs, and logistic regression: the class of each held-out text."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=3, class_weight="balanced", max_iter=1000),
    )
    return [str(label) for label in model.fit(list(texts), list(labels)).predict(list(held_out))]
