"""The documentation's site: built without a network and without a warning, and read without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from action_recs.version import __version__

ROOT = Path(__file__).parent.parent

BUILD = """
import socket, sys
def refuse(*_, **__): raise SystemExit("a socket was opened")
socket.socket.connect = refuse
from mkdocs.__main__ import cli
sys.argv = ["mkdocs", "build", "--strict", "--quiet", "--site-dir", sys.argv[1]]
cli()
"""
LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=["']?(https?:)?//""")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (ran.returncode, ran.stderr, ran.stdout) == (0, "", "")
    return folder


def test_every_page_of_the_menu_is_there(site):
    pages = re.findall(r"[\w-]+/?[\w-]*\.(?:md|ipynb)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert len(pages) > 20
    assert [each for each in pages if not (site / each).with_suffix(".html").is_file()] == []


def test_no_page_loads_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    assert [str(each) for each in pages if LOADED.search(each.read_text(encoding="utf-8"))] == []


def test_docstrings_are_in_the_reference(site):
    page = (site / "reference" / "tagging.html").read_text(encoding="utf-8")
    for name in ("action_recs.tag", "action_recs.Tagger.from_pretrained", "action_recs.Review"):
        assert f'id="{name}"' in page
    assert not re.search(r":(?:class|func|meth):<code>", page)


def test_the_notebooks_are_tutorials_with_what_they_print(site):
    page = (site / "notebooks" / "tag_a_session.html").read_text(encoding="utf-8")
    assert "Did you find somewhere to park this time?" in page


def test_links_to_the_repository_are_links_in_the_site(site):
    page = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="notebooks/tag_a_session.html"' in page
    assert 'src="session.png"' in page
    assert "ARCHITECTURE.md" not in re.findall(r'href="([^"]*)"', page)


def test_the_citation_and_the_changes_know_the_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["cff-version"], citation["license"]) == ("1.2.0", "Apache-2.0")
    assert citation["version"] == __version__
    assert {"title", "message", "authors"} <= citation.keys()
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.+?)\]", changes, re.M)[0] == __version__
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:200]
