"""What kind of action is recommended: from the words of a recommendation, what it means, and the talk around it."""

from __future__ import annotations

import numpy as np

from action_recs.linking.adherence import terms_of
from action_recs.linking.meanings import Floats
from action_recs.linking.passages import Spoken
from action_recs.linking.reader import Reader
from action_recs.linking.thread import Category
from action_recs.session import Form, TaggedSession

CATEGORIES = tuple(Category)


def read_category(model: Reader, session: TaggedSession, spoken: Spoken, number: int) -> Category:
    """The category of a recommendation, by its place in the session."""
    terms = category_terms(session.recommendations[number].text)
    in_context = None if spoken.categories is None else spoken.categories[number]
    told = model.log_probabilities(terms, category_numbers(session, spoken, number), in_context)
    return CATEGORIES[int(told.argmax())]


def category_terms(text: str) -> list[str]:
    """The words of a recommendation, singly and in pairs."""
    return [term for term, _, _ in terms_of(text)]


def category_numbers(session: TaggedSession, spoken: Spoken, number: int) -> Floats:
    """What a recommendation means, alone and with the talk around it, and whether it is structured.

    Returns
    -------
    array of shape (3 * hidden size + 1,)
    """
    structured = session.recommendations[number].form is Form.STRUCTURED
    meant = (spoken.spans[number], spoken.leads[number], spoken.scenes[number])
    return np.concatenate([*meant, np.array([structured], dtype=np.float32)])
