"""A part of the library whose extra is not installed says which one it needs, and nothing else needs it."""

import subprocess
import sys

import pytest

from action_recs.distributed import tag_ray, tag_spark

WITHOUT_SPACY = """
import sys
sys.modules["spacy"] = None  # importing it raises ImportError
import action_recs, action_recs.annotation, action_recs.distributed
try:
    import action_recs.spacy
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(("library", "call"), [("ray", tag_ray), ("pyspark", tag_spark)])
def test_a_cluster_needs_its_extra(monkeypatch, library, call):
    for name in [each for each in sys.modules if each.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"pip install 'action_recs\[{library.removeprefix('py')}\]'"):
        call(object())


def test_spacy_needs_its_extra():
    ran = subprocess.run([sys.executable, "-c", WITHOUT_SPACY], capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("action_recs.spacy needs spaCy: pip install 'action_recs[spacy]'\n", "")
