"""How Sphinx makes the site: ``python -m sphinx -W docs build/site``; it needs no connection."""

import sys
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

from reverie.atlas.site.publishing import write_pages  # noqa: E402

project = "reverie"
author = "the authors of reverie"
release = version = metadata.version("reverie")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_design",
    "sphinx_copybutton",
    "reference_pages",
]
exclude_patterns = ["_static", "images"]
default_role = "code"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # types stand in the signature, shortened
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

html_theme = "furo"
html_title = f"reverie {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
copybutton_prompt_text = "$ "
templates_path: list[str] = []


def setup(app: Sphinx) -> None:
    """Puts the pages of an atlas's site beside the data of the bundled network's, which alone lie here."""

    def add_pages(app: Sphinx, failed: Exception | None) -> None:
        if failed is None and app.builder.format == "html":
            write_pages(app.outdir / "_static" / "bundled-atlas")

    app.connect("build-finished", add_pages)
