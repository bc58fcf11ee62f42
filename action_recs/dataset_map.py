"""``Dataset.map(tagger.as_map(), batched=True)``: the tagger as a function of a batch of a Hugging Face dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from action_recs.errors import TranscriptError

if TYPE_CHECKING:
    from action_recs.tagger import Tagger
    from action_recs.transcript import Role

Rows = Literal["sessions", "utterances"]


class BatchMap:
    """A batch in, the batch with what was found out; see :meth:`Tagger.as_map`."""

    def __init__(
        self,
        tagger: Tagger,
        *,
        rows: Rows = "sessions",
        column: str | None = None,
        columns: Mapping[str, str] | None = None,
        roles: Mapping[str, Role | str] | None = None,
        on_error: Literal["raise", "mark"] = "raise",
    ) -> None:
        if rows not in ("sessions", "utterances"):
            raise TranscriptError("rows: give 'sessions' or 'utterances'")
        self.tagger = tagger
        self.rows = rows
        self.options: dict[str, Any] = {"roles": roles, "on_error": on_error}
        self.options |= {"column": column} if rows == "sessions" else {"columns": columns}

    def __repr__(self) -> str:
        return f"BatchMap({self.tagger!r}, rows={self.rows!r})"

    def __call__(self, batch: Any) -> Any:
        """Tag a batch: what ``Dataset.map`` hands over, a mapping of columns to lists, or an Arrow table."""
        from action_recs.arrow import tag_session_rows, tag_utterance_rows

        table = _table(batch)
        tag = tag_session_rows if self.rows == "sessions" else tag_utterance_rows
        tagged = tag(table, self.tagger, **self.options)
        # datasets infers a column's type from the first batch, where a list may be empty in every row; a table says it.
        return tagged if hasattr(batch, "pa_table") or batch is table else tagged.to_pydict()


def _table(batch: Any) -> Any:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError("as_map needs pyarrow: pip install 'action_recs[train]'") from None
    if isinstance(batch, pa.Table):
        return batch
    if hasattr(batch, "pa_table") and type(batch).__name__ == "LazyBatch":  # a LazyRow is one row
        return batch.pa_table
    if isinstance(batch, Mapping) and all(isinstance(cells, list) for cells in batch.values()):
        return pa.table(dict(batch))
    remedy = "call map with batched=True, on a dataset without format (dataset.with_format(None))"
    raise TranscriptError(f"{type(batch).__name__} where a batch of columns belongs; {remedy}")
