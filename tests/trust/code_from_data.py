"""Look through Python sources for ways in which data could become code, or a network address be asked.

python tests/trust/code_from_data.py action_recs training
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

UNPICKLING = frozenset(
    {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
)
NETWORK = frozenset({"requests", "httpx", "aiohttp", "urllib3", "urllib.request", "http.client", "ftplib", "smtplib"})
XML = frozenset({"parse", "fromstring", "fromstringlist", "iterparse", "XML", "XMLParser", "XMLPullParser"})
XML_MODULES = ("xml.etree", "xml.dom", "xml.sax", "lxml")
RUNS_TEXT = frozenset({"eval", "exec", "compile", "__import__"})
RUNS_COMMANDS = frozenset({"os.system", "os.popen", "pty.spawn"})
YAML_LOADERS = frozenset({"Loader", "UnsafeLoader", "FullLoader", "CLoader", "CUnsafeLoader", "CFullLoader"})
"""All but the safe one: a class made of one of them is as unsafe, whoever calls it."""
UNSAFE_CALLS = frozenset(
    {"torch.load", "pandas.read_pickle", "pd.read_pickle", "torch.hub.load", "yaml.load", "yaml.unsafe_load"}
    | {"yaml.full_load", "numpy.fromregex", "torch.jit.load", "spacy.load", "load_dataset", "datasets.load_dataset"}
)


def findings(source: str) -> Iterator[tuple[int, str]]:
    """The line and the name of every such way in a source."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                for each in names:
                    yield from _module(node.lineno, each.name)
            case ast.ImportFrom(module=str(module), names=names):
                yield from _module(node.lineno, module)
                for each in names:
                    yield from _module(node.lineno, f"{module}.{each.name}")
                    if module.startswith(XML_MODULES) and each.name in XML:
                        yield node.lineno, f"{module}.{each.name}"
                    if f"{module.partition('.')[0]}.{each.name}" in UNSAFE_CALLS:
                        yield node.lineno, f"{module}.{each.name}"
                    if module == "yaml" and each.name in YAML_LOADERS:
                        yield node.lineno, f"yaml.{each.name}"
            case ast.Attribute(value=ast.Name(id="yaml"), attr=attr) if attr in YAML_LOADERS:
                yield node.lineno, f"yaml.{attr}"
            case ast.Call():
                yield from _call(node)


def _module(line: int, name: str) -> Iterator[tuple[int, str]]:
    if name.partition(".")[0] in UNPICKLING or name in NETWORK:
        yield line, name


def _call(node: ast.Call) -> Iterator[tuple[int, str]]:
    name = ast.unparse(node.func)
    given = {each.arg: each.value for each in node.keywords if each.arg}
    said = {key: value.value for key, value in given.items() if isinstance(value, ast.Constant)}
    if name in RUNS_TEXT | RUNS_COMMANDS | UNSAFE_CALLS:
        yield node.lineno, name
    if name.rpartition(".")[2] in XML and name.rpartition(".")[0] in ("ET", "etree", "ElementTree", "minidom", "sax"):
        yield node.lineno, name
    if "trust_remote_code" in given and said.get("trust_remote_code") is not False:
        yield node.lineno, f"{name}(trust_remote_code)"
    if said.get("allow_pickle") or said.get("shell"):
        yield node.lineno, f"{name}(allow_pickle, shell)"
    owner, _, method = name.rpartition(".")
    if method == "from_pretrained" and owner.startswith("Auto"):
        if said.get("trust_remote_code") is not False or "local_files_only" not in given:
            yield node.lineno, f"{name} without trust_remote_code=False and local_files_only"
        if owner.startswith("AutoModel") and said.get("use_safetensors") is not True:
            yield node.lineno, f"{name} without use_safetensors=True"
    if method == "Environment" and said.get("autoescape") is not True:
        yield node.lineno, f"{name} without autoescape"


def main() -> None:
    files = [path for folder in sys.argv[1:] for path in sorted(Path(folder).rglob("*.py"))]
    found = [f"{path}:{line}: {what}" for path in files for line, what in findings(path.read_text(encoding="utf-8"))]
    print("\n".join([*found, f"{len(files)} files, {len(found)} findings"]))
    raise SystemExit(bool(found) or not files)


if __name__ == "__main__":
    main()
