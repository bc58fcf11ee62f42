"""``action-recs suggest``, as a person and a program call it."""

import json

import pytest
import typer
from typer.testing import CliRunner

from action_recs import Tagger, read_many
from action_recs.annotation import load_annotations
from action_recs.cli.suggest import suggest
from action_recs.suggest.embedding import session_embeddings
from action_recs.transcript import Transcript

SECRET = "zebra"
WORDS = [
    "walk",
    "cook",
    "write",
    "notebook",
    "evening",
    "again",
    "week",
    "client",
    "good",
    "her",
    "okay",
    "call",
    "morning",
]


@pytest.fixture
def run(monkeypatch, models):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(suggest)
    return lambda *arguments: CliRunner().invoke(app, [*map(str, arguments), "--model", str(models)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Twelve sessions, one a file."""
    folder = tmp_path_factory.mktemp("pool")
    for number in range(12):
        words = " ".join(WORDS[number % 7 : number % 7 + 6])
        lines = [f"Therapist: Maybe {words}, {SECRET}?", f"Client: Went {words}.", "Therapist: How did it go?"]
        (folder / f"s{number:02}.txt").write_text("\n".join(lines * (1 + number % 3)) + "\n", encoding="utf-8")
    return folder


def words(session):
    return [(each.role, each.text) for each in session.utterances]


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.json", None), ("a.jsonl", None), ("a.jsonl", "doccano"), ("a.jsonl", "prodigy"), ("a.txt", "label-studio")],
)
def test_tasks_hold_what_the_models_find(run, folder, models, tmp_path, name, form):
    output = tmp_path / name
    result = run(folder, "-n", 5, "-o", output, *(["--format", form] if form else []))
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == [name]
    tasks = load_annotations(output)
    assert len(tasks) == 5
    sources = {each.session_id: each for each in read_many(folder)}
    tagger = Tagger.from_pretrained(models)
    for task in tasks:
        source = sources[task.id]
        assert words(task.transcript) == words(source)
        tagged = tagger.tag(source)
        found = [(each.utterance, each.start, each.end, each.form) for each in tagged.recommendations]
        assert [(each.utterance, each.start, each.end, each.form) for each in task.recommendations] == found
        assert [(each.first, each.last) for each in task.reviews] == [
            (each.first, each.last) for each in tagged.reviews
        ]
        assert task.metadata["suggested"] in ("uncertain", "different", "random")
        assert SECRET not in task.metadata["reason"]


def test_label_studio_gets_predictions_and_no_annotations(run, folder, tmp_path):
    run(folder, "-n", 3, "-o", tmp_path / "a.json")
    tasks = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [(len(task["annotations"]), len(task["predictions"])) for task in tasks] == [(0, 1)] * 3


def test_a_program_gets_the_reasons(run, folder, tmp_path):
    result = run(folder, "-n", 10, "-o", tmp_path / "a.json", "--json", "--seed", 3)
    report = json.loads(result.stdout)
    assert (report["sessions"], report["annotated"], report["skipped"]) == (12, 0, [])
    given = report["suggestions"]
    assert [each["why"] for each in given].count("random") == 2
    assert all(each["reason"] and 1 <= each["rank"] <= 12 and each["expected_errors"] >= 0 for each in given)
    assert [each["session"] for each in given] == [each.id for each in load_annotations(tmp_path / "a.json")]
    assert SECRET not in result.output
    again = run(folder, "-n", 10, "-o", tmp_path / "b.json", "--json", "--seed", 3)
    assert json.loads(again.stdout)["suggestions"] == given
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_what_is_annotated_already_is_not_suggested_again(run, folder, tmp_path):
    run(folder, "-n", 5, "-o", tmp_path / "first.jsonl", "--format", "doccano")
    result = run(folder, "-n", 20, "-o", tmp_path / "rest.json", "--annotated", tmp_path / "first.jsonl", "--json")
    report = json.loads(result.stdout)
    first = {tuple(words(each.transcript)) for each in load_annotations(tmp_path / "first.jsonl")}
    rest = {tuple(words(each.transcript)) for each in load_annotations(tmp_path / "rest.json")}
    assert not first & rest
    assert report["sessions"] == 12 - report["annotated"] == len(rest)


def test_one_file_with_many_sessions_and_names_that_repeat(run, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.txt").write_text(f"T: Maybe walk {name}.\nC: Okay.\n", encoding="utf-8")
    result = run(tmp_path / "one", tmp_path / "two", "-n", 2, "-o", tmp_path / "a.jsonl")
    assert result.exit_code == 0, result.output
    assert len({each.id for each in load_annotations(tmp_path / "a.jsonl")}) == 2


def test_a_broken_session_ends_it_or_is_passed_over(run, folder, tmp_path):
    broken = tmp_path / "broken.vtt"
    broken.write_text("WEBVTT\n\nnothing\n", encoding="utf-8")
    result = run(folder, broken, "-n", 2, "-o", tmp_path / "a.json")
    assert result.exit_code == 2
    assert not (tmp_path / "a.json").exists()
    result = run(folder, broken, "-n", 2, "-o", tmp_path / "a.json", "--skip")
    assert result.exit_code == 0, result.output
    assert "passed over" in result.output
    assert "broken.vtt" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["FOLDER", "-n", "0", "-o", "a.json"], "-n"),
        (["FOLDER", "-n", "2", "-o", "a.json", "--random", "2"], "--random"),
        (["FOLDER", "-n", "2", "-o", "a.txt"], "--format"),
        (["FOLDER", "-n", "2", "-o", "absent/a.json"], "does not exist"),
        (["FOLDER", "-n", "2", "-o", "a.json", "--format", "brat"], "--format"),
        (["absent", "-n", "2", "-o", "a.json"], "absent"),
        (["FOLDER", "-n", "2", "-o", "a.json", "--annotated", "FOLDER"], "no annotated session"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(run, folder, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    result = run(*(each.replace("FOLDER", str(folder)) for each in arguments))
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert SECRET not in result.output
    assert list(tmp_path.iterdir()) == []


def test_embeddings_are_of_the_words_and_of_one_length(models):
    checkpoint = Tagger.from_pretrained(models).recommendation
    talks = [
        Transcript.from_pairs([("therapist", "walk again this week"), ("client", "okay")] * 40),
        Transcript.from_pairs([("therapist", "walk again this week"), ("client", "okay")] * 40),
        Transcript.from_pairs([("client", "notebook evening"), ("therapist", "")] * 40),
    ]
    one, same, other = session_embeddings(checkpoint, talks)
    assert one.shape == (checkpoint.model.config.hidden_size,)
    assert (one == same).all()
    assert abs(one - other).max() > 1e-3
