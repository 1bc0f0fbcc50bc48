"""Stops `jupyter-book build .`, which people who know the tool will type: what it would build has not been executed.

The pages here are sources. `make book` executes them and has Jupyter Book build from the result, without this guard.
"""

import sys

SENTENCE = (
    "the pages in this folder are unexecuted; run: make book (or: python -m course_lib book), which executes them and "
    "builds the site in _build/site"
)


def setup(app):
    # Not an exception: Jupyter Book would print forty lines around it.
    sys.exit(f"error: {SENTENCE}")
