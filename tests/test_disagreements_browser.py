"""The page to adjudicate from in a browser: decided with the mouse, saved, loaded again, and applied."""

import json

import pytest
from test_render_browser import ARGUMENTS, CHROMIUM, PATIENCE

from action_recs import Form, Transcript
from action_recs.annotation.adjudication import adjudicate
from action_recs.annotation.annotated import AnnotatedRecommendation, AnnotatedReview, AnnotatedSession
from action_recs.annotation.disagreements_page import write_page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

SAID = "Good 👍. Maybe try walking 🚶 daily,\r\nor <b>cook</b> & write."
TALK = Transcript.from_pairs(
    [
        ("therapist", "Did you walk?"),
        ("client", "</script><script>alert(1)</script> Twice."),
        ("therapist", SAID),
        ("client", "Okay."),
    ]
)


def marked(who, spans, runs=()):
    found = (SAID.index(words) for words in spans)
    return AnnotatedSession(
        "s<1>",
        TALK,
        tuple(
            AnnotatedRecommendation(2, start, start + len(words), words, Form.CASUAL)
            for start, words in zip(found, spans, strict=True)
        ),
        tuple(AnnotatedReview(*run) for run in runs),
        annotator=who,
    )


# Names that are numbers: objects in JavaScript put them in an order of their own.
VERSIONS = [
    marked("10", ["Maybe try walking 🚶 daily"], [(0, 1)]),
    marked("2", ["try walking", "write"]),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, tmp_path):
    """The page of disagreements; whatever it complains about, or asks for from outside, fails the test."""
    path = tmp_path / "page.html"
    assert write_page(VERSIONS, path) == 3
    complaints = []
    page = browser.new_context(color_scheme="dark").new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: complaints.extend([request.url] if request.url.startswith("http") else []))
    page.goto(path.as_uri())
    yield page
    page.context.close()
    assert complaints == []


def select(page, number, first, last, start, end):
    """Select from a character of one line's text to a character of another's, in code units as the browser counts."""
    page.evaluate(
        """([number, first, last, start, end]) => {
            const place = (index, offset) => {
                const line = document.querySelector(`#d${number} .line[data-index="${index}"] .text`);
                const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
                let node;
                while ((node = walker.nextNode())) {
                    if (offset <= node.length) return [node, offset];
                    offset -= node.length;
                }
                throw new Error("no such place");
            };
            const range = document.createRange();
            range.setStart(...place(first, start));
            range.setEnd(...place(last, end));
            getSelection().removeAllRanges();
            getSelection().addRange(range);
        }""",
        [number, first, last, start, end],
    )


def units(text):
    return len(text.encode("utf-16-le")) // 2


def choose(page, number, label):
    page.locator(f"#d{number} fieldset").get_by_label(label, exact=True).check()


def save(page, path):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save decisions").click()
    download.value.save_as(path)
    return json.loads(path.read_text(encoding="utf-8"))


def test_decisions_are_made_saved_loaded_and_applied(page, tmp_path):
    assert page.locator("output").inner_text() == "0 of 3 decided"
    page.get_by_label("Judge").fill("Kim")
    choose(page, 1, "other ends")
    before = SAID[: SAID.index("walking")]
    select(page, 1, 2, 2, units(before) - 1, units(before + "walking 🚶 "))  # with blanks at both ends
    page.locator("#d1").get_by_role("button", name="mark as structured").click()
    assert page.locator("#d1 .own mark.structured").inner_text() == "walking 🚶"
    choose(page, 2, "2")
    choose(page, 3, "10")
    assert page.locator("output").inner_text() == "3 of 3 decided"
    content = save(page, tmp_path / "decisions.json")
    assert (content["judge"], [each["choice"] for each in content["decisions"]]) == (
        "Kim",
        ["own", "annotator", "annotator"],
    )
    assert "walking" not in json.dumps(content)
    (merged,) = adjudicate(VERSIONS, decisions=tmp_path / "decisions.json")
    assert [(span.text, span.form) for span in merged.recommendations] == [
        ("walking 🚶", Form.STRUCTURED),
        ("write", Form.CASUAL),
    ]
    assert merged.reviews == (AnnotatedReview(0, 1),)
    assert merged.annotator == "Kim"

    page.reload()
    assert page.locator("output").inner_text() == "0 of 3 decided"
    page.locator("#load").set_input_files(tmp_path / "decisions.json")
    page.get_by_text("3 decisions were loaded.").wait_for()
    assert page.locator("output").inner_text() == "3 of 3 decided"
    assert save(page, tmp_path / "again.json") == content


def test_a_run_is_marked_by_selecting_utterances_or_by_their_numbers(page, tmp_path):
    choose(page, 3, "other ends")
    select(page, 3, 1, 2, 3, 4)
    page.locator("#d3").get_by_role("button", name="mark as review").click()
    assert page.locator("#d3 .marks li").inner_text().startswith("review of utterances 1 to 2")
    page.locator("#d3").get_by_label("first").fill("2")
    page.locator("#d3").get_by_label("last").fill("3")
    page.locator("#d3").get_by_role("button", name="mark as review").click()
    assert "do not overlap" in page.locator("#message").inner_text()
    page.locator("#d3").get_by_role("button", name="remove").click()
    page.locator("#d3").get_by_role("button", name="mark as review").click()
    assert save(page, tmp_path / "decisions.json")["decisions"][0]["marks"] == [{"first": 2, "last": 3}]


def test_what_cannot_be_a_recommendation_is_not_marked(page):
    choose(page, 1, "other ends")
    select(page, 1, 3, 3, 0, 4)
    page.locator("#d1").get_by_role("button", name="mark as casual").click()
    assert "Only the therapist" in page.locator("#message").inner_text()
    select(page, 1, 0, 2, 0, 4)
    page.locator("#d1").get_by_role("button", name="mark as casual").click()
    assert "one utterance" in page.locator("#message").inner_text()
    assert page.locator("output").inner_text() == "0 of 3 decided"


def test_only_what_is_undecided_can_be_shown(page):
    choose(page, 2, "nothing to mark")
    page.get_by_label("undecided only").check()
    assert [page.locator(f"#d{number}").is_visible() for number in (1, 2, 3)] == [True, False, True]
