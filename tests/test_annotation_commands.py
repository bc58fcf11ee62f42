"""``action-recs annotations``, as a person and a program call it."""

import json

import pytest
from typer.testing import CliRunner

from action_recs.annotation import load_annotations
from action_recs.cli import app

MARKUP = """\
# session: c1-s1
T: Good. <rec form="casual">Walk daily</rec>.
C: Yes.
<review>
T: Did you write?
C: No.
</review>
"""


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, ["annotations", *map(str, arguments)])


@pytest.fixture
def markup(tmp_path):
    path = tmp_path / "anna.txt"
    path.write_text(MARKUP, encoding="utf-8")
    return path


def test_check_counts_what_is_sound(run, markup):
    result = run("check", markup)
    assert result.exit_code == 0
    assert "1 sessions, 4 utterances, 1 recommendations, 1 reviews" in result.output


def test_check_reports_every_violation_for_a_program(run, markup):
    markup.write_text(MARKUP.replace("C: Yes", "Z: Yes").replace('"casual"', '"loose"'), encoding="utf-8")
    result = run("check", markup, "--json")
    assert result.exit_code == 1
    problems = json.loads(result.output)["problems"]
    assert [problem["record"] for problem in problems] == ["line 2", "line 3"]
    assert all(problem["file"] == str(markup) and problem["remedy"] for problem in problems)


def test_check_with_fix_lists_changes_and_leaves_the_file(run, markup):
    broken = MARKUP.replace("Walk daily</rec>", "Walk daily </rec>")
    markup.write_text(broken, encoding="utf-8")
    assert run("check", markup).exit_code == 1
    result = run("check", markup, "--fix", "--json")
    assert result.exit_code == 0
    assert len(json.loads(result.output)["changes"]) == 1
    assert markup.read_text(encoding="utf-8") == broken


def test_convert_writes_and_says_what_is_lost(run, markup, tmp_path):
    result = run("convert", markup, "--to", "conll", "-o", tmp_path / "out.conll")
    assert result.exit_code == 0
    assert "conll cannot hold: client id (1)" in result.output
    one, other = load_annotations(markup)[0], load_annotations(tmp_path / "out.conll")[0]
    assert (one.recommendations, one.reviews) == (other.recommendations, other.reviews)


def test_convert_of_broken_data_writes_nothing(run, markup, tmp_path):
    markup.write_text(MARKUP + "Z: more\n", encoding="utf-8")
    result = run("convert", markup, "--to", "jsonl", "-o", tmp_path / "out.jsonl")
    assert result.exit_code == 2
    assert "line 8" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anna.txt"]


def test_what_is_there_is_not_replaced_unasked(run, markup, tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "mine.txt").write_text("mine", encoding="utf-8")
    before = markup.read_bytes()
    for arguments in (
        ("convert", markup, "--to", "markup", "-o", markup),
        ("adjudicate", markup, "--by", "union", "-o", markup),
        ("agree", markup, "--html", markup),
        ("split", markup, "-o", tmp_path / "sets", "--shares", "all=1"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1), arguments
        assert "exists; --overwrite replaces it" in result.stderr
    assert markup.read_bytes() == before
    assert run("convert", markup, "--to", "jsonl", "-o", markup, "--overwrite").exit_code == 0
    assert markup.read_bytes() != before


def test_agree_compares_files_by_their_names(run, markup, tmp_path):
    (tmp_path / "ben.txt").write_text(MARKUP.replace("Walk daily</rec>", "Walk</rec> daily"), encoding="utf-8")
    result = run("agree", markup, tmp_path / "ben.txt", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)["annotators"] == ["anna", "ben"]
    assert "anna - ben" in run("agree", markup, tmp_path / "ben.txt").output


def test_agree_lists_the_disagreements_for_a_program_and_on_a_page(run, markup, tmp_path):
    (tmp_path / "ben.txt").write_text(MARKUP.replace("Walk daily</rec>", "Walk</rec> daily"), encoding="utf-8")
    page = tmp_path / "page.html"
    result = run("agree", markup, tmp_path / "ben.txt", "--html", page, "--json")
    assert result.exit_code == 0
    (listed,) = json.loads(result.output)["disagreements"]
    assert (listed["session"], listed["label"], listed["first"], listed["kind"]) == (
        "c1-s1",
        "recommendation",
        0,
        "extent",
    )
    assert [each["annotator"] for each in listed["versions"]] == ["anna", "ben"]
    assert "Walk" not in result.output
    assert "anna" in page.read_text(encoding="utf-8")


def test_adjudicate_merges_as_decided_and_by_a_rule(run, markup, tmp_path):
    ben = tmp_path / "ben.txt"
    ben.write_text(MARKUP.replace("Walk daily</rec>", "Walk</rec> daily"), encoding="utf-8")
    merged, decisions = tmp_path / "merged.jsonl", tmp_path / "decisions.json"
    result = run("adjudicate", markup, ben, "--by", "intersection", "-o", merged)
    assert result.exit_code == 0
    assert [span.text for span in load_annotations(merged)[0].recommendations] == ["Walk"]
    listed = json.loads(run("agree", markup, ben, "--json").output)["disagreements"]
    entries = [{**each, "choice": "annotator", "annotator": "anna"} for each in listed]
    decisions.write_text(json.dumps({"version": "1.0", "judge": "kim", "decisions": entries}), encoding="utf-8")
    result = run("adjudicate", markup, ben, "--decisions", decisions, "-o", merged, "--overwrite", "--json")
    assert (result.exit_code, json.loads(result.output)["annotators"]) == (0, {"kim": 1})
    assert [span.text for span in load_annotations(merged)[0].recommendations] == ["Walk daily"]


def absent(name):
    raise ImportError(name)


def test_agree_with_gamma_says_what_to_install(run, markup, tmp_path, monkeypatch):
    (tmp_path / "ben.txt").write_text(MARKUP, encoding="utf-8")
    monkeypatch.setattr("action_recs.annotation.gamma.import_module", absent)
    result = run("agree", markup, tmp_path / "ben.txt", "--gamma")
    assert result.exit_code == 2
    assert "pip install pygamma-agreement" in result.output


def test_problems_of_all_files_are_told_at_once(run, markup, tmp_path):
    ben = tmp_path / "ben.txt"
    for path in (markup, ben):
        path.write_text(MARKUP.replace("C: Yes", "Z: Yes"), encoding="utf-8")
    result = run("agree", markup, ben)
    assert result.exit_code == 2
    assert all(f"{path}, line 3" in result.output for path in (markup, ben))


def test_split_keeps_clients_together_and_reports_near_duplicates(run, tmp_path):
    talk = "T: Last week we spoke about going out for a walk before breakfast every day.\n"
    text = "".join(f"# session: c{n // 2}-s{n % 2 + 1}\n{talk}C: Number {n}.\n" for n in range(8))
    (tmp_path / "all.txt").write_text(text, encoding="utf-8")
    folder = tmp_path / "sets"
    result = run("split", tmp_path / "all.txt", "-o", folder, "--shares", "train=0.5,test=0.5", "--json")
    assert result.exit_code == 0
    report = json.loads(result.output)
    assert report == json.loads((folder / "split.json").read_text(encoding="utf-8"))
    groups = {name: {each.group for each in load_annotations(folder / f"{name}.jsonl")} for name in ("train", "test")}
    assert sorted(groups["train"] | groups["test"]) == ["c0", "c1", "c2", "c3"]
    assert not groups["train"] & groups["test"]
    assert report["leaks"]
    assert "nearly the same" in run("split", tmp_path / "all.txt", "-o", folder, "--overwrite").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "absent.json", "--extra", "ask"), "--extra"),
        (("check", "absent.json", "--schema", "absent.yaml"), "absent.yaml: cannot be read"),
        (("adjudicate", "absent.json", "-o", "x"), "say how to merge"),
        (("split", "absent.json", "-o", "x", "--shares", "half"), "--shares"),
        (("convert", "absent.json", "--to", "nonesuch", "-o", "x"), "unknown form"),
    ],
)
def test_mistakes_of_the_call_are_told_in_a_line(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
