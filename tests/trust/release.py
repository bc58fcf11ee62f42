"""What is released works where nothing else is: built from a clean clone, installed into an empty environment.

    python tests/trust/release.py                                              # newest tested versions
    python tests/trust/release.py --constraints constraints-min.txt            # oldest
    python tests/trust/release.py --python ~/.pyenv/versions/3.13.0/bin/python
    python tests/trust/release.py --tests tests/test_spacy.py tests/study      # a part of the tests
    python tests/trust/release.py --folder /somewhere/empty                    # everything is left there, to look at

The whole suite and the package's doctests run against the wheel, but for what is marked slow. Takes as long as they
do, and some gigabytes, and needs a package index.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]

USER = """
from pathlib import Path

import action_recs
from action_recs import Form, Label, Recommendation, Review, Role, TaggedSession, Tagger, Transcript

transcript: Transcript = action_recs.read(Path("session.txt"), {"Ann": "client"})
tagger: Tagger = Tagger.from_pretrained(device="cpu")
session: TaggedSession = action_recs.tag([("therapist", "Walk."), ("client", "Mm.")], tagger=tagger)
found: tuple[Recommendation, ...] = session.recommendations
forms: list[Form] = [each.form for each in found]
runs: tuple[Review, ...] = session.reviews
labels: list[frozenset[Label]] = [each.labels for each in session.utterances]
roles: list[Role] = [each.role for each in session.utterances]
percentage: float = session.review_percentage
page: str = session.to_html()
for each in action_recs.tag_many(["a.txt", Path("b.vtt")], progress=True):
    written: str = each.to_json(indent=2)
try:
    pass
except action_recs.ActionRecsError as error:
    message: str = str(error)
"""
WRONG = """
import action_recs

number: int = action_recs.tag([("therapist", "Walk.")]).review_percentage
action_recs.tag(3)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the Python that makes the environment")
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt")
    parser.add_argument("--extras", default="dev", help="of the package; dev has all that the tests need")
    whole = ["tests", "--pyargs", "action_recs"]
    parser.add_argument("--tests", nargs="*", default=whole, help="what pytest runs against the installed wheel")
    parser.add_argument("--folder", type=Path, help="an empty folder that is kept, in place of a temporary one")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        check(arguments.folder.resolve(), arguments)
        return
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        check(Path(name), arguments)


def check(folder: Path, arguments: argparse.Namespace) -> None:
    """Every step, each with a line when it is done; the first that fails ends it."""
    clone = folder / "clone"
    run("git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone))
    run(sys.executable, "-m", "build", "--outdir", str(folder / "dist"), str(clone))
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    compare(clone, wheel, sdist)
    print(f"built from a clean clone: {wheel.name}, {sdist.name}", flush=True)

    run(arguments.python, "-m", "venv", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    pins = ["-c", str(arguments.constraints.resolve())]
    run(str(python), "-m", "pip", "install", "--quiet", *pins, str(wheel))
    ran = run(str(python), "-m", "action_recs", "demo", cwd=folder)
    assert "recommendations" in ran
    print("installed into an empty environment, without extras: the demo is tagged", flush=True)

    tools = ["pytest", "hypothesis", "jsonschema", "polars"]
    run(str(python), "-m", "pip", "install", "--quiet", *pins, f"{wheel}[{arguments.extras}]", *tools)
    types(folder, python)
    print("types: a strict check from outside passes, and finds what is wrong")

    for each in (clone / "action_recs").rglob("*.py"):
        each.unlink()  # what is tested is what was installed; the models' cards stay, which the site shows
    where = run(str(python), "-c", "import action_recs; print(action_recs.__file__)", cwd=clone).strip()
    assert Path(where).is_relative_to(folder / "venv"), where
    pytest = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
    print(f"tests with {arguments.python} against {where}", flush=True)
    run(*pytest, *arguments.tests, cwd=clone, show=True)


def compare(clone: Path, wheel: Path, sdist: Path) -> None:
    """Everything in the package's folder is in both, and the wheel holds nothing else."""
    listed = run("git", "-C", str(clone), "ls-files", "action_recs").split()
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == set(listed), sorted(inside ^ set(listed))
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert set(listed) <= packed, sorted(set(listed) - packed)
    assert "action_recs/py.typed" in inside


def types(folder: Path, python: Path) -> None:
    """A user's file under mypy's strictest setting, against the installed package."""
    run(str(python), "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), "mypy")
    (folder / "user.py").write_text(USER, encoding="utf-8")
    (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
    mypy = [str(python), "-m", "mypy", "--strict", "--config-file="]
    run(*mypy, "user.py", cwd=folder)
    found = subprocess.run([*mypy, "wrong.py"], cwd=folder, capture_output=True, text=True)
    assert found.stdout.count("error:") == 2, found.stdout


def run(*command: str, cwd: Path | None = None, show: bool = False) -> str:
    """The output of a command, which ``show`` prints at once instead; ends with all of it where the command fails."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(command, cwd=cwd, capture_output=not show, text=True, env=clean)
    if done.returncode:
        raise SystemExit("\n".join([" ".join(command), *(each[-6000:] for each in (done.stdout, done.stderr) if each)]))
    return done.stdout


if __name__ == "__main__":
    main()
