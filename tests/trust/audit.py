"""Known weaknesses: bandit over the sources, pip-audit over the versions of constraints.txt.

    python tests/trust/audit.py

pip-audit asks a public database of vulnerabilities. Where it gives no answer, that is said, with why; it fails nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

REVIEWED = {
    "B311": "random draws: examples, splits, simulations; nothing secret",
    "B404": "git is asked for the commit of a training run: a fixed list of arguments, no shell",
    "B603": "the same",
    "B405": "xml.etree is imported for its types and to write; code_from_data.py refuses parsing with it",
    "B406": "saxutils escapes text that is written; it parses nothing",
    "B615": "no revision is pinned where nothing is fetched: folders, read with local_files_only",
    "B704": "Markup in pages.py is made of escaped text and of our own templates",
}
"""What bandit asks to be looked at, and what was seen there. ruff has most of its rules, as S; not these."""


FOLDERS = ("action_recs", "training")
"""Everything that is installed or run."""


@dataclass(frozen=True)
class Answer:
    """What pip-audit said of the pinned versions.

    An index without its database answers "no known vulnerabilities" for packages that were never looked up: those are
    counted by themselves.
    """

    weak: tuple[str, ...] = ()
    looked_up: int = 0
    unknown: int = 0
    error: str = "it said nothing"

    def __str__(self) -> str:
        if self.looked_up:
            counts = f"{self.looked_up} packages looked up, {len(self.weak)} weaknesses; {self.unknown} not looked up"
            return "\n".join([*self.weak, f"pip-audit: {counts}"])
        why = f"its database knows none of {self.unknown} packages" if self.unknown else self.error
        return f"pip-audit: not run: {why}"


def bandit() -> int:
    """Exit code of bandit over the sources."""
    folders = [str(ROOT / name) for name in FOLDERS]
    return subprocess.run(
        [sys.executable, "-m", "bandit", "-q", "-r", *folders, "--skip", ",".join(REVIEWED)]
    ).returncode


def pip_audit() -> Answer:
    """Ask it of every version in constraints.txt."""
    asked = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip"]
    done = subprocess.run([*asked, "-f", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):  # no answer at all: the last line of a traceback says why
        said = done.stderr.strip().splitlines()
        return Answer(error=said[-1]) if said else Answer()
    known = [each for each in packages if "vulns" in each]
    weak = tuple(f"{each['name']} {each['version']}: {one['id']}" for each in known for one in each["vulns"])
    return Answer(weak, len(known), len(packages) - len(known))


def main() -> None:
    found = bandit()
    answer = pip_audit()
    print(f"bandit: {'clean' if found == 0 else 'findings'}")
    print(answer)
    raise SystemExit(bool(found or answer.weak))


if __name__ == "__main__":
    main()
