"""Tagged sessions as HTML, read back with an HTML parser."""

import dataclasses
import html
from html.parser import HTMLParser

import pytest

from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, TaggedUtterance, sessions_html
from action_recs.export import write_sessions
from action_recs.render import Piece, pieces, session_cell

VOID = {"input", "meta"}


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, dict(attributes), []

    @property
    def classes(self):
        return (self.attributes.get("class") or "").split()

    @property
    def text(self):
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    def every(self, tag=None, name=None):
        for child in self.children:
            if isinstance(child, Element):
                if tag in (None, child.tag) and (name is None or name in child.classes):
                    yield child
                yield from child.every(tag, name)


class Tree(HTMLParser):
    """The page as elements; a tag that is not closed, or closed twice, fails."""

    def __init__(self, page):
        super().__init__()
        self.open = [Element("document", {})]
        self.feed(page)
        self.close()
        assert [each.tag for each in self.open] == ["document"]

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes)
        element = Element(tag, attributes)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.open[-1].children.append(Element(tag, attributes))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parse(page):
    return Tree(page).open[0]


def session(*texts, recommendations=(), reviews=(), **identifiers):
    recommending = {found.utterance for found in recommendations}
    utterances = []
    for index, text in enumerate(texts):
        labels = {Label.RECOMMENDATION} if index in recommending else set()
        if any(run.first <= index <= run.last for run in reviews):
            labels.add(Label.REVIEW)
        role = Role.CLIENT if index % 2 else Role.THERAPIST
        utterances.append(TaggedUtterance(index, role, text, frozenset(labels), dict.fromkeys(Label, 0.5)))
    return TaggedSession(tuple(utterances), tuple(recommendations), tuple(reviews), **identifiers)


def span(utterance, start, end, form=Form.CASUAL, score=0.75):
    return Recommendation(utterance, start, end, "", form, score)


WALK = session(
    "Try walking, and write it down.",
    "Okay.",
    "How was it?",
    "Good.",
    recommendations=[span(0, 0, 11), span(0, 17, 30, Form.STRUCTURED, 0.5)],
    reviews=[Review(2, 3, 0.875)],
    session_id="s1",
    client_id="c1",
)
ODD = (
    "</p></style></script><script>alert(1)</script><img src=x onerror=alert(1)><!-- \" ' ` & &amp; &#60; "
    "{{ 7 * 7 }} {% raw %} {# #} ${x} \u202eturned\u2066 \r\n \r tab\t\f \u2028 \N{PILE OF POO}\u0301"
)
IMPOSSIBLE = "\x00\x01\x0b\x1b\x7f\x85\ud83d\udca9\udc00\ufdd0\uffff\U0010fffe"


def dialogue(page):
    return [text.text for text in parse(page).every("p", "text")]


def test_the_dialogue_is_the_utterances():
    assert dialogue(WALK.to_html()) == [each.text for each in WALK.utterances]


def test_recommendations_are_marked_with_form_and_score_in_colour_sign_and_words():
    turn = next(parse(WALK.to_html()).every("li", "turn"))
    marks, notes = list(turn.every("mark")), list(next(turn.every("ul", "notes")).every("li"))
    assert [mark.text for mark in marks] == ["Try walking", "write it down"]
    assert [mark.classes for mark in marks] == [["casual"], ["structured"]]
    assert [mark.attributes["title"] for mark in marks] == [
        "Recommendation, casual, score 0.75",
        "Recommendation, structured, score 0.50",
    ]
    assert [mark.attributes["aria-describedby"].split() for mark in marks] == [[n.attributes["id"]] for n in notes]
    assert [note.text for note in notes] == [
        "Recommendation, casual, score 0.75",
        "Recommendation, structured, score 0.50",
    ]


def test_a_review_is_a_band_around_its_utterances():
    (band,) = parse(WALK.to_html()).every("section", "band")
    assert next(band.every("h3")).text == "Review, utterances 2 to 3, score 0.88"
    assert [text.text for text in band.every("p", "text")] == ["How was it?", "Good."]


def test_the_strip_leads_to_what_was_found():
    strip = next(parse(WALK.to_html()).every("svg", "strip"))
    links = [(link.attributes["href"], link.attributes["aria-label"]) for link in strip.every("a")]
    assert links == [
        ("#u2", "Review, utterances 2 to 3, score 0.88"),
        ("#u0", "Recommendation, casual, utterance 0, score 0.75"),
        ("#u0", "Recommendation, structured, utterance 0, score 0.50"),
    ]


def test_the_figures_are_told():
    page = parse(WALK.to_html())
    assert [each.text for each in page.every("dd")] == ["4", "2", "1", "50.0 %"]
    assert [" ".join(each.text.split()) for each in page.every("dt")] == [
        "utterances",
        "recommendations (1 casual, 1 structured)",
        "review",
        "review percentage",
    ]
    assert next(page.every("h1")).text == "s1"
    assert next(page.every("p", "identifiers")).text == "client c1"


@pytest.mark.parametrize(
    ("speaker", "start", "shown"),
    [
        (None, None, ["Therapist"]),
        ("THERAPIST ", 5.9, ["THERAPIST", "0:05"]),
        ("Dr. Lee", 3661.0, ["Dr. Lee", "therapist 1:01:01"]),
        ("Dr. Lee", float("nan"), ["Dr. Lee", "therapist"]),
        (" ", float("inf"), ["Therapist"]),
    ],
)
def test_the_speaker_is_named_with_role_and_time(speaker, start, shown):
    utterance = dataclasses.replace(WALK.utterances[0], speaker=speaker, start=start)
    who = next(parse(TaggedSession((utterance,), (), ()).to_html()).every("span", "who"))
    assert [each.text for each in who.every() if each.tag in ("bdi", "small")] == shown


@pytest.mark.parametrize("text", [ODD, ODD * 3, "", " \n leading", "\n"])
def test_any_text_comes_back_as_it_was(text):
    odd = session(text, text, recommendations=[span(0, 0, 9), span(0, 20, len(text))], reviews=[Review(1, 1)])
    assert dialogue(odd.to_html()) == [text, text]


def test_what_html_cannot_hold_is_replaced_character_by_character():
    (shown,) = dialogue(session(f"a{IMPOSSIBLE}z").to_html())
    assert shown == "a" + "\ufffd" * len(IMPOSSIBLE) + "z"


@pytest.mark.parametrize("text", [ODD, IMPOSSIBLE])
def test_nothing_from_a_transcript_becomes_markup(text, tmp_path):
    odd = session(text, recommendations=[span(0, 0, 5)], session_id=text, client_id=text, date=text)
    odd = dataclasses.replace(odd, utterances=(dataclasses.replace(odd.utterances[0], speaker=text),))
    plain = session("x" * 9, recommendations=[span(0, 0, 5)], session_id="x", client_id="x", date="x")
    plain = dataclasses.replace(plain, utterances=(dataclasses.replace(plain.utterances[0], speaker="x"),))

    def shape(page):
        return [(each.tag, sorted(each.attributes), each.classes) for each in parse(page).every()]

    assert shape(odd.to_html()) == shape(plain.to_html())
    assert shape(sessions_html([odd, odd])) == shape(sessions_html([plain, plain]))
    assert shape(odd._repr_html_()) == shape(plain._repr_html_())
    for sessions in ([odd], [odd, odd]):
        write_sessions(sessions, tmp_path / "odd.html")
        (tmp_path / "odd.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("spans", "cut"),
    [
        ([], [("abcdef", 0)]),
        ([(0, 6)], [("abcdef", 1)]),
        ([(1, 3), (3, 4)], [("a", 0), ("bc", 1), ("d", 1), ("ef", 0)]),
        ([(1, 4), (2, 6)], [("a", 0), ("b", 1), ("cd", 2), ("ef", 1)]),
        ([(2, 2)], [("ab", 0), ("cdef", 0)]),
        ([(-3, 99), (7, 9)], [("abcdef", 1)]),
    ],
)
def test_a_text_is_cut_where_spans_begin_and_end(spans, cut):
    found = [span(0, *each) for each in spans]
    assert [(piece.text, len(piece.found)) for piece in pieces("abcdef", found)] == cut
    assert list(pieces("", found)) == []
    assert all(isinstance(piece, Piece) for piece in pieces("abcdef", found))


def test_findings_beyond_the_session_do_no_harm():
    odd = session("a", "b", recommendations=[span(7, 0, 1)], reviews=[Review(-1, 0), Review(0, 9), Review(5, 6)])
    assert dialogue(odd.to_html()) == ["a", "b"]


@pytest.mark.parametrize(
    ("empty", "words"),
    [
        (TaggedSession((), (), ()), "This session has no utterances."),
        (session("Hello.", "Hi."), "Nothing was found: no recommendation, and no review of one."),
    ],
)
def test_a_session_without_anything_says_so(empty, words):
    page = parse(empty.to_html())
    assert next(page.every("p", "nothing")).text == words
    assert len(list(page.every("form"))) == bool(len(empty))
    assert empty._repr_html_()


PAGES = [
    WALK.to_html(),
    TaggedSession((), (), ()).to_html(),
    sessions_html([]),
    sessions_html([WALK]),
    sessions_html([WALK, WALK, TaggedSession((), (), ())]),
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_holds_together(page):
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    tree = parse(page)
    ids = [each.attributes["id"] for each in tree.every() if "id" in each.attributes]
    assert len(set(ids)) == len(ids)
    for each in tree.every():
        if each.attributes.get("href") is not None:
            assert each.attributes["href"].removeprefix("#") in ids
        for named in ("aria-labelledby", "aria-describedby"):
            assert set(each.attributes.get(named, "").split()) <= set(ids)
    assert len(list(tree.every("main"))) == len(list(tree.every("h1"))) == len(list(tree.every("footer"))) == 1


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_from_outside_and_lets_nothing_else_run(page):
    tree = parse(page)
    names = {name for each in tree.every() for name in each.attributes}
    assert names.isdisjoint({"src", "style", "action", "srcset", "data", "poster"})
    assert [name for name in names if name.startswith("on")] == []
    assert {each.tag for each in tree.every()}.isdisjoint({"link", "img", "iframe", "object", "embed", "base"})
    assert [word for word in ("http:", "//", "url(", "@import") if word in next(tree.every("style")).text] == []
    assert [word for word in ("http:", "fetch", "import(", "innerHTML", "eval") if word in page] == [
        "http:"  # the name of SVG, in the script
    ]
    policy = [each for each in tree.every("meta") if each.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy[0].attributes["content"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy[0].attributes["content"]


def test_many_sessions_are_a_table_that_leads_to_each():
    page = parse(sessions_html([WALK, session("Hello.", "Hi.")]))
    rows = list(page.every("tr"))[1:]
    assert [[each.text.strip() for each in row.every("td") if "number" in each.classes] for row in rows] == [
        ["4", "1", "1", "1", "50.0"],
        ["2", "0", "0", "0", "0.0"],
    ]
    assert [next(row.every("a")).text for row in rows] == ["s1", "Session 2"]
    sections = {each.attributes["id"]: each for each in page.every("section", "session")}
    targets = [sections[next(row.every("a")).attributes["href"].removeprefix("#")] for row in rows]
    assert [[text.text for text in each.every("p", "text")][:1] for each in targets] == [
        ["Try walking, and write it down."],
        ["Hello."],
    ]
    assert [each.text for each in next(page.every("dl")).every("dd")] == ["1.0", "50 %", "50 %", "25.0 %"]


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    cell = parse(WALK._repr_html_())
    (frame,) = cell.every("iframe")
    assert frame.attributes["sandbox"] == "allow-scripts"
    assert dialogue(frame.attributes["srcdoc"]) == [each.text for each in WALK.utterances]
    rules = [rule.split("{")[0] for rule in next(cell.every("style")).text.split("}") if rule.strip()]
    selectors = [selector.strip() for rule in rules for selector in rule.split(",")]
    assert [selector for selector in selectors if not selector.endswith(".action-recs-frame")] == []


def test_a_cell_shows_the_beginning_of_a_long_session_and_says_so():
    frame = next(parse(session_cell(WALK, utterances=3)).every("iframe"))
    page = parse(frame.attributes["srcdoc"])
    assert [text.text for text in page.every("p", "text")] == [each.text for each in WALK.utterances[:3]]
    assert "the first 3 of 4 utterances" in next(page.every("p", "nothing")).text
    assert next(page.every("dd")).text == "4"


def test_the_file_holds_the_page(tmp_path):
    write_sessions([WALK], tmp_path / "one.html")
    assert (tmp_path / "one.html").read_text(encoding="utf-8") == WALK.to_html()
    write_sessions([WALK, WALK], tmp_path / "two.html")
    assert (tmp_path / "two.html").read_text(encoding="utf-8") == sessions_html([WALK, WALK])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.html", "two.html"]


def test_the_text_stands_in_the_page_once():
    assert html.unescape(WALK.to_html()).count("How was it?") == 1
