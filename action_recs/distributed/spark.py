"""Spark: a function for ``mapInPandas`` over partitions of whole sessions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from action_recs.arrow import UTTERANCE_COLUMNS, OnError, tag_utterance_rows, utterance_types
from action_recs.distributed.models import process_tagger, session_column
from action_recs.errors import TranscriptError
from action_recs.tagger import BATCH_TOKENS
from action_recs.transcript import Role

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType


@dataclass(frozen=True, slots=True)
class PartitionTagger:
    """Tags a partition as it comes in, piece by piece: for ``mapInPandas``.

    The rows of a session must follow one another, in order, and lie in one partition; Spark's batches may divide them.
    :func:`tag_spark` sees to that. Models are loaded once in a worker.

    Parameters
    ----------
    session_id : str
        The column that tells the sessions apart.
    models, device
        As for :class:`~action_recs.distributed.SessionTagger`.
    columns, roles, on_error, batch_tokens
        As for :func:`action_recs.arrow.tag_utterance_rows`.
    """

    session_id: str = "session_id"
    models: str | None = None
    device: str | None = None
    columns: Mapping[str, str] | None = None
    roles: Mapping[str, Role | str] | None = None
    on_error: OnError = "raise"
    batch_tokens: int = BATCH_TOKENS

    def __call__(self, batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Frames of utterances to frames of tagged utterances; a session is held until its last row is there."""
        import pandas as pd

        waiting: list[pd.DataFrame] = []
        for frame in batches:
            if not len(frame):
                continue
            ids = frame[self.session_id]
            last = int((ids != ids.iloc[-1]).to_numpy().nonzero()[0].max(initial=-1)) + 1
            if last == 0 and (not waiting or waiting[-1][self.session_id].iloc[-1] == ids.iloc[0]):
                waiting.append(frame)  # one long session, which goes on
                continue
            yield self._tagged(pd.concat([*waiting, frame.iloc[:last]]))
            waiting = [frame.iloc[last:]] if last < len(frame) else []
        if waiting:
            yield self._tagged(pd.concat(waiting))

    def _tagged(self, frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa  # type: ignore[import-untyped]

        frame = frame.reset_index(drop=True)
        tagged = tag_utterance_rows(
            pa.Table.from_pandas(frame, preserve_index=False),
            process_tagger(self.models, self.device),
            columns=self.columns,
            roles=self.roles,
            on_error=self.on_error,
            batch_tokens=self.batch_tokens,
        )
        added = tagged.column_names[frame.shape[1] :]
        found = {name: pd.Series(tagged.column(name).to_pylist(), dtype=object) for name in added}
        # pandas joins its text columns in chunks, which Spark cannot read.
        return frame.astype(dict.fromkeys(frame.select_dtypes("string"), object)).assign(**found)


def spark_schema(schema: StructType) -> StructType:
    """The columns of a tagged frame, from those of the frame: for ``mapInPandas``."""
    from pyspark.sql.types import StructField, StructType

    added = [*UTTERANCE_COLUMNS, *(["role"] if "role" not in schema.names else [])]
    types = utterance_types()
    return StructType([*schema.fields, *(StructField(name, _spark_type(types[name])) for name in added)])


def tag_spark(
    frame: DataFrame,
    *,
    models: str | None = None,
    order_by: str = "index",
    partitions: int | None = None,
    columns: Mapping[str, str] | None = None,
    **options: Any,
) -> DataFrame:
    """Tag a Spark frame with a row for each utterance.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        With columns for session, speaker (or role) and text, and one that numbers a session's utterances.
    models : str, optional
        A folder that every worker sees; the shipped models unless given.
    order_by : str
        The column that numbers a session's utterances.
    partitions : int, optional
        Into how many parts the sessions go; Spark's ``spark.sql.shuffle.partitions`` unless given.
    columns : mapping, optional
        Our column name to the frame's.
    **options
        ``device``, ``roles``, ``on_error`` and ``batch_tokens`` of :class:`PartitionTagger`.

    Returns
    -------
    pyspark.sql.DataFrame
        The same rows with the columns of :func:`~action_recs.arrow.tag_utterance_rows`.

    Raises
    ------
    TranscriptError
        When columns are missing, or ``order_by`` holds no numbers.
    """
    try:
        from pyspark.sql.types import NumericType
    except ImportError:
        raise ImportError("tag_spark needs Spark: pip install 'action_recs[spark]'") from None
    session = session_column(frame.columns, columns, order_by)
    if not isinstance(frame.schema[order_by].dataType, NumericType):
        raise TranscriptError(f"column {order_by!r} holds no numbers; give numbers, which tell the order")
    whole = frame.repartition(session) if partitions is None else frame.repartition(partitions, session)
    tagger = PartitionTagger(session, models, columns=columns, **options)
    return whole.sortWithinPartitions(session, order_by).mapInPandas(tagger.__call__, spark_schema(frame.schema))


def _spark_type(kind: Any) -> DataType:
    """An Arrow type of ours as Spark's."""
    import pyarrow as pa
    from pyspark.sql import types as spark

    if pa.types.is_list(kind):
        return spark.ArrayType(_spark_type(kind.value_type))
    if pa.types.is_struct(kind):
        return spark.StructType([spark.StructField(each.name, _spark_type(each.type)) for each in kind])
    plain = {pa.int64(): spark.LongType(), pa.float64(): spark.DoubleType(), pa.string(): spark.StringType()}
    return plain[kind]
