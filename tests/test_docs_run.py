"""Every command and every line of Python in the documentation runs as it stands there."""

import sys

import pytest
from example_files import prepare
from pages import ROOT, Block, blocks, run

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SLOW = ("clusters.md",)  # starts Ray and Spark

NOT_RUN = {"README.md": 1, "annotations.md": 1, "clusters.md": 1, "retraining.md": 4}
"""Blocks that are marked as not run, each with its reason in the page."""


RUN = [
    pytest.param(page, marks=[pytest.mark.slow] if page.name in SLOW else [], id=page.name)
    for page in PAGES
    if any(not block.why_not for block in blocks(page))
]


@pytest.fixture
def example_files(tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    leave_java()
    yield tmp_path
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()


def leave_java():
    """Part with the Java that an earlier test began: it looks for files where that test was, not where we are."""
    if "pyspark" not in sys.modules:
        return
    from pyspark import SparkContext

    if SparkContext._gateway is not None:
        SparkContext._gateway.shutdown()
        SparkContext._gateway = SparkContext._jvm = None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("page", RUN)
def test_a_page_runs_from_top_to_bottom(page, example_files):
    assert run(page) == sum(not block.why_not for block in blocks(page))


def test_what_is_not_run_says_why():
    marked = {page.name: [block.why_not for block in blocks(page) if block.why_not] for page in PAGES}
    assert {name: len(reasons) for name, reasons in marked.items() if reasons} == NOT_RUN
    assert all(len(reason.split()) > 3 for reasons in marked.values() for reason in reasons)


def test_blocks_are_found_with_their_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n```python\nx = 1\n```\n<!-- not run: no time for it -->\n\n```sh\nb\n```\n```text\nc\n```\n")
    assert blocks(page) == [Block(3, "python", "x = 1\n", None), Block(8, "sh", "b\n", "no time for it")]


@pytest.mark.parametrize(
    "code", ["```python\n1 / 0\n```\n", "```sh\naction-recs tag nowhere.txt\n```\n", "```sh\nfalse\n```\n"]
)
def test_a_page_that_does_not_run_is_an_error(tmp_path, code):
    page = tmp_path / "page.md"
    page.write_text(code)
    with pytest.raises((ZeroDivisionError, AssertionError)):
        run(page)
