"""The pages in a browser: what is seen, clicked, searched and copied."""

import shutil

import pytest
from test_render import ODD, WALK, session, span

from action_recs import Form, Recommendation, Review, TaggedSession, sessions_html

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install playwright")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PATIENCE = 120_000  # milliseconds: a busy machine is slow, and not wrong

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")

TALK = session(
    "Come in.",
    "Thanks.",
    "Did you walk, as we said?",
    "I walked twice.",
    "Good. Try walking daily, and write it down.",
    "I will walk.",
    recommendations=[span(4, 6, 23), span(4, 29, 42, Form.STRUCTURED)],
    reviews=[Review(2, 3, 0.9)],
    session_id="talk",
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def show(browser, tmp_path):
    """Open a page from a file; whatever it complains about, or asks for from outside, fails the test."""
    opened, complaints = [], []

    def open_page(html, name="page.html", **context):
        path = tmp_path / name
        path.write_text(html, encoding="utf-8", newline="")
        page = browser.new_context(**context).new_page()
        opened.append(page)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.extend([request.url] if request.url != path.as_uri() else []))
        page.goto(path.as_uri())
        return page

    yield open_page
    for page in opened:
        page.context.close()
    assert complaints == []


def seen(page):
    """The indices of the utterances that are shown."""
    turns = page.locator(".turn").evaluate_all("turns => turns.map(turn => [turn.id, turn.offsetHeight])")
    return [int(name.rpartition("u")[2]) for name, height in turns if height]


def on_screen(page, selector):
    """Whether an element lies in the window, below the bar that stays in sight."""
    return page.evaluate(
        """selector => {
            const box = document.querySelector(selector).getBoundingClientRect();
            const bar = document.querySelector(".bar").getBoundingClientRect();
            return box.height > 0 && box.top >= bar.bottom - 1 && box.bottom <= innerHeight + 1;
        }""",
        selector,
    )


@pytest.mark.parametrize(
    ("choice", "expected", "bands"),
    [
        ("all", [0, 1, 2, 3, 4, 5], 1),
        ("recommendations", [4], 0),
        ("reviews", [2, 3], 1),
        ("therapist", [0, 2, 4], 1),
        ("client", [1, 3, 5], 1),
    ],
)
def test_a_filter_shows_what_it_says(show, choice, expected, bands):
    page = show(TALK.to_html())
    page.get_by_role("radio", name=choice).click()
    assert seen(page) == expected
    assert page.locator(".band:visible").count() == bands
    assert page.locator("output").inner_text() == ("" if choice == "all" else f"{len(expected)} of 6 utterances")
    page.get_by_role("radio", name="all").click()
    assert seen(page) == [0, 1, 2, 3, 4, 5]


def test_a_filter_can_be_chosen_with_the_keyboard(show):
    page = show(TALK.to_html())
    page.get_by_role("radio", name="all").focus()
    page.keyboard.press("ArrowRight")
    assert seen(page) == [4]


def test_searching_shows_what_matches_in_any_case_and_across_marks(show):
    page = show(TALK.to_html())
    for words, expected in [("WALK", [2, 3, 4, 5]), ("good. try", [4]), (".*", []), ("  ", [0, 1, 2, 3, 4, 5])]:
        page.get_by_role("searchbox").fill(words)
        assert seen(page) == expected
    page.get_by_role("searchbox").fill("walk")
    page.get_by_role("radio", name="client").click()
    assert seen(page) == [3, 5]
    highlighted = "[...CSS.highlights.get('found')].map(range => range.toString())"
    assert page.evaluate(highlighted) == ["walk", "walk"]
    page.get_by_role("radio", name="therapist").click()
    page.get_by_role("searchbox").fill("Good. Try walking")
    assert page.evaluate(highlighted) == ["Good. Try walking"]


def test_the_strip_goes_where_it_is_clicked_also_to_what_a_filter_hides(show):
    long = session(*["Words."] * 400, recommendations=[span(300, 0, 5)], reviews=[Review(100, 110)])
    page = show(long.to_html(), viewport={"width": 1000, "height": 600})
    page.get_by_role("radio", name="client").click()
    page.get_by_role("link", name="Recommendation, casual, utterance 300").click(force=True)
    assert on_screen(page, "#u300")
    assert page.url.endswith("#u300")
    assert len(seen(page)) == 400
    box = page.locator(".bar .strip").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + 4)
    assert on_screen(page, "#u200")
    page.get_by_role("link", name="Review, utterances 100 to 110").focus()
    page.keyboard.press("Enter")
    assert on_screen(page, "#u100")
    assert page.evaluate("document.activeElement.id") == "u100"


@pytest.mark.parametrize("text", [ODD, "Two\nlines,  two blanks.", "\n\n"])
def test_the_text_of_the_page_is_the_text_of_the_session(show, text):
    odd = session(text, text, recommendations=[span(0, 2, 9), span(0, 12, 40)], reviews=[Review(1, 1)])
    page = show(odd.to_html())
    texts = page.locator(".text").evaluate_all("all => all.map(each => each.textContent)")
    assert texts == [text, text]
    assert page.locator("script").count() == 1


def test_copied_text_is_the_words_alone(show):
    page = show(TALK.to_html())
    copied = page.evaluate(
        """() => {
            getSelection().selectAllChildren(document.querySelector("#u4"));
            return getSelection().toString();
        }"""
    )
    assert copied.split("\n") == ["Therapist", *[""] * copied.count("\n\n"), TALK.utterances[4].text]


def test_the_table_leads_to_a_session_and_back(show):
    page = show(sessions_html([TALK, WALK, TaggedSession((), (), ())]))
    assert seen(page) == []
    page.get_by_role("link", name="s1").click()
    assert page.locator("table:visible").count() == 0
    assert page.locator("h2:visible").first.inner_text() == "s1"
    assert page.locator(".session:visible").count() == 1
    page.locator(".session:visible").get_by_role("radio", name="reviews").click()
    assert seen(page) == [2, 3]
    page.locator(".session:visible").get_by_role("link", name="Review, utterances 2 to 3").click(force=True)
    assert page.locator(".session:visible").count() == 1
    page.get_by_role("link", name="All sessions").click()
    assert page.locator("table:visible").count() == 1
    page.go_back()
    assert page.locator(".session:visible").count() == 1


CONTRAST = """() => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = colour => parts(colour).slice(0, 3).map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = element => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if (parts(colour)[3] !== 0) return colour;
        }
        return "none";
    };
    const worst = {};
    for (const element of document.body.querySelectorAll("*:not(script)")) {
        if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
        if (!element.checkVisibility() || element instanceof SVGElement) continue;
        const [one, two] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
        worst[`${element.tagName}.${element.className}`] = (one + 0.05) / (two + 0.05);
    }
    return worst;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read_against_its_ground(show, scheme):
    for page in (show(TALK.to_html(), color_scheme=scheme), show(sessions_html([TALK]), color_scheme=scheme)):
        contrasts = page.evaluate(CONTRAST)
        assert len(contrasts) > 5
        assert {name: value for name, value in contrasts.items() if value < 4.5} == {}
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 23, 27)")


def test_print_is_light_and_without_controls(show):
    page = show(TALK.to_html(), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("fieldset:visible, input[type=search]:visible").count() == 0
    assert seen(page) == [0, 1, 2, 3, 4, 5]


def test_without_scripts_all_is_there_but_the_filters(show):
    page = show(TALK.to_html(), java_script_enabled=False)
    assert page.locator(".turn:visible").count() == 6
    assert page.locator("form:visible").count() == 0


@pytest.mark.parametrize("width", [320, 1100])
def test_nothing_runs_out_of_the_window(show, width):
    wide = session("w" * 500, "x", recommendations=[span(0, 0, 400)], session_id="s" * 200)
    for html in (TALK.to_html(), wide.to_html(), sessions_html([TALK, wide])):
        page = show(html, viewport={"width": width, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("theme", "dark"), [("true", False), ("false", True)])
def test_a_cell_follows_the_notebooks_theme_and_touches_nothing_else(show, theme, dark):
    around = '<p class="text turn therapist" id="u4">the notebook</p>'
    shell = f'<!DOCTYPE html><html lang="en"><body data-jp-theme-light="{theme}">{around}%s</body></html>'
    look = """() => {
        const style = getComputedStyle(document.querySelector("p"));
        return [...style].map(name => style[name]).join();
    }"""
    alone = show(shell % "", name="alone.html", color_scheme="null").evaluate(look)
    page = show(shell % TALK._repr_html_(), color_scheme="null")
    assert page.evaluate(look) == alone
    frame = page.frame_locator("iframe")
    frame.get_by_role("radio", name="reviews").click()
    assert frame.locator(".turn:visible").count() == 2
    frame.get_by_role("link", name="Recommendation, structured").focus()
    page.keyboard.press("Enter")
    assert frame.locator("#u4").evaluate("turn => turn === document.activeElement && turn.matches(':target')")
    assert frame.locator("html").evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") is dark


def test_thousands_of_utterances_open_and_are_searched(show):
    number = 5000
    found = [Recommendation(index, 0, 5, "Words", Form.CASUAL, 0.5) for index in range(0, number, 10)]
    page = show(session(*(f"Words {index}." for index in range(number)), recommendations=found).to_html())
    assert page.locator(".turn").count() == number
    page.get_by_role("searchbox").fill("words 4999")
    assert seen(page) == [4999]
