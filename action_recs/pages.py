"""What every HTML page is made with: the templates, values made harmless, and a page's own style, script and policy.

The markup lies in ``templates/``: ``base.html`` is the frame of every page, ``base.css`` the style that they share. A
page is one file without any outside resource. All that comes from a transcript goes through :func:`inert` on its way
in, and the page's own policy lets nothing run but its one script.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from action_recs.version import __version__

if TYPE_CHECKING:
    import jinja2
    import markupsafe

NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
"""Characters that an HTML document cannot hold: controls, halves of surrogate pairs, noncharacters."""


def inert(value: object) -> object:
    """Make a value harmless in text and in a quoted attribute, one character shown for each character that came.

    What HTML cannot hold becomes U+FFFD, so that offsets stay true. Markup and numbers pass as they are.

    Examples
    --------
    >>> print(inert('<b> & "\\x00"'))
    &lt;b&gt; &amp; &#34;�&#34;
    """
    import markupsafe

    if not isinstance(value, str) or isinstance(value, markupsafe.Markup):
        return value
    escaped = markupsafe.escape(NOT_IN_HTML.sub("\ufffd", value))
    return markupsafe.Markup(str(escaped).replace("\r", "&#13;"))  # noqa: S704 - escaped; HTML would read CR as LF


@cache
def environment() -> jinja2.Environment:
    """The templates, with everything put into them escaped; jinja2 is loaded when it is first needed."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("action_recs", "templates"),
        autoescape=True,
        finalize=inert,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def frame(*styles: str, script: str | None = None, styled: bool = False) -> Mapping[str, str]:
    """What ``base.html`` is rendered with: a page's own style and script, and the policy that lets only them through.

    Parameters
    ----------
    styles : str
        Style files of ``templates/``, which follow on ``base.css``.
    script : str, optional
        A script file there.
    styled : bool
        Whether elements carry styles of their own, as drawings do; the policy has to let any style through then.

    Examples
    --------
    >>> frame("page.css", styled=True)["policy"]
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    """
    style, behaviour = _own("base.css", *styles), _own(*filter(None, [script]))
    policy = [
        "default-src 'none'",
        "style-src 'unsafe-inline'" if styled else f"style-src {_digest(style)}",
        *([f"script-src {_digest(behaviour)}"] if behaviour else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return MappingProxyType({"style": style, "script": behaviour, "policy": "; ".join(policy), "version": __version__})


def _own(*names: str) -> markupsafe.Markup:
    """The library's own files, to stand in a page as they are."""
    import markupsafe

    folder = resources.files("action_recs") / "templates"
    text = "".join((folder / name).read_text(encoding="utf-8") for name in names)
    return markupsafe.Markup(text)  # noqa: S704 - it ships with the package


def _digest(text: str) -> str:
    """The one style or script that a policy lets through, by its content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
