"""Sphinx settings: prose in Markdown, the API from docstrings. Built by `make docs`."""

project = "DeepSphere-PyG"
author = "The DeepSphere-PyG developers"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
html_theme = "alabaster"
exclude_patterns = ["_build"]
autodoc_typehints = "none"
# Sections of our docstrings beyond those of NumPy's standard.
napoleon_custom_sections = ["Shapes", "Equivariance", "Source"]
napoleon_google_docstring = False
napoleon_use_ivar = True
suppress_warnings = ["myst.xref_missing"]
