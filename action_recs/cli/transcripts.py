"""Transcripts as files that ``read`` writes: one form for what came in many, with everybody's role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from action_recs.cli.json_lines import json_lines
from action_recs.session import IDENTIFIERS
from action_recs.transcript import Transcript, label_key
from action_recs.whole_files import whole_file, write_csv, write_parquet, write_text

SUFFIXES = (".jsonl", ".json", ".csv", ".parquet", ".txt")
ONE_SESSION = (".json", ".txt")
"""Files that hold one session."""

COLUMNS = {
    **dict.fromkeys(IDENTIFIERS, "string"),
    "index": "int32",
    "role": "string",
    "text": "string",
    "name": "string",
    "start": "float64",
    "end": "float64",
}
"""Of a table: one row an utterance. The readers take ``role`` for the speaker, and so give the same roles again."""


def transcript_record(transcript: Transcript) -> dict[str, Any]:
    """A transcript as plain lists, strings and numbers; ``name`` is the source's label where that tells more.

    Examples
    --------
    >>> record = transcript_record(Transcript.from_pairs([("client", "Long.")], session_id="s1"))
    >>> record["session_id"], record["utterances"]
    ('s1', [{'index': 0, 'role': 'client', 'text': 'Long.'}])
    """
    utterances = []
    for index, each in enumerate(transcript.utterances):
        name = each.speaker if each.speaker and label_key(each.speaker) != each.role.value else None
        extra: dict[str, Any] = {"name": name, "start": each.start, "end": each.end}
        record: dict[str, Any] = {"index": index, "role": each.role.value, "text": each.text}
        utterances.append(record | {key: value for key, value in extra.items() if value is not None})
    return {name: getattr(transcript, name) for name in IDENTIFIERS} | {"utterances": utterances}


def text_lines(record: dict[str, Any]) -> Iterator[str]:
    """A record as text, a line an utterance; line breaks within one become blanks."""
    for each in record["utterances"]:
        yield f"{each['role'].title()}: {' '.join(each['text'].splitlines())}\n"


def convert(lines: Path, output: Path) -> None:
    """Make a file of another form out of JSON lines."""
    records = (json.loads(line) for _, line in json_lines(lines))
    suffix = output.suffix.lower()
    with whole_file(output) as place:
        if suffix == ".json":
            write_text([json.dumps(next(records), ensure_ascii=False, indent=2), "\n"], place)
        elif suffix == ".txt":
            write_text(text_lines(next(records)), place)
        elif suffix == ".csv":
            write_csv(_rows(records), COLUMNS, place)
        else:
            write_parquet(_rows(records), COLUMNS, place)


def _rows(records: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in records:
        known = {name: record[name] for name in IDENTIFIERS}
        for each in record["utterances"]:
            yield dict.fromkeys(COLUMNS) | known | each
