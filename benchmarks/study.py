"""How long 50,000 tagged sessions take to be read, described and modelled, and how much memory.

    python benchmarks/study.py [SESSIONS]

Draws a cohort, writes it as ``action-recs tag -o`` would (some 250 utterances of some 25 words a session, so several
gigabytes for 50,000), then times reading, joining and analysing. Nothing of it is real.
"""

from __future__ import annotations

import itertools
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from action_recs.session import IDENTIFIERS
from action_recs.study.analysis import analyse, write_results
from action_recs.study.join import join
from action_recs.study.scores import read_scores
from action_recs.study.sessions import read_sessions
from action_recs.study.simulate import Cohort, Design, simulate_cohort

WORDS = ("we", "talked", "about", "the", "week", "and", "how", "it", "felt", "again", "yesterday", "morning", "walk")

DIALOGUES = 2000


def write_files(cohort: Cohort, folder: Path) -> tuple[Path, Path]:
    """The cohort's sessions with utterances of a realistic length, and its scores.

    Dialogues repeat, with their reviews, so that making the files takes less time than what is timed; scores are then
    no longer tied to reviews, which no time depends on.
    """
    draw = random.Random(0)  # noqa: S311
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(3, 47))) for _ in range(1000)]
    tagged, outcomes = folder / "tagged.jsonl", folder / "outcomes.csv"
    dialogues = []
    for session in itertools.islice(cohort.tagged_sessions(), DIALOGUES):
        record = {name: item for name, item in session.to_dict().items() if name not in IDENTIFIERS}
        for utterance in record["utterances"]:
            utterance["text"] = draw.choice(texts)
        dialogues.append(json.dumps(record)[1:])
    with tagged.open("w", encoding="utf-8") as file:
        rows = cohort.sessions[list(IDENTIFIERS)].assign(date=cohort.sessions["date"].dt.strftime("%Y-%m-%d"))
        for row, dialogue in zip(rows.to_dict("records"), itertools.cycle(dialogues), strict=False):
            file.write(f"{json.dumps(row)[:-1]}, {dialogue}\n")
    cohort.outcomes[["client_id", "date", "instrument", "score"]].to_csv(outcomes, index=False)
    return tagged, outcomes


def main(sessions: int) -> None:
    design = Design(
        n_sessions=sessions,
        n_clients=sessions // 6,
        n_therapists=sessions // 60,
        n_organisations=max(sessions // 2500, 5),
        utterances=250,
    )
    with tempfile.TemporaryDirectory() as folder:
        tagged, outcomes = write_files(simulate_cohort(design), Path(folder))
        print(f"{sessions} sessions, {tagged.stat().st_size / 1e9:.2f} GB")
        start, begun = time.perf_counter(), time.process_time()
        table = read_sessions(tagged).table
        scores = read_scores(outcomes).table
        read = time.perf_counter()
        joined = join(table, scores)
        study = analyse(table, joined)
        write_results(study, Path(folder) / "results.json")
        end = time.perf_counter()
    used = time.process_time() - begun
    own, parts = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"read {read - start:.1f} s, described and modelled {end - read:.1f} s, together {end - start:.1f} s")
    print(f"processor time {used + parts.ru_utime + parts.ru_stime:.1f} s")
    print(f"memory: {own.ru_maxrss / 1e6:.2f} GB, each reading process {parts.ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
