"""Ray and Spark: sessions that are never divided, labels as on one machine, and workers that die."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from action_recs import TranscriptError
from action_recs.arrow import UTTERANCE_COLUMNS
from action_recs.distributed import PartitionTagger, SessionTagger, gather_session, tag_ray, tag_spark
from action_recs.distributed.models import session_column

TALK = [
    ("therapist", "Maybe you could try to walk again this week, that was good for you."),
    ("client", "I went in. Twice."),
    ("therapist", "Good. Maybe call her."),
]
SIZES = [1, 3, 2, 9, 1, 4, 2, 2, 7, 1, 3, 2]
SESSIONS = {f"s{number:02}": (TALK * size)[: 3 * size - number % 3 or 3] for number, size in enumerate(SIZES)}


def utterances(order=1):
    """A row an utterance of all sessions; with -1 the last first, as a shuffle may bring them."""
    rows = [
        {"session_id": name, "index": index, "speaker": role, "text": text, "note": {"row": f"{name}-{index}"}}
        for name, talk in SESSIONS.items()
        for index, (role, text) in enumerate(talk)
    ]
    return pa.Table.from_pylist(rows[::order])


@pytest.fixture(scope="module")
def expected(tagger):
    """By session and index: labels, spans, run."""
    found = {}
    for name, talk in SESSIONS.items():
        session = tagger.tag(talk)
        for each in session.utterances:
            found[name, each.index] = (
                each.role.value,
                each.text,
                int("recommendation" in each.labels),
                int("review" in each.labels),
                [
                    (span.start, span.end, span.text, span.form.value)
                    for span in session.recommendations
                    if span.utterance == each.index
                ],
                next((n for n, run in enumerate(session.reviews) if run.first <= each.index <= run.last), None),
            )
    assert sum(row[2] for row in found.values()) > 5 < sum(row[3] for row in found.values())
    return found


def told(rows):
    """The same of tagged rows, and that nothing of them was lost or came twice."""
    keys = [(row["session_id"], row["index"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert [row["note"]["row"] for row in rows] == [f"{name}-{index}" for name, index in keys]
    assert {row["error"] for row in rows} == {None}
    return {
        key: (
            row["speaker"],
            row["text"],
            row["recommendation"],
            row["review"],
            [(span["start"], span["end"], span["text"], span["form"]) for span in row["spans"]],
            row["review_run"],
        )
        for key, row in zip(keys, rows, strict=True)
    }


def gathered(table):
    names = dict.fromkeys(table["session_id"].to_pylist())
    return pa.concat_tables(gather_session(table.filter(pa.compute.equal(table["session_id"], name))) for name in names)


@pytest.mark.parametrize("order", [1, -1])
def test_gathered_sessions_are_tagged_as_on_one_machine(models, expected, order):
    sessions = gathered(utterances(order))
    assert sessions.column_names == ["session_id", "rows"]
    assert len(sessions) == len(SESSIONS)
    tagger = SessionTagger(str(models))
    parts = [tagger(sessions.slice(start, 5)) for start in range(0, len(sessions), 5)]
    assert parts[0].column_names == [*utterances().column_names, *UTTERANCE_COLUMNS, "role"]
    assert told(pa.concat_tables(parts).to_pylist()) == expected


def test_rows_that_may_be_parts_of_sessions_are_refused(models):
    with pytest.raises(TranscriptError, match="gather the sessions first"):
        SessionTagger(str(models))(utterances())


@pytest.mark.parametrize(
    ("numbers", "message"),
    [([0, 0], "twice"), ([0, None], "missing"), (["0", "1"], "give numbers")],
)
def test_sessions_without_an_order_are_refused(numbers, message):
    table = pa.table({"session_id": ["a", "a"], "index": numbers})
    with pytest.raises(TranscriptError, match=message):
        gather_session(table)


def test_missing_columns_are_named():
    with pytest.raises(TranscriptError, match="no column 'index'; a cluster keeps no order"):
        session_column(["session_id", "speaker", "text"], None, "index")
    with pytest.raises(TranscriptError, match="no column for the session"):
        session_column(["speaker", "text", "index"], None, "index")
    assert session_column(["Session ID", "who", "said", "n"], {"text": "said"}, "n") == "Session ID"


@pytest.mark.parametrize("size", [1, 4, 7, 1000])
def test_a_partition_is_tagged_as_on_one_machine_wherever_its_batches_end(models, expected, size):
    frame = utterances().to_pandas()
    pieces = [frame.iloc[:0], *(frame.iloc[start : start + size] for start in range(0, len(frame), size))]
    parts = list(PartitionTagger(models=str(models))(iter(pieces)))
    tagged = pd.concat(parts, ignore_index=True)
    assert list(tagged.columns) == [*frame.columns, *UTTERANCE_COLUMNS, "role"]
    pd.testing.assert_frame_equal(tagged[list(frame.columns)], frame, check_dtype=False)
    assert told(tagged.to_dict("records")) == expected


def test_one_bad_session_is_marked_and_the_others_are_tagged(models, expected):
    rows = [row for row in utterances().to_pylist() if row["session_id"] in ("s00", "s01", "s02")]
    for row in rows:
        row["speaker"] = "Ann" if row["session_id"] == "s01" else row["speaker"]
    table = pa.Table.from_pylist(rows)
    with pytest.raises(TranscriptError, match="session 1 of the table: "):
        SessionTagger(str(models))(gathered(table))
    tagged = SessionTagger(str(models), on_error="mark")(gathered(table)).to_pylist()
    bad = [row for row in tagged if row["session_id"] == "s01"]
    assert bad
    assert all(row["error"] and row["recommendation"] is None for row in bad)
    good = told([row for row in tagged if row["session_id"] != "s01"])
    assert good == {key: row for key, row in expected.items() if key[0] in ("s00", "s02")}


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


@pytest.mark.slow
def test_ray_ends_complete_when_a_worker_is_killed_in_mid_run(ray_cluster, models, expected, tmp_path, monkeypatch):
    import ray.data

    import action_recs.distributed.ray_data as room

    ray.data.DataContext.get_current().enable_progress_bars = False
    parquet.write_table(utterances(-1), tmp_path / "utterances.parquet")
    flag = tmp_path / "killed"

    class Mortal(SessionTagger):
        """Killed once, with its second batch in hand."""

        calls = 0

        def __call__(self, batch):
            self.calls += 1
            if self.calls == 2 and not flag.exists():
                flag.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch)

    monkeypatch.setattr(room, "SessionTagger", Mortal)
    rows = ray.data.read_parquet(str(tmp_path / "utterances.parquet"))
    tagged = tag_ray(rows, models=str(models), concurrency=2, batch_size=2, partitions=4)
    tagged.write_parquet(str(tmp_path / "tagged"))
    assert flag.read_text().isdigit()
    assert told(parquet.read_table(tmp_path / "tagged").to_pylist()) == expected


@pytest.fixture(scope="module")
def spark():
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not on this machine")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {"spark.ui.enabled": "false", "spark.sql.execution.arrow.maxRecordsPerBatch": "5"}
    builder = sql.SparkSession.builder.master("local[2]").appName("tests")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    patch.undo()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_spark_tags_as_on_one_machine(spark, models, expected, tmp_path):
    parquet.write_table(utterances(-1), tmp_path / "utterances.parquet")
    frame = spark.read.parquet(str(tmp_path / "utterances.parquet"))
    with pytest.raises(TranscriptError, match="holds no numbers"):
        tag_spark(frame, order_by="text")
    tagged = tag_spark(frame, models=str(models), partitions=2)
    tagged.write.parquet(str(tmp_path / "tagged"))
    assert tagged.columns == [*utterances().column_names, *UTTERANCE_COLUMNS, "role"]
    assert len(list(Path(tmp_path / "tagged").glob("*.parquet"))) == 2
    assert told(parquet.read_table(tmp_path / "tagged").to_pylist()) == expected
