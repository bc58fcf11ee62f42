"""Pages of the site that are files of the repository: the notebooks, and what is told where it belongs.

mkdocs calls the three functions. A link from one such page to another becomes a link in the site; one to a file that is
no page becomes the words alone.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.plugins import event_priority
from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent

TOLD_ELSEWHERE = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "annotations/GUIDELINES.md": "project/guidelines.md",
    "annotations/README.md": "project/annotations.md",
    "benchmarks/README.md": "project/benchmarks.md",
    "training/README.md": "project/training.md",
    **{f"action_recs/models/{name}/README.md": f"models/{name}.md" for name in ("recommendation", "review", "linking")},
}
NOTEBOOKS = [f"notebooks/{each.name}" for each in sorted((ROOT / "notebooks").glob("*.ipynb"))]

PAGES = {source: page for source, page in TOLD_ELSEWHERE.items() if (ROOT / source).is_file()}
PAGES |= dict(zip(NOTEBOOKS, NOTEBOOKS, strict=True))
"""A file of the repository -> its page, for those that are there."""

LINK = re.compile(r"(?P<picture>!?)\[(?P<words>[^\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
ELSEWHERE = re.compile(r"[a-z]+:")
SPHINX_ROLE = re.compile(r":(?:class|func|meth|mod|data|attr|exc):<code>~?")


@event_priority(100)  # before the plugin that shows notebooks looks for them
def on_files(files, config):
    """Add the pages, and the pictures in them."""
    for source, page in PAGES.items():
        if source in NOTEBOOKS:
            files.append(File(page, str(ROOT), config.site_dir, use_directory_urls=False))
            continue
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
        for match in LINK.finditer((ROOT / source).read_text(encoding="utf-8")):
            target = _target(source, match)
            if match["picture"] and target and files.get_file_from_path(_in_the_site(target)) is None:
                files.append(File(target, str(ROOT), config.site_dir, use_directory_urls=False))
    return files


def on_page_markdown(markdown, page, **_):
    """Turn the repository's links into the site's."""
    source = next((each for each, its in PAGES.items() if its == page.file.src_uri), None)
    if source is None or source in NOTEBOOKS:
        return markdown
    here = posixpath.dirname(page.file.src_uri) or "."

    def link(match):
        target = _target(source, match)
        if target is None:
            return match[0]
        known = PAGES.get(target) or PAGES.get(f"{target}/README.md")
        if known is None and (match["picture"] or target.startswith("docs/")):
            known = _in_the_site(target)
        if known is None:
            return match["words"]
        return f"{match['picture']}[{match['words']}]({posixpath.relpath(known, here)}{match['anchor'] or ''})"

    return LINK.sub(link, markdown)


def on_page_content(html, **_):
    """Docstrings name things in Sphinx's way; here they are code like any other."""
    return SPHINX_ROLE.sub("<code>", html)


def _target(source, match):
    """What a link in a file of the repository leads to, from the repository's root; None for the world outside."""
    if ELSEWHERE.match(match["target"]):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), match["target"]))


def _in_the_site(target):
    return target.removeprefix("docs/")
