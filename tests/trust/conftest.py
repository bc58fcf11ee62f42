"""What the tests of trust share: a network that refuses, and the slow part's switch."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

collect_ignore = ["no_network"]
"""Looking there for doctests would import it, and refuse the network to every test of this run."""

REFUSE = str(Path(__file__).parent / "no_network")
"""On PYTHONPATH, it keeps a Python of its own from reaching the network, and from being silent about it."""


def pytest_collection_modifyitems(config, items):
    if "slow" in config.getoption("-m"):
        return
    skipped = pytest.mark.skip(reason="slow: run pytest -m slow tests/trust")
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("slow"):
            item.add_marker(skipped)


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to reach another machine raises, and is listed."""
    tried = []

    def refuse(*arguments, **_):
        tried.append(arguments[-1] if arguments else None)
        raise AssertionError("the network was used")

    for name in ("connect", "connect_ex", "sendto"):
        original = getattr(socket.socket, name)

        def guarded(self, *arguments, original=original):
            if self.family in (socket.AF_INET, socket.AF_INET6):
                refuse(*arguments)
            return original(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    yield tried
    assert tried == []


@pytest.fixture
def alone(tmp_path):
    """The environment of a process without network, home, cache or settings, that says so when it asks for them."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "LANG") if name in os.environ}
    path = os.pathsep.join([REFUSE, *filter(None, [os.environ.get("PYTHONPATH")])])
    return kept | {
        "PYTHONPATH": path,
        "HOME": str(home),
        "TMPDIR": str(home),
        "OMP_NUM_THREADS": "1",
        "NETWORK_TRIED": str(tmp_path / "network"),
    }
