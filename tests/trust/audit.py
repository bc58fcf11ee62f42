"""Known weaknesses: bandit over the sources, pip-audit over the versions of constraints.txt.

    python tests/trust/audit.py

pip-audit asks a public database of vulnerabilities. Where that cannot be reached it is not run, and that is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
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


def bandit() -> int:
    """Exit code of bandit over everything that is installed or run."""
    skipped = ",".join(REVIEWED)
    folders = [str(ROOT / name) for name in ("action_recs", "training")]
    return subprocess.run([sys.executable, "-m", "bandit", "-q", "-r", *folders, "--skip", skipped]).returncode


def pip_audit() -> tuple[list[str], int, int]:
    """What pip-audit knows of the pinned versions; how many it looked up, and how many it could not.

    An index without its database answers "no known vulnerabilities" for packages that were never looked up.
    """
    asked = [sys.executable, "-m", "pip_audit", "-r", str(ROOT / "constraints.txt"), "--no-deps", "--disable-pip"]
    done = subprocess.run([*asked, "-f", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):  # no answer at all
        return [], 0, 0
    known = [each for each in packages if "vulns" in each]
    weak = [f"{each['name']} {each['version']}: {one['id']}" for each in known for one in each["vulns"]]
    return weak, len(known), len(packages) - len(known)


def main() -> None:
    found = bandit()
    weak, looked_up, unknown = pip_audit()
    print(f"bandit: {'clean' if found == 0 else 'findings'}")
    if looked_up:
        print("\n".join([*weak, f"pip-audit: {looked_up} packages, {len(weak)} weaknesses; {unknown} not looked up"]))
    else:
        print("pip-audit: not run, its database is out of reach")
    raise SystemExit(bool(found or weak))


if __name__ == "__main__":
    main()
