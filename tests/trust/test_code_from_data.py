"""Nothing that is read can run code, unpack without end, or fetch anything."""

import io
import json
import pickle
import shutil
import tracemalloc
import zipfile
import zlib
from functools import cache
from pathlib import Path

import pytest
from code_from_data import findings
from typer.testing import CliRunner

import action_recs
from action_recs import ActionRecsError, ConfigError, ModelError, TranscriptError
from action_recs.annotation import load_annotations, spacy_docs
from action_recs.annotation.schema import load_schema
from action_recs.checkpoint import Task, load_checkpoint
from action_recs.cli import app
from action_recs.errors import AnnotationError
from action_recs.training.config import load_config

ROOT = Path(__file__).parents[2]
PACKAGE = Path(action_recs.__file__).parent
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "training").rglob("*.py")])
FIXTURES = ROOT / "tests" / "fixtures"


def test_no_source_has_a_way_for_data_to_become_code():
    found = {f"{path}:{line}: {what}" for path in SOURCES for line, what in findings(path.read_text(encoding="utf-8"))}
    assert found == set()
    assert len(SOURCES) > 150


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import torch\ntorch.load('x')",
        "torch.load('x', weights_only=True)",
        "from torch import load",
        "np.load('x', allow_pickle=True)",
        "eval(x)",
        "import os\nos.system(x)",
        "subprocess.run(x, shell=True)",
        "yaml.load(x)",
        "class Own(yaml.UnsafeLoader): pass",
        "from yaml import FullLoader",
        "AutoModel.from_pretrained(x, use_safetensors=True, trust_remote_code=True, local_files_only=True)",
        "AutoModel.from_pretrained(x, trust_remote_code=False, local_files_only=True)",
        "AutoTokenizer.from_pretrained(x, local_files_only=True)",
        "AutoConfig.from_pretrained(x, trust_remote_code=False)",
        "ET.fromstring(x)",
        "from xml.etree.ElementTree import fromstring",
        "from lxml.etree import parse",
        "jinja2.Environment(loader=x)",
        "jinja2.Environment(loader=x, autoescape=False)",
        "import requests",
        "from urllib.request import urlopen",
        "import http.client",
    ],
)
def test_the_search_would_find_it(source):
    assert list(findings(source))


class Bomb:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("data was run",)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "tf_model.h5", "model.pt"])
def test_weights_are_read_from_safetensors_only(own_models, name):
    folder = own_models / "review"
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelError, match=r"model\.safetensors is missing"):
        load_checkpoint(folder, Task.REVIEW)


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "own.Config", "AutoModelForTokenClassification": "own.Model"}}),
        ("config.json", {"auto_map": {"AutoConfig": "own.Config"}, "model_type": "own"}),
        ("config.json", {"custom_pipelines": {"own": {"impl": "own.Pipeline"}}}),
        ("config.json", {"attn_implementation": "somebody/kernel"}),
        ("config.json", {"_attn_implementation": "somebody/kernel"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}}),
    ],
)
def test_a_config_that_names_code_is_refused(own_models, no_network, file, entry):
    folder = own_models / "review"
    (folder / "own.py").write_text("import pytest\npytest.fail('data was run')", encoding="utf-8")
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | entry), encoding="utf-8")
    with pytest.raises(ModelError, match=f"{file}: .* names code"):
        load_checkpoint(folder, Task.REVIEW)


# What documents unpack to


def zipped(parts):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in content if isinstance(content, list) else [content]:
                    member.write(piece)
    return data.getvalue()


def swollen(size):
    return [b"<w>"] + [b" " * 2**20] * (size // 2**20) + [b"</w>"]


def read_either(path):
    """What is said when it is read as a transcript, and as annotations."""
    messages = []
    for reading in (lambda: action_recs.read(path), lambda: load_annotations(path)):
        try:
            reading()
        except (TranscriptError, AnnotationError) as error:
            messages.append(str(error))
    return messages


@cache
def bomb(name, parts):
    more = {"more": swollen(300 * 2**20)} if parts == "one large part" else {f"p{n}": b"" for n in range(10_001)}
    return zipped({name: b"<a/>", **more})


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("word/document.xml", "one large part"),
        ("word/document.xml", "many parts"),
        ("xl/workbook.xml", "one large part"),
        ("project.qde", "one large part"),
        ("a.xmi", "one large part"),
    ],
)
def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, name, parts):
    path = tmp_path / "bomb.zip"
    path.write_bytes(bomb(name, parts))
    assert path.stat().st_size < 2 * 2**20
    tracemalloc.start()
    messages = read_either(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert any("unpacks to more" in each for each in messages)
    assert len(messages) == 2
    assert peak < 128 * 2**20  # a buffer of 64 MiB for the file itself


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path):
    data = bytearray(zipped({"word/document.xml": swollen(20 * 2**20)}))
    directory = data.rfind(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (100_000).to_bytes(4, "little")  # its size unpacked
    path = tmp_path / "lie.docx"
    path.write_bytes(data)
    with pytest.raises(TranscriptError):
        action_recs.read(path)


def test_a_docbin_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(spacy_docs, "LARGEST", 16 * 2**20)  # of 256, which take seconds
    packing = zlib.compressobj(9)
    data = packing.compress(b"\x82\xa5attrs") + b"".join(
        packing.compress(b"\0" * 2**20) for _ in range(spacy_docs.LARGEST // 2**20 + 2)
    )
    path = tmp_path / "bomb.spacy"
    path.write_bytes(data + packing.flush())
    with pytest.raises(AnnotationError, match="unpacks to more"):
        load_annotations(path)


# XML, YAML, JSON

LAUGHS = '<!DOCTYPE x [<!ENTITY a "zyxquarrel"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
FETCHED = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY a SYSTEM "http://127.0.0.1:9/x">]>'


def with_doctype(data, doctype, entity):
    """An XML file of ours with a document type, and the entity in its first text."""
    head, _, rest = data.partition("?>") if data.startswith("<?xml") else ("", "", data)
    rest = rest.lstrip().replace("</", f"{entity}</", 1)
    return f"{head}?>{doctype}{rest}" if head else doctype + rest


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE, FETCHED], ids=["laughs", "file", "network"])
@pytest.mark.parametrize(
    "source",
    ["transcripts/elan/session.eaf", "transcripts/tei/plain.xml", "annotated/s1.eaf", "annotated/inception_xmi"],
)
def test_xml_with_entities_is_refused(tmp_path, no_network, source, doctype):
    origin = FIXTURES / source
    if origin.is_dir():
        shutil.copytree(origin, tmp_path / "x")
        paths = list((tmp_path / "x").rglob("*.xmi"))
        path = tmp_path / "x"
    else:
        path = Path(shutil.copy(origin, tmp_path / origin.name))
        paths = [path]
    for each in paths:
        text = each.read_text(encoding="utf-8")
        each.write_text(with_doctype(text, doctype, "&a;"), encoding="utf-8")
    reading = load_annotations if "annotated" in source else action_recs.read
    with pytest.raises(ActionRecsError) as caught:
        reading(path)
    assert "entities" in str(caught.value)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize("source", ["docx/typed.docx", "excel/pandas.xlsx"])
@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE], ids=["laughs", "file"])
def test_xml_with_entities_inside_of_a_zip_is_refused(tmp_path, source, doctype):
    path = tmp_path / Path(source).name
    with zipfile.ZipFile(FIXTURES / "transcripts" / source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts:
        if name.endswith((".xml", ".rels")) and "[" not in name:
            parts[name] = with_doctype(parts[name].decode(), doctype, "&a;").encode()
    path.write_bytes(zipped(parts))
    with pytest.raises(TranscriptError):
        action_recs.read(path)


RUNS = "!!python/object/apply:pytest.fail ['data was run']"


@pytest.mark.parametrize("value", [RUNS, "!!python/name:os.system", "!!python/module:os", "!!python/tuple [1]"])
def test_yaml_makes_plain_values_only(tmp_path, value):
    path = tmp_path / "x.yaml"
    path.write_text(f"task: {value}\nlabels: {value}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_config(path)
    with pytest.raises(AnnotationError):
        load_schema(path)
    recipe = tmp_path / "y.yaml"
    recipe.write_text("task: review\nbase: x\nmix: {authored: 1}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_config(recipe, [f"base={value}"])


@pytest.mark.parametrize("nested", ["[" * 100_000, '{"a":' * 100_000, "[" * 500 + "]" * 500])
def test_nesting_without_end_is_refused(tmp_path, nested):
    path = tmp_path / "deep.json"
    path.write_text(nested, encoding="utf-8")
    assert len(read_either(path)) == 2


SCRIPT = "</script><script>alert('zyx')</script><img src=x onerror=alert(1)>\" onmouseover=\"x"


def test_text_in_a_page_is_text(tmp_path, models):
    path = tmp_path / "in.json"
    talk = [{"speaker": "Therapist", "text": f"You could {SCRIPT}."}, {"speaker": "Client", "text": SCRIPT}]
    path.write_text(json.dumps({"session_id": SCRIPT, "turns": talk}), encoding="utf-8")
    done = CliRunner().invoke(app, ["tag", str(path), "--models", str(models), "-o", str(tmp_path / "out.html")])
    assert done.exit_code == 0, done.output
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "alert('zyx')</script>" not in page
    assert '" onmouseover="' not in page
