"""The command line with a tagger that needs no model: for tests of runs that are killed, often and at any moment.

    python counting_tagger.py LOG SECONDS tag ...

Every session that is tagged is a line in LOG; each takes SECONDS.
"""

import sys
import time
from pathlib import Path

from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance
from action_recs.session import IDENTIFIERS


class CountingTagger:
    """Finds the first word of every therapist's utterance; its scores depend on what is tagged together."""

    def __init__(self, log, seconds=0.0):
        self.log = Path(log)
        self.seconds = seconds

    def tag_many(self, transcripts, batch_tokens=None):
        together = sum(map(len, transcripts))
        for transcript in transcripts:
            time.sleep(self.seconds)
            with self.log.open("a", encoding="utf-8") as file:
                file.write(f"{transcript.session_id}\n")
            yield tagged(transcript, together)


def tagged(transcript, together=1):
    score = 0.5 + 0.4 / together
    found = tuple(
        Recommendation(index, 0, end, each.text[:end], Form.CASUAL, score)
        for index, each in enumerate(transcript.utterances)
        if each.role is Role.THERAPIST and (end := len(each.text.split(" ")[0]))
    )
    utterances = tuple(
        TaggedUtterance(
            index,
            each.role,
            each.text,
            frozenset({Label.RECOMMENDATION} if any(one.utterance == index for one in found) else ()),
            {Label.RECOMMENDATION: score, Label.REVIEW: 0.1},
            each.speaker,
            each.start,
            each.end,
        )
        for index, each in enumerate(transcript.utterances)
    )
    identifiers = {name: getattr(transcript, name) for name in IDENTIFIERS}
    return TaggedSession(utterances, found, (Review(0, 0, score),), **identifiers)


if __name__ == "__main__":
    from action_recs.cli import app
    from action_recs.cli import tag as command

    counting = CountingTagger(sys.argv[1], float(sys.argv[2]))
    command.tagger_loader = lambda *_: lambda: counting
    command.models_digest = str
    app(sys.argv[3:])
