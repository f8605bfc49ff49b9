"""Make the built book work from disk without a network, and for screen readers."""

import importlib.metadata
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

MATHJAX = "tex-mml-chtml.js"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the steps to the build."""
    app.connect("config-inited", _point_to_mathjax)
    app.connect("builder-inited", _copy_mathjax)
    app.connect("html-page-context", _name_list_items)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _point_to_mathjax(app: Sphinx, config: Config) -> None:
    # Sphinx takes the path as relative to _static. The script lies outside of it, because
    # Jupyter Book loads every script in _static on every page.
    config.mathjax_path = f"../mathjax/{MATHJAX}"


def _copy_mathjax(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    (script,) = [
        file
        for file in importlib.metadata.files("sphinx-mathjax-offline") or []
        if file.name == MATHJAX
    ]
    source = Path(str(script.locate())).parent
    target = Path(app.outdir) / "mathjax"
    fonts = Path("output") / "chtml" / "fonts"
    shutil.copytree(source / fonts, target / fonts, dirs_exist_ok=True)
    shutil.copy(source / MATHJAX, target / MATHJAX)


def _name_list_items(
    app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any
) -> None:
    # docutils gives the entries of a bibliography a role that a list may not contain.
    body = context.get("body", "")
    context["body"] = body.replace('role="doc-biblioentry"', 'role="listitem"')
