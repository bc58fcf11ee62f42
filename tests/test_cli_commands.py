"""``read``, ``report`` and ``info``; ``-``, folders, patterns and names that files share."""

import csv
import json
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

import action_recs
from action_recs.cli import app
from action_recs.cli.models import models_digest

TRANSCRIPTS = Path(__file__).parent / "fixtures" / "transcripts"
NAMES = TRANSCRIPTS / "names.txt"
ROLES = '{"Dr. Lee": "therapist", "Ann": "client"}'


def invoke(*arguments, **options):
    return CliRunner().invoke(app, [str(each) for each in arguments], **options)


def records(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def talk(path, *, said="Walk."):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"T: {said}\nC: Yes.\n", encoding="utf-8")
    return path


def ids(folder, *arguments):
    out = folder / "out.jsonl"
    result = invoke("read", *arguments, "-o", out, "--overwrite")
    assert result.exit_code == 0, result.stderr
    return [each["session_id"] for each in records(out)]


def test_a_folder_is_read_with_its_subfolders_in_order(tmp_path):
    for name in ("b/2.txt", "a.txt", "b/1.txt", "b/.hidden.txt"):
        talk(tmp_path / name)
    assert ids(tmp_path, tmp_path) == ["a", "1", "2"]
    assert ids(tmp_path, tmp_path) == ["a", "1", "2"]  # the output of the first run is none of the inputs


def test_patterns_are_matched_here_where_a_shell_does_not(tmp_path):
    for name in ("a1.txt", "a2.txt", "b.txt", "c/a3.txt"):
        talk(tmp_path / name)
    assert ids(tmp_path, tmp_path / "a*.txt") == ["a1", "a2"]
    assert ids(tmp_path, tmp_path / "**" / "a*.txt") == ["a1", "a2", "a3"]
    talk(tmp_path / "odd[1].txt")
    assert ids(tmp_path, tmp_path / "odd[1].txt") == ["odd[1]"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    one = talk(tmp_path / "s" / "a.txt")
    assert ids(tmp_path, one, one.parent, one.parent / "*.txt") == ["a"]


def test_files_that_share_a_name_are_told_apart_by_their_path(tmp_path):
    for name in ("monday/s1.txt", "tuesday/s1.txt", "tuesday/s1.md", "tuesday/s2.txt"):
        talk(tmp_path / "week" / name)
    assert ids(tmp_path, tmp_path / "week") == ["monday/s1.txt", "tuesday/s1.md", "tuesday/s1.txt", "s2"]


def test_an_id_in_the_transcript_goes_before_the_files_name_and_one_that_comes_twice_is_said(tmp_path):
    for name in ("a", "b"):
        turns = [{"speaker": "therapist", "text": "Walk."}, {"speaker": "client", "text": "Yes."}]
        (tmp_path / f"{name}.json").write_text(json.dumps({"session_id": "s1", "turns": turns}), encoding="utf-8")
    result = invoke("read", tmp_path / "a.json", tmp_path / "b.json", "-o", tmp_path / "out.jsonl", "--json")
    assert [each["session_id"] for each in records(tmp_path / "out.jsonl")] == ["s1", "s1"]
    assert json.loads(result.stdout)["repeated_ids"] == 1
    assert "1 sessions have the id of another one" in result.stderr


@pytest.mark.parametrize("name", ["names.txt", "docx", "csv", "utf16.txt"])
def test_standard_input_is_read_like_a_file(name):
    path = TRANSCRIPTS / name
    path = path if path.is_file() else sorted(each for each in path.iterdir() if each.is_file())[0]
    from_file = json.loads(invoke("read", path, "--roles", ROLES, "--json").stdout)
    piped = json.loads(invoke("read", "-", "--roles", ROLES, "--json", input=path.read_bytes()).stdout)
    assert piped["transcripts"][0]["utterances"] == from_file["transcripts"][0]["utterances"]
    assert piped["transcripts"][0]["session_id"] in ("stdin", from_file["transcripts"][0]["session_id"])


def test_an_empty_standard_input_is_one_line():
    result = invoke("read", "-", input=b"")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "action-recs: standard input: empty; a transcript has at least one turn\n"


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".txt"])
def test_what_read_writes_reads_back_with_the_same_roles(tmp_path, suffix):
    path = tmp_path / "talk.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Dr. Lee>Walk, caf\u00e9 \U0001f642?\n\n"
        '00:03.000 --> 00:04.000\n<v Ann>=Yes, "really".\n',
        encoding="utf-8",
    )
    out = tmp_path / f"out{suffix}"
    assert invoke("read", path, "--roles", ROLES, "-o", out).exit_code == 0
    before, after = action_recs.read(path, roles=json.loads(ROLES)), action_recs.read(out)
    spoken = [[(each.role, each.text) for each in one.utterances] for one in (before, after)]
    assert spoken[0] == spoken[1]
    if suffix != ".txt":
        assert [(each.start, each.end) for each in after.utterances] == [(1.0, 2.5), (3.0, 4.0)]
        assert after.session_id == "talk"


def test_read_keeps_what_is_known_of_a_session(tmp_path):
    path = tmp_path / "talk.csv"
    path.write_text("session_id,client_id,date,speaker,text\ns1,c1,2024-01-02,T,Walk.\ns1,,,C,Yes.\n", encoding="utf-8")
    assert invoke("read", path, "-o", tmp_path / "out.csv").exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["session_id"], row["client_id"], row["date"], row["role"], row["name"]) for row in rows] == [
        ("s1", "c1", "2024-01-02", "therapist", "T"),
        ("s1", "c1", "2024-01-02", "client", "C"),
    ]


def test_read_shows_who_says_what():
    result = invoke("read", NAMES, "--roles", ROLES)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Therapist: How did the walk go?\nClient: I went.\n" in result.stdout


class Links(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.found, self.ids = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        if tag == "a":
            self.found.append(known["href"])
        if "id" in known:
            self.ids.add(known["id"])


@pytest.fixture
def tagged(models, tmp_path):
    out = tmp_path / "tagged.jsonl"
    assert invoke("tag", NAMES, TRANSCRIPTS / "plain.txt", "--models", models, "-o", out, "-q").exit_code == 0
    return out


def test_pages_of_tagged_sessions_lead_to_each_other(tagged, tmp_path):
    result = invoke("report", tagged, "-o", tmp_path / "pages", "--json")
    index = tmp_path / "pages" / "index.html"
    assert json.loads(result.stdout) == {"sessions": 2, "page": str(index), "exit_code": 0}
    leads = [link for link in Links(index).found if not link.startswith("#")]
    assert leads == ["sessions/000001.html", "sessions/000002.html"]
    for lead, name in zip(leads, ("names", "plain"), strict=True):
        page = index.parent / lead
        assert re.search(f">{name}<", page.read_text(encoding="utf-8"))
        assert (page.parent / Links(page).found[1]).resolve() == index
    result = invoke("report", tagged, "-o", tmp_path / "pages")
    assert (result.exit_code, "--overwrite" in result.stderr) == (2, True)
    assert invoke("report", tagged, "-o", tmp_path / "pages", "--overwrite").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir() if "pages" in path.name) == ["pages"]


def test_one_page_of_tagged_sessions_is_that_of_the_library(tagged, tmp_path):
    assert invoke("report", tagged, "-o", tmp_path / "all.html").exit_code == 0
    sessions = [action_recs.TaggedSession.from_dict(each) for each in records(tagged)]
    assert (tmp_path / "all.html").read_text(encoding="utf-8") == action_recs.sessions_html(sessions)


@pytest.mark.parametrize(
    ("content", "output", "words"),
    [
        ('{"session_id": "s1"}\n', "out.html", ["in.jsonl, line 1", "not a tagged session"]),
        ("\n\nno JSON\n", "out", ["in.jsonl, line 3"]),
        ("", "out.html", ["no session"]),
        (None, "out.html", ["in.jsonl", "cannot be read"]),
        ("", "out.pdf", [".html"]),
        ("", "absent/out.html", ["does not exist"]),
    ],
)
def test_a_report_of_something_else_is_one_line_and_no_file(tmp_path, content, output, words):
    if content is not None:
        (tmp_path / "in.jsonl").write_text(content, encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    result = invoke("report", tmp_path / "in.jsonl", "-o", tmp_path / output)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert [word for word in words if word not in result.stderr] == []
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_with_something_else_in_it_is_not_replaced(tagged, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years", encoding="utf-8")
    result = invoke("report", tagged, "-o", tmp_path / "mine", "--overwrite")
    assert (result.exit_code, "something else" in result.stderr) == (2, True)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_info_says_what_is_here():
    result = invoke("info", "--json")
    found = json.loads(result.stdout)
    assert (found["action_recs"], "cpu" in found["devices"]) == (action_recs.__version__, True)
    assert found["libraries"]["torch"]
    for task in ("recommendation", "review"):
        model = found["models"][task]
        assert (model["license"], model["base_model"]) == ("apache-2.0", "sentence-transformers/all-MiniLM-L6-v2")
        assert 0 < model["threshold"] < 1
    shown = invoke("info").stdout
    assert "apache-2.0" in shown
    for row in found["figures"]:
        assert f"{row['f1']:.2f} [" in shown


def test_the_number_of_parameters_is_that_of_the_loaded_model(models, tagger):
    found = json.loads(invoke("info", "--models", models, "--json").stdout)
    for task in ("recommendation", "review"):
        loaded = getattr(tagger, task).model
        assert found["models"][task]["parameters"] == sum(each.numel() for each in loaded.parameters())
    assert found["figures"] == []


def test_info_of_no_models_is_one_line(tmp_path):
    result = invoke("info", "--models", tmp_path)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_models_are_told_apart_by_every_byte(own_models):
    before = models_digest(own_models)
    assert models_digest(own_models) == before
    weights = own_models / "review" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert models_digest(own_models) != before


@pytest.mark.skipif(os.name != "posix", reason="a pipe to wait for")
def test_a_pipe_among_the_files_is_not_waited_for_in_a_folder(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    talk(tmp_path / "a.txt")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert ids(tmp_path, tmp_path) == ["a"]
