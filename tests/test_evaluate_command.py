"""``action-recs evaluate``, as a person and a program call it."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from action_recs.annotation import load_annotations
from action_recs.checkpoint import Task, load_checkpoint, save_checkpoint
from action_recs.cli.evaluate import evaluate
from action_recs.evaluation.reading import load_models, read_transcripts
from action_recs.evaluation.run import evaluate_files
from action_recs.session import Label
from action_recs.tagger import Tagger

SECRET = "zebra"
MARKUP = f"""\
# session: {{client}}-s1 | style: {{style}} | modality: CBT
T: Good. <rec form="casual">Walk daily</rec>.
C: Yes, {SECRET} & <b>{SECRET}</b>.
<review>
T: Did you write?
C: No.
</review>
T: <rec form="structured">Write every evening for ten minutes</rec>, okay?
C: I went twice.
# session: {{client}}-s2 | style: {{style}} | modality: CBT
T: How did it go, {SECRET}?
C: Good.
"""


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(evaluate)
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for client, style in (("c1", "clean"), ("c2", "asr"), ("c3", "asr")):
        (folder / f"{client}.txt").write_text(MARKUP.format(client=client, style=style), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def loose(models, tmp_path_factory):
    """The tiny models at a threshold that they often reach, so that there is something to be wrong about."""
    folder = tmp_path_factory.mktemp("loose")
    for task in Task:
        checkpoint = load_checkpoint(models / task.value, task)
        decoding = replace(checkpoint.settings.decoding, threshold=0.7, floor=0.5)
        settings = replace(checkpoint.settings, decoding=decoding)
        save_checkpoint(replace(checkpoint, settings=settings), folder / task.value)
    return folder


def test_the_folder_holds_the_figures_and_one_page(run, loose, models, data, tmp_path):
    output = tmp_path / "made" / "report"
    arguments = ["--model", loose, "--data", data / "c1.txt", data / "c2.txt", "--data", data / "c3.txt"]
    result = run(*arguments, "--output", output, "--json", "--compare", models, "--precision", "0.05")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in output.iterdir()) == ["metrics.json", "report.html"]
    assert [path.name for path in output.parent.iterdir()] == ["report"]
    figures = json.loads((output / "metrics.json").read_text(encoding="utf-8"))
    assert json.loads(result.stdout) == figures
    assert figures["data"] == {
        "sessions": 6,
        "clients": 3,
        "utterances": 24,
        "annotators": 1,
        "recommendations": 6,
        "reviews": 3,
    }
    assert SECRET not in json.dumps(figures)
    for task in ("recommendation", "review"):
        rows = figures[task]["measures"]
        assert {"utterance", "span", "span_strict", "span_exact", "span_partial", "span_type"} <= rows.keys()
        assert set(figures[task]["comparison"]) == set(rows)
        assert set(figures[task]["slices"]) == {"style"}
        assert set(figures[task]["slices"]["style"]) == {"asr", "clean"}
    assert "review_percentage" in figures["review"]["measures"]

    page = (output / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//|@import|url\(\s*["']?http""", page)
    assert "<script" not in page
    assert f"<b>{SECRET}</b>" not in page
    assert f"&lt;b&gt;{SECRET}&lt;/b&gt;" in page
    assert "prefers-color-scheme: dark" in page
    assert page.count("<svg") >= 8


def test_figures_are_those_that_the_tagger_gives(loose, data):
    """Counted from what the tagger finds, without the evaluation's own code."""
    sessions = load_annotations(data)
    tagger = Tagger.from_pretrained(loose)
    hits = found = gold = 0
    percentages = []
    for session, tagged in zip(sessions, tagger.tag_many([each.transcript for each in sessions]), strict=True):
        wanted = {span.utterance for span in session.recommendations}
        given = {each.index for each in tagged.utterances if Label.RECOMMENDATION in each.labels}
        hits, found, gold = hits + len(wanted & given), found + len(given), gold + len(wanted)
        own = 100 * sum(run.last - run.first + 1 for run in session.reviews) / len(session.transcript)
        percentages.append(tagged.review_percentage - own)
    results = evaluate_files(loose, [data]).results
    row = results["recommendation"]["measures"]["utterance"]
    assert row["counts"] == {"true_positives": hits, "false_positives": found - hits, "false_negatives": gold - hits}
    assert row["f1"]["value"] == pytest.approx(2 * hits / (found + gold), abs=1e-4)
    error = results["review"]["measures"]["review_percentage"]["error"]["value"]
    assert error == pytest.approx(sum(percentages) / len(percentages), abs=1e-3)


@pytest.mark.parametrize("task", Task)
def test_a_threshold_that_is_printed_gives_its_precision_when_it_is_used(loose, data, task):
    found = evaluate_files(loose / task.value, [data], precision=0.2).results[task.value]["threshold"]
    checkpoint = load_models(loose / task.value)[task]
    decoding = replace(checkpoint.settings.decoding, threshold=found["threshold"])
    used = replace(checkpoint, settings=replace(checkpoint.settings, decoding=decoding))
    hits = given = 0
    sessions = load_annotations(data)
    for session, read in zip(sessions, read_transcripts(used, [each.transcript for each in sessions]), strict=True):
        wanted = {span.utterance for span in session.recommendations}
        marked = {span.utterance for span in read.recommendations}
        if task is Task.REVIEW:
            wanted = {at for each in session.reviews for at in range(each.first, each.last + 1)}
            marked = {at for each in read.reviews for at in range(each.first, each.last + 1)}
        hits, given = hits + len(wanted & marked), given + len(marked)
    assert hits / given == pytest.approx(found["precision"], abs=1e-4)


def test_the_model_against_itself(run, loose, data):
    result = run("--model", loose, "--data", data, "--compare", loose, "--json")
    compared = json.loads(result.stdout)["review"]["comparison"]["utterance"]["f1"]
    assert compared["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert compared["p"] == 1.0


def test_without_text_no_words_of_a_session_are_written(run, loose, data, tmp_path):
    result = run("--model", loose, "--data", data, "--output", tmp_path / "report", "--no-text")
    assert result.exit_code == 0, result.output
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "report").iterdir())
    for words in (SECRET, "Walk daily", "went twice"):
        assert words not in written
        assert words not in result.output


def test_one_checkpoint_is_measured_for_what_it_finds(run, loose, data):
    result = run("--model", loose / "review", "--data", data)
    assert result.exit_code == 0, result.output
    assert "runs, strict" in result.output
    assert "structured" not in result.output


def test_one_client_allows_no_interval_and_that_is_said(run, loose, data):
    result = run("--model", loose, "--data", data / "c1.txt", "--compare", loose, "--json")
    figures = json.loads(result.stdout)
    assert any("one client" in note for note in figures["notes"])
    recall = figures["recommendation"]["measures"]["utterance"]["recall"]
    assert (recall["low"], recall["high"]) == (None, None)
    assert figures["recommendation"]["comparison"]["utterance"]["recall"]["p"] is None
    assert "one client" in run("--model", loose, "--data", data / "c1.txt").output


def test_slices_by_any_column(run, loose, data):
    result = run("--model", loose / "review", "--data", data, "--slice", "client_id", "--slice", "modality", "--json")
    slices = json.loads(result.stdout)["review"]["slices"]
    assert list(slices) == ["client_id", "modality"]
    assert {client: row["sessions"] for client, row in slices["client_id"].items()} == {"c1": 2, "c2": 2, "c3": 2}
    assert {value: row["clients"] for value, row in slices["modality"].items()} == {"CBT": 3}


def test_a_label_that_nobody_marked_is_left_out_and_that_is_said(run, loose, tmp_path):
    path = tmp_path / "only.txt"
    path.write_text('# session: a-s1\nT: <rec form="casual">Walk</rec>.\n# session: b-s1\nT: Hm.\n', encoding="utf-8")
    figures = json.loads(run("--model", loose, "--data", path, "--json").stdout)
    assert "review" not in figures
    assert any("no review is marked" in note for note in figures["notes"])


def test_a_run_that_fails_leaves_an_earlier_one_as_it_was(run, loose, data, tmp_path, monkeypatch):
    output = tmp_path / "report"
    run("--model", loose, "--data", data, "--output", output)
    before = {path.name: path.read_bytes() for path in output.iterdir()}

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert "--overwrite replaces it" in run("--model", loose, "--data", data, "--output", output).output
    result = run("--model", loose, "--data", data, "--output", output, "--overwrite")
    assert result.exit_code == 2
    assert "No space left" in result.output
    assert {path.name: path.read_bytes() for path in output.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def wrong_place(models, folder):
    shutil.copytree(models / "review", folder / "m" / "recommendation")
    return folder / "m"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "absent", "--data", "DATA"], ["absent", "no such folder"]),
        (["--model", "DATA", "--data", "DATA"], ["config.json"]),
        (["--model", "WRONG", "--data", "DATA"], ["a review checkpoint where a recommendation"]),
        (["--model", "MODELS/review", "--data", "NEGATIVE"], ["no review is marked in any of 1 sessions"]),
        (["--model", "MODELS", "--data", "NEGATIVE"], ["no recommendation and no review is marked"]),
        (["--model", "MODELS", "--data", "PLAIN"], ["no known form of annotations"]),
        (["--model", "MODELS", "--data", "absent.jsonl"], ["absent.jsonl"]),
        (["--model", "MODELS/review", "--data", "DATA", "--compare", "MODELS/recommendation"], ["different things"]),
        (["--model", "MODELS", "--data", "DATA", "--precision", "85"], ["--precision", "0.85"]),
        (["--model", "MODELS", "--data", "DATA", "--slice", "colour"], ["colour", "style"]),
        (["--model", "MODELS", "--data", "DATA", "--output", "DATA/c1.txt"], ["a file; name a folder"]),
        (["--model", "MODELS", "--data", "DATA", "--output", "DATA/c1.txt/report"], ["c1.txt is a file"]),
    ],
)
def test_what_cannot_be_done_is_one_line(run, models, data, tmp_path, arguments, words):
    (tmp_path / "negative.txt").write_text("# session: a-s1\nT: Hello.\nC: Hi.\n", encoding="utf-8")
    (tmp_path / "plain.txt").write_text(f"Therapist: Hello {SECRET}.\nClient: Hi.\n", encoding="utf-8")
    named = {"DATA": data, "MODELS": models, "NEGATIVE": tmp_path / "negative.txt", "PLAIN": tmp_path / "plain.txt"}
    if "WRONG" in arguments:
        named["WRONG"] = wrong_place(models, tmp_path)
    for name, path in named.items():
        arguments = [each.replace(name, str(path)) for each in arguments]
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert [word for word in words if word not in result.output] == []
    assert result.output.startswith("action-recs: ")
    assert len(result.output.strip().splitlines()) == 1
    assert SECRET not in result.output
