"""``action-recs report``: tagged sessions in, pages to read out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from action_recs.cli.errors import one_line_errors
from action_recs.cli.options import AsJson, Overwrite
from action_recs.cli.printing import print_json, print_line
from action_recs.cli.tagged import TaggedFiles
from action_recs.errors import OutputError
from action_recs.export import write_sessions
from action_recs.render import index_html_parts, session_html
from action_recs.whole_files import write_text


def report(
    tagged: Annotated[
        list[Path], typer.Argument(help="Tagged sessions, as action-recs tag -o FILE.jsonl writes them.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A page (FILE.html), or a folder with a page for each session.")
    ],
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Make pages of tagged sessions: a table of all, which leads to each with its dialogue and findings.

    FILE.html is one page with everything in it. For hundreds of sessions name a folder: it gets index.html with the
    table, and sessions/ with a page each. Pages need no network, and hold the transcripts: keep them as you keep those.

    [bold]Examples[/bold]

      action-recs report tagged.jsonl -o report.html

      action-recs report tagged.jsonl more.jsonl -o pages/
    """
    with one_line_errors():
        sessions = TaggedFiles(tagged)
        if output.suffix.lower() not in ("", ".html"):
            raise OutputError(f"{output}: end the name in .html, or name a folder")
        if os.path.lexists(output) and not overwrite:
            raise OutputError(f"{output}: exists; --overwrite replaces it")
        if not output.absolute().parent.is_dir():
            raise OutputError(f"{output}: the folder {output.parent} does not exist; make it first")
        if not len(sessions):
            raise OutputError(f"{', '.join(map(str, tagged))}: no session in it")
        if output.suffix.lower() == ".html":
            write_sessions(sessions, output)
            page = output
        else:
            page = write_pages(sessions, output)
        if as_json:
            print_json({"sessions": len(sessions), "page": str(page), "exit_code": 0})
        else:
            print_line(f"{len(sessions)} sessions: {page}")


def write_pages(sessions: TaggedFiles, folder: Path) -> Path:
    """Write a folder of pages, all of it or nothing; returns its index."""
    temporary, old = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    try:
        _remove([temporary, old])
        (temporary / "sessions").mkdir(parents=True)
        for number, session in enumerate(sessions, start=1):
            page = session_html(session, back="../index.html")
            write_text([page], temporary / "sessions" / f"{number:06}.html")
        write_text(index_html_parts(sessions), temporary / "index.html")
        if folder.exists():
            if not (folder / "index.html").exists():
                raise OutputError(f"{folder}: holds something else than pages; name another folder")
            folder.rename(old)
        temporary.rename(folder)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written ({error.strerror})") from None
    finally:
        _remove([temporary, old])
    return folder / "index.html"


def _remove(folders: Sequence[Path]) -> None:
    for each in folders:
        shutil.rmtree(each, ignore_errors=True)
