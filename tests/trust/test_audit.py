"""The sources hold no weakness that bandit knows; and what pip-audit answers is told as it is."""

import json

import audit
import pytest

WEAK = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"]}]}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1.0)"}


def test_bandit_finds_nothing_but_what_was_looked_at(capfd):
    pytest.importorskip("bandit")
    assert audit.bandit() == 0, capfd.readouterr().out


def test_bandit_would_find_something(tmp_path, monkeypatch):
    pytest.importorskip("bandit")
    for name in audit.FOLDERS:
        (tmp_path / name).mkdir()
    (tmp_path / "training" / "x.py").write_text("import pickle\npickle.loads(b'')\n", encoding="utf-8")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    assert audit.bandit() == 1


@pytest.mark.parametrize(
    ("packages", "error", "fails", "said"),
    [
        ([SOUND], "", False, "pip-audit: 1 packages looked up, 0 weaknesses; 0 not looked up"),
        ([SOUND, WEAK, UNKNOWN], "", True, "pip-audit: 2 packages looked up, 1 weaknesses; 1 not looked up"),
        ([UNKNOWN], "", False, "pip-audit: not run: its database knows none of 1 packages"),
        (None, "ConnectionError: no route", False, "pip-audit: not run: ConnectionError: no route"),
        (None, "", False, "pip-audit: not run: it said nothing"),
    ],
    ids=["clean", "weak", "another index", "out of reach", "silent"],
)
def test_what_pip_audit_answers_is_told(tmp_path, monkeypatch, capsys, packages, error, fails, said):
    """A stand-in that answers, or fails, as pip-audit does; it exits with 1 where it found something."""
    answer = "" if packages is None else json.dumps({"dependencies": packages, "fixes": []})
    code = int(packages is None or WEAK in packages)
    stand_in = f"import sys\nprint({answer!r})\nprint({error!r}, file=sys.stderr)\nsys.exit({code})\n"
    (tmp_path / "pip_audit.py").write_text(stand_in, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(audit, "bandit", lambda: 0)
    with pytest.raises(SystemExit) as ended:
        audit.main()
    assert bool(ended.value.code) is fails
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == said
    assert ("old 1.0: PYSEC-1" in lines) is fails


def test_what_bandit_finds_fails_it_whatever_pip_audit_says(monkeypatch):
    monkeypatch.setattr(audit, "bandit", lambda: 1)
    monkeypatch.setattr(audit, "pip_audit", lambda: audit.Answer())
    with pytest.raises(SystemExit) as ended:
        audit.main()
    assert ended.value.code
