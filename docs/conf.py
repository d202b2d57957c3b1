"""Sphinx configuration. The build needs no network, and a warning is an error (``make docs``)."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from fhir_hr import __version__  # noqa: E402  (found through the path above)

project = "fhir_hr"
author = "fhir_hr contributors"
copyright = "fhir_hr contributors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "structs"]
exclude_patterns = ["_build", "_ext", "changelog.d"]
source_suffix = {".md": "markdown"}
root_doc = "index"
language = "en"

myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False, "inherited-members": False}
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"fhir_hr {__version__}"
html_static_path = ["_static"]
html_css_files = ["fhir_hr.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
# System fonts only: nothing is fetched when the site is built or read.
html_theme_options = {
    "light_css_variables": {"font-stack": "var(--hr-sans)", "font-stack--monospace": "var(--hr-mono)"},
    "dark_css_variables": {"font-stack": "var(--hr-sans)", "font-stack--monospace": "var(--hr-mono)"},
}
pygments_style = "friendly"
