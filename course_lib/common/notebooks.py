"""Reading the code of notebooks, without running it."""

import ast
import json
import re
import warnings

MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def code_cells(content: bytes) -> tuple[str, ...]:
    """The sources of the code cells of an `.ipynb` file. ValueError where it is no notebook."""
    try:
        cells = json.loads(content)["cells"]
        sources = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        return tuple(source if isinstance(source, str) else "".join(source) for source in sources)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("not a notebook") from None


def without_magics(source: str) -> str:
    """The Python of a cell; a line magic becomes `pass`, a cell magic empties the cell."""
    if source.lstrip().startswith("%%"):
        return ""
    return MAGIC.sub(r"\1pass", source)


def statements(source: str) -> list[ast.stmt]:
    """What stands in a cell, a cell magic such as %%time included in what it times; nothing where it is not Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "\\d" in a student's string is no matter of ours
            return ast.parse(MAGIC.sub(r"\1pass", source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
