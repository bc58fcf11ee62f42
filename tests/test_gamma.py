"""The gamma measure, where the library that computes it is installed."""

import pytest
from test_agreement import marked

from action_recs import AnnotationError
from action_recs.annotation import gamma as module
from action_recs.annotation.gamma import gamma
from action_recs.session import Label


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(module, "import_module", absent)
    with pytest.raises(AnnotationError, match="pip install pygamma-agreement"):
        gamma([marked("ann"), marked("bob")], Label.REVIEW)


def test_gamma_of_full_and_of_partial_agreement():
    pytest.importorskip("pygamma_agreement")
    same = [marked(who, [0, 4], [(0, 3)]) for who in ("ann", "bob")]
    assert gamma(same, Label.RECOMMENDATION, draws=20).value == pytest.approx(1)
    partial = [marked("ann", [0, 4]), marked("bob", [(0, 4, 17), 8])]
    found = gamma(partial, Label.RECOMMENDATION, draws=20)
    assert found.value < 0.9
    assert found == gamma(partial, Label.RECOMMENDATION, draws=20)
    assert gamma([marked("ann", [0]), marked("bob")], Label.RECOMMENDATION) is None
