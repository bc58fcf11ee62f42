"""YAML in which each key stands once: the second one of two would replace the first without a word.

The key is not named, only its line: the wrong file may hold anybody's words.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


def load_yaml(text: str) -> Any:
    """What a YAML document holds.

    Raises
    ------
    yaml.MarkedYAMLError, yaml.YAMLError
        When it is not valid, or a mapping names a key twice.

    Examples
    --------
    >>> load_yaml("seed: 1\\nmix: {own: 1}")
    {'seed': 1, 'mix': {'own': 1}}
    """
    loader = _EachKeyOnce(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


class _EachKeyOnce(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        known = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if (key.tag, key.value) in known:
                raise yaml.constructor.ConstructorError(problem="a key is given twice", problem_mark=key.start_mark)
            known.add((key.tag, key.value))
        return super().construct_mapping(node, deep)
