"""Help texts: quick to come, and every example in them runs."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import action_recs
from action_recs.cli import app
from action_recs.cli.commands import COMMANDS

HERE = ("tag", "read", "report", "study", "demo", "info")
"""Commands whose examples are run here; the others' are run with their own tests."""

HEAVY = {"torch", "transformers", "pandas", "pyarrow", "matplotlib", "scipy", "sklearn", "jinja2", "spacy"}

VTT = """WEBVTT

00:00:01.000 --> 00:00:04.000
<v Dr. Lee>How did the walk go?

00:00:05.000 --> 00:00:07.000
<v Ann>Fine, I went twice.
"""


def help_of(name):
    group = get_command(app)
    return group.get_command(None, name).help


def examples(name):
    return re.findall(r"^ +((?:cat \S+ \| )?action-recs .*)$", help_of(name), re.MULTILINE)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, models):
    """A folder with the files that the examples name."""
    study = pytest.importorskip("action_recs.study.simulate")
    from action_recs.export import write_sessions

    folder = tmp_path_factory.mktemp("examples")
    example = Path(action_recs.__file__).parent / "examples" / "session.txt"
    for name in ("session.txt", "transcripts/monday/s1.txt", "transcripts/tuesday/s1.txt", "more/s3.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(example, folder / name)
    (folder / "session.vtt").write_text(VTT, encoding="utf-8")
    design = study.Design(n_sessions=100, n_clients=25, n_therapists=10, n_organisations=4, utterances=40)
    cohort = study.simulate_cohort(design, seed=11)
    sessions = list(cohort.tagged_sessions())
    write_sessions(sessions, folder / "tagged.jsonl")
    write_sessions(sessions[:3], folder / "more.jsonl")
    scores = cohort.outcomes[["client_id", "date", "instrument", "score"]]
    scores.astype({"score": int}).to_csv(folder / "outcomes.csv", index=False)
    shutil.copytree(models, folder / "runs")
    return folder


@pytest.mark.parametrize("name", HERE)
def test_every_example_runs_as_it_stands(prepared, monkeypatch, name):
    monkeypatch.chdir(prepared)
    found = examples(name)
    assert found
    for example in found:
        piped, _, command = example.rpartition("| ")
        given = (prepared / piped.split()[1]).read_bytes() if piped else None
        result = CliRunner().invoke(app, shlex.split(command)[1:], input=given)
        assert (result.exit_code, result.stdout != "") == (0, True), f"{example}: {result.stderr}"


def test_every_command_has_a_help_text():
    result = CliRunner().invoke(app, ["--help"])
    assert result.exit_code == 0
    for name in get_command(app).list_commands(None):
        assert name in result.stdout
        assert help_of(name), name
    assert set(HERE) <= set(COMMANDS)


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from action_recs.cli import app; app(['--help'], standalone_mode=False); "
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_named():
    result = CliRunner().invoke(app, ["tga"])
    assert (result.exit_code, "No such command 'tga'" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tag"], "Missing argument"),
        (["tag", "a.txt", "--workers", "-3"], "--workers"),
        (["tag", "a.txt", "--nonesuch"], "--nonesuch"),
        (["study", "a.jsonl", "b.csv", "-o", "x", "--baseline", "last"], "--baseline"),
        (["annotations", "convert", "a.json", "-o", "x"], "--to"),
        (["annotations", "nonesuch"], "nonesuch"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(arguments, words):
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("action-recs: ")
    assert words in result.stderr
    assert result.stderr.endswith(" --help\n")


@pytest.mark.parametrize("arguments", [[], ["annotations"]])
def test_a_bare_name_shows_its_commands(arguments):
    result = CliRunner().invoke(app, arguments)
    assert "Commands" in result.output
    assert "action-recs: " not in result.output


def commands(group, path=()):
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_command_prints_json_and_shows_an_example():
    for name, command in commands(get_command(app)):
        assert "--json" in {option for each in command.params for option in each.opts}, name
        assert f"  action-recs {name}" in command.help, name


def test_shells_complete_commands_and_options():
    for typed, wanted in (("action-recs re", "report"), ("action-recs tag --ov", "--overwrite")):
        env = {"_ACTION_RECS_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
        result = CliRunner().invoke(app, [], env=env, prog_name="action-recs")
        assert wanted in result.stdout.split()
