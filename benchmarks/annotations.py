"""Sessions a second and peak memory of loading annotations, for every form that is written.

    python benchmarks/annotations.py --sessions 10000 --form label-studio

Sessions are made up: some 100 utterances of 12 words, five recommendations and a review each. Every form is written and
loaded in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from action_recs import Form, Role, Transcript, Utterance
from action_recs.annotation import stream_annotations, write_annotations
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.formats import formats, named_format

UTTERANCES = 100
WORDS = (
    "maybe",
    "you",
    "could",
    "walk",
    "daily",
    "and",
    "write",
    "it",
    "down",
    "café",
    "how",
    "did",
    "that",
    "go",
    "👍",
)
MEBIBYTE = 2**10  # ru_maxrss counts in KiB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--form", action="append", help="a form's name; all that are written by default")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    names = arguments.form or [each.name for each in formats() if each.write]
    table = Table("Form", "MB on disk", "Written, sessions/s", "Loaded, sessions/s", "Peak MiB of loading")
    figures = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"sessions{named_format(name).suffix}"
            written, _ = measured(write, path, name, arguments.sessions)
            loaded, peak = measured(load, path, name, arguments.sessions)
            files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
            size = sum(each.stat().st_size for each in files) / 1e6
        figures.append({"form": name, "megabytes": size, "written": written, "loaded": loaded, "peak_mebibytes": peak})
        table.add_row(name, f"{size:.0f}", f"{written:.0f}", f"{loaded:.0f}", f"{peak:.0f}")
    Console().print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measured(task, path: Path, name: str, count: int) -> tuple[float, float]:
    """Sessions a second and peak memory of a task in a process of its own."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=task, args=(path, name, count, sender))
    process.start()
    seconds, peak = receiver.recv()
    process.join()
    return count / seconds, peak


def write(path: Path, name: str, count: int, sender) -> None:
    begin = time.perf_counter()
    write_annotations(made_up(count), path, name)
    sender.send((time.perf_counter() - begin, peak()))


def load(path: Path, name: str, count: int, sender) -> None:
    begin = time.perf_counter()
    loaded = sum(1 for _ in stream_annotations(path, name))
    if loaded != count:
        raise SystemExit(f"{name}: {loaded} sessions of {count}")
    sender.send((time.perf_counter() - begin, peak()))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEBIBYTE


def made_up(count: int) -> Iterator[AnnotatedSession]:
    draw = random.Random(0)  # noqa: S311 (no secret)
    for number in range(count):
        utterances = tuple(
            Utterance(Role.CLIENT if index % 2 else Role.THERAPIST, " ".join(draw.choices(WORDS, k=12)))
            for index in range(UTTERANCES)
        )
        spans = []
        for index in sorted(draw.sample(range(0, UTTERANCES, 2), 5)):
            text = utterances[index].text
            start = text.index(" ") + 1
            end = text.rindex(" ")
            spans.append(AnnotatedRecommendation(index, start, end, text[start:end], draw.choice(list(Form))))
        name = f"c{number // 3}-s{number % 3 + 1}"
        yield AnnotatedSession(
            name,
            Transcript(utterances, session_id=name, client_id=f"c{number // 3}"),
            tuple(spans),
            (AnnotatedReview(10, 19, adherence="done"),),
            group=f"c{number // 3}",
        )


if __name__ == "__main__":
    main()
