"""How fast transcripts are read: a folder of 10,000 sessions, and each kind of file beside the library made for it.

    python benchmarks/readers.py --sessions 10000

The folder is made first (by the same seed, the same folder), with as many files of each kind. Files a second are by the
processor's time, so that other work on the machine does not count. The other libraries do less: they find speakers and
words in files of a kind that is named beforehand. Ours tells the kind from the content, checks the times, joins the
pieces of a turn and gives the roles.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import action_recs

TURNS = 200
COMPARED = 200
"""Files of each kind that are read by both libraries."""
VOCABULARY = """so how did it go this week I thought about what we said and then could not do it because my sister
called in the evening well that sounds hard what would help you try the list before bed maybe tomorrow yes I can"""
WORDS = VOCABULARY.split()
CODES = {"Therapist": "THE", "Client": "CLI"}

Turn = tuple[str, float, float, str]
Pairs = list[tuple[str, str]]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--sessions", type=int, default=10_000)
    arguments.add_argument("--folder", type=Path, help="keep the sessions here, and take them from here if they are")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.folder or Path(temporary)
        if not (folder.is_dir() and any(folder.iterdir())):
            write_folder(folder, chosen.sessions)
        read_folder(folder)
        print(f"\n{'kind':<10}{'files':>7}{'ours /s':>9}{'other /s':>10}  other")
        for suffix, (library, other) in OTHERS.items():
            paths = sorted(folder.glob(f"*{suffix}"))[:COMPARED]
            ours = rate(lambda path: action_recs.read(path), paths)
            print(f"{suffix:<10}{len(paths):>7}{ours:>9}{rate(other, paths):>10}  {library}")


def read_folder(folder: Path) -> None:
    begin, worked = time.perf_counter(), time.process_time()
    utterances = [len(session) for session in action_recs.read_many(folder, progress=True)]
    seconds, worked = time.perf_counter() - begin, time.process_time() - worked
    megabytes = sum(path.stat().st_size for path in folder.iterdir()) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = f"{len(utterances)} sessions, {sum(utterances)} utterances, {megabytes:.0f} MiB"
    print(f"{size}; at most {peak:.0f} MiB of memory")
    print(f"{seconds:.1f} s ({worked:.1f} s of the processor), {len(utterances) / worked:.0f} sessions a second of it")


def rate(read: Callable[[Path], object], paths: list[Path]) -> str:
    """Files a second of the processor's time, or why there is none."""
    try:
        read(paths[0])  # what is imported at the first file
        begin = time.process_time()
        for path in paths:
            read(path)
    except ImportError:
        return "absent"
    return f"{len(paths) / (time.process_time() - begin):.0f}"


def write_folder(folder: Path, sessions: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(20240112)  # noqa: S311 (draws words)
    kinds = list(WRITERS.items())
    for number in range(sessions):
        suffix, write = kinds[number % len(kinds)]
        write(folder / f"session{number:05}{suffix}", list(talk(chance)))


def talk(chance: random.Random) -> Iterator[Turn]:
    now = 0.0
    for number in range(TURNS):
        text = " ".join(chance.choices(WORDS, k=chance.randint(3, 40))) + chance.choice(".?")
        start, now = round(now + 0.5, 3), round(now + 0.5 + 0.3 * len(text.split()), 3)
        yield ("Therapist", "Client")[number % 2], start, now, text


def write_csv(path: Path, turns: list[Turn]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("speaker", "start", "end", "text"), *turns])


def write_jsonl(path: Path, turns: list[Turn]) -> None:
    records = (dict(zip(("speaker", "start", "end", "text"), turn, strict=True)) for turn in turns)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def write_vtt(path: Path, turns: list[Turn]) -> None:
    cues = [f"{clock(start)} --> {clock(end)}\n<v {who}>{text}</v>\n" for who, start, end, text in turns]
    path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")


def clock(seconds: float) -> str:
    return f"{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}"


def write_docx(path: Path, turns: list[Turn]) -> None:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{who}: {text}</w:t></w:r></w:p>" for who, _, _, text in turns)
    office = "http://schemas.openxmlformats.org"
    main_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main_type}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        "</Relationships>",
        "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)


def write_eaf(path: Path, turns: list[Turn]) -> None:
    times = [time for _, start, end, _ in turns for time in (start, end)]
    slots = (f'<TIME_SLOT TIME_SLOT_ID="ts{n}" TIME_VALUE="{round(1000 * each)}"/>' for n, each in enumerate(times))
    tiers = []
    for speaker in CODES:
        said = (annotation(number, turn[3]) for number, turn in enumerate(turns) if turn[0] == speaker)
        tiers.append(f'<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="{speaker}">{"".join(said)}</TIER>')
    kind = '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true"/>'
    head = '<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>'
    body = f"{head}<TIME_ORDER>{''.join(slots)}</TIME_ORDER>{''.join(tiers)}{kind}"
    schema = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="EAFv3.0.xsd"'
    document = (
        f'<ANNOTATION_DOCUMENT AUTHOR="" DATE="" FORMAT="3.0" VERSION="3.0" {schema}>{body}</ANNOTATION_DOCUMENT>'
    )
    path.write_text(document, encoding="utf-8")


def annotation(number: int, text: str) -> str:
    slots = f'TIME_SLOT_REF1="ts{2 * number}" TIME_SLOT_REF2="ts{2 * number + 1}"'
    value = f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>"
    inside = f'<ALIGNABLE_ANNOTATION ANNOTATION_ID="a{number}" {slots}>{value}</ALIGNABLE_ANNOTATION>'
    return f"<ANNOTATION>{inside}</ANNOTATION>"


def write_textgrid(path: Path, turns: list[Turn]) -> None:
    end = turns[-1][2]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", f"{end}", "<exists>", f"{len(CODES)}"]
    for speaker in CODES:
        intervals: list[str] = []
        at = 0.0
        for who, start, stop, text in turns:
            if who == speaker:
                intervals += [f'{at}\n{start}\n""', f'{start}\n{stop}\n"{text}"']
                at = stop
        if at < end:
            intervals.append(f'{at}\n{end}\n""')
        lines += ['"IntervalTier"', f'"{speaker}"', "0", f"{end}", f"{len(intervals)}", *intervals]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_cha(path: Path, turns: list[Turn]) -> None:
    head = ["@UTF8", "@Begin", "@Languages:\teng", "@Participants:\tTHE Therapist, CLI Adult"]
    head += [f"@ID:\teng|s|{code}|||||{role}|||" for code, role in (("THE", "Therapist"), ("CLI", "Adult"))]
    said = [
        f"*{CODES[who]}:\t{text[:-1]} {text[-1]} \x15{round(1000 * start)}_{round(1000 * end)}\x15"
        for who, start, end, text in turns
    ]
    path.write_text("\n".join([*head, *said, "@End", ""]), encoding="utf-8")


WRITERS: dict[str, Callable[[Path, list[Turn]], None]] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".vtt": write_vtt,
    ".docx": write_docx,
    ".eaf": write_eaf,
    ".TextGrid": write_textgrid,
    ".cha": write_cha,
}


def pandas_csv(path: Path) -> Pairs:
    import pandas

    frame = pandas.read_csv(path)
    return list(zip(frame["speaker"], frame["text"], strict=True))


def pandas_jsonl(path: Path) -> Pairs:
    import pandas

    frame = pandas.read_json(path, lines=True)
    return list(zip(frame["speaker"], frame["text"], strict=True))


def webvtt_py(path: Path) -> Pairs:
    import webvtt

    return [(cue.voice, cue.text) for cue in webvtt.read(path)]


def python_docx(path: Path) -> Pairs:
    import docx

    split = (paragraph.text.partition(":") for paragraph in docx.Document(str(path)).paragraphs)
    return [(speaker, text.strip()) for speaker, _, text in split]


def pympi_ling(path: Path) -> Pairs:
    from pympi.Elan import Eaf

    document = Eaf(str(path))
    said = [(start, tier, text) for tier in CODES for start, _, text in document.get_annotation_data_for_tier(tier)]
    return [(tier, text) for _, tier, text in sorted(said)]


def praatio(path: Path) -> Pairs:
    from praatio import textgrid

    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    said = [(entry.start, tier.name, entry.label) for tier in grid.tiers for entry in tier.entries]
    return [(tier, text) for _, tier, text in sorted(said)]


def pylangacq(path: Path) -> Pairs:
    import pylangacq

    lines = pylangacq.read_chat(str(path)).utterances()
    return [(line.participant, " ".join(token.word for token in line.tokens)) for line in lines]


OTHERS: dict[str, tuple[str, Callable[[Path], Pairs]]] = {
    ".csv": ("pandas", pandas_csv),
    ".jsonl": ("pandas", pandas_jsonl),
    ".vtt": ("webvtt-py", webvtt_py),
    ".docx": ("python-docx", python_docx),
    ".eaf": ("pympi-ling", pympi_ling),
    ".TextGrid": ("praatio", praatio),
    ".cha": ("pylangacq", pylangacq),
}

if __name__ == "__main__":
    main()
