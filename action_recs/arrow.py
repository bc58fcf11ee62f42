"""Arrow tables in, the same tables with what was found out: what datasets, Ray and Spark have in common.

Two kinds of rows are read: a row a session, with its turns or its text in one cell; and a row an utterance, the rows of
a session one after another and all in the same table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from action_recs.errors import ActionRecsError, TranscriptError
from action_recs.readers.cells import as_text, is_missing
from action_recs.readers.reading import parse_text, read_many
from action_recs.readers.records import TURNS
from action_recs.readers.rows import ALSO, named
from action_recs.session import IDENTIFIERS, SCORE_DIGITS, Label, TaggedSession
from action_recs.tagger import BATCH_TOKENS, Tagger
from action_recs.transcript import Role, Transcript

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

OnError = Literal["raise", "mark"]

SESSION_CELLS = (*TURNS, "text")
"""Columns that may hold a session: a list of turns, or a text with speakers' labels."""

SESSION_COLUMNS = ("utterances", "recommendations", "reviews", "review_percentage", "error")
UTTERANCE_COLUMNS = (
    *(label.value for label in Label),
    *(f"{label.value}_score" for label in Label),
    "spans",
    "review_run",
    "error",
)
"""What is added to a row."""


def tag_session_rows(
    table: pa.Table,
    tagger: Tagger,
    *,
    column: str | None = None,
    roles: Mapping[str, Role | str] | None = None,
    on_error: OnError = "raise",
    batch_tokens: int = BATCH_TOKENS,
) -> pa.Table:
    """Tag a table with a row for each session.

    Parameters
    ----------
    table : pyarrow.Table
    tagger : Tagger
    column : str, optional
        Where the session is: a list of records (``speaker`` or ``role``, ``text``) or pairs, or a text with speakers'
        labels. By default the first of ``SESSION_CELLS`` that the table has.
    roles : mapping, optional
        Speaker name to role, where the labels do not say it.
    on_error : {"raise", "mark"}
        What becomes of a session that cannot be read: an exception, or a row whose ``error`` says why, and whose other
        new columns (``utterances`` among them) are null.
    batch_tokens : int
        As for :meth:`Tagger.tag_many`.

    Returns
    -------
    pyarrow.Table
        The same rows with the columns of :meth:`TaggedSession.to_dict`: ``utterances`` (index, role, text, labels,
        scores, speaker, start, end), ``recommendations``, ``reviews``, ``review_percentage``; and ``error``.

    Raises
    ------
    TranscriptError
        With the row, when a session cannot be read; or when the columns cannot be told.
    """
    column = column or _session_column(table)
    _refuse_taken(table, [name for name in SESSION_COLUMNS if name != column])
    facts = [name for name in IDENTIFIERS if name in table.column_names]
    records = table.select(list(dict.fromkeys([*facts, column]))).to_pylist()
    read = [
        _read(partial(_of_record, record, column, facts, roles), f"row {index}", on_error)
        for index, record in enumerate(records)
    ]
    tagged = _tag_all(read, tagger, batch_tokens)
    found = [{"error": str(one)} if isinstance(one, TranscriptError) else one.to_dict() for one in tagged]
    types = _session_types()
    for name in SESSION_COLUMNS:
        table = _with_column(table, name, [each.get(name) for each in found], types[name])
    return table


def tag_utterance_rows(
    table: pa.Table,
    tagger: Tagger,
    *,
    columns: Mapping[str, str] | None = None,
    roles: Mapping[str, Role | str] | None = None,
    on_error: OnError = "raise",
    batch_tokens: int = BATCH_TOKENS,
) -> pa.Table:
    """Tag a table with a row for each utterance.

    Parameters
    ----------
    table : pyarrow.Table
        Whole sessions; the rows of each follow one another in the order of the session. Without a ``session_id`` all
        rows are one session.
    columns : mapping, optional
        Our column name to the table's: ``{"speaker": "who", "text": "said"}``.
    tagger, roles, on_error, batch_tokens
        As for :func:`tag_session_rows`.

    Returns
    -------
    pyarrow.Table
        The same rows, in order, every column as it was, and besides:

        - ``role``, unless there is one: therapist, client or other;
        - ``recommendation``, ``review``: 1 or 0;
        - ``recommendation_score``, ``review_score``: 0 to 1;
        - ``spans``: the recommendations in this utterance (start, end, text, form, score), in characters of its text as
          it stands in the table;
        - ``review_run``: which review of the session the row lies in, counted from 0; null where it lies in none;
        - ``error``: why its session could not be read, with ``on_error="mark"``; the others are then null.

        A row without speaker and text gets nulls.

    Raises
    ------
    TranscriptError
        When a session cannot be read, its rows are apart, or the columns cannot be told.
    """
    ours = named(table.column_names, columns or {}, "the table")
    added = [*UTTERANCE_COLUMNS, *(["role"] if "role" not in table.column_names else [])]
    _refuse_taken(table, UTTERANCE_COLUMNS)
    slices = _slices(table, ours.get("session_id"))
    needed = table.select(list(dict.fromkeys(ours.values())))
    read, rows = [], []
    for number, (start, length) in enumerate(slices):
        part = needed.slice(start, length)
        read.append(_read(partial(_of_rows, part, columns, roles), f"session {number} of the table", on_error))
        rows.append(_Rows.of(part.select([ours["speaker"], ours["text"]]).to_pydict(), ours))
    tagged = _tag_all(read, tagger, batch_tokens)
    records = [record for some, session in zip(rows, tagged, strict=True) for record in some.records(session)]
    types = utterance_types()
    for name in added:
        table = _with_column(table, name, [record.get(name) for record in records], types[name])
    return table


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one session: which of them are utterances, and how far their text is from the cell's beginning."""

    present: Sequence[bool]
    indents: Sequence[int]

    @classmethod
    def of(cls, cells: Mapping[str, list[Any]], ours: Mapping[str, str]) -> _Rows:
        speakers, texts = cells[ours["speaker"]], cells[ours["text"]]
        return cls(
            [not (is_missing(one) and is_missing(other)) for one, other in zip(speakers, texts, strict=True)],
            [len(text) - len(text.lstrip()) if isinstance(text, str) else 0 for text in texts],
        )

    def records(self, session: TaggedSession | TranscriptError) -> list[dict[str, Any]]:
        """What is added to each row."""
        if isinstance(session, TranscriptError):
            return [{"error": str(session)} for _ in self.present]
        if sum(self.present) != len(session):
            raise ActionRecsError(f"{sum(self.present)} utterances were read and {len(session)} came back")
        found = iter(_utterance_records(session))
        return [
            _shifted(next(found), indent) if here else {}
            for here, indent in zip(self.present, self.indents, strict=True)
        ]


def _utterance_records(session: TaggedSession) -> list[dict[str, Any]]:
    spans: list[list[dict[str, Any]]] = [[] for _ in session.utterances]
    for record in session.to_dict()["recommendations"]:
        spans[record.pop("utterance")].append(record)
    runs = {index: number for number, run in enumerate(session.reviews) for index in range(run.first, run.last + 1)}
    return [
        {
            "role": each.role.value,
            **{label.value: int(label in each.labels) for label in Label},
            **{f"{label.value}_score": round(each.scores[label], SCORE_DIGITS) for label in Label},
            "spans": spans[each.index],
            "review_run": runs.get(each.index),
        }
        for each in session.utterances
    ]


def _shifted(record: dict[str, Any], indent: int) -> dict[str, Any]:
    moved = [{**span, "start": span["start"] + indent, "end": span["end"] + indent} for span in record["spans"]]
    return {**record, "spans": moved}


def _slices(table: pa.Table, session_id: str | None) -> list[tuple[int, int]]:
    """Begin and length of each session's rows."""
    if session_id is None:
        return [(0, len(table))] if len(table) else []
    starts: dict[Any, int] = {}
    previous: Any = object()
    for index, cell in enumerate(table.column(session_id).to_pylist()):
        name = as_text(cell)
        if name != previous:
            if name in starts:
                raise TranscriptError("the rows of a session are apart; sort the table by session_id, in a stable way")
            starts[name] = index
            previous = name
    begins = [*starts.values(), len(table)]
    return [(begin, end - begin) for begin, end in pairwise(begins)]


def _of_rows(part: pa.Table, columns: Mapping[str, str] | None, roles: Mapping[str, Role | str] | None) -> Transcript:
    return next(read_many([part], roles, columns=columns))


def _of_record(
    record: Mapping[str, Any], column: str, facts: Iterable[str], roles: Mapping[str, Role | str] | None
) -> Transcript:
    cell = record[column]
    if isinstance(cell, str):
        transcript = parse_text(cell, roles=roles)
    elif isinstance(cell, list):
        transcript = parse_text(json.dumps({"utterances": cell}, default=str), roles=roles)
    else:
        raise TranscriptError(f"{type(cell).__name__} where a session belongs; give a list of turns or a text")
    known: dict[str, Any] = {name: as_text(record[name]) or getattr(transcript, name) for name in facts}
    return replace(transcript, **known)


def _read(read: Callable[[], Transcript], place: str, on_error: OnError) -> Transcript | TranscriptError:
    try:
        return read()
    except TranscriptError as error:
        if on_error == "raise":
            raise type(error)(f"{place}: {error}") from None
        return error


def _tag_all(
    read: Sequence[Transcript | TranscriptError], tagger: Tagger, batch_tokens: int
) -> list[TaggedSession | TranscriptError]:
    good = tagger.tag_many((one for one in read if isinstance(one, Transcript)), batch_tokens=batch_tokens)
    return [one if isinstance(one, TranscriptError) else next(good) for one in read]


def _session_column(table: pa.Table) -> str:
    names = [name for name in SESSION_CELLS if name in table.column_names]
    if not names:
        remedy = f"name it with column=; {', '.join(SESSION_CELLS)} are found by themselves"
        raise TranscriptError(f"no column holds a session; {remedy}")
    kind = str(table.schema.field(names[0]).type)
    speakers = [name for name in ("speaker", *ALSO["speaker"]) if name in table.column_names]
    if speakers and "list" not in kind:
        remedy = "use rows='utterances', with whole sessions in every batch"
        raise TranscriptError(f"columns {names[0]!r} and {speakers[0]!r}: each row is one utterance; {remedy}")
    return names[0]


def _refuse_taken(table: pa.Table, names: Iterable[str]) -> None:
    if taken := [name for name in names if name in table.column_names]:
        raise TranscriptError(f"the table has a column {taken[0]!r} already; rename it first")


def _with_column(table: pa.Table, name: str, cells: list[Any], kind: pa.DataType) -> pa.Table:
    import pyarrow as pa

    column = pa.chunked_array([pa.array(cells, kind)])
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, column)
    return table.append_column(name, column)


def _session_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    whole, share, words = pa.int64(), pa.float64(), pa.string()
    utterance = {
        "index": whole,
        "role": words,
        "text": words,
        "labels": pa.list_(words),
        "scores": pa.struct({label.value: share for label in Label}),
        "speaker": words,
        "start": share,
        "end": share,
    }
    span = {"utterance": whole, "start": whole, "end": whole, "text": words, "form": words, "score": share}
    return {
        "utterances": pa.list_(pa.struct(utterance)),
        "recommendations": pa.list_(pa.struct(span)),
        "reviews": pa.list_(pa.struct({"first": whole, "last": whole, "score": share})),
        "review_percentage": share,
        "error": words,
    }


def utterance_types() -> dict[str, pa.DataType]:
    """The Arrow type of every column that :func:`tag_utterance_rows` adds."""
    import pyarrow as pa

    whole, share, words = pa.int64(), pa.float64(), pa.string()
    span = {"start": whole, "end": whole, "text": words, "form": words, "score": share}
    return {
        "role": words,
        **{label.value: whole for label in Label},
        **{f"{label.value}_score": share for label in Label},
        "spans": pa.list_(pa.struct(span)),
        "review_run": whole,
        "error": words,
    }
