"""Sphinx settings: prose in Markdown, the API from docstrings. Built by `make docs`.

Scripts of the gallery are run, which takes minutes; ``-D plot_gallery=0`` or
``DOCS_RUN_SCRIPTS=0`` in the environment shows their text alone.
"""

import os
import sys
from importlib.metadata import version as installed_version
from importlib.util import find_spec
from pathlib import Path

# The extension that lists the public names lies beside this file.
sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "DeepSphere-PyG"
author = "The DeepSphere-PyG developers"
version = installed_version("deepsphere-pyg")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # Before autosummary, which reads the lists of names that it writes.
    "reference_pages",
    "sphinx.ext.autosummary",
]
# Formulas are drawn by MathJax, which pages ask the network for, unless this package
# brings its files; it is in the extra [docs].
if find_spec("sphinx-mathjax-offline"):
    extensions.append("sphinx-mathjax-offline")
# Pages of sources take as long as all others; tests leave them out by this tag.
if "without_sources" not in tags:  # noqa: F821 (Sphinx defines tags)
    extensions.append("sphinx.ext.viewcode")
exclude_patterns = ["_build", "templates"]
templates_path = ["templates"]
nitpicky = True
suppress_warnings = [
    # Tutorials lie in a folder of the gallery, which counts them twice.
    "sphinx_gallery.duplicate_filename",
]
# Other libraries' pages are not looked up, so that the site builds without a network.
nitpick_ignore_regex = [("py:.*", r"(?!samplings|deepsphere_pyg).*")]

# Markdown
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3

# Docstrings
# Some file systems do not tell this page from that of the class.
autosummary_filename_map = {"samplings.laplacian": "samplings.laplacian_function"}
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
# What a module prints is of no use to its callers.
autodoc_default_options = {"exclude-members": "extra_repr"}
python_use_unqualified_type_names = True
maximum_signature_line_length = 80
napoleon_google_docstring = False
# Sections of our docstrings beyond those of NumPy's standard. Attributes are a list, as
# parameters are, since properties have entries of their own.
napoleon_custom_sections = [
    *("Shapes", "Equivariance", "Source"),
    ("Attributes", "params_style"),
]

# Gallery
# A text, as the option of the command line, whose type Sphinx compares.
plot_gallery = str(os.environ.get("DOCS_RUN_SCRIPTS", "1") != "0")
sphinx_gallery_conf = {
    "examples_dirs": ["../examples/tutorials", "../examples"],
    "gallery_dirs": ["tutorials", "gallery"],
    "filename_pattern": r"\.py$",
    "copyfile_regex": r"index\.rst",
    "backreferences_dir": "examples_of_names",
    "doc_module": ("samplings", "deepsphere_pyg"),
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
}

# Pages
html_theme = "pydata_sphinx_theme"
html_title = "DeepSphere-PyG"
html_static_path = ["style"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
