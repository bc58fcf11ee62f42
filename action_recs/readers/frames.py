"""Tables in memory (pandas, polars, Arrow, datasets) and Parquet files: rows in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from action_recs.errors import TranscriptError
from action_recs.readers.conversation import Conversation
from action_recs.readers.formats import Content, Format, Options
from action_recs.readers.optional import guarded, load
from action_recs.readers.rows import Row, conversations, named
from action_recs.readers.stream import byte_stream

BATCH = 4096
"""Rows that are turned into Python objects at once."""

PLAIN = ("Value", "ClassLabel")
"""Kinds of columns of a datasets.Dataset that hold a cell each."""

PARQUET = b"PAR1"
TABLES = ("DataFrame", "LazyFrame", "Table", "Dataset", "IterableDataset", "DatasetDict", "IterableDatasetDict")
LIBRARIES = ("pandas", "polars", "pyarrow", "datasets")


def is_frame(source: object) -> bool:
    """Whether :func:`read_frame` takes it. Imports none of the libraries."""
    return _kind(source) is not None


def read_frame(
    frame: object, columns: Mapping[str, str] | None = None, *, skip: bool = False, name: str = "the table"
) -> Iterator[Conversation]:
    """The sessions in a table that is in memory.

    Parameters
    ----------
    frame : pandas or polars DataFrame, polars LazyFrame, pyarrow Table, datasets Dataset or IterableDataset
        One row for each utterance; the rows of a session follow one another.
    columns : mapping of str to str, optional
        Our column name -> the table's, for those that are called otherwise: ``{"speaker": "who"}``.
    skip : bool
        List broken rows on the conversation instead of raising.
    name : str
        What error messages call it.

    Raises
    ------
    TranscriptError
        With the row, counted from 0, when a cell cannot be read; or when the columns cannot be told.
    """
    kind = _kind(frame)
    if kind is None:
        raise TranscriptError(f"{name}: {type(frame).__name__} is no table; give a pandas, polars or datasets table")
    return _read(_BATCHES[kind](frame), Options(skip, dict(columns or {})), name)


def matches_parquet(content: Content) -> bool:
    """Whether the bytes are a Parquet file's."""
    return content.data.startswith(PARQUET) and (content.text is None or content.suffix == ".parquet")


def read_parquet(content: Content, options: Options) -> Iterator[Conversation]:
    """The sessions in a Parquet file; one batch of rows is unpacked at a time.

    Raises
    ------
    TranscriptError
        With the row, counted from 0, when the file is broken or a cell cannot be read.
    """
    parquet = load("pyarrow.parquet", content.name, "Parquet")
    broken = f"{content.name}: a Parquet file that is cut off or broken; copy or write it again"
    with byte_stream(content) as file:
        with guarded(broken):
            table = parquet.ParquetFile(file)
            names = table.schema_arrow.names
        wanted = list(named(names, options.columns, content.name).values())
        yield from _read(_parquet_batches(table, wanted, broken), options, content.name, content.stem)


def _parquet_batches(table: Any, wanted: list[str], broken: str) -> Iterator[Mapping[str, list[Any]]]:
    batches = table.iter_batches(batch_size=BATCH, columns=wanted)
    while True:
        with guarded(broken):
            batch = next(batches, None)
            cells = None if batch is None else batch.to_pydict()
        if cells is None:
            return
        yield cells


def _read(
    batches: Iterable[Mapping[str, list[Any]]], options: Options, name: str, session_id: str | None = None
) -> Iterator[Conversation]:
    return conversations(_rows(batches, options.columns, name), options, name, session_id)


def _rows(batches: Iterable[Mapping[str, list[Any]]], columns: Mapping[str, str], name: str) -> Iterator[Row]:
    """Rows of batches of columns."""
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return
    ours = named(first, columns, name)
    index = 0
    for batch in chain([first], batches):
        for cells in zip(*(batch[theirs] for theirs in ours.values()), strict=True):
            yield Row(f"row {index}", dict(zip(ours, cells, strict=True)))
            index += 1


def _pandas(frame: Any) -> Iterator[Mapping[str, list[Any]]]:
    for start in range(0, max(len(frame), 1), BATCH):
        part = frame.iloc[start : start + BATCH]
        # One column at a time, by position: names may come twice. pandas has four kinds of missing; None is ours.
        cells = [part.iloc[:, index] for index in range(part.shape[1])]
        yield _by_name(part.columns, [column.astype(object).where(column.notna(), None).tolist() for column in cells])


def _polars(frame: Any) -> Iterator[Mapping[str, list[Any]]]:
    frame = frame.collect() if hasattr(frame, "collect") else frame
    for part in frame.iter_slices(BATCH):
        yield part.to_dict(as_series=False)


def _arrow(frame: Any) -> Iterator[Mapping[str, list[Any]]]:
    for batch in frame.to_batches(BATCH):
        yield _by_name(batch.schema.names, [column.to_pylist() for column in batch.columns])


def _datasets(frame: Any) -> Iterator[Mapping[str, list[Any]]]:
    if isinstance(frame, Mapping):
        raise TranscriptError("the table: several splits; give one of them, such as dataset['train']")
    if frame.features:  # recordings and pictures would be decoded
        plain = [name for name, feature in frame.features.items() if type(feature).__name__ in PLAIN]
        frame = frame.select_columns(plain)
    yield from frame.with_format(None).iter(batch_size=BATCH)


def _by_name(names: Iterable[Any], columns: list[list[Any]]) -> dict[str, list[Any]]:
    return dict(zip(names, columns, strict=True))


_BATCHES = {"pandas": _pandas, "polars": _polars, "pyarrow": _arrow, "datasets": _datasets}


def _kind(source: object) -> str | None:
    for each in type(source).__mro__:
        library = each.__module__.partition(".")[0]
        if library in LIBRARIES and each.__name__ in TABLES:
            return library
    return None


FORMATS = (Format("parquet", matches_parquet, read_parquet, streams=True),)
