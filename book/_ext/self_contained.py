"""Make the built book work from disk without any network, and legible in both themes.

MathJax is copied from a Python package into the book; a script that the theme adds twice is
kept once.
"""

import importlib.metadata
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

MATHJAX = "tex-mml-chtml.js"


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the steps."""
    app.connect("config-inited", _configure)
    app.connect("build-finished", _copy_mathjax)
    app.connect("html-page-context", _drop_duplicate_scripts, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _configure(app: Sphinx, config: Any) -> None:
    # Set here, because `html_theme_options` in _config.yml would replace what Jupyter Book
    # puts there, the launch buttons among it.
    config.html_theme_options |= {
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
    }
    # Relative to _static, as Sphinx resolves it; outside _static, because Jupyter Book loads
    # every script that lies in there on every page.
    config.mathjax_path = f"../mathjax/{MATHJAX}"
    config.mathjax_options = {"defer": "defer"}


def _copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    if error is not None or app.builder.format != "html":
        return
    files = importlib.metadata.files("sphinx-mathjax-offline") or []
    (script,) = [file for file in files if file.name == MATHJAX]
    source = Path(str(script.locate())).parent
    target = Path(app.outdir) / "mathjax"
    fonts = Path("output") / "chtml" / "fonts"
    shutil.copytree(source / fonts, target / fonts, dirs_exist_ok=True)
    shutil.copy(source / MATHJAX, target / MATHJAX)


def _drop_duplicate_scripts(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    body = context.get("body", "")
    context["body"] = re.sub(r"<script>\s*const THEBE_JS_URL.*?</script>", "", body, flags=re.S)
