"""Ray Data: sessions gathered into a row each, and a class that an actor keeps, for ``map_batches``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from action_recs.arrow import OnError, tag_utterance_rows
from action_recs.distributed.models import process_tagger, session_column
from action_recs.errors import TranscriptError
from action_recs.tagger import BATCH_TOKENS
from action_recs.transcript import Role

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    import ray.data

ROWS = "rows"
"""The column of a gathered session that holds its utterances."""


class SessionTagger:
    """Tags batches of gathered sessions; Ray makes one in each actor.

    Parameters
    ----------
    models : str, optional
        A folder with ``recommendation/`` and ``review/`` that every machine sees; the shipped models unless given.
    device : str, optional
        "cpu" or "cuda"; unless given, the GPU that the process sees, if any.
    columns, roles, on_error, batch_tokens
        As for :func:`action_recs.arrow.tag_utterance_rows`.

    Examples
    --------
    >>> sessions.map_batches(  # doctest: +SKIP
    ...     SessionTagger, batch_format="pyarrow", batch_size=64, num_gpus=0.5,
    ...     compute=ray.data.ActorPoolStrategy(size=2),
    ... )
    """

    def __init__(
        self,
        models: str | None = None,
        *,
        device: str | None = None,
        columns: Mapping[str, str] | None = None,
        roles: Mapping[str, Role | str] | None = None,
        on_error: OnError = "raise",
        batch_tokens: int = BATCH_TOKENS,
    ) -> None:
        self.tagger = process_tagger(models, device)
        self.options: dict[str, Any] = {
            "columns": columns,
            "roles": roles,
            "on_error": on_error,
            "batch_tokens": batch_tokens,
        }

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Rows of sessions, as :func:`gather_session` makes them, to rows of tagged utterances.

        Raises
        ------
        TranscriptError
            When it is something else: rows of utterances may belong to sessions that go on in another batch.
        """
        import pyarrow as pa

        if ROWS not in batch.column_names or not pa.types.is_list(batch.schema.field(ROWS).type):
            raise TranscriptError(
                f"no column {ROWS!r} with the utterances of a session; "
                "gather the sessions first: action_recs.distributed.tag_ray does"
            )
        utterances = batch.column(ROWS).combine_chunks().flatten()
        return tag_utterance_rows(pa.Table.from_struct_array(utterances), self.tagger, **self.options)


def gather_session(rows: pa.Table, *, session_id: str = "session_id", order_by: str = "index") -> pa.Table:
    """Put the rows of one session in order and into one row: for ``dataset.groupby(session_id).map_groups``.

    Parameters
    ----------
    rows : pyarrow.Table
        All rows of one session, in any order.
    session_id, order_by : str
        The columns that name the session, and that number its utterances.

    Returns
    -------
    pyarrow.Table
        One row: ``session_id``, and ``rows``, a list of all columns of every utterance.

    Raises
    ------
    TranscriptError
        When the numbers are no numbers, are missing, or come twice.
    """
    import pyarrow as pa
    import pyarrow.compute as compute  # type: ignore[import-untyped]

    numbers = rows.column(order_by)
    if not (pa.types.is_integer(numbers.type) or pa.types.is_floating(numbers.type)):
        raise TranscriptError(f"column {order_by!r} holds {numbers.type}; give numbers, which tell the order")
    if numbers.null_count or compute.count_distinct(numbers).as_py() < len(numbers):
        raise TranscriptError(f"column {order_by!r}: missing or twice in a session; number every utterance")
    ordered = rows.sort_by(order_by).combine_chunks()
    columns = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in ordered.itercolumns()]
    utterances = pa.StructArray.from_arrays(columns, fields=list(ordered.schema))
    gathered = pa.ListArray.from_arrays(pa.array([0, len(ordered)], pa.int32()), utterances)
    return pa.table({"session_id": ordered.column(session_id).slice(0, 1).cast(pa.string()), ROWS: gathered})


def tag_ray(
    dataset: ray.data.Dataset,
    *,
    models: str | None = None,
    concurrency: int = 1,
    num_cpus: float | None = None,
    num_gpus: float = 0,
    batch_size: int = 64,
    partitions: int | None = None,
    order_by: str = "index",
    columns: Mapping[str, str] | None = None,
    roles: Mapping[str, Role | str] | None = None,
    on_error: OnError = "raise",
    batch_tokens: int = BATCH_TOKENS,
) -> ray.data.Dataset:
    """Tag a Ray dataset with a row for each utterance.

    An actor that dies is started again, and its batch is tagged by another: the result is complete.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With columns for session, speaker (or role) and text, and one that numbers a session's utterances.
    models : str, optional
        A folder that every machine sees; the shipped models unless given.
    concurrency : int
        Actors, each with models of its own.
    num_cpus, num_gpus : float
        What an actor takes: ``num_gpus=0.5`` puts two on a GPU. A processor unless told; less where that would leave
        none to bring the sessions together, for which the job would wait forever.
    batch_size : int
        Sessions that an actor reads at once.
    partitions : int, optional
        Parts into which the rows are sorted on their way to sessions; Ray's 200 unless given. Fewer for little data.
    order_by : str
        The column that numbers a session's utterances.
    columns, roles, on_error, batch_tokens
        As for :func:`action_recs.arrow.tag_utterance_rows`. With "mark" one bad session does not stop the others.

    Returns
    -------
    ray.data.Dataset
        The same rows with the columns of :func:`~action_recs.arrow.tag_utterance_rows`. A session's rows follow one
        another in their order; the sessions come in any.

    Raises
    ------
    TranscriptError
        When columns are missing.

    Examples
    --------
    >>> rows = ray.data.read_parquet("utterances/")  # doctest: +SKIP
    >>> tag_ray(rows, concurrency=8, num_gpus=0.25).write_parquet("tagged/")  # doctest: +SKIP
    """
    try:
        import ray.data
    except ImportError:
        raise ImportError("tag_ray needs Ray: pip install 'action_recs[ray]'") from None
    schema = dataset.schema()
    if schema is None:
        raise TranscriptError("a dataset without rows; give one row for each utterance")
    session = session_column(schema.names, columns, order_by)
    gather = partial(gather_session, session_id=session, order_by=order_by)
    sessions = dataset.groupby(session, num_partitions=partitions).map_groups(gather, batch_format="pyarrow")
    options = {
        "models": models,
        "device": "cuda" if num_gpus else "cpu",
        "columns": columns,
        "roles": roles,
        "on_error": on_error,
        "batch_tokens": batch_tokens,
    }
    return sessions.map_batches(
        SessionTagger,
        fn_constructor_kwargs=options,
        batch_format="pyarrow",
        batch_size=batch_size,
        compute=ray.data.ActorPoolStrategy(size=concurrency),
        num_cpus=_share(_processors(), concurrency) if num_cpus is None else num_cpus,
        num_gpus=num_gpus or None,
    )


def _processors() -> float:
    import ray

    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return resources.get("CPU", 1.0)


def _share(processors: float, actors: int) -> float:
    """How much of a processor each actor takes, so that one is left for what comes before them.

    Examples
    --------
    >>> _share(16, 4), _share(2, 2), _share(1, 2)
    (1.0, 0.5, 0.25)
    """
    return min(1.0, max(processors - 1, 0.5) / actors)
