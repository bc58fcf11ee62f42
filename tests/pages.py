"""Runs the blocks of a page of documentation as they stand, from top to bottom, as a reader would."""

import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import typer

from action_recs.cli import app

ROOT = Path(__file__).parent.parent

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=indent)```$", re.M | re.S)
MARK = re.compile(r"<!-- not run: (?P<why>[^>]+) -->\s*$")
RUN = ("python", "sh")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
SHELL = re.compile(r"[|<>;&$`*?]")
"""What only a shell understands, such as a pipe; a pattern in quotes is not."""

PROGRAMS = f'''python() {{ "{sys.executable}" "$@"; }}; action-recs() {{ python -m action_recs "$@"; }}; '''
"""For a shell: those of this environment, wherever it is."""


@dataclass(frozen=True)
class Block:
    """A block of code: where it stands, in which language, and why it is not run, if it is not."""

    line: int
    language: str
    code: str
    why_not: str | None


def blocks(page: Path) -> list[Block]:
    """The Python and shell blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(text):
        if fence["language"] in RUN:
            mark = MARK.search(text, 0, fence.start())
            line = text.count("\n", 0, fence.start()) + 2
            found.append(Block(line, fence["language"], fence["code"], mark["why"] if mark else None))
    return found


def run(page: Path) -> int:
    """Run a page's blocks in the current folder; what one Python block makes is there for the next. How many ran."""
    names: dict[str, object] = {"__name__": "__main__"}
    ran = 0
    for block in blocks(page):
        if block.why_not:
            continue
        place = f"{page.name}, line {block.line}"
        if block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), names)
        else:
            for command in commands(block.code):
                run_command(command, place)
        ran += 1
    return ran


def commands(code: str) -> list[str]:
    """The commands of a shell block, without comments; one may go over several lines."""
    joined = code.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def run_command(command: str, place: str) -> None:
    """Run a command that must succeed. What installs is checked and not done: it would change this environment."""
    words = shlex.split(command, comments=True)
    bare = QUOTED.sub("", command).partition(" #")[0]
    if words[0] == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        assert set(words[1:]) <= set(targets), f"{place}: no such target"
    elif words[:2] == ["pip", "install"]:
        wanted = {extra for word in words for group in re.findall(r"\[(.*?)\]", word) for extra in group.split(",")}
        assert wanted <= extras(), f"{place}: no extra {wanted - extras()}"
    elif words[0] == "action-recs" and not SHELL.search(bare):
        run_here(words[1:], place)
    else:
        ran = subprocess.run(["bash", "-ec", PROGRAMS + command], capture_output=True, text=True)
        assert ran.returncode == 0, f"{place}: {command}: {ran.stderr[-500:]}"


def run_here(arguments: list[str], place: str) -> None:
    """Run ``action-recs`` in this process: starting one for each command would take most of the time."""
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="action-recs", standalone_mode=True)
    except SystemExit as end:
        code = end.code
    assert code in (0, None), f"{place}: action-recs {shlex.join(arguments)} ended with {code}"


def extras() -> set[str]:
    """The extras of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])
