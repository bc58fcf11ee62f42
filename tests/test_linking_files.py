"""Threads as files, as a command, and as a page."""

import csv
import dataclasses
import json
import random
import re

import pytest
from talked import ASKED, COOKING, WALK, talk
from test_render import parse
from typer.testing import CliRunner

from action_recs.errors import OutputError, ThreadError
from action_recs.linking import Adherence, Category, ClientThread, Item, LookBack, ReviewLink, Words, follow_up
from action_recs.linking.files import by_client, read_tagged, write_threads
from action_recs.linking.page import thread_html

NAMED = dataclasses.replace


def ids(groups):
    return [[session.session_id for session in group] for group in groups]


def test_sessions_are_put_in_order_by_date_then_by_number_else_left(linking_model):
    dated = [
        NAMED(ASKED, client_id="b", session_id="late", date="2024-03-12"),
        NAMED(WALK, client_id="a", session_id="only"),
        NAMED(WALK, client_id="b", session_id="early", date="2024-03-05"),
    ]
    assert ids(by_client(dated)) == [["early", "late"], ["only"]]
    numbered = [NAMED(ASKED, client_id="b", session_id=f"b-s{number}") for number in (10, 2, 1)]
    assert ids(by_client(numbered)) == [["b-s1", "b-s2", "b-s10"]]
    odd = [NAMED(ASKED, client_id="b", session_id=name) for name in ("x2", "y1")]
    assert ids(by_client(odd)) == [["x2", "y1"]]


def test_a_session_of_nobody_is_refused_unless_all_are_one_clients():
    with pytest.raises(ThreadError, match="session 1 has no client_id"):
        by_client([NAMED(WALK, client_id="a"), ASKED])
    assert ids(by_client([WALK, ASKED], one_client=True)) == [[None, None]]


def test_a_thread_as_json_says_what_became_of_each_item(linking_model, tmp_path):
    thread = follow_up(
        [NAMED(each, client_id="c", session_id=f"c-s{at}") for at, each in enumerate((WALK, ASKED))],
        model=linking_model,
    )
    write_threads([thread], tmp_path / "threads.jsonl")
    (record,) = map(json.loads, (tmp_path / "threads.jsonl").read_text().splitlines())
    assert record == thread.to_dict()
    assert record["client_id"] == "c"
    (item,) = record["items"]
    assert item["recommendation"]["text"] == "Try walking daily"
    assert [(each["session"], each["review"]) for each in item["reviews"]] == [(1, 0)]
    assert item["adherence"] == thread.items[0].adherence.value
    (review,) = record["reviews"]
    assert (review["session"], review["first"], review["last"], review["targets"]) == (1, 0, 1, [0])


def test_a_thread_as_a_table_has_an_item_a_row(linking_model, tmp_path):
    thread = follow_up([WALK, COOKING, ASKED], model=linking_model)
    frame = thread.to_dataframe()
    assert frame[["session", "reviews", "sessions_to_review", "sessions_after"]].fillna(-1).values.tolist() == [
        [0, 1, 2, 2],
        [1, 0, -1, 1],
    ]
    write_threads([thread], tmp_path / "items.csv")
    with (tmp_path / "items.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ["Try walking daily", "Read a book"]
    assert list(rows[0]) == list(frame.columns)


@pytest.mark.parametrize(
    ("name", "count", "said"),
    [
        ("threads.txt", 1, "unknown output format"),
        ("page.html", 2, "a page shows one client, and there are 2"),
        ("missing/threads.jsonl", 1, "does not exist; make it first"),
    ],
)
def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path, name, count, said):
    with pytest.raises(OutputError, match=said):
        write_threads([ClientThread((), (), ())] * count, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no session"),
        (b"\n{\n", "line 2: not a tagged session"),
        (b'{"utterances": []}\n', "line 1: not a tagged session"),
        (b"[1]\n", "line 1: not a tagged session"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_file_without_tagged_sessions_is_refused_with_the_line(tmp_path, content, said):
    (tmp_path / "tagged.jsonl").write_bytes(content)
    with pytest.raises(ThreadError, match=said):
        read_tagged(tmp_path / "tagged.jsonl")


def test_the_command_follows_each_client_up(linking_model, tmp_path, monkeypatch):
    import typer

    from action_recs.cli import follow_up as command

    monkeypatch.setattr("action_recs.linking.following.shipped_linking_model", lambda: linking_model)
    app = typer.Typer()
    app.command()(command.follow_up)
    sessions = [
        NAMED(ASKED, client_id="a", session_id="a-s2"),
        NAMED(WALK, client_id="a", session_id="a-s1"),
        NAMED(WALK, client_id="b", session_id="b-s1"),
    ]
    tagged = tmp_path / "tagged.jsonl"
    tagged.write_text("".join(session.to_json() + "\n" for session in sessions))
    ran = CliRunner().invoke(app, [str(tagged), "-o", str(tmp_path / "threads.jsonl")])
    assert (ran.exit_code, ran.output) == (
        0,
        f"{tmp_path / 'threads.jsonl'}: 2 clients, 2 things recommended, 1 of them reviewed\n",
    )
    page = tmp_path / "a.html"
    assert CliRunner().invoke(app, [str(tagged), "-o", str(page)]).exit_code == 2
    assert not page.exists()
    assert CliRunner().invoke(app, [str(tagged), "--client", "a", "-o", str(page)]).exit_code == 0
    assert "Client a" in page.read_text()
    assert CliRunner().invoke(app, [str(tagged), "--client", "x", "-o", str(page)]).exit_code == 2


def made(count, draw, *, words="walk daily", said="I did"):
    """A thread of sessions with items and links drawn at random."""
    sessions = tuple(
        NAMED(
            talk(said, said, said, said, reviews=[(0, 1)] if place else [], session_id=f"s{place + 1}"),
            client_id="<b>c</b>",
        )
        for place in range(count)
    )
    items, targets = [], {place: [] for place in range(1, count)}
    for place in range(count):
        for number in range(draw.randint(1, 8)):
            later = [after for after in range(place + 1, count) if draw.random() < 0.2]
            links = tuple(
                ReviewLink(after, 0, 0.9, draw.choice(list(Adherence)), Words(after, 1, 0, len(said), said))
                for after in later
            )
            for after in later:
                targets[after].append(len(items))
            span = dataclasses.replace(WALK.recommendations[0], utterance=number, text=words)
            fate = links[-1].adherence if links else None
            items.append(Item(place, span, (), links, fate, draw.choice(list(Category)), words, ()))
    reviews = tuple(
        LookBack(place, 0, tuple(own), Adherence.UNCLEAR, Words(place, 1, 0, len(said), said))
        for place, own in targets.items()
    )
    return ClientThread(sessions, tuple(items), reviews)


@pytest.mark.parametrize("count", [1, 3, 30])
def test_the_page_has_a_dot_an_item_an_arc_a_link_and_no_resource_from_outside(count):
    thread = made(count, random.Random(count))
    page = thread.to_html()
    tree = parse(page)
    (drawing,) = tree.every("figure")
    assert len(list(drawing.every("path", "arc"))) == sum(len(item.reviews) for item in thread.items)
    dots = [group for group in drawing.every("g", "dot") if group.attributes["class"]]
    assert len(dots) == len(thread.items) + 6  # the legend has six
    assert [row.attributes["id"] for row in tree.every("tr") if "item" in row.attributes.get("id", "")] == [
        f"item{number + 1}" for number in range(len(thread.items))
    ]
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert "<script></script>" in page


def test_the_page_escapes_what_was_said():
    odd = '<script>alert(1)</script> & "quoted" \x00'
    page = thread_html(made(3, random.Random(3), words=odd, said=odd))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>c</b>" not in page
    assert "\x00" not in page


def test_dots_and_arcs_lie_within_the_drawing_and_dots_apart():
    from action_recs.linking.page import view_thread

    view = view_thread(made(30, random.Random(1)))
    places = [(dot.x, dot.y) for dot in view.dots]
    assert len(set(places)) == len(places)
    assert all(0 < x < view.width and view.line < y < view.height for x, y in places)
    numbers = [float(each) for arc in view.arcs for each in re.findall(r"-?\d+\.\d", arc.path)]
    assert min(numbers) > -60  # handles of a curve reach a third higher than the curve
    assert max(numbers) < max(view.width, view.height)
