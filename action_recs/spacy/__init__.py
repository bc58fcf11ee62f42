"""spaCy: transcripts as ``Doc`` objects, and the tagger as a component of a pipeline.

    nlp = spacy.blank("en")
    nlp.add_pipe("action_recs")
    doc = nlp(action_recs.spacy.doc_from_transcript("session.vtt", nlp))
    doc.spans["recommendations"], doc.spans["reviews"], doc._.review_percentage

spaCy finds the component by its name once the package is installed. The extra is ``spacy``.
"""

try:
    import spacy as _installed
except ImportError:
    raise ImportError("action_recs.spacy needs spaCy: pip install 'action_recs[spacy]'") from None

from action_recs.spacy.component import ActionRecs, make_component
from action_recs.spacy.documents import RECOMMENDATIONS, REVIEWS, doc_from_session, doc_from_transcript
from action_recs.spacy.scorer import make_scorer, score

__all__ = [
    "RECOMMENDATIONS",
    "REVIEWS",
    "ActionRecs",
    "doc_from_session",
    "doc_from_transcript",
    "make_component",
    "make_scorer",
    "score",
]

del _installed
