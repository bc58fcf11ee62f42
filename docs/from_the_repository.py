"""Pages of the site that are files of the repository: the notebooks, and what is told where it belongs.

mkdocs calls the three functions. A link from one such page to another becomes a link in the site; one
to a file that is no page becomes the words alone.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent

PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "annotations/GUIDELINES.md": "project/guidelines.md",
    "annotations/README.md": "project/annotations.md",
    "training/README.md": "project/training.md",
    "action_recs/models/recommendation/README.md": "models/recommendation.md",
    "action_recs/models/review/README.md": "models/review.md",
    **{f"notebooks/{each.name}": f"notebooks/{each.name}" for each in sorted((ROOT / "notebooks").glob("*.ipynb"))},
}
"""A file of the repository -> its page."""

LINK = re.compile(r"(?<!!)\[(?P<words>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
PICTURE = re.compile(r"(?<=\]\()docs/")
ELSEWHERE = re.compile(r"[a-z]+:")
SPHINX_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):<code>~?")


@event_priority(100)  # before the plugin that shows notebooks looks for them
def on_files(files, config):
    """Add the pages."""
    for source, page in PAGES.items():
        if source.endswith(".ipynb"):
            files.append(File(page, str(ROOT), config.site_dir, use_directory_urls=False))
        else:
            files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown, page, **_):
    """Turn the repository's links into the site's."""
    source = next((each for each, its in PAGES.items() if its == page.file.src_uri), None)
    if source is None or source.endswith(".ipynb"):
        return markdown
    here = posixpath.dirname(page.file.src_uri)

    def link(match):
        if ELSEWHERE.match(match["target"]):
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match["target"]))
        known = PAGES.get(target) or PAGES.get(f"{target}/README.md")
        if known is None and target.startswith("docs/"):
            known = target.removeprefix("docs/")
        if known is None:
            return match["words"]
        return f"[{match['words']}]({posixpath.relpath(known, here or '.')}{match['anchor'] or ''})"

    return LINK.sub(link, PICTURE.sub("", markdown))


def on_page_content(html, **_):
    """Docstrings name things in Sphinx's way; here they are code like any other."""
    return SPHINX_ROLE.sub("<code>", html)
